"""`/api-endpoints`, `/service-endpoints`, `/pipelines` and `/policies` (C137-C143)."""

from collections.abc import Coroutine
from typing import Any

import falcon.asgi

from egc.runtime import edits
from egc.runtime.admin.answers import answer, refuse_configuration
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_entity
from egc.runtime.admin.written import Written
from egc.runtime.errors import Refused

SECTIONS = {
    "api-endpoints": "apiEndpoints",
    "service-endpoints": "serviceEndpoints",
    "pipelines": "pipelines",
    "policies": "policies",
}
"""What a section of the configuration is called in a path."""

_REFUSALS = {"conflict": 409, "busy": 503, "failed": 500}
_RETRY = ((b"retry-after", b"5"),)


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


class Entity:
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

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Write it: 201 where it is new, else 204 (C139)."""
        _require_edits(name)
        outcome = await _change(req, resp, self._section, name, edits.ask(self._section, name, await read_entity(req)))
        if outcome is not None:
            resp.status = 201 if outcome == "created" else 204

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Remove it (C140)."""
        outcome = await _change(req, resp, self._section, name, edits.ask(self._section, name, delete=True))
        if outcome is not None:
            resp.status = 404 if outcome == "absent" else 204


class Policy:
    """PUT and DELETE /policies/<name>."""

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """List it (C142)."""
        if await _change(req, resp, "policies", name, edits.ask("policies", name)) is not None:
            answer(resp, {"status": "ok"})

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """List it no more (C143)."""
        if await _change(req, resp, "policies", name, edits.ask("policies", name, delete=True)) is not None:
            resp.status = 204


async def _change(
    req: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    section: str,
    name: str,
    asking: Coroutine[Any, Any, edits.Reply | None],
) -> edits.Outcome | None:
    """What has been done; None where the answer says what is wrong with the configuration.

    Raises Refused: 409 where it cannot be changed, 503 where it cannot be now.
    """
    reply = await asking
    if reply is None:
        raise _frozen(name)
    if reply.outcome == "refused":
        refuse_configuration(req, resp, reply.detail, reply.errors)
        return None
    if reply.outcome in _REFUSALS:
        raise Refused(_REFUSALS[reply.outcome], reply.detail, headers=_RETRY if reply.outcome == "busy" else ())
    if reply.outcome not in ("unchanged", "absent"):
        changed(req, section, name)
    return reply.outcome


def _require_edits(name: str) -> None:
    """Raises Refused (409) before a body is looked at that would be of no use."""
    if not edits.are_taken():
        raise _frozen(name)


def _frozen(name: str) -> Refused:
    return Refused(
        409, f"{name} cannot be changed here: this gateway is compiled. Edit its configuration and build it again."
    )
