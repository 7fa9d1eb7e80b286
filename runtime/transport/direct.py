"""The short way: plain requests served from the callbacks of their connection, with nothing in between.

No task, no queue and no ASGI message stands between the caller's socket and the service's: the bytes of a request are
read, its pipeline is run by one `send`, and what the service answers is written where it arrives. What is not plain (a
body that comes in pieces, an Upgrade, `Expect`, whatever Falcon answers) takes the ASGI way on the same connection,
and what a pipeline has to wait for goes on in a task.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, MutableMapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from egc.runtime import gateway
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.front import believe_proxies
from egc.runtime.headers import Headers
from egc.runtime.heads import PlainRequests
from egc.runtime.in_task import go_on
from egc.runtime.known_lines import Line
from egc.runtime.listener import Listener
from egc.runtime.transport import asgi
from egc.runtime.transport.response import Response, added_lines, whole_response
from egc.runtime.upstream import CONNECT_TIMEOUT, Call, Connection, UpstreamError

if TYPE_CHECKING:
    from egc.runtime.worker import GatewayProtocol

MAX_BEHIND = 4 * 65536
"""Bytes that are held of requests behind the one that is being served, before reading pauses."""

_1_1 = (1, 1)


async def _no_body() -> MutableMapping[str, Any]:
    """ASGI's receive: the body, if there is one, has been read."""
    return {"type": "http.disconnect"}


