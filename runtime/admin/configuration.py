"""`/api-endpoints`, `/service-endpoints`, `/pipelines` and `/policies` (C137-C143)."""

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.written import Written
from egc.runtime.errors import Refused

SECTIONS = {
    "api-endpoints": "apiEndpoints",
    "service-endpoints": "serviceEndpoints",
    "pipelines": "pipelines",
    "policies": "policies",
}
"""What a section of the configuration is called in a path."""


class Section:
    """GET /<section>."""

    def __init__(self, written: Written, name: str) -> None:
        self._written = written
        self._name = name

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """All of it (C137, C141)."""
        answer(resp, self._written.section(self._name))

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)


class Frozen:
    """PUT and DELETE of one entry of the configuration, where it cannot be changed."""

    async def on_put(self, _req: falcon.asgi.Request, _resp: falcon.asgi.Response, name: str) -> None:
        """409."""
        raise _frozen(name)

    async def on_delete(self, _req: falcon.asgi.Request, _resp: falcon.asgi.Response, name: str) -> None:
        """409."""
        raise _frozen(name)


class Entity(Frozen):
    """GET, PUT and DELETE /<section>/<name>."""

    def __init__(self, written: Written, section: str) -> None:
        self._written = written
        self._section = section

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """One entry (C138)."""
        found = self._written.entity(self._section, name)
        if found is None:
            resp.status = 404
        else:
            answer(resp, found)

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, name)


def _frozen(name: str) -> Refused:
    return Refused(
        409, f"{name} cannot be changed here: this gateway is compiled. Edit its configuration and build it again."
    )
