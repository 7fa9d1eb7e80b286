"""A caller that writes bytes as they are and reads responses strictly."""

import contextlib
import socket
import ssl
from types import TracebackType

WAIT = 15.0


class Reply:
    """One response: names in lower case. `complete` is False where the connection ended before the response did."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes, complete: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.complete = complete

    def all(self, name: str) -> list[str]:
        """All values of a field, in order."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str | None:
        """A field's value; None where it is absent. Raises AssertionError where it is repeated."""
        values = self.all(name)
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        """Whether the response announces the end of its connection."""
        return (self.one("connection") or "").lower() == "close"


class Broken(Exception):
    """What came is not a response."""


class Caller:
    """A connection to a gateway; a context manager."""

    def __init__(self, port: int, *, wait: float = WAIT, tls: ssl.SSLContext | None = None, name: str = "") -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=wait)
        if tls is not None:
            # An end without TLS's farewell must not look like an end.
            self.socket = tls.wrap_socket(self.socket, server_hostname=name, suppress_ragged_eofs=False)
        self._buffer = b""

    def __enter__(self) -> "Caller":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> "Caller":
        """Write; an end that is closed already is noticed when reading."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
        return self

    def reset(self) -> None:
        """End with a reset, as a caller that is killed does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def _fill(self) -> bool:
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._buffer:
            if not self._fill():
                return None
        found, _, self._buffer = self._buffer.partition(end)
        return found

    def _exactly(self, size: int) -> bytes | None:
        pieces = [self._buffer[:size]]
        self._buffer = self._buffer[size:]
        left = size - len(pieces[0])
        while left:
            data = self.socket.recv(min(left, 1 << 20))
            if not data:
                self._buffer = b"".join(pieces)
                return None
            pieces.append(data)
            left -= len(data)
        return b"".join(pieces)

    def reply(self, method: str = "GET") -> Reply | None:
        """The next response, interim ones included; None where the connection ends instead.

        Raises Broken for what is no response, TimeoutError when nothing comes.
        """
        reply = self._head()
        if reply is None:
            return None
        status = reply.status
        if status < 200 or status in (204, 304) or method == "HEAD":
            return reply
        length, coding = reply.one("content-length"), reply.one("transfer-encoding")
        if length is not None and coding is not None:
            raise Broken("two framings")
        try:
            body = self._chunks() if coding else self._exactly(int(length)) if length is not None else self._rest()
        except ConnectionResetError:
            body = None
        reply.complete = body is not None
        if body is None:
            reply.body, self._buffer = self._buffer, b""
        else:
            reply.body = body
        return reply

    def head(self) -> Reply:
        """The head of the next response, interim or not; its body stays to be taken."""
        reply = self._head()
        assert reply is not None, "the connection ended without an answer"
        return reply

    def _head(self) -> Reply | None:
        try:
            head = self._until(b"\r\n\r\n")
        except ConnectionResetError:
            head = None
        if head is None:
            if self._buffer:
                raise Broken(self._buffer[:200])
            return None
        start, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = start.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdigit():
            raise Broken(start)
        status = int(rest[:3])
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or "\r" in line or "\n" in line:
                raise Broken(line)
            headers.append((name.lower(), value.strip()))
        return Reply(status, headers, b"", True)

    def final(self, method: str = "GET") -> Reply:
        """The next response that is not interim. Raises AssertionError where there is none."""
        reply = self.reply(method)
        while reply is not None and reply.status < 200:
            reply = self.reply(method)
        assert reply is not None, "the connection ended without an answer"
        return reply

    def take(self, size: int) -> bytes:
        """So many bytes as they come. Raises AssertionError where the connection ends before."""
        data = self._exactly(size)
        assert data is not None, "the connection ended"
        return data

    def _chunks(self) -> bytes | None:
        body: list[bytes] = []
        while True:
            line = self._until(b"\r\n")
            if line is None:
                self._buffer = b"".join(body)
                return None
            data = self._exactly(int(line, 16) + 2)
            if data is None:
                self._buffer = b"".join(body) + self._buffer
                return None
            if not data.endswith(b"\r\n"):
                raise Broken("chunk without its end")
            if len(data) == 2:
                return b"".join(body)
            body.append(data[:-2])

    def _rest(self) -> bytes:
        while self._fill():
            pass
        body, self._buffer = self._buffer, b""
        return body

    def ended(self) -> bool:
        """Wait for the end of the connection; whether nothing came before it."""
        with contextlib.suppress(ConnectionResetError):
            while self._fill():
                pass
        return not self._buffer


def ask(port: int, data: bytes, method: str = "GET", *, wait: float = WAIT) -> Reply:
    """Send a request on a connection of its own and return the final response."""
    with Caller(port, wait=wait) as caller:
        return caller.send(data).final(method)


def get(path: str = "/", *fields: str, method: str = "GET", host: str = "h") -> bytes:
    """A request without body, as bytes; each of `fields` is a header line."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(path: str, body: bytes, *fields: str, method: str = "POST") -> bytes:
    """A request with a body and its length."""
    return get(path, f"Content-Length: {len(body)}", *fields, method=method) + body


def chunked(path: str, *pieces: bytes, method: str = "POST", fields: tuple[str, ...] = ()) -> bytes:
    """A request with a chunked body."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return get(path, "Transfer-Encoding: chunked", *fields, method=method) + body + b"0\r\n\r\n"
