"""The upstream client: pooled HTTP/1.1 connections over asyncio, streaming both ways, with real time-outs.

A `Connection` parses with llhttp and tells a `Sink` what arrives; it knows nothing of who asked, so every transport
can stand behind it. A `Pool` keeps the connections of one origin, bounded, and watches their deadlines.
"""

import asyncio
import contextlib
import os
import re
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import httptools

from egc.runtime import env
from egc.runtime.headers import HOP_BY_HOP, Headers, named_by_connection
from egc.runtime.known_lines import KNOWN, Kind, Line, learn

if TYPE_CHECKING:
    from egc.runtime.exchange import Exchange, ResponseHead
    from egc.runtime.transport.tunnel import End

CONNECT_TIMEOUT = 10.0
RESPONSE_TIMEOUT = 120.0
QUIET_TIMEOUT = 3600.0
IDLE_LIFETIME = 30.0
STALLED_READER = 120.0
MAX_CONNECTIONS = 1024
MAX_WAITING = 1024
MAX_TUNNELS = 4096
_MAX_ORIGINS = 64
MAX_HEAD_BYTES = 65536
MAX_INTERIM = 100
WRITE_HIGH_WATER = 65536
_TICKS_PER_TIMEOUT = 8


_NOTED = HOP_BY_HOP | {b"content-length", b"content-type"}
_EVENTS = b"text/event-stream"
_NONE: frozenset[bytes] = frozenset()
_VERSIONS = ("1.1", "1.0")
_KEEP_ALIVE = re.compile(rb"\btimeout=([0-9]{1,6})\b", re.IGNORECASE)


_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_STATUS_LINES: dict[bytes, int] = {}
_KNOWN_STATUS_LINES = 256
_FIELD, _DATE, _LENGTH, _LIFETIME = Kind.FIELD, Kind.DATE, Kind.LENGTH, Kind.LIFETIME


def _plain_status(text: bytes) -> int:
    """The status of a plain status line whose response has a length; 0 of others."""
    found = _STATUS_LINE.fullmatch(text)
    if found is None or found[1] in (b"204", b"304"):
        return 0
    if len(_STATUS_LINES) < _KNOWN_STATUS_LINES:
        _STATUS_LINES[text] = int(found[1])
    return int(found[1])


class UpstreamError(Exception):
    """The service did not give an answer. `reason` is for the log; `status` is what the caller gets."""

    status = 502

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class UpstreamTimeout(UpstreamError):
    """The service did not answer in time."""

    status = 504


class UpstreamBusy(UpstreamError):
    """All connections to the service are taken, and so are the places in the queue for one."""

    status = 503


class Sink(Protocol):
    """Who hears what a connection receives. Calls come in this order; after `failed` or `complete` none follow."""

    def informational(self, status: int, headers: Headers) -> None:
        """An interim response (1xx), 101 excepted."""

    def head(self, status: int, headers: Headers, measured: bool) -> None:
        """The final response's head, or that of a 101 that was asked for.

        It is without hop-by-hop fields, names in lower case unless the call keeps the case. `measured` says that its
        length is announced.
        """

    def data(self, chunk: bytes) -> None:
        """Bytes of the body, without framing."""

    def complete(self) -> None:
        """The response has ended as its framing says."""

    def failed(self, error: UpstreamError) -> None:
        """No answer, or no more of it."""

    def flush(self) -> None:
        """One read from the socket has been told in full: a good moment to act on it."""

    def writable(self) -> None:
        """The connection takes more of the request body."""


Whole = Callable[[int, Sequence[Line], bool, bytes], None]
"""Told of a plain response that came at once, in the place of a sink's `head`, `data` and `complete`: its status, the
lines of its fields, whether one of them is Date, and its body."""


class Target:
    """Where a service lives: origin, and the path its URL begins with."""

    __slots__ = ("authority", "host", "path", "port", "query", "secure", "url")

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        default = 443 if self.secure else 80
        self.port = parts.port or default
        literal = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = literal if self.port == default else f"{literal}:{self.port}"
        self.path = parts.path or "/"
        self.query = parts.query


class Service:
    """A serviceEndpoint: one URL, or several that a proxy step takes in turn (D33, D292)."""

    def __init__(self, name: str, *, urls: Sequence[str]) -> None:
        self.name = name
        self.targets = tuple(Target(url) for url in urls)


