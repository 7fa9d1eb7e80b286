"""The network of a rehearsal: there is none. Whatever the gateway asks for over it, stubs answer, in this process.

The seam is the event loop. Connections are made by `loop.create_connection`, the gateway's own client writes and parses
on them as ever, and at the other end sits a `Line` in the place of a socket.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qs, urlsplit

import httptools

NO_NETWORK = "no network in a rehearsal"

Failure = Literal["refused", "timeout", "reset"]

_FORBIDDEN = frozenset(
    f"socket.{name}"
    for name in (
        *("connect", "bind", "getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyaddr"),
        *("sendto", "sendmsg"),
    )
)
_WITHOUT_BODY = frozenset((*range(100, 200), 204, 304))

_offline = 0
_guarded = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that the gateway sends. `url` is whole; header names are in lower case."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Stub:
    """What a service answers. `failure`: it cannot be reached, is never reached in time, or hangs up."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/plain; charset=utf-8"),)
    body: bytes = b"ok"
    failure: Failure | None = None


@dataclass(slots=True)
class Stubs:
    """Who answers what.

    Arguments:
        services: answers by the name of the service; `OTHERS` is for the rest.
        urls: answers by whole URL, without its query or with it: for key sets, introspection, and where redirects lead.
        tokens: what an introspection endpoint says of tokens that the rehearsal has made up.
        service: the service that is being asked; empty where the gateway asks for itself.
        sent: takes what the gateway sends to services, `fetched` what it asks for itself.
        problems: takes what nobody answers.
    """

    services: Mapping[str, Stub] = field(default_factory=dict)
    urls: Mapping[str, Stub] = field(default_factory=dict)
    tokens: dict[str, bytes] = field(default_factory=dict)
    service: str = ""
    sent: list[Sent] = field(default_factory=list)
    fetched: list[Sent] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Another request comes."""
        self.service = ""
        self.sent, self.fetched, self.problems = [], [], []

    def connect(self, origin: str) -> None:
        """A connection is asked for. Raises OSError, or TimeoutError, where there is none."""
        if self.service:
            self._fail(self.services.get(self.service, OTHERS))
            return
        known = [url for url in self.urls if _origin(url) == origin]
        if not known and not self.tokens:
            self._nobody(origin)
        for url in known:
            self._fail(self.urls[url])

    def answer(self, sent: Sent) -> Stub:
        """What comes back. Raises OSError where nobody answers."""
        (self.sent if self.service else self.fetched).append(sent)
        found = self.urls.get(sent.url) or self.urls.get(sent.url.partition("?")[0])
        if found is None and self.service:
            found = self.services.get(self.service, OTHERS)
        if not self.service and sent.method == "POST":
            token = parse_qs(sent.body.decode("latin-1")).get("token", [""])[0]
            if token in self.tokens:
                return Stub(200, (("content-type", "application/json"),), self.tokens[token])
        if found is None:
            self._nobody(sent.url)
        return found

    def _fail(self, stub: Stub) -> None:
        if stub.failure == "refused":
            raise ConnectionRefusedError("the stub refuses")
        if stub.failure == "timeout":
            raise TimeoutError

    def _nobody(self, place: str) -> NoReturn:
        self.problems.append(f"{NO_NETWORK}: nobody answers for {place}")
        raise ConnectionRefusedError(NO_NETWORK)


OTHERS = Stub()
"""What a service answers of which nothing is said."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


