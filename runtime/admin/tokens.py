"""`/tokens` (C136)."""

import time

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.errors import Refused
from egc.runtime.store import Store

_DONE = [[None, 1], [None, 1], [None, 1]]
"""Express Gateway shows the result of its Redis transaction; kept for clients that compare it."""


class OneToken:
    """DELETE /tokens/<id|secret, or id>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_delete(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Revoke a live token; with a refresh token all that descends from its grant (RFC 7009 section 2.1)."""
        token = await self._store.get_token(name.partition("|")[0])
        if token is None or token.expires_at <= time.time():
            raise Refused(404, "Token not found")
        if token.kind == "refresh":
            await self._store.revoke_family(token.family)
        elif not await self._store.revoke_token(token.id):
            raise Refused(404, "Token not found")
        answer(resp, _DONE)