class Call:
    """A request to a service, ready to be sent.

    Arguments:
        pool: where a connection comes from.
        method, path: what is asked; `path` begins with `/`.
        head: the whole request head in bytes, its empty line included.
        body: the request body, where the caller's own is not to be sent.
        has_body: whether a body follows the head, `chunked` or by its Content-Length.
        expects_continue: the caller waits for 100 before it sends the body.
        keep_case: whether response header names keep their case.
        response: seconds without a byte from the service until it counts as silent.
        quiet: the same where silence is usual: for tunnels and server-sent events.
        accept: the Sec-WebSocket-Accept of a service that agrees to a WebSocket; None where none was asked for.
        finish: called with the exchange and the response head before the caller sees it.
        follow: gives the call that follows a response, where redirects are followed.
    """

    __slots__ = (
        "accept",
        "body",
        "chunked",
        "expects_continue",
        "finish",
        "follow",
        "has_body",
        "head",
        "keep_case",
        "method",
        "path",
        "pool",
        "quiet",
        "repeatable",
        "response",
    )

    def __init__(
        self,
        pool: "Pool",
        method: str,
        path: str,
        head: bytes,
        *,
        body: bytes | None = None,
        has_body: bool = False,
        chunked: bool = False,
        expects_continue: bool = False,
        keep_case: bool = False,
        response: float = RESPONSE_TIMEOUT,
        quiet: float = QUIET_TIMEOUT,
        accept: bytes | None = None,
        finish: "Callable[[Exchange, ResponseHead], None] | None" = None,
        follow: "Callable[[Call, int, Headers], Call | None] | None" = None,
    ) -> None:
        self.pool = pool
        self.method = method
        self.path = path
        self.head = head
        self.body = body
        self.has_body = has_body
        self.chunked = chunked
        self.expects_continue = expects_continue
        self.keep_case = keep_case
        self.response = response
        self.quiet = quiet
        self.accept = accept
        self.finish = finish
        self.follow = follow
        # A request without body and of an idempotent method may be sent again (RFC 9110 section 9.2.2).
        self.repeatable = not has_body and method in _IDEMPOTENT


_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


class _Silent:
    """The sink of a connection nobody uses."""

    def informational(self, status: int, headers: Headers) -> None: ...
    def head(self, status: int, headers: Headers, measured: bool) -> None: ...
    def data(self, chunk: bytes) -> None: ...
    def complete(self) -> None: ...
    def failed(self, error: UpstreamError) -> None: ...
    def flush(self) -> None: ...
    def writable(self) -> None: ...


