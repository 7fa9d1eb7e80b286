"""GatewayWorker: gunicorn's asgi worker, with a TLS context for each listener and an end that drops nobody.

Built on parts of gunicorn 27 that are private; `tests/worker` shows each of them working, so that an upgrade that
moves one is noticed there.
"""

import asyncio
import contextlib
import fcntl
import gc
import os
import select
import signal
import socket
import ssl
import struct
import sys
import termios
import time
from math import inf
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn.arbiter import Arbiter
from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.asgi.protocol import (
    ASGIProtocol,
    BodyReceiver,
    ClientDisconnected,
    _normalize_sockaddr,
)
from gunicorn.workers.gasgi import ASGIWorker

from egc.runtime import serving
from egc.runtime.env import Misconfigured
from egc.runtime.errors import Refused
from egc.runtime.gateway import Gateway
from egc.runtime.headers import Headers
from egc.runtime.heads import PlainRequests
from egc.runtime.listener import plain_address
from egc.runtime.parser import MAX_HEAD_BYTES, Head, RequestParser
from egc.runtime.transport.direct import Direct
from egc.runtime.transport.response import Response, message_head, status_line
from egc.runtime.transport.tunnel import EXTENSION, GOODBYE, Tunnel

HEADER_TIMEOUT = 20.0
READER_TIMEOUT = 60.0
DISCARD_BYTES = 1 << 20
DISCARD_SECONDS = 2.0
_NOT_WITH_101 = frozenset((b"connection", b"upgrade", b"content-length", b"transfer-encoding"))
_RESET = struct.pack("ii", 1, 0)
_ASGI = {"version": "3.0", "spec_version": "2.4"}
_CLOCK_TICK = 0.001
_HEARTBEAT = 1.0
_DRAIN_TICK = 0.02
_RETIRE_TICK = 0.25
_NEXT_REQUEST = 0.5
_FIRST_REQUEST = 1.0
_LAST_WORDS = 0.5
_FAREWELL = 1.0
RETIRE_SECONDS = 3600.0
"""How long a worker that has been replaced may go on with what is in flight."""


class _Ready:
    """Whether a request has arrived: an Event for one who waits."""

    __slots__ = ("_loop", "_set", "_waiter")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def clear(self) -> None:
        self._set = False

    def wait(self) -> asyncio.Future[None]:
        """Over as soon as it is set, which it is not."""
        self._waiter = self._loop.create_future()
        return self._waiter


