"""GatewayWorker: gunicorn's asgi worker, with a TLS context for each listener and an end that drops nobody.

Built on parts of gunicorn 27 that are private; `tests/worker` shows each of them working, so that an upgrade that
moves one is noticed there.
"""

import asyncio
import gc
import os
import ssl
import sys
import time
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.asgi.protocol import ASGIProtocol, _get_cached_date_header, _get_cached_status_line
from gunicorn.workers.gasgi import ASGIWorker

from egc.runtime import serving
from egc.runtime.gateway import Gateway

HEADER_TIMEOUT = 20.0
MAX_HEAD_BYTES = 16384
_HEARTBEAT = 1.0
_DRAIN_TICK = 0.02


class _Ready(asyncio.Event):
    """An Event that knows its loop: asking asyncio for it costs a system call a request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._own_loop = loop

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        return self._own_loop


class GatewayProtocol(ASGIProtocol):
    """One connection. Differs from gunicorn's in what it does at the edges of a request, not in how it parses."""

    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.worker.connections.add(self)
        # gunicorn arms a timer only between requests: a first request that never comes must not hold the socket.
        self._keepalive_handle = self.worker.loop.call_later(HEADER_TIMEOUT, self._first_request_overdue)

    def _start_http1(self, buffered: bytes = b"") -> None:
        super()._start_http1()
        self._request_ready = _Ready(self.worker.loop)
        if buffered:
            self._feed_callback_parser(buffered)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._current_request is None:
            # The head as a whole is bounded, not only each of its lines (D454: 16 kB).
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                parser = self._callback_parser
                if parser is not None and b"\r\n\r\n" not in data[: MAX_HEAD_BYTES - self._head_bytes + len(data)]:
                    self._send_error_response(431, "Request header fields too large")
                    self._close_transport()
                    return
        super().data_received(data)
        if self._current_request is not None:
            self._head_bytes = 0

    @property
    def idle(self) -> bool:
        """Whether the connection waits for a request of which nothing has arrived."""
        return self._awaiting_request and not self._finishing_calls and self._head_bytes == 0

    def close_idle(self) -> None:
        """End the connection if it is idle; the caller sees a closed keep-alive connection, never a lost request."""
        if self.idle:
            self._keepalive_timeout()

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        """Run the application in this task: it has nothing left to do once its response is complete."""
        keep: bool = await self._handle_http_request(request, sockname, peername)
        return keep

    def _is_websocket_upgrade(self, request: Any) -> bool:
        """Never: an Upgrade is handled as an ordinary request, as Express Gateway does (D304)."""
        return False

    def _first_request_overdue(self) -> None:
        if self._head_bytes:
            self._send_error_response(408, "Request head took too long")
        self._keepalive_timeout()

    def _send_response_start(self, status: int, headers: Any, request: Any, close: bool = False) -> None:
        """gunicorn's, without a Server field of our own (D388 ff.)."""
        parts = [_get_cached_status_line(request.version, status)]
        dated = connected = False
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
            if len(name) == 4 and name.lower() == b"date":
                dated = True
            elif len(name) == 10 and name.lower() == b"connection":
                connected = True
        if not dated:
            parts.append(_get_cached_date_header())
        if close and not connected:
            parts.append(b"connection: close\r\n")
        elif request.version <= (1, 0) and not connected:
            parts.append(b"connection: keep-alive\r\n")
        parts.append(b"\r\n")
        self._response_buffer = b"".join(parts)


class GatewayWorker(ASGIWorker):
    """Serves a `Gateway`. gunicorn.conf.py of every artifact names it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[GatewayProtocol] = set()
        self._ending = asyncio.Event()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # What is loaded now lives as long as the worker: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self._ending.set()

    def handle_quit_signal(self) -> None:
        super().handle_quit_signal()
        self._ending.set()

    async def _serve(self) -> None:
        gateway: Gateway = self.asgi
        contexts = self._tls_contexts(gateway)
        self.lifespan = LifespanManager(self.asgi, self.log, self.state)
        try:
            await self.lifespan.startup()
        except Exception as error:
            self.lifespan = None
            self._give_up(f"cannot start: {error}")
        for sock, context in zip(self.sockets, contexts, strict=True):
            server = await self.loop.create_server(
                lambda: GatewayProtocol(self), sock=sock.sock, ssl=context, start_serving=True
            )
            self.servers.append(server)
        if self.age == 1:
            serving.announce(gateway.listeners, [sock.sock.getsockname() for sock in self.sockets])
        while self.alive and self.ppid == os.getppid():
            self.notify()
            try:
                await asyncio.wait_for(self._ending.wait(), _HEARTBEAT)
            except TimeoutError:
                continue
        await self._shutdown()

    async def _shutdown(self) -> None:
        """Stop accepting, close what is idle, give requests in flight until graceful_timeout."""
        for server in self.servers:
            server.close()
        deadline = time.monotonic() + (0 if self._quick_shutdown else self.cfg.graceful_timeout)
        while self.connections and time.monotonic() < deadline and not self._quick_shutdown:
            for connection in tuple(self.connections):
                connection.close_idle()
            self.notify()
            await asyncio.sleep(_DRAIN_TICK)
        if self.lifespan is not None:
            await self.lifespan.shutdown()

    def _tls_contexts(self, gateway: Gateway) -> list[ssl.SSLContext | None]:
        """A context for each listener, or the end: never plaintext on a TLS port."""
        try:
            return [listener.tls_context() for listener in gateway.listeners]
        except (OSError, ssl.SSLError) as error:
            self._give_up(f"cannot use a certificate of the configuration: {error}")
            raise

    def _give_up(self, sentence: str) -> None:
        print(f"egc: {sentence}", file=sys.stderr, flush=True)
        raise SystemExit(Arbiter.WORKER_BOOT_ERROR)
