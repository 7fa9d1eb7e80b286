"""The ASGI way: carries a pipeline's outcome out with `receive` and `send` of any ASGI server."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange, ResponseHead
from egc.runtime.headers import VIA, Headers
from egc.runtime.transport.holding import hold
from egc.runtime.transport.tunnel import Tunnel
from egc.runtime.upstream import CONNECT_TIMEOUT, Call, Connection, UpstreamError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

READ_AHEAD = 65536
CONTINUE_WAIT = 1.0
MAX_REDIRECTS = 21
MAX_INTERIM = 8

_BAD_GATEWAY: Headers = [(b"content-type", b"text/html; charset=utf-8")]


class ClientGone(Exception):
    """The caller left before its answer was complete."""


class Cut(Exception):
    """The service failed after its answer had begun; `reason` is for the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _Reply:
    """The sink of one response: keeps what arrives until the transport takes it, never more than READ_AHEAD ahead."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_go_ahead",
        "_loop",
        "_may_send",
        "_measured",
        "_resumed",
        "_size",
        "_waiter",
        "_writable",
        "ended",
        "error",
        "headers",
        "interim",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._measured = False
        self.status = 0
        self.headers: Headers = []
        self.ended = False
        self.error: UpstreamError | None = None
        self.interim: list[tuple[int, Headers]] | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._go_ahead: asyncio.Future[None] | None = None
        self._may_send = False
        self._connection: Connection | None = None
        self._resumed = True

    def attach(self, connection: Connection) -> None:
        """Say which connection this reply reads from."""
        self._connection = connection

    def informational(self, status: int, headers: Headers) -> None:
        if self.interim is None:
            self.interim = []
        if len(self.interim) < MAX_INTERIM:
            self.interim.append((status, headers))

    def head(self, status: int, headers: Headers, measured: bool) -> None:
        self.status = status
        self.headers = headers
        self._measured = measured
        self._wake(self._go_ahead)

    def data(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > READ_AHEAD and self._resumed and self._connection is not None:
            self._resumed = False
            self._connection.pause()

    def complete(self) -> None:
        self.ended = True

    def failed(self, error: UpstreamError) -> None:
        self.error = error
        self._wake(self._writable)
        self._wake(self._go_ahead)

    def flush(self) -> None:
        # A head of announced length is worth waking for with its first bytes: they go out together.
        if not self._measured or self._chunks or self.ended or self.error is not None:
            self._wake(self._waiter)

    def writable(self) -> None:
        self._wake(self._writable)

    def take(self) -> bytes:
        """All bytes that have arrived since the last call."""
        chunks = self._chunks
        if not chunks:
            return b""
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        self._size = 0
        if not self._resumed and not self.ended and self._connection is not None:
            self._resumed = True
            self._connection.resume()
        return body

    async def wait(self) -> None:
        """Until something has arrived."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def drained(self) -> None:
        """Until the connection takes more of the request."""
        if self.error is None:
            self._writable = self._loop.create_future()
            try:
                await self._writable
            finally:
                self._writable = None

    def invite(self) -> None:
        """The service has said 100, and the caller knows: its body is to be sent."""
        self._may_send = True
        self._wake(self._go_ahead)

    async def continued(self) -> bool:
        """Whether the request body is to be sent: the service said 100, or nothing for CONTINUE_WAIT seconds."""
        if not self._may_send and not self.status and self.error is None:
            self._go_ahead = self._loop.create_future()
            try:
                await asyncio.wait_for(self._go_ahead, CONTINUE_WAIT)
            except TimeoutError:
                return True
            finally:
                self._go_ahead = None
        return not self.status and self.error is None

    @staticmethod
    def _wake(waiter: "asyncio.Future[None] | None") -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


async def answer(x: Exchange, outcome: Answer, send: Send) -> tuple[int, int]:
    """Send a response made here. Returns the status and the number of body bytes sent."""
    head, body = answered(x, outcome)
    await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
    await send({"type": "http.response.body", "body": body})
    return head.status, len(body)


def answered(x: Exchange, outcome: Answer) -> tuple[ResponseHead, bytes]:
    """The head and the body of a response made here, as the caller gets them."""
    headers = outcome.headers
    body = outcome.body
    if outcome.status not in (204, 304) and outcome.status >= 200:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    else:
        body = b""
    head = ResponseHead(outcome.status, merge(x.response_headers, headers))
    if x.hooks is not None:
        try:
            _call_hooks(x, head)
        except Refused as error:
            return answered(x, refusal(error))
    return head, b"" if x.method == "HEAD" else body


def _call_hooks(x: Exchange, head: ResponseHead) -> None:
    """Call the hooks, once: one that fails must not fail again on the answer to its failure (D320, D461)."""
    hooks, x.hooks = x.hooks, None
    for hook in hooks or ():
        hook(x, head)


def refusal(error: Refused) -> Answer:
    """What a refused request is answered with."""
    headers = [(b"content-type", error.content_type.encode()), *error.headers]
    return Answer(error.status, headers, error.body.encode(), error.reason)


def bad_gateway(error: UpstreamError) -> Answer:
    """What the caller reads when the service did not answer (D301; 504 for time-outs, D437)."""
    if error.status == 504:
        return Answer(504, _BAD_GATEWAY, b"Gateway timeout.", error.reason)
    if error.status == 503:
        return Answer(503, [*_BAD_GATEWAY, (b"retry-after", b"1")], b"Service unavailable.", error.reason)
    return Answer(502, _BAD_GATEWAY, b"Bad gateway.", error.reason)


def merge(earlier: Headers, headers: Headers) -> Headers:
    """Headers set by earlier steps stay unless the response brings the same name (D208, D298, D455).

    `Vary` says what each of them depends on, so it stays in any case.
    """
    if not earlier:
        return headers
    brought = {name.lower() for name, _ in headers}
    brought.discard(b"vary")
    kept = [field for field in earlier if field[0].lower() not in brought]
    kept += headers
    return kept