class GatewayProtocol(ASGIProtocol):
    """One connection. Differs from gunicorn's in what it does at the edges of a request, not in how it parses."""

    _closed: bool
    _current_request: Head | None
    _task: asyncio.Task[None] | None
    _head_bytes = 0
    _response: Response | None = None
    _direct: Direct | None = None
    _lingering: asyncio.TimerHandle | None = None
    _to_discard = DISCARD_BYTES
    _certificate: str | None = None
    _idle_until = inf
    """When the caller must have begun another request, by the loop's clock."""
    tunnel: Tunnel | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.worker.connections.add(self)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate is not None:
            # There is none that was not verified: the handshake would have failed.
            self._certificate = ssl.DER_cert_to_PEM_cert(certificate)
        # gunicorn arms a timer only between requests: a first request that never comes must not hold the socket.
        self._keepalive_handle = self.worker.loop.call_later(HEADER_TIMEOUT, self._request_overdue)
        self._direct = self._short_way()

    def _short_way(self) -> Direct | None:
        """The short way of this connection, if its listener and the gateway have one."""
        worker = self.worker
        gateway: Gateway = worker.asgi
        server, client = (_normalize_sockaddr(self.transport.get_extra_info(name)) for name in ("sockname", "peername"))
        if not gateway.serves_directly:
            return None
        try:
            listener = gateway.listener(server)
        except Refused:
            return None
        if listener.name == "admin":
            return None
        peer = plain_address(client[0]) if client else ""
        certified = listener.asks_certificates and self._certificate is not None
        return Direct(
            self,
            gateway,
            listener,
            worker.plain_requests,
            peer=peer,
            certified=certified,
            patience=READER_TIMEOUT,
        )

    def _setup_callback_parser(self) -> None:
        cfg = self.cfg
        self._callback_parser = RequestParser(
            on_headers_complete=self._on_headers_complete,
            on_body=self._on_body,
            on_message_complete=self._on_message_complete,
            limit_request_line=cfg.limit_request_line,
            limit_request_fields=cfg.limit_request_fields,
            limit_request_field_size=cfg.limit_request_field_size,
        )

    def _http1_buffered(self) -> int:
        """Bytes that the application has not taken: of this body, and of pipelined requests behind it."""
        receiver = self._body_receiver
        held: int = receiver.buffered if receiver is not None else 0
        parser = self._callback_parser
        return held + len(parser._buffer) if parser.is_complete else held

    def _start_http1(self, buffered: bytes = b"") -> None:
        super()._start_http1()
        self._request_ready = _Ready(self.worker.loop)
        if buffered:
            self._feed_callback_parser(buffered)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        if self._direct is not None:
            self._direct.lost()
        # gunicorn would leave the call its grace period, and keep all that hangs on it in memory for as long.
        task, self._task = self._task, None
        super().connection_lost(exc)
        self._task = task
        if self.tunnel is None:
            self._cancel_task_if_pending()
        if self._lingering is not None:
            self._lingering.cancel()

    def data_received(self, data: bytes) -> None:
        if self._closed:
            self._to_discard -= len(data)
            if self._to_discard < 0:
                self.transport.abort()
            return
        if self._current_request is None and not self._head_bytes:
            direct = self._direct
            if direct is not None and direct.take(data):
                return
        fed = self._feed_callback_parser(data)
        if fed and not self._reading_paused and self._http1_buffered() > self._max_buffer_size:
            self._pause_reading()

    def eof_received(self) -> None:
        if self._lingering is not None:
            self.transport.close()

    def _feed_callback_parser(self, data: bytes) -> bool:
        """gunicorn's. A head that comes in pieces is bounded as a whole, not only each of its lines (D454: 16 kB)."""
        before = self._current_request
        try:
            fed: bool = super()._feed_callback_parser(data)
        except ValueError:
            # A length of thousands of digits, which Python does not turn into a number.
            self._refuse(400, "Bad Request")
            return False
        if before is None and self._current_request is None and fed:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, "Request header fields are too large together")
                return False
        else:
            self._head_bytes = 0
        return fed

    def _refuse(self, status: int, sentence: str) -> None:
        self._send_error_response(status, sentence)
        self._close_transport()

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        """Answer a request that cannot be read, unless its answer has begun: a second one would be read as its body.

        What cannot be read ends the connection, and the call that serves it.
        """
        response = self._response
        if response is None or not response.started:
            super()._send_error_response(status, message, extra_headers)
        self._linger()
        if response is not None:
            self._cancel_task_if_pending()

    def _linger(self) -> None:
        """Take what the caller still sends, within bounds, lest a reset overtake the answer (RFC 9112 section 9.6)."""
        if self._closed:
            return
        self._closed = True
        self._cancel_keepalive_timer()
        self._resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            # TLS: says its farewell at once, and discards what comes until the other side has said its own.
            self.transport.close()
        self._lingering = self.worker.loop.call_later(DISCARD_SECONDS, self.transport.abort)
        self._request_ready.set()

    def _close_transport(self) -> None:
        """gunicorn's, with a bound for a caller that does not take the last bytes, or says no farewell over TLS."""
        if not self._closed and (self._is_ssl or self.transport.get_write_buffer_size()):
            self._await_farewell(time.monotonic() + READER_TIMEOUT)
        super()._close_transport()

    def _await_farewell(self, until: float) -> None:
        """End the connection when all that was written has been taken, or at a time of the monotonic clock."""

        def look() -> None:
            if not self._conn_lost_handled:
                if time.monotonic() >= until or self._taken():
                    self.transport.abort()
                else:
                    self._await_farewell(until)

        self.worker.loop.call_later(_FAREWELL, look)

    def _taken(self) -> bool:
        """Whether the other side has acknowledged every byte: then none waits in this process either."""
        try:
            waiting = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, ValueError):
            return True
        return not any(waiting) and not self.transport.get_write_buffer_size()

    def _keepalive_timeout(self) -> None:
        """The time between two requests is over; a request that has begun to arrive gets the time of a first one."""
        self._idle_until = inf
        if self._head_bytes:
            self._keepalive_handle = self.worker.loop.call_later(HEADER_TIMEOUT, self._request_overdue)
        else:
            super()._keepalive_timeout()

    def _arm_keepalive_timer(self) -> None:
        """gunicorn's, but a timer that runs already stays: it looks again when it is due."""
        loop = self.worker.loop
        self._idle_until = loop.time() + self._keepalive
        if self._keepalive_handle is None:
            self._keepalive_handle = loop.call_later(self._keepalive, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._keepalive_handle = None
        left = self._idle_until - self.worker.loop.time()
        if left < _CLOCK_TICK:
            self._keepalive_timeout()
        elif left < inf:
            self._keepalive_handle = self.worker.loop.call_later(left, self._look_whether_idle)

    def close_idle(self, waited: float) -> None:
        """End the connection if it waits for a request of which nothing has arrived, not even in the socket.

        Arguments:
            waited: seconds that it has been given for one; a first request is given longer than a next one.
        """
        patience = _NEXT_REQUEST if self.req_count > 1 else _FIRST_REQUEST
        if self._is_idle() and waited > patience:
            arrived = select.poll()
            arrived.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
            if not arrived.poll(0):
                self._keepalive_timeout()

    def _is_idle(self) -> bool:
        """Whether the connection waits for a request of which nothing has been read."""
        return self._awaiting_request and self._head_bytes == 0 and not self._is_served_directly

    @property
    def _is_served_directly(self) -> bool:
        """Whether a request is being served without the connection's task."""
        return self._direct is not None and self._direct.busy

    # What the short way tells

    def request_begins(self) -> None:
        """A request is being served without the connection's task."""
        self.req_count += 1
        if self._idle_until < inf:
            # The timer will find nothing to do: cheaper than one for each request.
            self._idle_until = inf
        else:
            self._cancel_keepalive_timer()

    def request_ends(self, *, lasts: bool) -> bool:
        """It has been served. Returns whether another may follow; `lasts` says that the answer allows one."""
        self._count_request()
        if lasts and self.worker.alive and self._keepalive:
            if self._keepalive_handle is None:
                self._arm_keepalive_timer()
            else:
                self._idle_until = self.worker.loop.time() + self._keepalive
            return True
        self._close_transport()
        self._request_ready.set()
        return False

    def pause_requests(self) -> None:
        """Too many requests wait behind the one that is being served."""
        self._pause_reading()

    def resume_requests(self, data: bytes) -> None:
        """Go on with what came behind a request."""
        self._resume_reading()
        self.data_received(data)

    def _count_request(self) -> None:
        worker = self.worker
        worker.nr += 1
        if worker.nr >= worker.max_requests:
            self.log.info("Autorestarting worker after current request.")
            worker.alive = False

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._direct is not None:
            self._direct.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._direct is not None:
            self._direct.resume_writing()

    # What a response asks

    @property
    def gone(self) -> bool:
        """Whether nobody listens any more, or not for a response."""
        return self._closed or self.tunnel is not None

    @property
    def lasts(self) -> bool:
        """Whether the connection may take another request behind this one."""
        worker = self.worker
        return bool(worker.alive and self._keepalive and worker.nr + 1 < worker.max_requests)

    @property
    def is_full(self) -> bool:
        """Whether the caller takes bytes more slowly than they come."""
        return bool(self._flow_control.write_paused)

    async def drained(self) -> None:
        """Until the caller has taken what was written. Raises ClientDisconnected if it does not within a minute."""
        try:
            async with asyncio.timeout(READER_TIMEOUT):
                await self._flow_control.drain()
        except TimeoutError:
            self.transport.abort()
            raise ClientDisconnected("the caller reads nothing") from None

    def _on_headers_complete(self) -> bool:
        """gunicorn's, without its policy for proxied headers: `front` has ours, for every server."""
        self._current_request = head = Head(self._callback_parser)
        self._body_receiver = BodyReceiver(head, self)
        self._request_ready.set()
        return False

    async def _handle_connection(self) -> None:
        """gunicorn's, for HTTP/1 alone: serve one request after the other."""
        worker = self.worker
        server, client = (_normalize_sockaddr(self.transport.get_extra_info(name)) for name in ("sockname", "peername"))
        try:
            while not self._closed:
                self.req_count += 1
                if not self._request_ready.is_set():
                    if self.req_count > 1 and not self._is_served_directly:
                        self._arm_keepalive_timer()
                    self._awaiting_request = True
                    try:
                        await self._request_ready.wait()
                    finally:
                        self._awaiting_request = False
                if self._idle_until < inf:
                    # The timer will find nothing to do: cheaper than one for each request.
                    self._idle_until = inf
                else:
                    self._cancel_keepalive_timer()
                if self._closed or self._current_request is None:
                    break
                lasts = await self._serve_http_request(self._current_request, server, client)
                self._count_request()
                if not lasts or not worker.alive or not self._keepalive or not self._body_receiver._complete:
                    break
                self._resume_reading()
                pipelined = self._callback_parser.remaining()
                self._callback_parser.reset()
                self._current_request = None
                self._body_receiver = None
                self._request_ready.clear()
                if pipelined and not self._feed_callback_parser(pipelined):
                    break
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.log.exception("Error handling connection: %s", error)
        finally:
            self._close_transport()

    def _scope(self, head: Head, server: Any, client: Any) -> dict[str, Any]:
        """ASGI's scope (HTTP 2.4)."""
        path, _, query = head.target.partition(b"?")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1" if head.version == (1, 1) else "1.0",
            "method": head.method,
            "scheme": "https" if self._is_ssl else "http",
            "path": (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": self._root_path,
            "headers": head.fields,
            "server": server,
            "client": client,
            "state": self.worker.state.copy(),
        }

    async def _serve_http_request(self, request: Head, server: Any, client: Any) -> bool:
        """Run the application in the connection's own task; returns whether the connection can take another request."""
        receiver = self._body_receiver
        self._response = response = Response(
            self, request.method, request.version, closes=request.closes, receiver=receiver
        )
        try:
            scope = self._scope(request, server, client)
            if request.upgrades:
                scope["extensions"] = {EXTENSION: self._accept}
            if self._certificate is not None:
                scope.setdefault("extensions", {})["tls"] = {"client_cert_chain": (self._certificate,)}
            await self.app(scope, receiver.receive, response.send)
        finally:
            self._response = None
        if self.tunnel is not None:
            return False
        if not response.ended:
            if not response.started:
                self._refuse(408, "Request body took too long")
            elif response.ends_by_closing:
                # An ordinary end would look like the end of the body.
                self._closed = True
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self.transport.abort()
            # Cut on purpose (the service failed half-way): closing is what tells the caller.
            return False
        closes = response.closes or self.worker.nr + 1 >= self.worker.max_requests
        if not receiver._complete and (closes or not await self._discard_body(receiver)):
            self._linger()
            return False
        return not closes

    async def _discard_body(self, receiver: Any) -> bool:
        """Read what is left of a body that nobody wanted, so that the answer is not lost in a reset; up to a bound."""
        left = DISCARD_BYTES
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                while left > 0:
                    message = await receiver.receive()
                    if message["type"] != "http.request":
                        return False
                    if not message["more_body"]:
                        return True
                    left -= len(message["body"])
        except TimeoutError:
            pass
        return False

    def _accept(self, headers: Headers, tunnel: Tunnel) -> None:
        """Answer 101 and become the near end of a tunnel. Raises ClientDisconnected if the caller has left."""
        if self._closed:
            raise ClientDisconnected("the caller has left")
        lines = [name + b": " + value + b"\r\n" for name, value in headers if name.lower() not in _NOT_WITH_101]
        lines += (b"connection: Upgrade\r\n", b"upgrade: websocket\r\n")
        self._safe_write(message_head(status_line((1, 1), 101), lines))
        self.tunnel = tunnel
        early = self._callback_parser.remaining()
        self._callback_parser.reset()
        self._cancel_keepalive_timer()
        tunnel.near.attach(self.transport, early, self.connection_lost)

    def _request_overdue(self) -> None:
        if self._head_bytes:
            self._refuse(408, "Request head took too long")
        else:
            super()._keepalive_timeout()


class GatewayWorker(ASGIWorker):
    """Serves a `Gateway`. gunicorn.conf.py of every artifact names it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[GatewayProtocol] = set()
        self._retiring = False
        self._leaving = asyncio.Event()
        self._ending = asyncio.Event()
        self._accepted: list[asyncio.Task[None]] = []

    def load_wsgi(self) -> None:
        try:
            super().load_wsgi()
        except Misconfigured as error:
            self._give_up(str(error))
        # What is loaded now lives as long as the worker: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)

    def init_signals(self) -> None:
        super().init_signals()
        self.loop.add_signal_handler(signal.SIGUSR2, self.handle_retire_signal)

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self._ending.set()
        self._leaving.set()

    def handle_quit_signal(self) -> None:
        super().handle_quit_signal()
        self._ending.set()
        self._leaving.set()

    def handle_retire_signal(self) -> None:
        """SIGUSR2: another worker has taken over. Accept nothing more, and end when nothing is in flight."""
        self.alive = False
        self._retiring = True
        self._leaving.set()

    async def _serve(self) -> None:
        gateway: Gateway = self.asgi
        self._match_listeners(gateway)
        contexts = self._tls_contexts(gateway)
        self.plain_requests = PlainRequests(
            line_bytes=self.cfg.limit_request_line,
            fields=self.cfg.limit_request_fields,
            field_bytes=self.cfg.limit_request_field_size,
        )
        self.lifespan = LifespanManager(self.asgi, self.log, self.state)
        try:
            await self.lifespan.startup()
        except Exception as error:
            self.lifespan = None
            self._give_up(f"cannot start: {gateway.refusal or error}")
        for sock, context in zip(self.sockets, contexts, strict=True):
            server = await self.loop.create_server(
                lambda: GatewayProtocol(self),
                sock=sock.sock,
                ssl=context,
                backlog=self.cfg.backlog,
                ssl_handshake_timeout=HEADER_TIMEOUT if context else None,
                ssl_shutdown_timeout=READER_TIMEOUT if context else None,
            )
            self.servers.append(server)
            # Over when the last connection is, those included that still shake hands: asked for before the closing.
            self._accepted.append(self.loop.create_task(server.wait_closed()))
        if self.age == 1:
            serving.announce(gateway.listeners, [sock.sock.getsockname() for sock in self.sockets])
        while self.alive and self.ppid == os.getppid():
            self.notify()
            try:
                await asyncio.wait_for(self._leaving.wait(), _HEARTBEAT)
            except TimeoutError:
                continue
        await self._shutdown()

    async def _shutdown(self) -> None:
        """Stop accepting; a worker that retires waits for what is in flight, one that has to end does so soon."""
        for server in self.servers:
            server.close()
        if self._retiring:
            await self._retire()
        await self._end()
        if self.lifespan is not None:
            await self.lifespan.shutdown()

    async def _retire(self) -> None:
        """Until no connection is left or the worker is told to end.

        Each caller learns with its next answer that it was the last, or is closed when it has been idle for as long as
        ever: no connection ends under a request that is on its way.
        """
        deadline = time.monotonic() + RETIRE_SECONDS
        while self._connected() and time.monotonic() < deadline and self.ppid == os.getppid():
            self.notify()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _RETIRE_TICK)
                return

    async def _end(self) -> None:
        """Until no connection is left, at most graceful_timeout. Idle ones end soon, tunnels last."""
        begun = time.monotonic()
        deadline = begun + max(0.0, self.cfg.graceful_timeout - _LAST_WORDS)
        while self._connected() and (now := time.monotonic()) < deadline and not self._quick_shutdown:
            for connection in tuple(self.connections):
                if connection.tunnel is None:
                    connection.close_idle(now - begun)
                elif now > deadline - GOODBYE - _LAST_WORDS:
                    connection.tunnel.leave()
            self.notify()
            await asyncio.sleep(_DRAIN_TICK)

    def _connected(self) -> bool:
        """Whether there are connections, or such as still shake hands."""
        return bool(self.connections) or not all(task.done() for task in self._accepted)

    def _match_listeners(self, gateway: Gateway) -> None:
        """Give each listener the port of its socket, or the end where `bind` is not what the gateway expects."""
        ports = [sock.sock.getsockname()[1] for sock in self.sockets]
        listeners = gateway.listeners
        if len(ports) != len(listeners) or any(
            listener.port not in (0, port) for listener, port in zip(listeners, ports, strict=True)
        ):
            expected = ", ".join(f"{listener.name} on port {listener.port}" for listener in listeners)
            self._give_up(f"gunicorn binds the ports {ports}, but the gateway listens with {expected}, in this order")
        for listener, port in zip(listeners, ports, strict=True):
            listener.port = port

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