class Line(asyncio.Transport):
    """A connection of the gateway, with a stub at its other end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, scheme: str, place: str, stubs: Stubs) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._scheme = scheme
        self._place = place
        self._stubs = stubs
        self._closing = False
        self._new_parser()

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = b""

    def secured(self, protocol: Any) -> None:
        """TLS has begun inside of a tunnel."""
        self._scheme = "https"
        self._protocol = protocol

    # asyncio.Transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """What the gateway writes is read at once."""
        data = bytes(data)
        if data.startswith(b"CONNECT "):
            self._place = data.split(b" ", 2)[1].decode("latin-1").removesuffix(":443")
            self._say(b"HTTP/1.1 200 OK\r\n\r\n")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            self._lost(ConnectionResetError("what came is no request"))

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._closing

    def close(self) -> None:
        """End it."""
        self._lost(None)

    def abort(self) -> None:
        """End it."""
        self._lost(None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """There is no socket to tell of."""
        return default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""

    def get_write_buffer_size(self) -> int:
        """Nothing is buffered."""
        return 0

    def pause_reading(self) -> None:
        """What there is to read has been told already."""

    def resume_reading(self) -> None:
        """What there is to read has been told already."""

    # httptools

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if any(name == "expect" for name, _ in self._headers):
            self._say(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("ascii")
        target = self._target.decode("latin-1")
        url = target if target.startswith("http://") else f"{self._scheme}://{self._place}{target}"
        sent = Sent(method, url, tuple(self._headers), self._body)
        self._loop.call_soon(self._new_parser)
        try:
            stub = self._stubs.answer(sent)
        except OSError as error:
            self._lost(error)
            return
        if stub.failure is not None:
            self._lost(ConnectionResetError("the stub hangs up"))
            return
        self._say(_written(stub, method))

    def _say(self, data: bytes) -> None:
        self._loop.call_soon(self._tell, data)

    def _tell(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def _lost(self, error: OSError | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, error)


def _written(stub: Stub, method: str) -> bytes:
    try:
        phrase = HTTPStatus(stub.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {stub.status} {phrase}", *(f"{name}: {value}" for name, value in stub.headers)]
    without = stub.status in _WITHOUT_BODY
    if not without and not any(name.lower() == "content-length" for name, _ in stub.headers):
        lines.append(f"content-length: {len(stub.body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if without or method == "HEAD" else head + stub.body


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose connections end at stubs, and which opens no others.

    Its own socket is the pair by which threads wake it; it leads nowhere.
    """

    def __init__(self, stubs: Stubs) -> None:
        super().__init__()
        self._stubs = stubs

    async def create_connection(  # type: ignore[override]  # of all that asyncio takes, what says where to
        self, protocol_factory: Callable[[], Any], host: str = "", port: int = 0, *, ssl: Any = None, **_: Any
    ) -> tuple[Line, Any]:
        """A line to a stub. Raises OSError where nobody answers for that place."""
        scheme = "https" if ssl else "http"
        self._stubs.connect(f"{scheme}://{host}:{port}")
        literal = f"[{host}]" if ":" in host else host
        place = literal if port == (443 if ssl else 80) else f"{literal}:{port}"
        protocol = protocol_factory()
        line = Line(self, protocol, scheme, place, self._stubs)
        protocol.connection_made(line)
        return line, protocol

    async def start_tls(self, transport: Any, protocol: Any, *_: Any, **__: Any) -> Any:
        """A tunnel through an intermediate proxy stands."""
        transport.secured(protocol)
        return transport

    async def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        self._stubs.problems.append(NO_NETWORK)
        raise ConnectionRefusedError(NO_NETWORK)

    create_server = _refuse
    create_datagram_endpoint = _refuse
    create_unix_connection = _refuse
    create_unix_server = _refuse
    getaddrinfo = _refuse
    getnameinfo = _refuse
    sock_connect = _refuse
    sock_sendto = _refuse


@contextmanager
def offline() -> Iterator[None]:
    """While this lasts, nothing in this process reaches the network, plugins included: it gets an OSError."""
    global _guarded, _offline
    if not _guarded:
        sys.addaudithook(_guard)
        _guarded = True
    _offline += 1
    try:
        yield
    finally:
        _offline -= 1


def _guard(event: str, _arguments: tuple[Any, ...]) -> None:
    if _offline and event in _FORBIDDEN:
        raise ConnectionRefusedError(NO_NETWORK)