_NOBODY: Sink = _Silent()


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection to a service; carries one request at a time."""

    __slots__ = (
        "_accept",
        "_begins",
        "_body_sent",
        "_busy",
        "_framed",
        "_head_bytes",
        "_headers",
        "_in_head",
        "_interim",
        "_keep_alive",
        "_keep_case",
        "_method_is_head",
        "_named",
        "_parser",
        "_quiet",
        "_reading",
        "_response_done",
        "_status",
        "_streamed",
        "_timeout",
        "_upgrade",
        "_whole",
        "_write_paused",
        "answered",
        "closed",
        "deadline",
        "early",
        "idle_until",
        "lifetime",
        "pool",
        "sink",
        "transport",
        "used",
    )

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.sink = _NOBODY
        self.closed = False
        self.used = False
        self.answered = False
        self.deadline = 0.0
        self.idle_until = 0.0
        self.lifetime = IDLE_LIFETIME
        self.early: bytes | None = None
        self._upgrade = b""
        self._busy = False
        self._reading = True
        self._write_paused = False
        self._timeout = RESPONSE_TIMEOUT
        self._keep_case = False
        self._method_is_head = False

    # What the pool and the transports call

    def send(self, call: Call, sink: Sink, first_body: bytes = b"", *, whole: Whole | None = None) -> None:
        """Begin a request: write its head, with `first_body` (framed already) in the same write."""
        self.sink = sink
        self._whole = whole
        self._busy = True
        self.answered = False
        self._response_done = False
        self._body_sent = not call.has_body
        self._keep_alive = False
        self._head_bytes = 0
        self._interim = 0
        self._status = 0
        self._headers: Headers = []
        self._in_head = True
        self._method_is_head = call.method == "HEAD"
        self._begins = whole is not None and not self._method_is_head and not call.keep_case
        self._keep_case = call.keep_case
        self._timeout = call.response
        self._quiet = call.quiet
        self._accept = call.accept
        self.deadline = monotonic() + call.response
        self.transport.write(call.head + first_body if first_body else call.head)

    def write(self, data: bytes) -> bool:
        """Write framed body bytes. Returns whether the connection takes more at once."""
        if self._busy and not self.closed:
            self.deadline = monotonic() + self._timeout
            self.transport.write(data)
        return not self._write_paused

    def end_body(self) -> None:
        """The request body has been written in full."""
        self._body_sent = True
        if self._response_done:
            self._release()

    def pause(self) -> None:
        """Stop reading: the caller does not take the answer as fast as the service gives it."""
        if self._reading and not self.closed:
            self._reading = False
            self.deadline = monotonic() + max(self._timeout, STALLED_READER)
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if not self._reading and not self.closed:
            self._reading = True
            self.deadline = monotonic() + self._timeout
            self.transport.resume_reading()

    def abort(self) -> None:
        """Drop the connection and whatever runs on it; the sink hears nothing more."""
        self.sink = _NOBODY
        self._drop()

    def fail(self, error: UpstreamError) -> None:
        """Drop the connection; whoever uses it hears why."""
        sink, self.sink = self.sink, _NOBODY
        self._drop()
        sink.failed(error)
        sink.flush()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_WATER)
        self._parser = httptools.HttpResponseParser(self)
        self.deadline = monotonic() + IDLE_LIFETIME

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            if self.early is None:
                self._drop()
            else:
                self.early += data
            return
        if self._begins:
            self._begins = False
            if self._read_whole(data):
                return
        self.deadline = monotonic() + self._timeout
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if isinstance(error, httptools.HttpParserUpgrade) and self._status == 101:
                self._switch(data[error.args[0] :])
                return
            if not self._response_done:
                self.fail(UpstreamError("upstream_protocol", str(error)))
                return
            self._keep_alive = False
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self.fail(UpstreamError("upstream_protocol", "response head too large"))
            return
        sink = self.sink
        if self._response_done:
            self._finish()
        sink.flush()

    def _read_whole(self, data: bytes) -> bool:
        """Read a plain response that is all of `data`. False, and nothing read, if there is anything to look at."""
        end = data.find(b"\r\n\r\n")
        if not 0 < end < MAX_HEAD_BYTES:
            return False
        texts = data[:end].split(b"\r\n")
        status = _STATUS_LINES.get(texts[0]) or _plain_status(texts[0])
        if not status:
            return False
        lines: list[Line] = []
        length = -1
        lifetime = 0
        dated = False
        del texts[0]
        known = KNOWN
        for text in texts:
            found = known.get(text) or learn(text)
            if found is None:
                return False
            kind = found.kind
            if kind is _FIELD:
                lines.append(found)
            elif kind is _LENGTH:
                if length >= 0:
                    return False
                length = found.number
                lines.append(found)
            elif kind is _DATE:
                dated = True
                lines.append(found)
            elif kind is _LIFETIME:
                lifetime = found.number
        if length != len(data) - end - 4:
            return False
        if lifetime:
            # A second before the service closes it, lest a request be sent into its closing.
            self.lifetime = min(IDLE_LIFETIME, lifetime - 1.0)
        self._status = status
        self.answered = self._response_done = self._keep_alive = True
        sink, whole = self.sink, self._whole
        self._finish()
        if whole is not None:
            whole(status, lines, dated, data[end + 4 :])
        sink.flush()
        return True

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        was_closed = self.closed
        self.closed = True
        self.pool.forget(self)
        if was_closed or not self._busy:
            return
        sink, self.sink = self.sink, _NOBODY
        self._busy = False
        if self.answered and not self._in_head and not self._framed and exc is None:
            sink.complete()
        else:
            sink.failed(UpstreamError("upstream_reset", type(exc).__name__ if exc else "closed"))
        sink.flush()

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        self.sink.writable()

    # httptools callbacks

    def on_message_begin(self) -> None:
        if self._response_done:
            self._keep_alive = False
            raise httptools.HttpParserError("more than one response")
        self._headers = []
        self._in_head = True
        self._framed = self._streamed = False
        self._named = _NONE

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return
        lowered = name.lower()
        if lowered not in _NOTED:
            self._headers.append((name if self._keep_case else lowered, value))
        elif lowered == b"content-length":
            self._framed = True
            self._headers.append((name if self._keep_case else lowered, value))
        elif lowered == b"transfer-encoding":
            if self._streamed or value.lower() != b"chunked":
                raise httptools.HttpParserError("a transfer coding nobody asked for")
            self._framed = self._streamed = True
        elif lowered == b"keep-alive":
            promised = _KEEP_ALIVE.search(value)
            if promised is not None:
                # A second before the service closes it, lest a request be sent into its closing.
                self.lifetime = min(IDLE_LIFETIME, int(promised[1]) - 1.0)
        elif lowered == b"connection":
            if value not in (b"keep-alive", b"close"):
                self._named |= named_by_connection((value,))
        elif lowered == b"content-type":
            self._headers.append((name if self._keep_case else lowered, value))
            if value[: len(_EVENTS)].lower() == _EVENTS:
                self._timeout = self._quiet
                self.deadline = monotonic() + self._quiet
        elif lowered == b"upgrade":
            self._upgrade = value.lower()

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        if self._parser.get_http_version() not in _VERSIONS:
            raise httptools.HttpParserError("not HTTP/1")
        if status < 200:
            self._interim += 1
            if status < 100 or self._interim > MAX_INTERIM:
                raise httptools.HttpParserError("interim responses without end")
            if status == 101 and not self._agreed():
                raise httptools.HttpParserError("an upgrade nobody asked for")
            return
        self._in_head = False
        self.answered = True
        self._keep_alive = self._parser.should_keep_alive()
        if self._named:
            self._headers = [field for field in self._headers if field[0].lower() not in self._named]
        self.sink.head(status, self._headers, self._framed and not self._streamed)
        if self._method_is_head and not self._response_done:
            # llhttp cannot be told that this response has no body: end it here, with a fresh parser for the next.
            self._response_done = True
            self._keep_alive = self._keep_alive and (self._framed or status in (204, 304))
            self._parser = httptools.HttpResponseParser(self)
            self.sink.complete()

    def on_body(self, body: bytes) -> None:
        if not self._response_done:
            self.sink.data(body)
        else:
            # Behind a response to HEAD: what follows would be taken for the next response.
            self._keep_alive = False

    def on_message_complete(self) -> None:
        if self._status < 200:
            if self._status != 101:
                self.sink.informational(self._status, self._headers)
                self._headers = []
                self._head_bytes = 0
        elif not self._response_done:
            self._response_done = True
            self.sink.complete()

    # Upgrades

    def enter(self, end: "End") -> None:
        """Become an end of a tunnel: the pool counts it no more."""
        self.pool.keep_tunnel(self)
        end.attach(self.transport, self.early or b"", self.connection_lost)

    def _agreed(self) -> bool:
        """Whether a 101 is the answer to what was asked (RFC 6455 section 4.1, RFC 9110 section 7.8)."""
        accepts = [value for name, value in self._headers if name.lower() == b"sec-websocket-accept"]
        return self._upgrade == b"websocket" and b"upgrade" in self._named and accepts == [self._accept]

    def _switch(self, early: bytes) -> None:
        """The service has agreed to a WebSocket. What it sends is kept until a tunnel takes the connection."""
        self._busy = False
        self.deadline = inf
        self.early = early
        self.transport.pause_reading()
        sink, self.sink = self.sink, _NOBODY
        sink.head(101, self._headers, False)
        sink.flush()

    # Ends

    def _finish(self) -> None:
        if self._body_sent:
            self._release()
        else:
            # The answer came before the request was sent in full; what is left of it must not go anywhere.
            self.abort()

    def _release(self) -> None:
        self.sink = _NOBODY
        self._busy = False
        self.used = True
        if self._keep_alive and not self.closed:
            self.resume()
            self.pool.put(self)
        else:
            self._drop()

    def _drop(self) -> None:
        self._busy = False
        if not self.closed:
            self.closed = True
            self.transport.abort()
        self.pool.forget(self)


class _Tunnel(asyncio.Protocol):
    """Waits for an intermediate proxy's answer to CONNECT."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.head: asyncio.Future[bytes] = loop.create_future()
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            if not self.head.done():
                self.head.set_result(self._received)
        elif b"\r\n\r\n" in self._received or len(self._received) > MAX_HEAD_BYTES:
            self._refuse("no answer to CONNECT")

    def connection_lost(self, exc: Exception | None) -> None:
        self._refuse("closed")

    def _refuse(self, reason: str) -> None:
        if not self.head.done():
            self.head.set_exception(UpstreamError("proxy_refused", reason))


