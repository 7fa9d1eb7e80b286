"""`/users` (C111-C116)."""

from dataclasses import replace

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_object, read_page, read_status, require_printable
from egc.runtime.admin.changes import after, change
from egc.runtime.admin.consumers import find_user
from egc.runtime.admin.dates import date_text
from egc.runtime.admin.invalid import Invalid
from egc.runtime.admin.models import Model
from egc.runtime.admin.statuses import status_word
from egc.runtime.errors import Refused
from egc.runtime.oauth2.secrets import PasswordHasher, new_uuid
from egc.runtime.store import Conflict, Json, Store, User

_OURS = ("id", "createdAt", "updatedAt")
_SECRET = "password"  # noqa: S105 - the name of a property


def render_user(user: User) -> dict[str, Json]:
    """The user as JSON, keys in Express Gateway's order (C62). A property called `password` is never shown (N27)."""
    shown = {name: value for name, value in user.properties.items() if name != _SECRET}
    return {
        "isActive": user.is_active,
        "username": user.username,
        "id": user.id,
        **shown,
        "createdAt": date_text(user.created_at),
        "updatedAt": date_text(user.updated_at),
    }


class Users:
    """GET and POST /users."""

    def __init__(self, store: Store, model: Model, hasher: PasswordHasher) -> None:
        self._store = store
        self._model = model
        self._hasher = hasher

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """One page, in order of creation (C111)."""
        users, next_key = await self._store.list_users(*read_page(req))
        answer(resp, {"users": [render_user(user) for user in users], "nextKey": next_key})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Create a user (C112). Undeclared properties are kept (C50), but the gateway's own cannot be set (N25)."""
        submitted = await read_object(req)
        for name in _OURS:
            if name in submitted:
                raise Invalid(400, f"{name} is set by the gateway", name)
        is_active = _read_flag(submitted.pop("isActive", True))
        properties = self._model.create(submitted)
        username = properties.pop("username", None)
        if not isinstance(username, str) or not username:
            raise Invalid(400, "invalid username", "username")
        require_printable(username, "username")
        await hide_password(properties, self._hasher)
        if await self._store.get_user(username) or await self._store.get_application(username):
            # Names come before ids in look-ups (C58), so such a name would stand in for somebody else.
            raise Invalid(409, "username already exists", "username")
        now = after(0)
        user = User(new_uuid(), username, is_active, now, now, properties)
        try:
            await self._store.create_user(user)
        except Conflict as conflict:
            raise Invalid(409, str(conflict), conflict.field) from None
        changed(req, "user", user.id, None, submitted)
        answer(resp, render_user(user))


class OneUser:
    """GET, PUT and DELETE /users/<username or id>."""

    def __init__(self, store: Store, model: Model, hasher: PasswordHasher) -> None:
        self._store = store
        self._model = model
        self._hasher = hasher

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """The user (C113)."""
        answer(resp, render_user(await _found(self._store, name)))

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, name)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Change some properties (C114). `username` stays as it is, silently; without others nothing changes (C65)."""
        submitted = await read_object(req)
        await _found(self._store, name)
        submitted.pop("username", None)
        changes = self._model.change(submitted)
        await hide_password(changes, self._hasher)

        async def attempt() -> User | None:
            user = await _found(self._store, name)
            if not changes:
                return user
            result = replace(user, updated_at=after(user.updated_at), properties={**user.properties, **changes})
            return result if await self._store.update_user(result, seen=user.updated_at) else None

        user = await change(attempt)
        changed(req, "user", user.id, None, changes)
        answer(resp, render_user(user))

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Remove the user and all that is theirs (C115, N34)."""
        user = await _found(self._store, name)
        await self._store.delete_user(user.id)
        changed(req, "user", user.id)
        resp.status = 204


class UserStatus:
    """PUT /users/<username or id>/status."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        """Switch on or off (C116); switching off takes the applications along (C67)."""
        active = read_status(await read_object(req))
        user = await find_user(self._store, name)
        if user is None:
            raise Refused(404, f"user not found: {name}")
        if user.is_active != active or not active:
            await self._store.set_user_active(user.id, active, after(user.updated_at))
        changed(req, "user", user.id, None, {"isActive": active})
        answer(resp, {"status": status_word(user.is_active, active)})


async def hide_password(properties: dict[str, Json], hasher: PasswordHasher) -> None:
    """Replace a property called `password` by its hash: no secret that a person chose is kept in clear (P28)."""
    password = properties.get(_SECRET)
    if _SECRET in properties:
        properties[_SECRET] = await hasher.hash(password if isinstance(password, str) else repr(password))


async def _found(store: Store, name: str) -> User:
    user = await find_user(store, name)
    if user is None:
        raise Refused(404, f"User not found: {name}")
    return user


def _read_flag(value: Json) -> bool:
    """`isActive` at creation: a boolean, or its text (C64)."""
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise Invalid(400, "isActive must be true or false", "isActive")
    return value