class Direct:
    """The short way of one connection, and the sink of the service's answer. One request at a time.

    Arguments:
        caller: the connection.
        served: the gateway, and `listener` where the connection came in.
        requests: reads plain requests.
        peer: the address at the other end of the socket.
        certified: whether the caller has shown a TLS certificate that was verified.
        patience: seconds that a caller may take for what waits to be sent to it.
    """

    __slots__ = (
        "_behind",
        "_between",
        "_call",
        "_caller",
        "_certified",
        "_chunks",
        "_connection",
        "_ended",
        "_error",
        "_gateway",
        "_headers",
        "_interim",
        "_listener",
        "_loop",
        "_measured",
        "_method",
        "_patience",
        "_peer",
        "_requests",
        "_response",
        "_scheme",
        "_sent",
        "_serving",
        "_stalled",
        "_started",
        "_status",
        "_task",
        "_x",
    )

    _call: Call
    _method: str
    _started: float
    _x: Exchange

    def __init__(
        self,
        caller: "GatewayProtocol",
        served: "gateway.Gateway",
        listener: Listener,
        requests: PlainRequests,
        *,
        peer: str,
        certified: bool,
        patience: float,
    ) -> None:
        self._caller = caller
        self._gateway = served
        self._listener = listener
        self._requests = requests
        self._loop: asyncio.AbstractEventLoop = caller.worker.loop
        self._scheme = "https" if listener.secure else "http"
        self._peer = peer
        self._certified = certified
        self._patience = patience
        self._behind = b""
        self._between = False
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._serving = False
        self._response: Response | None = None

    # What the caller's connection tells

    @property
    def busy(self) -> bool:
        """Whether a request is being served here, or another waits behind one that was."""
        return self._serving or self._between

    def take(self, data: bytes) -> bool:
        """Serve the request that `data` begins with. False, and nothing done, where it is not for the short way."""
        if self._serving or self._between:
            self._behind = self._behind + data if self._behind else data
            if len(self._behind) > MAX_BEHIND:
                self._caller.pause_requests()
            return True
        request = self._requests.read(data)
        if request is None:
            return False
        fields = request.fields
        x = Exchange(request.method, request.target, fields, fields.host, self._scheme, self._peer)
        x.content_length = fields.length
        x.body = request.body
        x.certified = self._certified
        if self._listener.trusted:
            believe_proxies(x, self._listener)
        if not self._gateway.is_for_pipelines(x):
            return False
        self._started = perf_counter()
        self._method = request.method
        self._x = x
        self._serving = True
        if request.end < len(data):
            self._behind = data[request.end :]
        self._caller.request_begins()
        deciding = self._gateway.decide(x)
        try:
            waits_for = deciding.send(None)
        except StopIteration as decided:
            self._carry(decided.value)
        except Exception as error:
            self._refuse(error)
        else:
            self._task = self._loop.create_task(self._decide(deciding, waits_for))
        return True

    def lost(self) -> None:
        """The caller has left."""
        if self._serving:
            self._drop_service()
            if self._task is not None:
                self._task.cancel()
            self._log(0, 0, "client_gone")
            self._serving = False
        if self._stalled is not None:
            self._stalled.cancel()

    def pause_writing(self) -> None:
        """The caller takes bytes more slowly than they come."""
        if self.busy and self._stalled is None:
            if self._connection is not None:
                self._connection.pause()
            self._stalled = self._loop.call_later(self._patience, self._caller.transport.abort)

    def resume_writing(self) -> None:
        """The caller takes bytes again."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
            if self._connection is not None:
                self._connection.resume()
            if self._between:
                self._loop.call_soon(self._next)

    # Decide

    async def _decide(self, deciding: Coroutine[Any, Any, Answer | Call], waits_for: Any) -> None:
        try:
            decision = await go_on(deciding, waits_for)
        except Exception as error:
            self._task = None
            self._refuse(error)
        else:
            self._task = None
            self._carry(decision)

    def _carry(self, decision: Answer | Call) -> None:
        """Carry out what a pipeline has decided."""
        x = self._x
        if x.delay or (isinstance(decision, Call) and (decision.follow is not None or x.transforms is not None)):
            self._task = self._loop.create_task(self._carry_slowly(decision))
        elif isinstance(decision, Call):
            self._ask(decision)
        else:
            self._answer(decision)

    async def _carry_slowly(self, decision: Answer | Call) -> None:
        """What a delay, redirects to follow or an answer to hold back makes worth a task."""
        x = self._x
        try:
            if x.delay:
                await asyncio.sleep(x.delay)
                x.delay = 0.0
            if not isinstance(decision, Call) or (decision.follow is None and x.transforms is None):
                self._task = None
                self._carry(decision)
                return
            response = self._begun()
            status, sent = await asgi.forward(x, decision, _no_body, response.send)
            self._task = None
            self._finish(response, status, sent)
        except asgi.Cut as cut:
            self._task = None
            self._cut(cut.status, cut.reason)
        except (asgi.ClientGone, OSError):
            self._task = None
            self._caller.transport.abort()
        except Exception as error:
            self._task = None
            self._refuse(error)

    # Answer here

    def _refuse(self, error: Exception) -> None:
        answer = gateway.answer_to(self._x, error)
        if self._response is not None and self._response.started:
            self._cut(answer.status, answer.reason)
        elif self._x.delay:
            self._task = self._loop.create_task(self._carry_slowly(answer))
        else:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        response = self._begun()
        try:
            try:
                head, body = asgi.answered(self._x, answer)
                response.start(head.status, head.headers)
            except Exception as error:
                answer = gateway.answer_to(self._x, error)
                head, body = asgi.answered(self._x, answer)
                response.start(head.status, head.headers)
            response.write(body, True)
        except OSError:
            self._caller.transport.abort()
        except Exception as error:
            gateway.answer_to(self._x, error)
            self._cut(0, "bug")
        else:
            self._finish(response, head.status, len(body), answer.reason)

    # Ask a service

    def _ask(self, call: Call) -> None:
        self._call = call
        connection = call.pool.take()
        if connection is None:
            self._task = self._loop.create_task(self._connect(call))
        else:
            self._send(call, connection)

    async def _connect(self, call: Call) -> None:
        try:
            connection = await call.pool.connect(CONNECT_TIMEOUT)
        except Exception as error:
            self._task = None
            self._refuse(error)
        else:
            self._task = None
            self._send(call, connection)

    def _send(self, call: Call, connection: Connection) -> None:
        self._connection = connection
        self._status = 0
        self._sent = 0
        self._interim = 0
        self._ended = False
        self._error: UpstreamError | None = None
        self._chunks: list[bytes] = []
        connection.send(call, self, call.body or b"", whole=self._whole)
        if call.has_body:
            connection.end_body()

    def _drop_service(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    # The service's answer (upstream.Sink)

    def informational(self, status: int, headers: Headers) -> None:
        """Pass an interim response on; 100 is for callers that wait for it, and those go the other way."""
        self._interim += 1
        if status != 100 and self._interim <= asgi.MAX_INTERIM and self._serving:
            with contextlib.suppress(OSError):
                self._begun().inform(status, headers)

    def head(self, status: int, headers: Headers, measured: bool) -> None:
        """The head of the answer."""
        self._status = status
        self._headers = headers
        self._measured = measured

    def data(self, chunk: bytes) -> None:
        """A piece of its body."""
        self._chunks.append(chunk)

    def _whole(self, status: int, lines: Sequence[Line], dated: bool, body: bytes) -> None:
        """All of it at once."""
        if not self._serving:
            return
        x = self._x
        added: bytes | None = None
        # A step may have made another method of a HEAD: the caller reads no body all the same.
        if x.hooks is None and self._call.finish is None and self._caller.lasts and self._method != "HEAD":
            added = added_lines(x.response_headers, lines) if x.response_headers else b""
        if added is not None:
            self._connection = None
            try:
                self._caller.transport.write(whole_response(status, lines, dated, body, added=added))
            except RuntimeError:
                # What asyncio and uvloop say of a socket that has just failed.
                self._caller.transport.abort()
            else:
                self._served(status, len(body), lasts=True)
            return
        self.head(status, [(line.name, line.value) for line in lines], True)
        self._chunks.append(body)
        self.complete()

    def complete(self) -> None:
        """It has ended."""
        self._ended = True
        self._connection = None

    def failed(self, error: UpstreamError) -> None:
        """It does not come, or no more of it."""
        self._error = error
        self._ended = False

    def writable(self) -> None:
        """The service takes more: it has got all there is."""

    def flush(self) -> None:
        """Write what has arrived to the caller."""
        if not self._serving:
            return
        response = self._begun()
        if self._error is not None and not response.started:
            self._failed(response, self._error)
            return
        if self._status:
            try:
                if not response.started:
                    if self._measured and not self._chunks and not self._ended:
                        # A head of announced length goes out with its first bytes.
                        return
                    head = asgi.response_head(self._x, self._call, self._status, self._headers)
                    self._status = head.status
                    response.start(head.status, head.headers)
                    self._write(response)
                elif self._chunks or self._ended:
                    self._write(response)
            except OSError:
                self._caller.transport.abort()
                return
            except Exception as error:
                self._fail(response, error)
                return
            if self._ended:
                self._finish(response, self._status, self._sent)
                return
        if self._error is not None:
            self._failed(response, self._error)

    def _write(self, response: Response) -> None:
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        self._sent += len(body)
        response.write(body, self._ended)

    def _failed(self, response: Response, error: UpstreamError) -> None:
        connection, self._connection = self._connection, None
        if response.started:
            self._cut(self._status, error.reason)
        elif (
            error.reason == "upstream_reset"
            and connection is not None
            and connection.used
            and not connection.answered
            and self._call.repeatable
        ):
            self._ask(self._call)
        else:
            self._refuse(error)

    def _fail(self, response: Response, error: Exception) -> None:
        """Something went wrong with an answer that had arrived."""
        self._drop_service()
        if response.started:
            gateway.answer_to(self._x, error)
            self._cut(self._status, "bug")
        else:
            self._refuse(error)

    # The end

    def _begun(self) -> Response:
        """The response to the request that is being served."""
        response = self._response
        if response is None:
            response = self._response = Response(self._caller, self._method, _1_1)
        return response

    def _cut(self, status: int, reason: str) -> None:
        """The answer had begun: its end must not look like one."""
        self._served(status, 0, reason, lasts=False)

    def _finish(self, response: Response, status: int, sent: int, reason: str = "") -> None:
        self._served(status, sent, reason, lasts=response.ended and not response.closes)

    def _served(self, status: int, sent: int, reason: str = "", *, lasts: bool) -> None:
        self._log(status, sent, reason)
        self._serving = False
        self._response = None
        if self._caller.request_ends(lasts=lasts) and self._behind:
            # Others have their turn before the next one.
            self._between = True
            if self._stalled is None:
                self._loop.call_soon(self._next)

    def _next(self) -> None:
        """Serve the request behind the one that has been answered."""
        if not self._between:
            return
        behind, self._behind = self._behind, b""
        self._between = False
        self._caller.resume_requests(behind)

    def _log(self, status: int, sent: int, reason: str) -> None:
        over = self._gateway.over
        if over is not None:
            over(self._x, status, sent, perf_counter() - self._started, reason)
