"""A response on its connection: framed as the request allows, its head and its first bytes in one write."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from gunicorn.asgi.protocol import ClientDisconnected, _get_cached_date_header, _get_cached_status_line

from egc.runtime.headers import VIA, Headers
from egc.runtime.known_lines import Line

NO_COPY = 65536
_FRAMING = frozenset((b"date", b"connection", b"content-length", b"transfer-encoding"))
_FRAMING_LENGTHS = frozenset(map(len, _FRAMING))


status_line = _get_cached_status_line
"""The status line of an HTTP version, `(1, 1)`, and a status."""


_1_1 = (1, 1)
_VIA_LINE = b"via: %b\r\n" % VIA


class Caller(Protocol):
    """The connection that a response goes to."""

    transport: Any

    @property
    def gone(self) -> bool:
        """Whether nobody listens any more, or not for a response."""

    @property
    def lasts(self) -> bool:
        """Whether the connection may take another request behind this one."""

    @property
    def is_full(self) -> bool:
        """Whether the caller takes bytes more slowly than they come."""

    async def drained(self) -> None:
        """Until the caller has taken what was written."""


class Response:
    """Writes one response to its connection.

    Arguments:
        caller: the connection.
        method, version: of the request.
        closes: whether the connection ends with this response.
        receiver: what the request's body arrives in, where it has one: gunicorn's BodyReceiver.
    """

    __slots__ = (
        "_caller",
        "_chunked",
        "_head",
        "_left",
        "_method",
        "_omits_body",
        "_receiver",
        "_version",
        "closes",
        "ended",
        "ends_by_closing",
        "started",
    )

    def __init__(
        self, caller: Caller, method: str, version: tuple[int, int], *, closes: bool = False, receiver: Any = None
    ) -> None:
        self._caller = caller
        self._method = method
        self._version = version
        self._receiver = receiver
        self._head = b""
        self._left: int | None = None
        self._chunked = False
        self._omits_body = False
        self.started = False
        self.ended = False
        self.closes = closes
        self.ends_by_closing = False

    async def send(self, message: Mapping[str, Any]) -> None:
        """ASGI's send.

        Raises ValueError for messages out of order and for fields that break the framing, ClientDisconnected where
        nobody listens any more.
        """
        caller = self._caller
        if caller.gone:
            raise ClientDisconnected("the caller has left")
        kind = message["type"]
        if kind == "http.response.body":
            if not self.started or self.ended:
                raise ValueError("http.response.body out of order")
            self.write(message.get("body", b""), not message.get("more_body", False))
            if caller.is_full:
                await caller.drained()
        elif kind == "http.response.start":
            if self.started:
                raise ValueError("http.response.start twice")
            self.start(message["status"], message["headers"])
        elif kind == "http.response.informational" and not self.started:
            self.inform(message["status"], message["headers"])
            if caller.is_full:
                await caller.drained()

    def inform(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Write an interim response (RFC 9110 section 15.2). Raises ValueError and ClientDisconnected as `send`."""
        if status == 100 and self._receiver is not None:
            self._receiver.expect_continue = False
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        self._put(message_head(status_line((1, 1), status), lines))

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Make the head; it goes out with the first bytes. Raises ValueError for fields that break the framing."""
        receiver = self._receiver
        if receiver is not None:
            if receiver.expect_continue and not receiver._complete:
                # Whether the body that was to wait for a 100 still comes is not to be known (RFC 9110 section 10.1.1).
                self.closes = True
            receiver.expect_continue = False
        omits_body = self._omits_body = self._method == "HEAD" or status in (204, 304)
        lines = []
        dated = False
        length: int | None = None
        for name, value in headers:
            if len(name) in _FRAMING_LENGTHS:
                lowered = name.lower()
                if lowered == b"content-length":
                    if status == 204 and value != b"0":
                        continue
                    length = int(value)
                elif lowered == b"date":
                    dated = True
                elif lowered in (b"transfer-encoding", b"connection"):
                    self.closes = self.closes or (lowered == b"connection" and value.lower() == b"close")
                    continue
            lines.append(name + b": " + value + b"\r\n")
        if not dated:
            lines.append(_get_cached_date_header())
        if not omits_body:
            self._left = length
            if length is None:
                if self._version >= (1, 1):
                    self._chunked = True
                    lines.append(b"transfer-encoding: chunked\r\n")
                else:
                    self.closes = self.ends_by_closing = True
        self.closes = self.closes or not self._caller.lasts
        if self.closes:
            lines.append(b"connection: close\r\n")
        elif self._version < (1, 1):
            lines.append(b"connection: keep-alive\r\n")
        self._head = message_head(status_line(self._version, status), lines)
        self.started = True

    def write(self, body: bytes, last: bool) -> None:
        """Write a piece of the body; `last` says that none follows. Raises ClientDisconnected."""
        head, self._head = self._head, b""
        if self._omits_body:
            body = b""
        elif self._left is not None:
            # Never a byte more than announced: it would be read as the next response. Fewer, and the caller waits.
            body = body[: self._left]
            self._left -= len(body)
            if last and self._left:
                self.closes = True
        if self._chunked:
            framed = [head] if head else []
            if body:
                framed += (b"%x\r\n" % len(body), body, b"\r\n")
            if last:
                framed.append(b"0\r\n\r\n")
            self._put(b"".join(framed))
        elif len(body) > NO_COPY:
            self._put(head, body)
        else:
            self._put(head + body)
        self.ended = last

    def _put(self, *pieces: bytes) -> None:
        try:
            if len(pieces) > 1:
                self._caller.transport.writelines(pieces)
            elif pieces[0]:
                self._caller.transport.write(pieces[0])
        except RuntimeError as error:
            # What asyncio and uvloop say of a socket that has just failed.
            raise ClientDisconnected(str(error)) from None


def whole_response(status: int, lines: Iterable[Line], dated: bool, body: bytes, *, added: bytes = b"") -> bytes:
    """A plain response of a service as it is passed on over HTTP/1.1, with what this hop adds.

    Arguments:
        dated: whether one of the lines is Date.
        added: what `added_lines` has made of the fields that earlier steps have set.
    """
    pieces = [status_line(_1_1, status), added]
    pieces += [line.wire for line in lines]
    pieces.append(_VIA_LINE)
    if not dated:
        pieces.append(_get_cached_date_header())
    pieces += (b"\r\n", body)
    return b"".join(pieces)


def added_lines(fields: Headers, lines: Iterable[Line]) -> bytes | None:
    """The lines of fields that steps have set, less those that the response brings itself (D208, D298, D455).

    None where they have to be looked at closely: they frame the response, or hold what would end a line.
    """
    brought = {line.name for line in lines}
    pieces: list[bytes] = []
    count = 0
    for name, value in fields:
        if len(name) in _FRAMING_LENGTHS and name.lower() in _FRAMING:
            return None
        lowered = name.lower()
        if lowered not in brought or lowered == b"vary":
            pieces += (name, b": ", value, b"\r\n")
            count += 1
    text = b"".join(pieces)
    if text.count(b"\n") != count or text.count(b"\r") != count or b"\0" in text:
        return None
    return text


def message_head(start: bytes, lines: list[bytes]) -> bytes:
    """A message head. Raises ValueError if a field holds what would end its line (P15)."""
    head = start + b"".join(lines) + b"\r\n"
    breaks = len(lines) + 2
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        raise ValueError("a header field holds a line break or NUL")
    return head