class Pool:
    """The connections to one origin with one set of TLS settings. Bounded: connections, and callers that wait for one.

    Arguments:
        target: the origin.
        tls: the client context for https targets.
        local_address: source address to bind, or None.
        tick: how often deadlines are looked at, in seconds.
        proxy: an intermediate HTTP proxy: asked in absolute form, or for a tunnel where the target is https.
    """

    def __init__(
        self,
        target: Target,
        *,
        tls: ssl.SSLContext | None = None,
        local_address: str | None = None,
        tick: float = 1.0,
        proxy: Target | None = None,
    ) -> None:
        self.target = target
        self._proxy = proxy
        self.prefix = f"http://{target.authority}" if proxy is not None and not target.secure else ""
        """What stands in front of the path in the request line."""
        self._tls = tls if target.secure else None
        self._local = (local_address, 0) if local_address else None
        self._tick = tick
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._tunnels: set[Connection] = set()
        self._connecting = 0
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> Connection | None:
        """An idle connection, the one used last, if there is one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.idle_until < monotonic():
                connection.abort()
            elif not connection.closed:
                return connection
        return None

    async def connect(self, within: float) -> Connection:
        """A new connection within so many seconds, or one given back meanwhile. Raises UpstreamError."""
        loop = self.loop = asyncio.get_running_loop()
        while len(self._open) + self._connecting >= MAX_CONNECTIONS:
            given = await self._wait(loop, within)
            if given is None:
                break
            if not given.closed:
                return given
        else:
            self._connecting += 1
        try:
            async with asyncio.timeout(within):
                connection = await self._dial(loop)
            if connection.closed:
                raise UpstreamError("connect_failed", "closed at once")
            self._open.add(connection)
        except TimeoutError:
            raise UpstreamTimeout("connect_timeout") from None
        except (OSError, ssl.SSLError, UnicodeError) as error:
            raise UpstreamError("connect_failed", str(error)) from None
        finally:
            self._leave()
        if self._timer is None:
            self._timer = loop.call_later(self._tick, self._watch)
        return connection

    async def _dial(self, loop: asyncio.AbstractEventLoop) -> Connection:
        if self._proxy is not None and self._tls is not None:
            return await self._tunnel(loop, self._proxy, self._tls)
        near = self._proxy or self.target
        _, connection = await loop.create_connection(
            lambda: Connection(self),
            near.host,
            near.port,
            ssl=self._tls,
            server_hostname=self.target.host if self._tls else None,
            local_addr=self._local,
        )
        return connection

    async def _tunnel(self, loop: asyncio.AbstractEventLoop, proxy: Target, tls: ssl.SSLContext) -> Connection:
        """A TLS connection through an intermediate proxy (CONNECT, RFC 9110 section 9.3.6)."""
        transport, asked = await loop.create_connection(
            lambda: _Tunnel(loop), proxy.host, proxy.port, local_addr=self._local
        )
        host = self.target.authority if self.target.port != 443 else f"{self.target.authority}:443"
        try:
            transport.write(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await asked.head
            if not head.partition(b" ")[2].startswith(b"2"):
                raise UpstreamError("proxy_refused", head.partition(b"\r\n")[0].decode("latin-1"))
            connection = Connection(self)
            secure = await loop.start_tls(transport, connection, tls, server_hostname=self.target.host)
            if secure is None:
                raise UpstreamError("connect_failed", "the tunnel closed during the TLS handshake")
            connection.connection_made(secure)
            return connection
        except BaseException:
            transport.abort()
            raise

    def let_tunnel(self) -> None:
        """Whether one more tunnel may be asked for. Raises UpstreamBusy."""
        if len(self._tunnels) >= MAX_TUNNELS:
            raise UpstreamBusy("upstream_busy", "too many tunnels")

    def keep_tunnel(self, connection: Connection) -> None:
        """A connection has become a tunnel: its place is free for another."""
        self._tunnels.add(connection)
        self._open.discard(connection)
        self._offer()

    def put(self, connection: Connection) -> None:
        """Give a connection back after a complete exchange."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        connection.idle_until = monotonic() + connection.lifetime
        self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection has ended."""
        self._open.discard(connection)
        self._tunnels.discard(connection)
        self._offer()

    @property
    def resting(self) -> bool:
        """Whether nobody uses a connection or waits for one."""
        if self._connecting or self._waiting or self._tunnels:
            return False
        return not any(connection._busy for connection in self._open)

    def close(self) -> None:
        """Drop all connections."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in tuple(self._open | self._tunnels):
            connection.fail(UpstreamError("upstream_closed"))
        self._idle.clear()

    def _offer(self) -> None:
        """Give places that are free to those who wait for one."""
        while self._waiting and len(self._open) + self._connecting < MAX_CONNECTIONS:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._connecting += 1
                waiter.set_result(None)

    def _leave(self) -> None:
        """Give up the place of a connection that was to be made."""
        self._connecting -= 1
        self._offer()

    async def _wait(self, loop: asyncio.AbstractEventLoop, within: float) -> Connection | None:
        """A connection that was given back, or None with a place for a new one. Raises UpstreamBusy."""
        if len(self._waiting) >= MAX_WAITING:
            raise UpstreamBusy("upstream_busy")
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(within):
                return await waiter
        except BaseException as error:
            if not waiter.done() or waiter.cancelled():
                with contextlib.suppress(ValueError):
                    self._waiting.remove(waiter)
            elif (given := waiter.result()) is None:
                self._leave()
            elif not given.closed:
                self.put(given)
            if isinstance(error, TimeoutError):
                raise UpstreamBusy("upstream_busy") from None
            raise

    def _watch(self) -> None:
        """End what is overdue: exchanges past their deadline, connections that idled too long."""
        now = monotonic()
        idle = self._idle
        while idle and (idle[0].closed or idle[0].idle_until < now):
            connection = idle.popleft()
            if not connection.closed:
                connection.abort()
        resting = set(idle)
        for connection in tuple(self._open):
            if connection not in resting and connection.deadline < now:
                connection.fail(UpstreamTimeout("upstream_timeout"))
        self._timer = asyncio.get_running_loop().call_later(self._tick, self._watch) if self._open else None


