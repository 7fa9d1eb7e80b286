"""A WebSocket through `proxy`: opened by the pipeline, passed as it is, ended from either side (D276, D304, D405)."""

import asyncio
import contextlib
import json
import signal
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import pytest
import trustme
import websocket

from tests.callers import Caller, Reply, get
from tests.gateways import gateway, in_front_of, write
from tests.running import Running, free_port
from tests.upstreams import Behaviour, Upstream, Wire
from tests.websockets import WAIT, WebSockets, caller

pytestmark = pytest.mark.slow

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b64encode(sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
ASKED = ("Connection: Upgrade", "Upgrade: websocket", f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13")
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n"
)

MODULE = """
from egc.runtime.errors import Refused

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
https = Listener(
    "https",
    host="127.0.0.1",
    port=PORTS["https"],
    certificates=(Certificate("default", key={key!r}, cert={key!r}),),
)
api = Endpoint("api", scopes=())
plain = Service("plain", urls=("http://127.0.0.1:{plain}",))
safe = Service("safe", urls=("https://127.0.0.1:{safe}",))
steps = {{
    "": Proxy(plain),
    "safe": Proxy(safe, target={{"ca_file": {ca!r}}}),
    "off": Proxy(Service("raw", urls=("http://127.0.0.1:{raw}",)), ws=False),
    "raw": Proxy(Service("raw", urls=("http://127.0.0.1:{raw}",))),
    "quick": Proxy(plain, proxy_timeout=1),
}}

def default(x: Exchange) -> Outcome:
    x.response_headers.append((b"x-gateway", b"yes"))
    if x.path.startswith("/locked"):
        raise Refused(401, "Unauthorized")
    first = x.path.split("/")[1]
    return steps.get(first, steps[""])(x)

app = Gateway(routes=(Route(ANY, ANY, ANY, api, default),), listeners=(http, https))
"""


@dataclass
class House:
    """A gateway, its services, and the authority of their certificates."""

    running: Running
    service: WebSockets
    safe: WebSockets
    raw: Upstream
    tls_port: int
    ca: str

    def logged(self, path: str) -> list[dict[str, object]]:
        """The lines of the access log for a path; waits for the first."""
        for _ in range(400):
            lines = [json.loads(line) for line in self.running.output().splitlines() if line.startswith("{")]
            found = [line for line in lines if line["path"] == path]
            if found:
                return found
            threading.Event().wait(0.02)
        raise AssertionError(f"nothing logged for {path}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Running, for all tests of the module."""
    directory = tmp_path_factory.mktemp("websocket")
    authority = trustme.CA()
    ca, key = directory / "ca.pem", directory / "key.pem"
    authority.cert_pem.write_to_path(str(ca))
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(key))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(tls)
    ports = {"http": free_port(), "https": free_port()}
    with WebSockets() as service, WebSockets(tls=tls) as safe, Upstream() as raw:
        module = MODULE.format(key=str(key), ca=str(ca), plain=service.port, safe=safe.port, raw=raw.port)
        with Running.artifact(write(directory / "artifact", module, ports), port=ports["http"]) as running:
            yield House(running, service, safe, raw, ports["https"], str(ca))


@pytest.mark.parametrize("tls", [False, True], ids=["plain caller", "TLS caller"])
@pytest.mark.parametrize("path", ["/echo", "/safe/echo"], ids=["plain service", "TLS service"])
def test_thousand_messages_each_way(house: House, path: str, tls: bool) -> None:
    """Text and binary, in order, and a close that arrives with its code on the other side."""
    end = caller(house.tls_port if tls else house.running.port, path, tls=house.ca if tls else None)
    for number in range(500):
        end.send(f"text {number}")
        end.send_binary(b"binary %d" % number)
        assert end.recv() == f"text {number}"
        assert end.recv() == b"binary %d" % number
    talk = (house.safe if path.startswith("/safe") else house.service).talk(end)
    end.send_close(4000, b"done")
    assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x0f\xa0done")
    assert talk.over.wait(WAIT)
    assert (talk.code, talk.received) == (4000, 1000)
    end.leave()


@pytest.mark.parametrize("path", ["/push", "/safe/push"])
def test_thousand_messages_at_once(house: House, path: str) -> None:
    """A service that speaks first, and does not wait."""
    end = caller(house.running.port, path)
    assert [end.recv() for _ in range(1000)] == [str(number) for number in range(1000)]
    end.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_large_frames(house: House, tls: bool) -> None:
    """Frames of 1 MiB, whole and in fragments."""
    path = "/safe/echo" if tls else "/echo"
    end = caller(house.tls_port if tls else house.running.port, path, tls=house.ca if tls else None)
    large = bytes(range(256)) * 4096
    for _ in range(8):
        end.send_binary(large)
        assert end.recv() == large
    for place in range(0, len(large), 65536):
        piece = large[place : place + 65536]
        kind = websocket.ABNF.OPCODE_CONT if place else websocket.ABNF.OPCODE_BINARY
        end.send_frame(websocket.ABNF(int(place + 65536 == len(large)), 0, 0, 0, kind, 1, piece))
    assert end.recv() == large
    end.close()


def test_ping_and_pong(house: House) -> None:
    """Control frames pass, also between fragments."""
    end = caller(house.running.port)
    end.send_frame(websocket.ABNF(0, 0, 0, 0, websocket.ABNF.OPCODE_TEXT, 1, "hello "))
    end.ping("are you there")
    end.send_frame(websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_CONT, 1, "world"))
    assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"are you there")
    assert end.recv() == "hello world"
    end.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_the_service_closes(house: House, tls: bool) -> None:
    """Its code and reason reach the caller, and then the end does."""
    path = "/safe/close" if tls else "/close"
    end = caller(house.tls_port if tls else house.running.port, path, tls=house.ca if tls else None)
    end.send("x")
    assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x0f\xa1enough")
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        end.recv()
    talk = (house.safe if tls else house.service).talk(end)
    assert talk.over.wait(WAIT)
    # What the caller's library answers a close with.
    assert talk.code == 1000


