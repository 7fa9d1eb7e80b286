"""The plugins of a gateway while it runs: their routes, their beginning and end, and what they are told."""

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import Any, cast

import falcon
import falcon.asgi
from falcon.routing import CompiledRouter

from egc.runtime import env
from egc.runtime.errors import Refused
from egc.runtime.listener import Listener
from egc.runtime.plugin import Closing, Event, HotReload, Plugin, Ready

EVENT_SECONDS = 5.0
"""How long a plugin may take for an event, and for its end."""

_log = logging.getLogger("egc")


class Plugins:
    """All plugins, in the order of system.config.

    Arguments:
        plugins: raises Misconfigured for one that is no `Plugin`, and for a path that cannot be a route.
    """

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = tuple(plugins)
        self._telling: set[asyncio.Task[None]] = set()
        self._router = CompiledRouter()
        self.app = falcon.asgi.App(router=self._router)
        self.app.add_error_handler(Refused, _on_refused)
        self.has_routes = False
        for plugin in self._plugins:
            if not isinstance(plugin, Plugin):
                raise env.Misconfigured(f"{type(plugin).__name__} is no egc.runtime.plugin.Plugin")
            for path, resource in plugin.gateway_routes().items():
                _add(self.app, plugin, path, resource)
                self.has_routes = True

    def mount(self, administration: "falcon.asgi.App[Any, Any]") -> None:
        """Add what plugins bring to the Admin API; what has the same path is replaced (D374)."""
        resources = []
        for plugin in self._plugins:
            for path, resource in plugin.admin_routes().items():
                _add(administration, plugin, path, resource)
                resources.append(resource)
        if resources:
            administration.add_middleware(_Json(resources))

    def takes(self, method: str, path: str) -> bool:
        """Whether a plugin answers requests with this method for this (decoded) path."""
        found = self._router.find(path)
        return found is not None and hasattr(found[0], f"on_{method.lower().replace('-', '_')}")

    async def open(self, listeners: Sequence[Listener]) -> None:
        """Open all, and tell them that the listeners are ready. Raises Misconfigured where one does not open."""
        for plugin in self._plugins:
            try:
                await plugin.open()
            except Exception as error:
                _log.exception("the plugin %s does not open", type(plugin).__name__)
                raise env.Misconfigured(f"the plugin {type(plugin).__name__} does not open: {error}") from error
        events: list[Event] = [Ready(listener.name) for listener in listeners]
        build = os.environ.get("EGC_BUILD", "")
        if build.isdecimal() and int(build) > 1:
            events.append(HotReload())
        if self._plugins:
            task = asyncio.create_task(self._tell(events))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        """Tell all that this is the end, and close them, the last one first."""
        for task in tuple(self._telling):
            task.cancel()
        await self._tell([Closing()])
        for plugin in reversed(self._plugins):
            try:
                async with asyncio.timeout(EVENT_SECONDS):
                    await plugin.close()
            except Exception:
                _log.exception("the plugin %s does not close", type(plugin).__name__)

    async def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            for plugin in self._plugins:
                try:
                    async with asyncio.timeout(EVENT_SECONDS):
                        await plugin.on_event(event)
                except Exception:
                    _log.exception("the plugin %s fails at %s", type(plugin).__name__, event)


class _Json:
    """Middleware: resources of plugins answer JSON unless they say otherwise; the Admin API itself has no default."""

    def __init__(self, resources: Sequence[object]) -> None:
        self._resources = frozenset(map(id, resources))

    async def process_resource(
        self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, _params: Any
    ) -> None:
        """Called where there is a resource, before it."""
        if id(resource) in self._resources:
            resp.content_type = falcon.MEDIA_JSON


def _add(app: "falcon.asgi.App[Any, Any]", plugin: Plugin, path: str, resource: object) -> None:
    try:
        app.add_route(path, cast(Any, resource))
    except (ValueError, TypeError) as error:
        raise env.Misconfigured(f"the plugin {type(plugin).__name__} cannot serve {path}: {error}") from error


async def _on_refused(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Refused, params: Any, **_: Any
) -> None:
    resp.status = error.status
    resp.content_type = error.content_type
    resp.text = error.body
    for name, value in error.headers:
        resp.append_header(name.decode("latin-1"), value.decode("latin-1"))
