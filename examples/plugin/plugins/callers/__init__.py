"""Who calls: an allow-list of networks, and a count of callers."""

from collections import OrderedDict
from typing import Any

import falcon
import falcon.asgi

from egc.runtime.plugin import Event, Plugin, Ready


class Callers(Plugin):
    """Counts requests by address, in each worker.

    Arguments:
        remember: how many addresses are kept; the one that has not called for longest is forgotten first.
    """

    def __init__(self, *, remember: int) -> None:
        self._remember = remember
        self.counts: OrderedDict[str, int] = OrderedDict()
        self.ready: list[str] = []

    def count(self, address: str) -> None:
        """Count one request."""
        self.counts[address] = self.counts.get(address, 0) + 1
        self.counts.move_to_end(address)
        if len(self.counts) > self._remember:
            self.counts.popitem(last=False)

    def gateway_routes(self) -> dict[str, Any]:
        return {"/whoami": WhoAmI()}

    def admin_routes(self) -> dict[str, Any]:
        return {"/callers": Counts(self)}

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready.append(event.listener)


class WhoAmI:
    """The address that a request comes from."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {"address": req.remote_addr}


class Counts:
    """Requests by address, and the listeners that are served."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {"listeners": self._callers.ready, "requests": dict(self._callers.counts)}
