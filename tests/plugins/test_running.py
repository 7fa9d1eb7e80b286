"""The example's plugin, served: its policies, condition, routes, settings and events (section 7 of the data plane)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.running import Running, free_port
from tests.upstreams import Upstream

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`egc run` on a copy of the example, in which 127.0.0.1 is a trusted proxy."""
    config = tmp_path_factory.mktemp("plugin") / "config"
    shutil.copytree(EXAMPLE, config)
    port, admin = free_port(), free_port()
    file = config / "gateway.config.yml"
    text = file.read_text().replace("port: 8080", f"port: {port}\n  trustedProxies: [127.0.0.1]")
    file.write_text(text.replace("9876", str(admin)))
    with Upstream() as orders:
        env = {"ORDERS_URL": f"http://127.0.0.1:{orders.port}", "LOG_LEVEL": "info"}
        with Running.project(config, port=port, admin_port=admin, env=env) as running:
            yield running


def status(gateway: Running, path: str, client: str) -> int:
    """What a caller from an address gets."""
    return requests.get(gateway.url + path, headers={"X-Forwarded-For": client}, timeout=5).status_code


def test_a_policy_of_a_plugin_refuses(gateway: Running) -> None:
    """D370."""
    assert [status(gateway, "/api/1", client) for client in ("10.1.2.3", "192.0.2.7")] == [200, 403]


def test_a_condition_of_a_plugin_decides(gateway: Running) -> None:
    """D371."""
    assert [status(gateway, "/api/1", client) for client in ("10.8.0.1", "10.9.0.1")] == [200, 403]


def test_a_route_of_a_plugin_comes_before_all_pipelines(gateway: Running) -> None:
    """D373: on all hosts; methods without a responder go on to the pipelines."""
    answer = requests.get(gateway.url + "/whoami", headers={"Host": "any.io"}, timeout=5)
    assert answer.json() == {"address": "127.0.0.1"}
    assert requests.post(gateway.url + "/whoami", timeout=5).status_code == 404


def test_a_route_of_a_plugin_on_the_admin_api_sees_what_its_policy_counted(gateway: Running) -> None:
    """C109."""
    """D374, and `takes: ["plugin"]`."""
    for _ in range(3):
        status(gateway, "/api/1", "10.200.0.1")
    counted = requests.get(gateway.admin + "/callers", timeout=5).json()
    assert counted["requests"]["10.200.0.1"] == 3
    refused = requests.get(gateway.admin + "/callers", headers={"Host": "evil.io"}, timeout=5)
    assert refused.status_code == 421


def test_a_plugin_is_told_that_listeners_are_served(gateway: Running) -> None:
    """D376, D415: what happened is a typed event, the same for every listener."""
    assert requests.get(gateway.admin + "/callers", timeout=5).json()["listeners"] == ["http", "admin"]