@pytest.mark.parametrize("path", ["/drop", "/safe/drop"])
def test_the_service_goes_without_a_word(house: House, path: str) -> None:
    """So the caller's connection ends without one too."""
    end = caller(house.running.port, path)
    end.send("x")
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        end.recv()


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("path", ["/hold", "/safe/hold"])
def test_the_caller_goes_without_a_word(house: House, path: str, reset: bool) -> None:
    """So the service's connection ends without one too."""
    end = caller(house.running.port, path)
    talk = (house.safe if path.startswith("/safe") else house.service).talk(end)
    if reset:
        assert end.sock is not None
        end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    end.leave()
    assert talk.over.wait(WAIT)
    assert talk.code is None


def test_opening_handshake(house: House) -> None:
    """The service gets the caller's, through the pipeline; the caller gets the service's, with what the steps added."""
    end = caller(
        house.running.port, "/echo?a=b", "X-Mine: 1", "Proxy-Authorization: x", "eg-consumer-id: me",
        subprotocols=["chat", "other"], cookie="a=b", origin="http://shop.example",
    )  # fmt: skip
    talk = house.service.talk(end)
    assert talk.path == "/echo?a=b"
    assert talk.all("x-mine") == ["1"]
    assert talk.all("cookie") == ["a=b"]
    assert talk.all("origin") == ["http://shop.example"]
    assert talk.all("connection") == ["Upgrade"]
    assert talk.all("upgrade") == ["websocket"]
    assert len(talk.all("eg-request-id")) == 1
    assert talk.all("eg-consumer-id") == talk.all("proxy-authorization") == []
    assert end.getsubprotocol() == "chat"
    assert (end.getheaders() or {})["x-gateway"] == "yes"
    end.close()


def test_refused_before_a_byte_is_passed(house: House) -> None:
    """A pipeline that refuses answers as it always does, and the service hears nothing."""
    before = len(house.service.talks)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        caller(house.running.port, "/locked/echo")
    assert refused.value.status_code == 401
    assert len(house.service.talks) == before


