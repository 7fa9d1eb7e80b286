"""The gateway: an ASGI application that runs compiled pipelines, and Falcon for everything else."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import falcon
import falcon.asgi

from egc.runtime import env
from egc.runtime.admin.audit import public
from egc.runtime.admin.guard import is_loopback
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Answered, Exchange
from egc.runtime.front import admit
from egc.runtime.headers import Headers
from egc.runtime.javascript.values import JSError
from egc.runtime.listener import Listener, plain_address
from egc.runtime.log import AccessLog
from egc.runtime.metrics import Counter, Metrics
from egc.runtime.metrics.scrape import Scrape
from egc.runtime.oauth2.secrets import Busy
from egc.runtime.plugin import Plugin
from egc.runtime.plugins import Plugins
from egc.runtime.routing import Route, Table
from egc.runtime.store import Store, StoreError
from egc.runtime.transport import asgi
from egc.runtime.transport.tunnel import EXTENSION
from egc.runtime.upstream import Call, UpstreamError

_log = logging.getLogger("egc")

PURGE_INTERVAL = 60.0
_SERVER_CACHE = 64
_TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]
_SCRIPT_FAILED = Answer(500, _TEXT, b"Internal Server Error", "script_failed")
_BUG = Answer(500, _TEXT, b"Internal Server Error", "bug")
_UNAVAILABLE = Answer(503, [*_TEXT, (b"retry-after", b"5")], b"Service Unavailable", "store_unavailable")


_App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Resource(Protocol):
    """Falcon resources that the gateway serves beside its pipelines: the authorization server, the Admin API."""

    def mount(self, app: falcon.asgi.App[Any, Any]) -> None:
        """Add the resource's routes."""

    async def open(self) -> None:
        """Start, after fork."""

    async def close(self) -> None:
        """Stop."""


class Administration(Resource, Protocol):
    """The Admin API. `may_leave_this_machine`: it asks for a key, or was told to serve without one."""

    @property
    def may_leave_this_machine(self) -> bool: ...

    @property
    def directory(self) -> Path | None:
        """Where files about what the gateway does are kept; None for nowhere."""


class Log(Protocol):
    """Who is told of exchanges, as `AccessLog` is."""

    def start(self) -> None: ...

    def entry(self, x: Exchange, status: int, sent: int, seconds: float, reason: str) -> None: ...

    def close(self) -> None: ...


class PublicResource(Resource, Protocol):
    """A resource on the public listeners. `paths` says which methods of which (lower-case) paths are its own."""

    @property
    def paths(self) -> Mapping[str, frozenset[str]]: ...