async def forward(x: Exchange, call: Call, receive: Receive, send: Send) -> tuple[int, int]:
    """Send the request to the service and its answer to the caller, streaming both.

    Returns the status and the number of body bytes sent. Raises UpstreamError as long as nothing was sent to the
    caller; ClientGone when the caller left; Cut once the answer has begun: the connection to the caller must then end
    without completing it, so that the cut can be seen (D438).
    """
    first = call.body or b""
    more = call.has_body and call.body is None
    if more and not call.expects_continue:
        first, more = await next_body(receive)
        if call.chunked and first:
            first = _chunk(first)
        if call.chunked and not more:
            first += b"0\r\n\r\n"
    redirects = 0
    while True:
        reply, connection = await _open(call, first, more)
        upload = asyncio.create_task(_upload(call, connection, reply, receive)) if more else None
        try:
            while not reply.status and reply.error is None:
                if reply.interim is None:
                    await reply.wait()
                if reply.interim is not None:
                    await _send_interim(x, reply, send)
            if reply.interim is not None:
                await _send_interim(x, reply, send)
            if reply.error is not None:
                if (
                    reply.error.reason == "upstream_reset"
                    and connection.used
                    and not connection.answered
                    and call.repeatable
                ):
                    continue
                if reply.error.reason == "client_gone":
                    raise ClientGone
                raise reply.error
            if reply.status == 101:
                return 101, await _tunnel(x, call, reply, connection)
            if call.follow is not None and redirects < MAX_REDIRECTS:
                following = call.follow(call, reply.status, reply.headers)
                if following is not None:
                    redirects += 1
                    if not reply.ended:
                        connection.abort()
                    call, first, more = following, b"", False
                    continue
            sent = await _relay(x, call, reply, send)
            return reply.status, sent
        except BaseException:
            if not reply.ended:
                connection.abort()
            raise
        finally:
            if upload is not None:
                upload.cancel()
                # Until it has let go of `receive`: the server reads the rest of the body itself.
                await asyncio.wait((upload,))


async def _tunnel(x: Exchange, call: Call, reply: _Reply, connection: Connection) -> int:
    """Answer 101 and hand bytes on until both have ended. Returns how many the caller got.

    Raises OSError where the caller has left.
    """
    head = response_head(x, call, reply.status, reply.headers)
    tunnel = Tunnel(call.quiet)
    if x.tunnel is not None:
        x.tunnel(head.headers, tunnel)
    x.tunnelled = tunnel
    connection.enter(tunnel.far)
    await tunnel.run()
    return tunnel.far.passed


async def _open(call: Call, first: bytes, more: bool) -> tuple[_Reply, Connection]:
    pool = call.pool
    if call.accept is not None:
        pool.let_tunnel()
    connection = pool.take()
    if connection is None:
        connection = await pool.connect(CONNECT_TIMEOUT)
    reply = _Reply(pool.loop or asyncio.get_running_loop())
    reply.attach(connection)
    connection.send(call, reply, first)
    if call.has_body and not more:
        connection.end_body()
    return reply, connection


def response_head(x: Exchange, call: Call, status: int, headers: Headers) -> ResponseHead:
    """The head that the caller gets: what earlier steps have set, what the proxy rewrites, what hooks change."""
    headers.append((b"via", VIA))
    head = ResponseHead(status, merge(x.response_headers, headers) if x.response_headers else headers)
    if call.finish is not None:
        call.finish(x, head)
    if x.hooks is not None:
        _call_hooks(x, head)
    return head


async def _relay(x: Exchange, call: Call, reply: _Reply, send: Send) -> int:
    held = b"" if x.transforms is None else await hold(x, reply)
    head = response_head(x, call, reply.status, reply.headers)
    await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
    sent = 0
    begun = False
    while True:
        ended = reply.ended
        body = reply.take()
        if held:
            body, held = held + body, b""
        if ended:
            await send({"type": "http.response.body", "body": body})
            return sent + len(body)
        if body:
            begun = True
            sent += len(body)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        elif reply.error is not None:
            raise Cut(reply.status, reply.error.reason)
        elif not begun:
            # The head does not wait for a body that may be long in coming.
            begun = True
            await send({"type": "http.response.body", "body": b"", "more_body": True})
        else:
            await reply.wait()


async def _send_interim(x: Exchange, reply: _Reply, send: Send) -> None:
    """Pass interim responses on (RFC 9110 section 15.2); 100 only to a caller that waits for it."""
    interim, reply.interim = reply.interim or (), None
    for status, headers in interim:
        if x.expects_continue if status == 100 else x.http_version != "1.0":
            await send({"type": "http.response.informational", "status": status, "headers": headers})
        if status == 100:
            reply.invite()


async def _upload(call: Call, connection: Connection, reply: _Reply, receive: Receive) -> None:
    """Stream the rest of the request body. An Expect is answered by the service, or after a second by us."""
    if call.expects_continue and not await reply.continued():
        return
    more = True
    try:
        while more:
            chunk, more = await next_body(receive)
            if chunk and not connection.write(_chunk(chunk) if call.chunked else chunk):
                await reply.drained()
        if call.chunked:
            connection.write(b"0\r\n\r\n")
        connection.end_body()
    except ClientGone:
        reply.failed(UpstreamError("client_gone"))
        connection.abort()
        reply.flush()


async def next_body(receive: Receive) -> tuple[bytes, bool]:
    """The next piece of the request body and whether more follows. Raises ClientGone."""
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    body: bytes = message.get("body", b"")
    return body, bool(message.get("more_body", False))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
