"""What holds on plain connections holds on TLS ones: one clean answer, bodies left unread, an end in time."""

import contextlib
import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.callers import Caller, get, post
from tests.gateways import write
from tests.running import Running, free_port
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

MODULE = """
import egc.runtime.worker as worker
worker.HEADER_TIMEOUT = 0.5

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
https = Listener(
    "https",
    host="127.0.0.1",
    port=PORTS["https"],
    certificates=(Certificate("default", key={key!r}, cert={key!r}),),
)
api = Endpoint("api", scopes=())
step = Proxy(Service("upstream", urls=("http://127.0.0.1:{upstream}",)), xfwd=True)
refuse = Terminate(status_code=403, message="no")

def default(x: Exchange) -> Outcome:
    return step(x)

def refused(x: Exchange) -> Outcome:
    return refuse(x)

app = Gateway(
    routes=(Route(ANY, "/refused", ANY, api, refused), Route(ANY, ANY, ANY, api, default)),
    listeners=(http, https),
    access_log=False,
)
"""


@dataclass
class Secure:
    """A gateway with a TLS listener."""

    running: Running
    service: Upstream
    port: int
    context: ssl.SSLContext

    def caller(self) -> Caller:
        """A TLS connection."""
        return Caller(self.port, tls=self.context, name="127.0.0.1")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    """Running, with a certificate of its own authority."""
    authority = trustme.CA()
    key = tmp_path / "tls.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(key))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    ports = {"http": free_port(), "https": free_port()}
    with Upstream() as service:
        build = write(tmp_path / "artifact", MODULE.format(key=str(key), upstream=service.port), ports)
        with Running.artifact(build, port=ports["http"]) as running:
            service.clear()
            yield Secure(running, service, ports["https"], context)


def test_requests(secure: Secure) -> None:
    """Requests follow each other on one connection, and the service learns that they came over TLS."""
    with secure.caller() as caller:
        assert caller.send(get("/a")).final().status == 200
        assert caller.send(post("/b", b"x" * 300_000)).final().status == 200
        assert caller.send(get("/c") * 2).final().status == 200
        assert caller.final().status == 200
    assert {request.one("x-forwarded-proto") for request in secure.service.requests} == {b"https"}
    assert secure.service.requests[1].body == b"x" * 300_000


def test_bad_request(secure: Secure) -> None:
    """One clean answer, then the end."""
    with secure.caller() as caller:
        assert caller.send(b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n" + get("/smuggled")).final().status == 400
        assert caller.ended()
    with secure.caller() as caller:
        assert caller.send(b"GET / HTTP/1.1\r\n").final().status == 408
        assert caller.ended()


def test_body_of_a_refused_request(secure: Secure) -> None:
    """It is taken or the connection ends; never is it the next request."""
    with secure.caller() as caller:
        assert caller.send(post("/refused", get("/smuggled") * 100)).final().status == 403
        assert caller.send(get("/next")).final().status == 200
    with secure.caller() as caller:
        caller.send(get("/refused", "Content-Length: 100000000", method="POST") + b"x" * 1_500_000)
        assert caller.final().status == 403
        assert caller.ended()
    assert [request.target for request in secure.service.requests] == ["/next"]


def test_plain_text_on_the_tls_port(secure: Secure) -> None:
    """It gets no answer in plain text."""
    with Caller(secure.port) as caller:
        caller.send(get("/"))
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := caller.socket.recv(4096):
                received += data
    assert b"HTTP" not in received
    assert secure.service.requests == []


def test_handshake_that_never_ends(secure: Secure) -> None:
    """It is given up like a head that never ends."""
    with Caller(secure.port, wait=5) as caller:
        assert caller.ended()


def test_half_a_body_of_the_service(secure: Secure) -> None:
    """A cut answer is seen as one, to an HTTP/1.0 caller too: TLS ends without its farewell."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        wire.keep = False

    secure.service.answer = answer
    with secure.caller() as caller:
        assert not caller.send(get("/")).final().complete
    with secure.caller() as caller, contextlib.suppress(ssl.SSLEOFError):
        assert not caller.send(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n").final().complete


def test_end(secure: Secure) -> None:
    """Idle connections, even of callers that say no farewell, do not hold up the end."""
    with secure.caller() as caller, secure.caller() as silent:
        assert caller.send(get("/")).final().status == 200
        assert silent.send(get("/")).final().status == 200
        secure.running.signal(signal.SIGTERM)
        assert caller.ended()
        assert secure.running.process is not None
        assert secure.running.process.wait(3) == 0
        assert silent.socket.fileno() > 0
