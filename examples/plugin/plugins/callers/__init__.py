"""Who calls: an allow-list of networks, and a count of callers."""

import logging
from collections import OrderedDict
from typing import Any

import falcon
import falcon.asgi

from egc.runtime.plugin import Event, Plugin

_log = logging.getLogger("egc.callers")


class Callers(Plugin):
    """Counts requests by address, in each worker.

    Arguments:
        remember: how many addresses are kept; the one that has not called for longest is forgotten first.
    """

    def __init__(self, *, remember: int) -> None:
        self._remember = remember
        self.counts: OrderedDict[str, int] = OrderedDict()

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
        _log.info("callers: %s", event)


class WhoAmI:
    """The address that a request comes from."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {"address": req.remote_addr}


class Counts:
    """Requests by address."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = dict(self._callers.counts)
