"""The endpoints that would edit the configuration (C137-C143). A compiled gateway is frozen: they say so."""

import falcon.asgi

from egc.runtime.errors import Refused


class Frozen:
    """PUT and DELETE of one entity of the configuration."""

    async def on_put(self, _req: falcon.asgi.Request, _resp: falcon.asgi.Response, name: str) -> None:
        """409."""
        raise _frozen(name)

    async def on_delete(self, _req: falcon.asgi.Request, _resp: falcon.asgi.Response, name: str) -> None:
        """409."""
        raise _frozen(name)


def _frozen(name: str) -> Refused:
    return Refused(
        409, f"{name} cannot be changed here: this gateway is compiled. Edit its configuration and build it again."
    )
