"""The real Admin API over a real store, served over HTTP by threads of this process."""

import asyncio
import threading
from collections.abc import Coroutine
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import unquote

import falcon.asgi

from egc.runtime.admin import AdminApi
from egc.runtime.store.sqlite import SQLiteStore

T = TypeVar("T")


class Gateway:
    """An Admin API that listens on `url`; `store` is what it administers, `run` works on its loop."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self.store = SQLiteStore(directory)
        self._admin = AdminApi(self.store, **settings)
        self._app: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response] = falcon.asgi.App()
        self._admin.mount(self._app)

    def __enter__(self) -> Self:
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.run(self.store.open())
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # One write an answer: a second one would wait for the client's delayed acknowledgement of the first.
            wbufsize = -1

            def do_GET(self) -> None:
                gateway.run(gateway.handle(self))

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.run(self._admin.close())
        self.run(self.store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop of the store."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def handle(self, request: BaseHTTPRequestHandler) -> None:
        """One request, as ASGI has it."""
        raw_path, _, query = request.path.partition("?")
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.command,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.items()],
            "client": request.client_address,
            "server": request.server.server_address,
        }
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        status, headers, content = 500, [], b""

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(event: dict[str, Any]) -> None:
            nonlocal status, headers, content
            if event["type"] == "http.response.start":
                status, headers = event["status"], list(event["headers"])
            else:
                content += event.get("body", b"")

        await self._app(scope, receive, send)
        request.send_response(status)
        for name, value in headers:
            if name != b"content-length":
                request.send_header(name.decode(), value.decode("latin-1"))
        if status != 204:
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
        request.wfile.flush()
