"""`/tokens` (C136), and what Express Gateway has not: the tokens of a consumer, to be seen and revoked."""

import time

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_count
from egc.runtime.admin.consumers import find_consumer
from egc.runtime.admin.dates import date_text
from egc.runtime.admin.invalid import Invalid
from egc.runtime.errors import Refused
from egc.runtime.store import Json, Store, Token

_DONE = [[None, 1], [None, 1], [None, 1]]
"""Express Gateway shows the result of its Redis transaction; kept for clients that compare it."""

_LONGEST_PLACE = 512


def render_token(token: Token) -> dict[str, Json]:
    """The token without its secret half, which nobody knows."""
    return {
        "id": token.id,
        "type": token.kind,
        "clientId": token.client_id,
        "userId": token.user_id,
        "scopes": token.scopes,
        "grant": token.grant,
        "createdAt": date_text(token.created_at),
        "expiresAt": date_text(token.expires_at),
    }


class Tokens:
    """GET and DELETE /tokens?consumer=<id or name>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """One page of the live tokens of a client or of the user behind them, in the order in which they expire.

        `nextKey` is what the next page has for `start`: a text, or 0 at the end.
        """
        consumer = await self._consumer(req)
        start = req.get_param("start") or ""
        try:
            found, after = await self._store.tokens_of(
                consumer, time.time(), read_count(req), "" if start == "0" else start[:_LONGEST_PLACE]
            )
        except ValueError:
            raise Invalid(400, "start must be the nextKey of another page", parameter="start") from None
        answer(resp, {"tokens": [render_token(token) for token in found], "nextKey": after or 0})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Revoke all of them, with the codes that could become tokens; 200 {"revoked": how many}.

        Tokens that say themselves what they are (`tokenType: jwt`) are in no store and live until they expire.
        """
        consumer = await self._consumer(req)
        revoked = await self._store.revoke_tokens(consumer, time.time())
        changed(req, "token", "*", consumer)
        answer(resp, {"revoked": revoked}, store=False)

    async def _consumer(self, req: falcon.asgi.Request) -> str:
        name = req.get_param("consumer")
        if not name:
            # Express Gateway has no such route: 404.
            raise Invalid(404, "consumer must name a user or an application", parameter="consumer")
        consumer = await find_consumer(self._store, name)
        if consumer is None:
            raise Refused(404, f"No consumer found with id: {name}")
        return consumer.id


class OneToken:
    """DELETE /tokens/<id|secret, or id>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Revoke a live token; with a refresh token all that descends from its grant (RFC 7009 section 2.1)."""
        token = await self._store.get_token(name.partition("|")[0])
        if token is None or token.expires_at <= time.time():
            raise Refused(404, "Token not found")
        if token.kind == "refresh":
            await self._store.revoke_family(token.family)
        elif not await self._store.revoke_token(token.id):
            raise Refused(404, "Token not found")
        changed(req, "token", token.id, token.user_id or token.client_id)
        answer(resp, _DONE)