def test_access_log(house: House) -> None:
    """One entry when it has ended, with the bytes both ways."""
    end = caller(house.running.port, "/logged/echo")
    end.send("x" * 100)
    assert len(end.recv()) == 100
    end.close()
    [entry] = house.logged("/logged/echo")
    assert entry["status"] == 101
    # A frame of 100 bytes and a close frame; the caller's have masks.
    assert (entry["bytes"], entry["bytes_in"]) == (2 + 100 + 4, 6 + 100 + 8)
    assert "reason" not in entry


def test_silence(house: House) -> None:
    """Longer than proxyTimeout ends it, with a close frame for both."""
    end = caller(house.running.port, "/quick/hold")
    assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xe9")
    talk = house.service.talk(end)
    assert talk.over.wait(WAIT)
    assert talk.code == 1001
    end.leave()
    assert house.logged("/quick/hold")[0]["reason"] == "tunnel_idle"


def raw_answer(house: House, *fields: str, path: str = "/raw", more: bytes = b"", method: str = "GET") -> Reply:
    """What a request with these fields is answered by way of the raw service."""
    with Caller(house.running.port) as end:
        return end.send(get(path, *fields, method=method) + more).final()


def says(data: bytes) -> Behaviour:
    """A service that says this and waits for the end."""

    async def answer(wire: Wire) -> None:
        await wire.send(data)
        await wire.gone()

    return answer


NOT_ASKED = {
    "half, no Connection": ("Upgrade: websocket", *ASKED[2:]),
    "half, no Upgrade": ("Connection: Upgrade", *ASKED[2:]),
    "no key": (*ASKED[:2], ASKED[3]),
    "a key too short": (*ASKED[:2], "Sec-WebSocket-Key: YWJj", ASKED[3]),
    "a key that is none": (*ASKED[:2], f"Sec-WebSocket-Key: {'!' * 22}==", ASKED[3]),
    "two keys": (*ASKED, f"Sec-WebSocket-Key: {KEY}"),
    "no version": ASKED[:3],
    "a version that is none": (*ASKED[:3], "Sec-WebSocket-Version: thirteen"),
    "two versions": (*ASKED, "Sec-WebSocket-Version: 8"),
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", *ASKED[2:]),
    "h2c beside it": (*ASKED, "Upgrade: h2c"),
    "h2c in one list": ("Connection: Upgrade", "Upgrade: websocket, h2c", *ASKED[2:]),
    "another version of it": ("Connection: Upgrade", "Upgrade: websocket/13", *ASKED[2:]),
    "the key named by Connection": ("Connection: Upgrade, Sec-WebSocket-Key", *ASKED[1:]),
}


@pytest.mark.parametrize("fields", NOT_ASKED.values(), ids=NOT_ASKED.keys())
def test_what_is_no_opening_handshake(house: House, fields: tuple[str, ...]) -> None:
    """It is an ordinary GET for the service: no Upgrade of any kind passes (h2c smuggling)."""
    house.raw.clear()
    assert raw_answer(house, *fields).status == 200
    [received] = house.raw.requests
    assert received.all("upgrade") == received.all("connection") == received.all("http2-settings") == []


@pytest.mark.parametrize("fields", NOT_ASKED.values(), ids=NOT_ASKED.keys())
def test_a_service_that_agrees_to_what_nobody_asked(house: House, fields: tuple[str, ...]) -> None:
    """It is 502, and what is behind never passes."""
    house.raw.clear()
    house.raw.answer = says(AGREED + b"\x81\x05hello")
    assert raw_answer(house, *fields).status == 502
    assert house.raw.let_go()


