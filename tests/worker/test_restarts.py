"""P21: restarts lose nothing, and an end is an end."""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.callers import Caller, get, post
from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow


class Load:
    """Callers that ask without a break: half on new connections, half on kept ones.

    A kept connection may be closed while its next request is on its way; as every HTTP client does, that request is
    then sent again on a new one. A new connection that fails is a loss.
    """

    def __init__(self, port: int, callers: int = 6) -> None:
        self.answered = 0
        self.lost: list[str] = []
        self._port = port
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number % 2 == 0,)) for number in range(callers)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, keeps: bool) -> None:
        caller: Caller | None = None
        number = 0
        while not self._stop.is_set():
            number += 1
            kept = caller is not None
            try:
                caller = caller or Caller(self._port)
                sent = post("/", b"hello") if number % 2 else get("/")
                reply = caller.send(sent).reply()
                if reply is None or reply.status != 200:
                    raise ConnectionError(f"answer: {reply and reply.status}")
                with self._lock:
                    self.answered += 1
                if not keeps or reply.closes:
                    caller.socket.close()
                    caller = None
            except OSError as error:
                if not kept:
                    self.lost.append(f"{number}: {error!r}")
                if caller is not None:
                    caller.socket.close()
                caller = None


def workers(running: Running) -> set[str]:
    """The process ids of the gateway's workers."""
    assert running.process is not None
    pid = running.process.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def wait_for_others(running: Running, than: set[str]) -> None:
    """Until all workers are other ones, by the lines they announce."""
    deadline = threading.Event()
    for _ in range(400):
        now = workers(running)
        if now and not now & than:
            return
        deadline.wait(0.05)
    raise AssertionError("the old workers are still there")


def test_reload_under_load(tmp_path: Path) -> None:
    """HUP replaces the workers, and no request is lost."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        with Load(running.port) as load:
            for _ in range(3):
                before, answered = workers(running), load.answered
                running.signal(signal.SIGHUP)
                wait_for_others(running, before)
                while load.answered < answered + 50 and not load.lost:
                    threading.Event().wait(0.01)
        assert load.lost == []
        assert service.problems == []


def test_reload_reads_the_new_module(tmp_path: Path) -> None:
    """HUP serves what the directory holds now."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        with Caller(running.port) as caller:
            assert caller.send(get("/")).final().status == 200
        module = tmp_path / "artifact" / "gateway.py"
        module.write_text(
            module.read_text().replace("return step(x)", 'return Terminate(status_code=201, message="")(x)')
        )
        before = workers(running)
        running.signal(signal.SIGHUP)
        wait_for_others(running, before)
        with Caller(running.port) as caller:
            assert caller.send(get("/")).final().status == 201


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    """KILL costs the requests in flight, nothing more."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        before = workers(running)
        for pid in before:
            os.kill(int(pid), signal.SIGKILL)
        wait_for_others(running, before)
        with Caller(running.port) as caller:
            assert caller.send(get("/")).final().status == 200


def test_end_with_an_upload_in_flight(tmp_path: Path) -> None:
    """A request whose body is still coming when the end is announced is answered, and told that this was the last."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        service.clear()
        with Caller(running.port) as caller, Caller(running.port) as idle:
            assert idle.send(get("/idle")).final().status == 200
            caller.send(get("/", "Content-Length: 10", method="POST") + b"hello")
            assert service.has(2)
            running.signal(signal.SIGTERM)
            assert idle.ended()
            reply = caller.send(b"world").final()
            assert (reply.status, reply.closes) == (200, True)
            assert caller.ended()
        assert running.process is not None
        assert running.process.wait(5) == 0


def test_end_with_a_connection_that_has_just_begun(tmp_path: Path) -> None:
    """A connection made just before the end gets its first request answered."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        with Caller(running.port) as probe, Caller(running.port) as fresh:
            assert probe.send(get("/")).final().status == 200
            running.signal(signal.SIGTERM)
            assert probe.ended()
            assert fresh.send(get("/")).final().status == 200
        assert running.process is not None
        assert running.process.wait(5) == 0


def test_end_with_a_service_that_never_answers(tmp_path: Path) -> None:
    """What is not done after the grace is cut: the process is gone within five seconds, the service let go."""
    with (
        Upstream() as service,
        gateway(tmp_path / "artifact", in_front_of(service.port), graceful_timeout=1) as running,
    ):
        service.clear()
        service.answer = lambda wire: wire.gone()
        with Caller(running.port) as caller:
            caller.send(get("/"))
            assert service.has(1)
            running.signal(signal.SIGTERM)
            assert running.process is not None
            assert running.process.wait(5) == 0
            assert service.let_go()


def test_end_with_a_reader_that_does_not_read(tmp_path: Path) -> None:
    """Nor can a caller that takes nothing hold the process up."""

    async def endless(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with (
        Upstream() as service,
        gateway(tmp_path / "artifact", in_front_of(service.port), graceful_timeout=1) as running,
    ):
        service.answer = endless
        with Caller(running.port) as caller:
            caller.send(get("/")).socket.recv(10, socket.MSG_WAITALL)
            running.signal(signal.SIGTERM)
            assert running.process is not None
            assert running.process.wait(5) == 0


def test_a_worker_that_has_served_its_share(tmp_path: Path) -> None:
    """max_requests replaces workers without losing a request."""
    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port), max_requests=30) as running:
        before = workers(running)
        with Load(running.port, 4) as load:
            wait_for_others(running, before)
        assert load.lost == []
