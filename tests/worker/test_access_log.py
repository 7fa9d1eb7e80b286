"""P15, P28: the access log is lines of JSON, holds nothing secret, and never holds up a request."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egc.runtime.exchange import Exchange
from egc.runtime.log import AccessLog
from tests.callers import Caller, ask, get, post
from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Upstream

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-marker"


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Upstream]]:
    """A gateway that logs, and its service."""
    with Upstream() as service:
        module = in_front_of(service.port, access_log=True)
        with gateway(tmp_path_factory.mktemp("log") / "artifact", module) as running:
            yield running, service


def entries(running: Running, marker: str) -> list[dict[str, object]]:
    """The entries whose path holds `marker`, once they are written."""
    for _ in range(400):
        lines = [line for line in running.output().splitlines() if marker in line]
        if lines:
            return [json.loads(line) for line in lines]
        threading.Event().wait(0.02)
    raise AssertionError(f"nothing logged of {marker}")


def test_entry(logged: tuple[Running, Upstream]) -> None:
    """One request is one line with what an operator asks for."""
    running, _ = logged
    assert ask(running.port, post(f"/entry?token={SECRET}", b"hello")).status == 200
    (entry,) = entries(running, "/entry")
    assert entry["path"] == "/entry"
    assert (entry["method"], entry["status"], entry["bytes"], entry["client"]) == ("POST", 200, 2, "127.0.0.1")
    assert entry["endpoint"] == "api"
    assert len(str(entry["request_id"])) == 22
    assert str(entry["time"]).endswith("Z")


def test_no_secret_is_logged(logged: tuple[Running, Upstream]) -> None:
    """Neither queries nor fields nor bodies: tokens travel in them."""
    running, _ = logged
    names = ("Authorization: Bearer ", "Cookie: a=", "X-Forwarded-For: ", "User-Agent: ", "Referer: http://h/")
    ask(running.port, post(f"/secret?access_token={SECRET}", SECRET.encode(), *(name + SECRET for name in names)))
    ask(running.port, get(f"http://h/secret?{SECRET}"))
    ask(running.port, get(f"/secret?{SECRET}", "Expect: x"))
    entries(running, "/secret")
    assert SECRET not in running.output()


def test_refusals_and_callers_that_left_are_logged(logged: tuple[Running, Upstream]) -> None:
    """With the reason."""
    running, service = logged
    assert ask(running.port, get("/../refused")).status == 400
    service.clear()
    service.answer = lambda wire: wire.gone()
    with Caller(running.port) as caller:
        caller.send(get("/left"))
        assert service.has(1)
    (entry,) = entries(running, "/left")
    assert (entry["status"], entry["reason"]) == (0, "client_gone")
    service.clear()


def test_service_fault_is_logged(logged: tuple[Running, Upstream]) -> None:
    """A 502 says why."""
    running, service = logged

    service.answer = lambda wire: wire.send(b"nonsense\r\n\r\n")
    assert ask(running.port, get("/nonsense")).status == 502
    (entry,) = entries(running, "/nonsense")
    assert (entry["status"], entry["reason"]) == (502, "upstream_protocol")
    service.clear()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.text(), host=st.text(), method=st.text(), client=st.text(), reason=st.text())
def test_every_entry_is_one_line_of_json(
    tmp_path: Path, path: str, host: str, method: str, client: str, reason: str
) -> None:
    """Whatever stands in a request, its line is one line, and reads back as what it was (CR, LF, U+2028 included)."""
    with (tmp_path / "log").open("wb") as file:
        log = AccessLog(file.fileno())
        x = Exchange(method, path, [], host, "http", client)
        log.entry(x, 200, 5, 0.001, reason)
        (line,) = log._lines
    assert not set(line) & set("\r\n\u2028\u2029\u0085\x00\x1b")
    read = json.loads(line)
    assert (read["path"], read["host"], read["method"], read["client"]) == (
        path.partition("?")[0],
        host,
        method,
        client,
    )


def test_a_reader_that_stops_loses_lines_not_requests() -> None:
    """A pipe nobody reads holds a bounded number of lines, and how many were lost is said when it flows again."""
    reader, writer = os.pipe()
    try:
        log = AccessLog(writer)
        x = Exchange("GET", "/" + "x" * 200, [], "h", "http", "1.1.1.1")
        for _ in range(200_000):
            log.entry(x, 200, 5, 0.001, "")
        assert len(log._lines) < 1000
        assert log._queue.qsize() <= 64
        assert log._dropped > 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_pipe_that_is_full_for_a_moment() -> None:
    """A descriptor that does not block is waited for; the log does not end with its first full pipe."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        log = AccessLog(writer)
        x = Exchange("GET", "/" + "x" * 200, [], "h", "http", "1.1.1.1")
        for _ in range(2_000):
            log.entry(x, 200, 5, 0.001, "")
        log.flush()
        log._queue.put(None)
        thread = threading.Thread(target=log._write, daemon=True)
        thread.start()
        received = b""
        while received.count(b"\n") < 2_000:
            received += os.read(reader, 65536)
        thread.join(10)
        assert not thread.is_alive()
    finally:
        os.close(reader)
        os.close(writer)
