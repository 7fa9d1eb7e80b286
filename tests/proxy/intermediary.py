"""A small forward proxy for tests: absolute form and CONNECT."""

import asyncio
import threading
from urllib.parse import urlsplit


class Intermediary:
    """The proxy, in a thread of its own; a context manager. `lines` are the request lines it saw."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.lines: list[str] = []
        self.port = 0
        self._refuses = refuses
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Intermediary":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, _, rest = head.partition(b"\r\n")
                self.lines.append(line.decode())
                method, target, version = line.decode().split(" ")
                if self._refuses:
                    writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                url = urlsplit(f"//{target}" if method == "CONNECT" else target)
                assert url.hostname is not None
                there, back = await asyncio.open_connection(url.hostname, url.port)
                if method == "CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await asyncio.gather(_copy(reader, back), _copy(there, writer))
                    return
                path = url.path + (f"?{url.query}" if url.query else "")
                back.write(f"{method} {path} {version}\r\n".encode() + rest)
                answer = await there.readuntil(b"\r\n\r\n")
                length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                writer.write(answer + await there.readexactly(int(length)))
                back.close()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()