class Pools:
    """The pools of one proxy step: one for each target, and a bounded number for where redirects lead.

    Arguments:
        tls: makes the client context, when the first https target needs it.
        local_address: source address of the connections.
        response: the step's time-out in seconds; deadlines are looked at several times within it.
        proxy_url: an intermediate proxy; `http_proxy` and `HTTP_PROXY` beat it, `no_proxy` excepts hosts (D61, D272).
    """

    def __init__(
        self,
        *,
        tls: Callable[[], ssl.SSLContext],
        local_address: str | None = None,
        response: float = RESPONSE_TIMEOUT,
        proxy_url: str | None = None,
    ) -> None:
        self._tls = tls
        self._local = local_address
        self._tick = min(1.0, max(0.01, response / _TICKS_PER_TIMEOUT))
        self._proxy = os.environ.get("http_proxy") or os.environ.get("HTTP_PROXY") or proxy_url
        self._context: ssl.SSLContext | None = None
        self._pools: dict[tuple[bool, str], Pool] = {}
        self._elsewhere: dict[tuple[bool, str], Pool] = {}

    def pool(self, target: Target) -> Pool:
        """The pool of a target of the configuration."""
        key = target.secure, target.authority
        if key not in self._pools:
            self._pools[key] = self._make(target)
        return self._pools[key]

    def elsewhere(self, target: Target) -> Pool:
        """The pool of where a redirect leads. Raises UpstreamBusy where too many of them are in use."""
        key = target.secure, target.authority
        pool = self._pools.get(key) or self._elsewhere.get(key)
        if pool is None:
            if len(self._elsewhere) >= _MAX_ORIGINS:
                spare = next((key for key, pool in self._elsewhere.items() if pool.resting), None)
                if spare is None:
                    raise UpstreamBusy("upstream_busy", "redirects to too many places at once")
                self._elsewhere.pop(spare).close()
            pool = self._elsewhere[key] = self._make(target)
        return pool

    def _make(self, target: Target) -> Pool:
        if target.secure and self._context is None:
            self._context = self._tls()
        through = self._proxy if self._proxy and not proxy_bypass(target.host) else None
        return Pool(
            target,
            tls=self._context,
            local_address=self._local,
            tick=self._tick,
            proxy=Target(through) if through else None,
        )


def client_context(*, verify: bool, files: Mapping[str, str]) -> ssl.SSLContext:
    """The TLS client context of a proxy step.

    Arguments:
        verify: whether the service's certificate must be valid for its name (`secure`, D262).
        files: `ca_file`, `cert_file`, `key_file`, `passphrase` of the step's `target` (D273).

    Raises OSError or ssl.SSLError when a file cannot be used.
    """
    found = {name: env.file(path) for name, path in files.items() if name.endswith("_file")}
    context = ssl.create_default_context(cafile=found.get("ca_file"))
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "cert_file" in found:
        context.load_cert_chain(found["cert_file"], found.get("key_file"), files.get("passphrase"))
    return context
