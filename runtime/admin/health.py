"""`/health` says that the process is alive, `/ready` that it can do its work."""

import asyncio

import falcon.asgi

from egc.runtime.admin.answers import RETRY_SECONDS, answer
from egc.runtime.store import Store, StoreError

_CHECK_SECONDS = 5.0


class Health:
    """GET /health: 200 as long as the process answers."""

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 {"status": "ok"}."""
        answer(resp, {"status": "ok"}, store=False)

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)


class Ready:
    """GET /ready: 200 if the store can be read and written now, else 503 with the reason."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 {"status": "ready"}, or 503, with the reason for who may ask the Admin API."""
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._store.check()
        except StoreError as error:
            reason = str(error)
        except TimeoutError:
            reason = f"The store did not answer within {_CHECK_SECONDS:.0f} seconds."
        else:
            answer(resp, {"status": "ready"}, store=False)
            return
        resp.status = 503
        resp.set_header("Retry-After", RETRY_SECONDS)
        told = {"status": "unavailable"}
        if getattr(req.context, "trusted", False):
            # It names files and hosts.
            told["reason"] = reason
        answer(resp, told, store=False)

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)