@pytest.mark.parametrize(
    ("method", "fields", "body"),
    [
        ("POST", (), b""),
        ("GET", ("Content-Length: 43",), b"GET /smuggled HTTP/1.1\r\nHost: h\r\nX-A: 1234\r\n\r\n"[:43]),
        ("GET", ("Transfer-Encoding: chunked",), b"5\r\nhello\r\n0\r\n\r\n"),
        ("HEAD", (), b""),
    ],
    ids=["POST", "length", "chunks", "HEAD"],
)
def test_with_a_body_or_another_method(house: House, method: str, fields: tuple[str, ...], body: bytes) -> None:
    """Neither is an opening handshake."""
    house.raw.clear()
    with Caller(house.running.port) as end:
        end.send(get("/raw", *ASKED, *fields, method=method) + body)
        assert end.final(method).status == 200
        assert end.send(get("/raw")).final().status == 200
    assert [request.target for request in house.raw.requests] == ["/raw", "/raw"]
    assert house.raw.requests[0].all("upgrade") == []
    assert house.raw.problems == []


def test_http_1_0(house: House) -> None:
    """An older caller cannot upgrade."""
    house.raw.clear()
    with Caller(house.running.port) as end:
        assert end.send(get("/raw", *ASKED).replace(b"HTTP/1.1", b"HTTP/1.0")).final().status == 200
    assert house.raw.requests[0].all("upgrade") == []


