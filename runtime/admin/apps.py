"""`/apps` (C117-C122)."""

import logging
from dataclasses import replace

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_object, read_page, read_status
from egc.runtime.admin.changes import after, change
from egc.runtime.admin.consumers import find_application, find_user
from egc.runtime.admin.dates import date_text
from egc.runtime.admin.invalid import Invalid
from egc.runtime.admin.models import Model
from egc.runtime.admin.statuses import status_word
from egc.runtime.errors import Refused
from egc.runtime.oauth2 import redirects
from egc.runtime.oauth2.secrets import new_uuid
from egc.runtime.store import Application, Conflict, Json, Store

_log = logging.getLogger("egc")


def render_application(application: Application) -> dict[str, Json]:
    """The application as JSON, keys in Express Gateway's order (C70)."""
    return {
        "isActive": application.is_active,
        "id": application.id,
        "userId": application.user_id,
        **application.properties,
        "createdAt": date_text(application.created_at),
        "updatedAt": date_text(application.updated_at),
    }


class Applications:
    """GET and POST /apps."""

    def __init__(self, store: Store, model: Model) -> None:
        self._store = store
        self._model = model

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """One page, in order of creation (C117)."""
        applications, next_key = await self._store.list_applications(*read_page(req))
        answer(resp, {"apps": [render_application(one) for one in applications], "nextKey": next_key})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Create an application for the user that `userId` names, by id or username (C118)."""
        submitted = await read_object(req)
        owner = submitted.pop("userId", None)
        if not isinstance(owner, str) or not owner:
            raise Invalid(400, "userId must name a user", "userId")
        user = await find_user(self._store, owner)
        if user is None:
            raise Invalid(409, "The specified user does not exist", "userId")
        for name in submitted:
            if self._model.get(name) is None:
                raise Invalid(400, f"Failed to insert application: one or more property is invalid: {name}", name)
        properties = _checked(self._model.create(submitted))
        now = after(0)
        application = Application(new_uuid(), user.id, True, now, now, properties)
        try:
            await self._store.create_application(application)
        except Conflict as conflict:
            prefix = "Failed to insert application: " if conflict.field == "name" else ""
            raise Invalid(409, prefix + str(conflict), conflict.field) from None
        changed(req, "app", application.id, user.id, submitted)
        answer(resp, render_application(application))


class OneApplication:
    """GET, PUT and DELETE /apps/<id or name>."""

    def __init__(self, store: Store, model: Model) -> None:
        self._store = store
        self._model = model

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """The application (C119)."""
        answer(resp, render_application(await _found(self._store, name)))

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, name)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Change some properties (C120); without any, only `updatedAt` moves (C74)."""
        submitted = await read_object(req)
        application = await _found(self._store, name)
        changes = _checked(self._model.change(submitted))

        async def attempt() -> Application | None:
            current = await _found(self._store, application.id, name)
            result = replace(
                current, updated_at=after(current.updated_at), properties={**current.properties, **changes}
            )
            return result if await self._store.update_application(result, seen=current.updated_at) else None

        try:
            application = await change(attempt)
        except Conflict as conflict:
            raise Invalid(409, str(conflict), conflict.field) from None
        changed(req, "app", application.id, application.user_id, changes)
        answer(resp, render_application(application))

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Remove the application with its credentials, codes and tokens (C121, N34)."""
        application = await _found(self._store, name)
        await self._store.delete_application(application.id)
        changed(req, "app", application.id, application.user_id)
        resp.status = 204


class ApplicationStatus:
    """PUT /apps/<id or name>/status."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Switch on or off (C122)."""
        active = read_status(await read_object(req))
        application = await _found(self._store, name)

        async def attempt() -> str | None:
            current = await _found(self._store, application.id, name)
            word = status_word(current.is_active, active)
            if current.is_active == active:
                return word
            result = replace(current, is_active=active, updated_at=after(current.updated_at))
            return word if await self._store.update_application(result, seen=current.updated_at) else None

        word = await change(attempt)
        changed(req, "app", application.id, application.user_id, {"isActive": active})
        answer(resp, {"status": word})


async def _found(store: Store, name: str, asked: str = "") -> Application:
    application = await find_application(store, name)
    if application is None:
        raise Refused(404, f"Application not found: {asked or name}")
    return application


def _checked(properties: dict[str, Json]) -> dict[str, Json]:
    """Refuse an empty name, which people would read on the consent page, and redirect URIs that are never used."""
    if "name" in properties and not properties["name"]:
        raise Invalid(400, "data.name should not be empty", "name")
    for name in ("redirectUri", "redirectUris"):
        value = properties.get(name)
        for uri in value if isinstance(value, list) else [value]:
            if isinstance(uri, str) and uri:
                _check_redirect(name, uri)
    return properties


def _check_redirect(name: str, uri: str) -> None:
    """Refuse what the authorization endpoint sends nobody to (RFC 6749 section 3.1.2); tell of plain HTTP."""
    if not redirects.is_usable(uri):
        raise Invalid(400, f"data.{name} should be an absolute URI without a fragment that leads to an app", name)
    if not redirects.names_a_host(uri):
        raise Invalid(
            400, f"data.{name} should name a host: URIs are compared letter by letter, and `*` is no pattern", name
        )
    if redirects.is_in_clear(uri):
        _log.warning("an app is sent codes over plain HTTP: its %s is not https", name)
