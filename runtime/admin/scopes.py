"""`/scopes` (C131-C135)."""

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_object, read_scope, read_scopes
from egc.runtime.admin.invalid import Invalid
from egc.runtime.errors import Refused
from egc.runtime.store import Conflict, Store


class Scopes:
    """GET and POST /scopes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """All scopes, in order of creation; `null` where there are none (C131)."""
        answer(resp, {"scopes": list(await self._store.list_scopes()) or None})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Create all, or none if one exists (C132)."""
        scopes = read_scopes((await read_object(req)).get("scopes"))
        if not scopes:
            raise Invalid(400, "scopes must name at least one", "scopes")
        await _create(self._store, scopes)
        changed(req, "scope", " ".join(scopes))
        resp.status = 201


class OneScope:
    """GET, PUT and DELETE /scopes/<scope>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """The scope (C133)."""
        if name not in await self._store.list_scopes():
            raise Refused(404, f"scope not found: {name}")
        answer(resp, {"scope": name})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, name)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Create it (C134)."""
        await _create(self._store, (read_scope(name),))
        changed(req, "scope", name)
        resp.status = 201

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Remove it, also from credentials (C93); 404 if there is none (N29)."""
        if not await self._store.delete_scope(name):
            raise Refused(404, f"scope not found: {name}")
        changed(req, "scope", name)
        resp.status = 204


async def _create(store: Store, scopes: tuple[str, ...]) -> None:
    try:
        await store.create_scopes(scopes)
    except Conflict as conflict:
        raise Invalid(409, str(conflict), conflict.field, as_text=True) from None
