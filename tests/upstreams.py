"""A small HTTP/1.1 server for tests: records what it is sent, reads it strictly, and misbehaves on request."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any

Headers = list[tuple[bytes, bytes]]


class Received:
    """One request as it came over the wire.

    `body` grows while it is read; `whole` says whether it was read to its end.
    """

    def __init__(self, head: bytes, connection: int) -> None:
        self.raw = head
        start, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        self.method, self.target, self.version = start.decode("latin-1").split(" ")
        self.headers: Headers = []
        for line in lines:
            name, _, value = line.partition(b":")
            self.headers.append((name, value.strip(b" \t")))
        self.connection = connection
        self.body = b""
        self.length = 0
        self.whole = False

    def all(self, name: str) -> list[bytes]:
        """All values of a field, in order."""
        return [value for key, value in self.headers if key.lower() == name.encode()]

    def one(self, name: str) -> bytes | None:
        """A field's value; None where it is absent. Raises AssertionError where it is repeated."""
        values = self.all(name)
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None


class Wire:
    """The server's end of a connection, while it answers one request."""

    def __init__(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.reader = reader
        self.writer = writer
        self.keep = True

    async def body(self, *, keep: bool = True) -> bytes:
        """Read the request's body to its end, by its framing alone. Raises AssertionError if the framing is wrong."""
        async for piece in self.pieces():
            self.request.length += len(piece)
            if keep:
                self.request.body += piece
        self.request.whole = True
        return self.request.body

    async def pieces(self) -> Any:
        """The body piece by piece."""
        coding, length = self.request.one("transfer-encoding"), self.request.one("content-length")
        assert coding is None or length is None, "two framings"
        if coding is not None:
            assert coding == b"chunked", coding
            while True:
                line = await self.reader.readuntil(b"\r\n")
                size = int(line, 16)
                data = await self.reader.readexactly(size + 2)
                assert data.endswith(b"\r\n")
                if not size:
                    return
                yield data[:-2]
        left = int(length or 0)
        while left:
            data = await self.reader.read(min(left, 65536))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            yield data

    async def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def respond(self, body: bytes = b"ok", *, status: str = "200 OK", headers: Headers | None = None) -> None:
        """A response with its length."""
        fields = b"".join(name + b": " + value + b"\r\n" for name, value in headers or [])
        sent = b"" if self.request.method == "HEAD" else body
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n".encode() + fields + b"\r\n"
        await self.send(head + sent)

    async def gone(self) -> None:
        """Until the other end has left."""
        while await self.reader.read(65536):
            pass
        self.keep = False

    def reset(self) -> None:
        """End the connection at once, with a reset."""
        self.keep = False
        self.writer.transport.abort()


Behaviour = Callable[[Wire], Awaitable[None]]


async def _ok(wire: Wire) -> None:
    await wire.body()
    await wire.respond()


class Upstream:
    """The server, in a thread of its own; a context manager.

    `answer` is called for each request head and may be changed at any time. `requests` are all that came, `connections`
    counts those ever opened, `alive` are the numbers of those open now; `problems` says what was wrong with what came.
    """

    def __init__(self, answer: Behaviour = _ok, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.requests: list[Received] = []
        self.connections = 0
        self.alive: set[int] = set()
        self.problems: list[str] = []
        self.port = 0
        self.changed = threading.Condition()
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Upstream":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def clear(self) -> None:
        """Forget what has been recorded, and answer as at first."""
        self.answer = _ok
        self.requests.clear()
        self.problems.clear()

    def wait_for(self, condition: "Callable[[Upstream], object]", within: float = 10.0) -> bool:
        """Whether the condition becomes true within so many seconds."""
        with self.changed:
            return bool(self.changed.wait_for(lambda: condition(self), within))

    def has(self, requests: int) -> bool:
        """Whether so many requests arrive within ten seconds."""
        return self.wait_for(lambda _: len(self.requests) >= requests)

    def let_go(self, request: int = -1) -> bool:
        """Whether the connection of a request is closed within ten seconds."""
        return self.wait_for(lambda _: self.requests[request].connection not in self.alive)

    def call(self, function: Callable[[], object]) -> None:
        """Call something on the server's loop."""
        self._loop.call_soon_threadsafe(function)

    def notify(self) -> None:
        """Tell those who wait that something has changed."""
        with self.changed:
            self.changed.notify_all()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self) -> None:
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls, limit=1 << 20, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.alive.add(number)
        self.notify()
        try:
            keep = True
            while keep:
                try:
                    request = Received(await reader.readuntil(b"\r\n\r\n"), number)
                except ValueError as error:
                    self.problems.append(f"not a request: {error}")
                    return
                except asyncio.IncompleteReadError as error:
                    if error.partial:
                        self.problems.append(f"bytes that are no request: {error.partial[:200]!r}")
                    return
                self.requests.append(request)
                self.notify()
                wire = Wire(request, reader, writer)
                await self.answer(wire)
                self.notify()
                keep = wire.keep
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except (AssertionError, ValueError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            self.alive.discard(number)
            writer.close()
            self.notify()