WRONG = {
    "no Upgrade": AGREED.replace(b"Upgrade: websocket\r\n", b""),
    "no Connection": AGREED.replace(b"Connection: Upgrade\r\n", b""),
    "another protocol": AGREED.replace(b"websocket", b"h2c"),
    "no accept": AGREED.replace(b"Sec-WebSocket-Accept", b"Sec-WebSocket-Except"),
    "another accept": AGREED.replace(ACCEPT.encode(), b"AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "two accepts": AGREED.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Accept: x\r\n\r\n"),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_a_service_that_agrees_to_something_else(house: House, data: bytes) -> None:
    """It is 502; nothing is handed on, and what follows on the caller's connection is a request."""
    house.raw.clear()
    house.raw.answer = says(data + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with Caller(house.running.port) as end:
        assert end.send(get("/raw", *ASKED)).final().status == 502
        assert house.raw.let_go()
        house.raw.clear()
        assert end.send(get("/raw")).final().status == 200


def test_any_other_answer_is_an_ordinary_one(house: House) -> None:
    """A service that does not agree is listened to, and what stands behind the request is the next one."""
    house.raw.clear()

    async def answer(wire: Wire) -> None:
        await wire.respond(b"no", status="426 Upgrade Required", headers=[(b"Sec-WebSocket-Version", b"13")])

    house.raw.answer = answer
    with Caller(house.running.port) as end:
        reply = end.send(get("/raw", *ASKED) + get("/raw/next")).final()
        assert (reply.status, reply.body, reply.one("sec-websocket-version")) == (426, b"no", "13")
        assert end.final().status == 426
    assert [request.target for request in house.raw.requests] == ["/raw", "/raw/next"]
    assert house.raw.requests[0].one("upgrade") == b"websocket"
    assert house.raw.requests[1].all("upgrade") == []


def test_bytes_behind_the_request(house: House) -> None:
    """What the caller sends before it has been agreed belongs to the WebSocket, and is never read as a request."""
    house.raw.clear()
    behind = get("/raw/smuggled")
    received: list[bytes] = []

    async def answer(wire: Wire) -> None:
        await wire.send(AGREED + b"early")
        received.append(await wire.reader.readexactly(len(behind)))
        await wire.send(b"late")
        await wire.gone()

    house.raw.answer = answer
    with Caller(house.running.port) as end:
        end.send(get("/raw", *ASKED) + behind)
        reply = end.reply()
        assert reply is not None
        assert (reply.status, reply.one("upgrade"), reply.one("sec-websocket-accept")) == (101, "websocket", ACCEPT)
        assert end.take(9) == b"earlylate"
    assert house.raw.let_go()
    assert received == [behind]
    assert [request.target for request in house.raw.requests] == ["/raw"]


def test_an_error_of_the_service_before_it_agrees(house: House) -> None:
    """It is 502, as for any request."""
    house.raw.clear()

    async def answer(wire: Wire) -> None:
        wire.reset()

    house.raw.answer = answer
    assert raw_answer(house, *ASKED).status == 502


def test_a_caller_that_leaves_before_it_is_agreed(house: House) -> None:
    """The service is let go."""
    house.raw.clear()
    house.raw.answer = lambda wire: wire.gone()
    with Caller(house.running.port) as end:
        end.send(get("/raw", *ASKED))
        assert house.raw.has(1)
    assert house.raw.let_go()


@pytest.mark.parametrize("reads", ["caller", "service"])
def test_nobody_is_sent_more_than_they_take(house: House, reads: str) -> None:
    """Who reads nothing is waited for: what piles up is bounded, and arrives whole in the end (both ways)."""
    house.raw.clear()
    size = 64 << 20
    sent = threading.Event()
    go = threading.Event()
    got: list[int] = []

    async def answer(wire: Wire) -> None:
        await wire.send(AGREED)
        if reads == "caller":
            for _ in range(size >> 16):
                await wire.send(b"x" * 65536)
            sent.set()
        else:
            await asyncio.to_thread(go.wait, WAIT)
            total = 0
            while total < size:
                total += len(await wire.reader.read(1 << 20))
            got.append(total)
            await wire.send(b"!")
        await wire.gone()

    house.raw.answer = answer
    with Caller(house.running.port) as end:
        reply = end.send(get("/raw", *ASKED)).reply()
        assert reply is not None
        assert reply.status == 101
        if reads == "caller":
            assert not sent.wait(1.0), "64 MiB went somewhere"
            assert len(end.take(size)) == size
            assert sent.wait(WAIT)
        else:
            end.socket.settimeout(1.0)
            total = 0
            with contextlib.suppress(TimeoutError):
                while total < size:
                    total += end.socket.send(b"x" * min(65536, size - total))
            assert total < size, "64 MiB went somewhere"
            end.socket.settimeout(WAIT)
            go.set()
            end.socket.sendall(b"x" * (size - total))
            assert end.take(1) == b"!"
            assert got == [size]


def test_switched_off(house: House) -> None:
    """`ws: false` (D276): the service sees an ordinary GET."""
    house.raw.clear()
    assert raw_answer(house, *ASKED, path="/off").status == 200
    assert house.raw.requests[0].all("upgrade") == []


def test_half_closed(house: House) -> None:
    """A caller that has said its last still hears the service."""
    house.raw.clear()

    async def answer(wire: Wire) -> None:
        await wire.send(AGREED)
        said = await wire.reader.read()
        await wire.send(b"you said " + said)
        wire.keep = False

    house.raw.answer = answer
    with Caller(house.running.port) as end:
        assert end.send(get("/raw", *ASKED)).reply() is not None
        end.send(b"bye")
        end.socket.shutdown(socket.SHUT_WR)
        assert end.take(12) == b"you said bye"
        assert end.ended()


def test_the_gateway_ends(tmp_path: Path) -> None:
    """Who has a WebSocket when the gateway ends may go on for a while, and is told 1001 then, on either side."""
    with WebSockets() as service, gateway(tmp_path / "artifact", in_front_of(service.port)) as running:
        ends = [caller(running.port) for _ in range(5)]
        running.signal(signal.SIGTERM)
        for end in ends:
            end.send("still there")
            assert end.recv() == "still there"
        for end in ends:
            assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xe9")
        assert running.process is not None
        assert running.process.wait(5) == 0
        for talk in map(service.talk, ends):
            assert talk.over.wait(WAIT)
            assert talk.code == 1001


def test_tunnels_are_bounded(tmp_path: Path) -> None:
    """One more than there may be is 503; ordinary requests have their own places, and each that ends leaves one."""
    more = """
    import egc.runtime.upstream as client
    client.MAX_TUNNELS = 1
    """
    with WebSockets() as service, gateway(tmp_path / "artifact", in_front_of(service.port, more=more)) as running:
        first = caller(running.port)
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            caller(running.port)
        assert refused.value.status_code == 503
        with Caller(running.port) as end:
            assert end.send(get("/")).final().status == 426
        first.close()
        assert service.talk(first).over.wait(WAIT)
        for _ in range(400):
            with contextlib.suppress(websocket.WebSocketBadStatusException):
                caller(running.port).close()
                return
            threading.Event().wait(0.02)
        raise AssertionError("the place was not given back")