class Gateway(falcon.asgi.App):  # type: ignore[type-arg]  # generic in stubs only
    """The application of a generated module.

    Arguments:
        routes: in the order of matching (D67).
        resources: answered before any route, whatever the host (D66).
        administration: the Admin API; only the admin listener reaches it.
        plugins: what plugins bring besides policies and conditions.
        listeners: in the order in which gunicorn binds them.
        store: all state, or None where nothing needs any.
        access_log: whether to log each exchange as a line of JSON on stdout.
        metrics: what counts exchanges; None for nothing. The admin listener shows it.
        serve: `direct` has GatewayWorker serve plain requests without ASGI, `asgi` none. EGC_SERVE beats it.
        source: digest of the configuration.
    """

    def __init__(
        self,
        *,
        routes: Sequence[Route],
        resources: Sequence[PublicResource] = (),
        administration: Administration | None = None,
        plugins: Sequence[Plugin] = (),
        listeners: Sequence[Listener],
        store: Store | None = None,
        access_log: bool = True,
        metrics: Metrics | None = None,
        serve: str = "direct",
        source: str = "",
    ) -> None:
        super().__init__(middleware=[_Lifecycle(self)])
        self.source = source
        self.serves_directly = _serves_directly(os.environ.get("EGC_SERVE") or serve)
        self.listeners = tuple(listeners)
        self.store = store
        self.routes = tuple(routes)
        self._table = Table(self.routes)
        self._resources = tuple(resources)
        self._administration = administration
        if administration is not None and not administration.may_leave_this_machine:
            _require_loopback(self.listeners)
        self._public = super().__call__
        self._admin_app = falcon.asgi.App()
        self.own_paths: dict[str, frozenset[str]] = {}
        """What the resources answer: methods by path, in lower case."""
        for resource in resources:
            resource.mount(self)
            self.own_paths.update(resource.paths)
        if administration is not None:
            administration.mount(self._admin_app)
        self._plugins = Plugins(plugins)
        self._plugins.mount(self._admin_app)
        for app in (self, self._admin_app, self._plugins.app):
            app.add_error_handler(Exception, _on_bug)
            app.add_error_handler(StoreError, _on_unavailable)
            app.add_error_handler(Busy, _on_unavailable)
        self._metrics = metrics if metrics is not None and metrics.on else None
        if self._metrics is not None:
            self._metrics.prepare(self.routes)
            if administration is not None:
                self._admin_app.add_route("/metrics", Scrape(self._metrics, store, source))
        self.access_log = AccessLog() if access_log else None
        self._by_server: dict[tuple[str, int], Listener | None] = {}
        self._purging: asyncio.Task[None] | None = None
        self._websocket_refused = False
        self.refusal = ""
        """Why it does not start, where that is no bug."""

    @property
    def access_log(self) -> "Log | None":
        """Who is told of each exchange when it is over."""
        return self._access_log

    @access_log.setter
    def access_log(self, log: "Log | None") -> None:
        self._access_log = log
        self.over = _over(log, self._metrics)

    async def start(self) -> None:
        """Open store, log and resources; called in the worker, after fork."""
        if self.store is not None:
            await self.store.open()
            self._purging = asyncio.create_task(_purge(self.store))
        if self.access_log is not None:
            self.access_log.start()
        if self._metrics is not None and self._administration is not None:
            self._metrics.open(self._administration.directory)
            self.over = _over(self._access_log, self._metrics)
        for resource in (*self._resources, self._administration):
            if resource is not None:
                await resource.open()
        await self._plugins.open(self.listeners)

    async def stop(self) -> None:
        """Close everything; acknowledged writes are finished first."""
        if self._purging is not None:
            self._purging.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._purging
        await self._plugins.close()
        for resource in (*self._resources, self._administration):
            if resource is not None:
                await resource.close()
        if self.store is not None:
            await self.store.close()
        if self.access_log is not None:
            self.access_log.close()
        if self._metrics is not None:
            self._metrics.close()
            self.over = _over(self._access_log, self._metrics)

    async def __call__(  # type: ignore[override]  # as in falcon.asgi.App itself: ASGI's signature, not WSGI's
        self, scope: dict[str, Any], receive: Any, send: Any
    ) -> None:
        """ASGI: pipelines straight on the raw messages, resources through Falcon."""
        if scope["type"] == "websocket":
            await self._refuse_websocket(receive, send)
            return
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        started = time.perf_counter()
        client = scope["client"]
        extensions = scope.get("extensions")
        peer = plain_address(client[0]) if client else ""
        x = Exchange(scope["method"], "/", scope["headers"], "", scope["scheme"], peer)
        if extensions:
            x.tunnel = extensions.get(EXTENSION)
        status = sent = 0
        reason = ""
        try:
            listener = self._by_server.get(scope["server"])
            if listener is None:
                listener = self.listener(scope["server"])
            admit(x, scope, listener)
            falcon_app = self._falcon_app(x, listener, scope)
            if falcon_app is not None:
                status, sent = await _through_falcon(falcon_app, x, scope, receive, send)
                return
            x.receive = partial(asgi.next_body, receive)
            outcome = await self.decide(x)
            if x.delay:
                await asyncio.sleep(x.delay)
            if isinstance(outcome, Call):
                status, sent = await asgi.forward(x, outcome, receive, send)
            else:
                status, reason = outcome.status, outcome.reason
                status, sent = await asgi.answer(x, outcome, send)
        except asgi.Cut as error:
            # The answer had begun: its end must not look like one. The server closes what is not complete.
            status, reason = error.status, error.reason
        except (asgi.ClientGone, OSError):
            # ASGI: what `send` raises once nobody listens is an OSError.
            reason = "client_gone"
        except asyncio.CancelledError:
            reason = "client_gone"
            raise
        except Exception as error:
            answer = answer_to(x, error)
            if x.delay:
                await asyncio.sleep(x.delay)
            status, reason = answer.status, answer.reason
            status, sent = await asgi.answer(x, answer, send)
        finally:
            if self.over is not None:
                self.over(x, status, sent, time.perf_counter() - started, reason)

    async def _refuse_websocket(self, receive: Any, send: Any) -> None:
        """Close before accepting, which a server answers with 403: ASGI's own WebSockets would pass no pipeline."""
        if not self._websocket_refused:
            self._websocket_refused = True
            _log.error("this server takes WebSockets apart; only egc.runtime.worker.GatewayWorker passes them on")
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    def decide(self, x: Exchange) -> Coroutine[Any, Any, Answer | Call]:
        """What becomes of an admitted request that is the pipelines'. Raises whatever a step raises to refuse it."""
        return self._table.decide(x)

    def listener(self, server: tuple[str, int]) -> Listener:
        """Which listener took the request, by the address it came to; an unknown one is refused."""
        found = next((listener for listener in self.listeners if listener.takes(server)), None)
        if found is None:
            raise Refused(421, "Misdirected Request", reason="unknown_listener")
        if len(self._by_server) < _SERVER_CACHE:
            self._by_server[server] = found
        return found

    def _falcon_app(self, x: Exchange, listener: Listener, scope: dict[str, Any]) -> "_App | None":
        """The Falcon application that answers instead of a pipeline, if one does (D66, D236)."""
        if listener.name == "admin":
            x.handler = "admin"
            x.original_url = public(x.original_url)
            if x.absolute_form:
                scope["path"] = unquote(x.path)
            return self._admin_app
        own = self._own_path(x)
        if own:
            # Falcon's router heeds case and trailing slashes, Express's does not.
            scope["path"] = own
            x.handler = "oauth2"
            return self._public
        if self._plugins.has_routes and self._plugins.takes(x.method, path := unquote(x.path)):
            scope["path"] = path
            x.handler = "plugin"
            return self._plugins.app
        return None

    def _own_path(self, x: Exchange) -> str:
        """The path of a resource on the public listeners that answers the request, or nothing."""
        if not self.own_paths:
            return ""
        path = x.path.lower()
        if len(path) > 1:
            path = path.removesuffix("/")
        methods = self.own_paths.get(path)
        return path if methods is not None and x.method in methods else ""

    def is_for_pipelines(self, x: Exchange) -> bool:
        """Whether an admitted request of a public listener is answered by pipelines, and not by Falcon (D66, D236)."""
        if self._own_path(x):
            return False
        return not (self._plugins.has_routes and self._plugins.takes(x.method, unquote(x.path)))


