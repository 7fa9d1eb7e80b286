"""Metrics of a gateway with several workers, as an operator has them: on the admin listener, added up, none lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from egc.compiler import compile_project, write
from tests.metrics.conftest import samples
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

GATEWAY = """
http: {port: '${PORT}', hostname: 127.0.0.1}
admin: {port: '${ADMIN}', host: 127.0.0.1}
apiEndpoints: {one: {paths: /one}, two: {paths: /two}}
policies: [terminate]
pipelines:
  all-in-one: {apiEndpoints: [one, two], policies: [terminate: {action: {statusCode: 200}}]}
"""
SECONDS = 20.0


def counting(directory: Path, **env: str) -> Running:
    """A gateway that counts, unless the variable COUNT says otherwise."""
    config = directory / "config"
    config.mkdir()
    (config / "gateway.config.yml").write_text(GATEWAY)
    (config / "system.config.yml").write_text("metrics: ${COUNT:-true}\naccessLog: false\n")
    write(compile_project(config, {}), directory / "build")
    port, admin = free_port(), free_port()
    env = {"PORT": str(port), "ADMIN": str(admin), **env}
    return Running.artifact(directory / "build", port=port, admin_port=admin, env=env)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Two workers that count."""
    with counting(tmp_path, WEB_CONCURRENCY="2") as running:
        yield running


def ask(running: Running, path: str, times: int) -> int:
    """Ask on a connection each, so that both workers get some; how many were answered."""
    return sum(requests.get(running.url + path, timeout=5).status_code == 200 for _ in range(times))


def numbers(running: Running, name: str) -> dict[tuple[str, ...], float]:
    return samples(requests.get(f"{running.admin}/metrics", timeout=10).text, name)


def answered(running: Running, endpoint: str) -> float:
    return numbers(running, "egc_requests_total").get((endpoint, "pipeline", "GET", "all-in-one", "2xx"), 0.0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def workers(running: Running) -> list[int]:
    assert running.process is not None
    pid = running.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_all_workers_have_counted_is_added_up_and_stays_when_they_are_killed(running: Running) -> None:
    total = ask(running, "/one", 60)
    assert answered(running, "one") == total == 60
    for round_ in range(3):
        for pid in workers(running)[: 1 + round_ % 2]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(workers(running)) == 2)
        until(lambda: numbers(running, "egc_workers") == {(): 2})
        assert answered(running, "one") == total
        total += ask(running, "/one", 20)
        assert answered(running, "one") == total


def test_a_reload_loses_nothing_and_new_endpoints_count_at_once(running: Running, tmp_path: Path) -> None:
    assert ask(running, "/one", 10) == 10
    config = tmp_path / "config" / "gateway.config.yml"
    config.write_text(GATEWAY.replace("two: {paths: /two}", "zwei: {paths: /zwei}").replace("one, two", "one, zwei"))
    write(compile_project(tmp_path / "config", {}), tmp_path / "build")
    before = workers(running)
    running.signal(signal.SIGHUP)
    until(lambda: not set(before) & set(workers(running)))
    assert ask(running, "/zwei", 4) == 4
    assert (answered(running, "one"), answered(running, "zwei")) == (10, 4)


def test_a_variable_may_switch_them_off(tmp_path: Path) -> None:
    with counting(tmp_path, COUNT="false") as off:
        assert ask(off, "/one", 1) == 1
        assert requests.get(f"{off.admin}/metrics", timeout=10).status_code == 404
    assert not (tmp_path / "build" / "data" / "metrics").exists()
