"""`/schemas` (C144, C145)."""

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.written import Written


class Schemas:
    """GET /schemas."""

    def __init__(self, written: Written) -> None:
        self._written = written

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The schemas of the configuration, the models, the conditions and the policies that are listed."""
        answer(resp, self._written.schemas())

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)


class SomeSchemas:
    """GET /schemas/<kind or $id>."""

    def __init__(self, written: Written) -> None:
        self._written = written

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """The schema with that `$id`, else those of that kind."""
        found = self._written.schema(name)
        answer(resp, self._written.schemas(name) if found is None else {"schema": found})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, name)