def _serves_directly(serve: str) -> bool:
    """Raises Misconfigured for a word that is neither `direct` nor `asgi`."""
    if serve not in ("direct", "asgi"):
        raise env.Misconfigured(f"`serve` (or EGC_SERVE) is {serve!r}, and should be `direct` or `asgi`")
    return serve == "direct"


def _require_loopback(listeners: Sequence[Listener]) -> None:
    """Refuse to serve an Admin API that asks for no key to other machines (N28)."""
    for listener in listeners:
        if listener.name == "admin" and not is_loopback(listener.host.strip("[]").lower().rstrip(".")):
            raise env.Misconfigured(
                f"the Admin API would listen on {listener.host or 'every address'} and ask nobody for a key: leave "
                "admin.host on localhost, or run `egc admin-key` and put what it prints under `admin.auth`"
            )


def _over(log: Log | None, metrics: Metrics | None) -> "Counter | None":
    """What is called when an exchange is over."""
    entry = None if log is None else log.entry
    count = None if metrics is None else metrics.counter()
    if entry is None or count is None:
        return entry or count

    def both(x: Exchange, status: int, sent: int, seconds: float, reason: str) -> None:
        entry(x, status, sent, seconds, reason)
        count(x, status, sent, seconds, reason)

    return both


class _Lifecycle:
    """Falcon middleware: starts and stops the gateway with its worker."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def process_startup(self, scope: Any, event: Any) -> None:
        """Open everything; a failure ends the worker with its sentence."""
        try:
            await self._gateway.start()
        except (StoreError, env.Misconfigured) as error:
            # Falcon hands on the traceback of whatever is raised here.
            self._gateway.refusal = str(error)
            raise

    async def process_shutdown(self, scope: Any, event: Any) -> None:
        """Close everything."""
        await self._gateway.stop()


async def _through_falcon(app: _App, x: Exchange, scope: dict[str, Any], receive: Any, send: Any) -> tuple[int, int]:
    """Let Falcon answer, on the form of the path, scheme and address that the gateway goes by."""
    status = sent = 0

    async def counting(message: dict[str, Any]) -> None:
        nonlocal status, sent
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            sent += len(message.get("body", b""))
        await send(message)

    scope["scheme"] = x.scheme
    if x.client and x.client != (scope["client"] or ("",))[0]:
        scope["client"] = (x.client, 0)
    await app(scope, receive, counting)
    return status, sent


def answer_to(x: Exchange, error: Exception) -> Answer:
    """What the caller reads instead of what was to be; a bug is logged, with what shows where it is."""
    if isinstance(error, Refused):
        return asgi.refusal(error)
    if isinstance(error, Answered):
        return error.answer
    if isinstance(error, UpstreamError):
        return asgi.bad_gateway(error)
    if isinstance(error, JSError):
        _log.error("script %s: %s", _script_of(error), error)
        return _SCRIPT_FAILED
    if isinstance(error, StoreError | Busy):
        _log.error("unavailable: %s", error or type(error).__name__)
        return _UNAVAILABLE
    _log.error("bug while serving %s %s", x.method, x.path, exc_info=error)
    return _BUG


def _script_of(error: JSError) -> str:
    """The function of the generated module that was running when a script failed; it names its line there."""
    name = "?"
    trace = error.__traceback__
    while trace is not None:
        if not str(trace.tb_frame.f_globals.get("__name__", "")).startswith("egc."):
            name = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return name


async def _on_bug(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: Any, **_: Any
) -> None:
    _log.error("bug while serving %s %s", req.method, req.path, exc_info=error)
    resp.status = falcon.HTTP_500
    resp.content_type = "text/plain; charset=utf-8"
    resp.text = "Internal Server Error"


async def _on_unavailable(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: Any, **_: Any
) -> None:
    _log.error("unavailable: %s", error or type(error).__name__)
    resp.status = falcon.HTTP_503
    resp.set_header("Retry-After", "5")
    resp.content_type = "text/plain; charset=utf-8"
    resp.text = "Service Unavailable"


async def _purge(store: Store) -> None:
    """Delete what has expired, once a minute."""
    while True:
        await asyncio.sleep(PURGE_INTERVAL)
        try:
            await store.purge(time.time())
        except StoreError as error:
            _log.error("purge: %s", error)
