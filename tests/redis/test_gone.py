"""Redis is gone: every endpoint that needs it says so with Retry-After, whatever needs none goes on (P43)."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from egc.compiler import compile_project, write
from tests.admin.conftest import EVE
from tests.redis_servers import RedisServer
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

GATEWAY = """
http: {{port: {port}, hostname: 127.0.0.1}}
admin: {{port: {admin}, host: 127.0.0.1}}
policies: [basic-auth, key-auth, oauth2, rate-limit, terminate]
apiEndpoints: {{open: {{paths: /open}}, basic: {{paths: /basic}}, key: {{paths: /key}}, token: {{paths: /token}}}}
pipelines:
  open: {{apiEndpoints: [open], policies: [terminate: {{action: {{statusCode: 200}}}}]}}
  basic: {{apiEndpoints: [basic], policies: [basic-auth: , terminate: ]}}
  key: {{apiEndpoints: [key], policies: [key-auth: , terminate: ]}}
  token: {{apiEndpoints: [token], policies: [oauth2: , terminate: ]}}
"""
NEEDS = """
GET /users, POST /users, GET /users/eve, PUT /users/eve, DELETE /users/eve, PUT /users/eve/status,
GET /apps, POST /apps, GET /apps/shop, PUT /apps/shop, DELETE /apps/shop, PUT /apps/shop/status,
GET /credentials, POST /credentials, GET /credentials/eve,
GET /credentials/key-auth/k1, DELETE /credentials/key-auth/k1,
PUT /credentials/key-auth/k1/status, PUT /credentials/key-auth/k1/secret, PUT /credentials/key-auth/k1/scopes,
PUT /credentials/key-auth/k1/scopes/s, DELETE /credentials/key-auth/k1/scopes/s,
GET /scopes, POST /scopes, GET /scopes/s, PUT /scopes/s, DELETE /scopes/s,
GET /tokens?consumer=eve, DELETE /tokens?consumer=eve, DELETE /tokens/x, GET /ready
"""
NEEDS_NOT = "GET /health, GET /audit, GET /policies, GET /pipelines, GET /pipelines/open, GET /schemas, GET /metrics"
BODIES: dict[str, Any] = {
    "/users": {**EVE, "username": "bob"},
    "/apps": {"userId": "eve", "name": "other"},
    "/credentials": {"consumerId": "eve", "type": "jwt"},
    "/scopes": {"scopes": ["q"]},
    "/users/eve": {"firstname": "q"},
    "/apps/shop": {"name": "q"},
    "/credentials/key-auth/k1/scopes": {"scopes": ["s"]},
    "/credentials/key-auth/k1/secret": {},
}
CREDENTIALS = {"/basic": "Basic ZXZlOng=", "/key": "apiKey k1:x", "/token": "Bearer a|b"}


def requested(lines: str) -> list[tuple[str, str]]:
    found = [line.split() for line in lines.replace("\n", " ").split(",")]
    return [(method, path) for method, path in found]


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, RedisServer]]:
    """A gateway whose Redis was killed after the first requests."""
    directory = tmp_path_factory.mktemp("gone")
    config = directory / "config"
    config.mkdir()
    (directory / "redis").mkdir()
    port, admin = free_port(), free_port()
    with RedisServer(directory / "redis") as server:
        (config / "gateway.config.yml").write_text(GATEWAY.format(port=port, admin=admin))
        system = f"db: {{redis: {{host: 127.0.0.1, port: {server.port}, namespace: gone}}}}\nmetrics: true\n"
        (config / "system.config.yml").write_text(system)
        write(compile_project(config, {}), directory / "build")
        with Running.artifact(directory / "build", port=port, admin_port=admin) as running:
            requests.post(f"{running.admin}/users", json=EVE, timeout=5).raise_for_status()
            server.kill()
            yield running, server


@pytest.mark.parametrize(("method", "path"), requested(NEEDS))
def test_what_needs_it_is_told_to_come_back(gone: tuple[Running, RedisServer], method: str, path: str) -> None:
    body = {"status": False} if path.endswith("/status") else BODIES.get(path)
    answer = requests.request(method, gone[0].admin + path, json=body if method != "GET" else None, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(("method", "path"), requested(NEEDS_NOT))
def test_what_needs_none_goes_on(gone: tuple[Running, RedisServer], method: str, path: str) -> None:
    assert requests.request(method, gone[0].admin + path, timeout=10).status_code == 200


@pytest.mark.parametrize("path", CREDENTIALS)
def test_a_caller_who_cannot_be_looked_up_is_told_to_come_back(gone: tuple[Running, RedisServer], path: str) -> None:
    answer = requests.get(gone[0].url + path, headers={"Authorization": CREDENTIALS[path]}, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert requests.get(gone[0].url + "/open", timeout=10).status_code == 200
