"""SIGTERM: requests in flight are answered, idle connections end at once, the process is gone within five seconds."""

import signal
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.gateways import gateway, in_front_of

pytestmark = pytest.mark.slow


HOME = """
home = Terminate(status_code=200, message="home")
routes.append(Route(ANY, "/", ANY, api, lambda x: home(x)))
"""


class Held(BaseHTTPRequestHandler):
    """Says when a request has come, and answers when it may."""

    come = threading.Event()
    go = threading.Event()

    def do_GET(self) -> None:
        Held.come.set()
        Held.go.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[int]:
    Held.come.clear()
    Held.go.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Held)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    Held.go.set()
    server.shutdown()
    server.server_close()


def test_in_flight_is_answered_and_idle_is_closed(tmp_path: Path, service: int) -> None:
    with gateway(tmp_path / "artifact", in_front_of(service, more=HOME)) as running:
        answers: list[requests.Response] = []
        caller = threading.Thread(target=lambda: answers.append(requests.get(f"{running.url}/held", timeout=20)))
        idle = socket.create_connection(("127.0.0.1", running.port), 10)
        idle.sendall(b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b" 400 " in idle.recv(4096)
        caller.start()
        assert Held.come.wait(10)
        running.signal(signal.SIGTERM)
        assert idle.recv(4096) == b""
        Held.go.set()
        caller.join()
        assert running.process is not None
        running.process.wait(5)
        assert [answer.text for answer in answers] == ["ok"]
        assert running.process.returncode == 0
