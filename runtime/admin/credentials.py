"""`/credentials` (C123-C130)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import falcon.asgi

from egc.runtime.admin.answers import answer
from egc.runtime.admin.audit import changed
from egc.runtime.admin.bodies import read_object, read_scope, read_scopes, read_status, require_printable
from egc.runtime.admin.changes import after, change
from egc.runtime.admin.consumers import find_consumer
from egc.runtime.admin.dates import date_text
from egc.runtime.admin.invalid import Invalid
from egc.runtime.admin.models import CredentialModel, js_text
from egc.runtime.admin.statuses import status_word
from egc.runtime.errors import Refused
from egc.runtime.oauth2.secrets import PasswordHasher, new_key, new_secret, stored_digest
from egc.runtime.store import CREDENTIAL_TYPES, Conflict, Credential, CredentialType, Json, Store

Models = Mapping[CredentialType, CredentialModel]
Becomes = Callable[[Credential], Credential]

_KEYED: tuple[CredentialType, ...] = ("key-auth", "jwt")
_IGNORED = ("autoGeneratePassword", "passwordKey")
_OURS = ("id", "type", "isActive", "createdAt", "updatedAt", "consumerId")
_SECRETS = ("password", "secret", "keySecret")


def render_credential(credential: Credential) -> dict[str, Json]:
    """The credential as it is read, keys in Express Gateway's order (C86). Secrets are never shown again (N27)."""
    shown: dict[str, Json] = {
        "isActive": credential.is_active,
        "createdAt": date_text(credential.created_at),
        "updatedAt": date_text(credential.updated_at),
    }
    if credential.type in _KEYED:
        shown |= credential.properties
        shown |= {"keyId": credential.id, "scopes": credential.scopes, "consumerId": credential.consumer_id}
    else:
        if credential.scopes is not None:
            shown["scopes"] = credential.scopes
        shown |= credential.properties
    return shown | {"type": credential.type, "id": credential.id}


def render_new(credential: Credential, model: CredentialModel, shown_secret: str | None) -> dict[str, Json]:
    """The credential as its creation answers (C82, C83).

    `shown_secret` is what the gateway made, or the key secret that was sent; None shows none.
    """
    shown: dict[str, Json] = {
        "isActive": credential.is_active,
        "createdAt": date_text(credential.created_at),
        "updatedAt": date_text(credential.updated_at),
    }
    if credential.type in _KEYED:
        shown |= credential.properties
        shown |= {"keyId": credential.id, "keySecret": shown_secret, "scopes": credential.scopes}
        return shown | {"consumerId": credential.consumer_id, "id": credential.id}
    if credential.scopes is not None:
        shown["scopes"] = credential.scopes
    shown |= credential.properties
    shown |= {"autoGeneratePassword": model.auto_generate_password, "passwordKey": model.password_key}
    shown["id"] = credential.id
    if shown_secret is not None:
        shown[model.password_key] = shown_secret
    return shown


class Credentials:
    """GET and POST /credentials."""

    def __init__(self, store: Store, models: Models, hasher: PasswordHasher) -> None:
        self._store = store
        self._models = models
        self._hasher = hasher

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """All of them (C123)."""
        credentials = await self._store.list_credentials()
        listed = [render_credential(one) | {"consumerId": one.consumer_id} for one in credentials]
        answer(resp, {"credentials": listed})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Create a credential (C124). A secret is shown in this answer or never."""
        body = await read_object(req)
        name = body.get("consumerId")
        if not isinstance(name, str) or not name:
            raise Invalid(400, "consumerId must name a user or an application", "consumerId")
        consumer = await find_consumer(self._store, name)
        if consumer is None:
            raise Invalid(422, f"No consumer found with id: {name}", "consumerId")
        type_ = _read_type(body.get("type"))
        submitted = body.get("credential")
        if submitted is None:
            submitted = {}
        if not isinstance(submitted, dict):
            raise Invalid(400, "credential must be an object", "credential")
        model = self._models[type_]
        sent = dict(submitted)
        try:
            scopes = _read_new_scopes(submitted, model)
            key_id = _read_key_id(submitted) if type_ in _KEYED else consumer.id
            chosen = _read_secret(submitted, type_, model)
            properties = _read_properties(submitted, type_, model)
        except Invalid as error:
            raise error.inside("credential") from None
        made = _made(type_) if chosen is None else None
        stored = stored_digest(made) if made else await self._hasher.hash(chosen or "")
        now = after(0)
        credential = Credential(type_, key_id, consumer.id, True, now, now, stored, scopes, properties)
        try:
            await self._store.create_credential(credential)
        except Conflict as conflict:
            members = ("consumerId",) if conflict.field == "consumerId" else ("credential", conflict.field)
            raise Invalid(_status(conflict), str(conflict), *members) from None
        changed(req, "credential", f"{type_}/{key_id}", consumer.id, sent)
        answer(resp, render_new(credential, model, chosen if type_ in _KEYED and chosen else made), store=False)


class ConsumerCredentials:
    """GET /credentials/<consumer>. Falcon wants one name for one place, so the consumer arrives as `kind`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str) -> None:
        """The consumer's credentials, by type (C87, C125)."""
        consumer = await find_consumer(self._store, kind)
        if consumer is None:
            raise Refused(404, f"No consumer found with id: {kind}")
        credentials = await self._store.credentials_of(consumer.id)
        answer(resp, {"credentials": [render_credential(one) for one in credentials]})

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str) -> None:
        """As GET."""
        await self.on_get(req, resp, kind)


class OneCredential:
    """GET and DELETE /credentials/<type>/<id>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """The credential, or `null` (C126)."""
        credential = await self._store.get_credential(_read_type(kind, status=404), name)
        answer(resp, None if credential is None else render_credential(credential))

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """As GET."""
        await self.on_get(req, resp, kind, name)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """Remove it, and with a password the sessions that it opened; Express Gateway could not (C89).

        Tokens stay, as with a credential that is switched off (C88): DELETE /tokens ends them.
        """
        type_ = _read_type(kind, status=404)
        credential = await self._store.get_credential(type_, name)
        if credential is None or not await self._store.delete_credential(type_, name):
            raise Refused(404, f"No credential found with id: {name}")
        # Told before the rest, which may fail: this is done.
        changed(req, "credential", f"{type_}/{name}", credential.consumer_id)
        await _end_sessions(self._store, credential)
        resp.status = 204


class CredentialSecret:
    """PUT /credentials/<type>/<id>/secret, which Express Gateway has not (C89)."""

    def __init__(self, store: Store, models: Models, hasher: PasswordHasher) -> None:
        self._store = store
        self._models = models
        self._hasher = hasher

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """Replace the password or secret by the one that is sent, under its name in the model, or by a new one.

        The old one opens nothing from then on; a new password also ends the sessions of its owner. `revokeTokens` ends
        the tokens of the consumer, too. What the gateway made is shown in this answer or never.
        """
        type_ = _read_type(kind, status=404)
        model = self._models[type_]
        submitted = await read_object(req)
        revoke = submitted.pop("revokeTokens", False)
        if not isinstance(revoke, bool):
            raise Invalid(400, "revokeTokens must be true or false", "revokeTokens")
        chosen = _read_secret(submitted, type_, model)
        if submitted:
            other = next(iter(submitted))
            raise Invalid(400, f"the secret of this credential is called {model.password_key}, not {other}", other)
        missing = f"No credential found with id: {name}"
        if await self._store.get_credential(type_, name) is None:
            raise Refused(404, missing)
        made = _made(type_) if chosen is None else None
        stored = stored_digest(made) if made else await self._hasher.hash(chosen or "")
        credential = await _change(
            self._store, type_, name, lambda credential: replace(credential, secret=stored), missing
        )
        sent: dict[str, Json] = {model.password_key: None, "revokeTokens": revoke}
        changed(req, "credential", f"{type_}/{name}", credential.consumer_id, sent)
        await _end_sessions(self._store, credential)
        shown = render_credential(credential)
        if revoke:
            shown["revoked"] = await self._store.revoke_tokens(credential.consumer_id, time.time())
        if made is not None:
            shown[model.password_key] = made
        answer(resp, shown, store=False)


class CredentialStatus:
    """PUT /credentials/<type>/<id>/status."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """Switch on or off (C127)."""
        active = read_status(await read_object(req))
        type_ = _read_type(kind, status=404)
        words: list[str] = []

        def switched(credential: Credential) -> Credential:
            words.append(status_word(credential.is_active, active))
            return replace(credential, is_active=active)

        credential = await _change(self._store, type_, name, switched, f"No credential found with id: {name}")
        changed(req, "credential", f"{type_}/{name}", credential.consumer_id, {"isActive": active})
        answer(resp, {"status": words[-1]})


class CredentialScopes:
    """PUT /credentials/<type>/<id>/scopes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str) -> None:
        """Replace the list (C128); every scope must exist (N36)."""
        scopes = read_scopes((await read_object(req)).get("scopes"))
        type_ = _read_type(kind, status=404)
        credential = await _change(self._store, type_, name, lambda credential: replace(credential, scopes=scopes))
        changed(req, "credential", f"{type_}/{name}", credential.consumer_id, {"scopes": list(scopes)})
        resp.status = 204


class CredentialScope:
    """PUT and DELETE /credentials/<type>/<id>/scopes/<scope>."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_put(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str, scope: str
    ) -> None:
        """Add one scope, in front (C129)."""
        added = read_scope(scope)

        def with_it(credential: Credential) -> Credential:
            return replace(credential, scopes=tuple(dict.fromkeys((added, *(credential.scopes or ())))))

        credential = await _change(self._store, _read_type(kind, status=404), name, with_it)
        changed(req, "credential", f"{kind}/{name}", credential.consumer_id, {"scopes": list(credential.scopes or ())})
        resp.status = 204

    async def on_delete(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, kind: str, name: str, scope: str
    ) -> None:
        """Take one scope away; 204 also if it was not held (C130)."""

        def without_it(credential: Credential) -> Credential:
            if credential.scopes is None:
                return credential
            return replace(credential, scopes=tuple(held for held in credential.scopes if held != scope))

        credential = await _change(self._store, _read_type(kind, status=404), name, without_it)
        changed(req, "credential", f"{kind}/{name}", credential.consumer_id, {"scopes": list(credential.scopes or ())})
        resp.status = 204


async def _change(
    store: Store, type_: CredentialType, name: str, becomes: Becomes, missing: str = "credential not found"
) -> Credential:
    """Apply `becomes` to the credential and write it back, unless nothing changes. Raises Refused."""

    async def attempt() -> Credential | None:
        credential = await store.get_credential(type_, name)
        if credential is None:
            raise Refused(404, missing)
        result = becomes(credential)
        if result == credential:
            return result
        result = replace(result, updated_at=after(credential.updated_at))
        return result if await store.update_credential(result, seen=credential.updated_at) else None

    try:
        return await change(attempt)
    except Conflict as conflict:
        raise Invalid(_status(conflict), str(conflict), conflict.field) from None


async def _end_sessions(store: Store, credential: Credential) -> None:
    """Whoever knew a password that is none any more is logged in no more."""
    if credential.type == "basic-auth":
        await store.end_sessions(credential.consumer_id)


def _status(conflict: Conflict) -> int:
    """422 for what does not exist, 409 for what exists already."""
    return 409 if conflict.field == "keyId" or "already" in str(conflict) else 422


def _made(type_: CredentialType) -> str:
    """A new secret."""
    return new_key() if type_ in _KEYED else new_secret()


def _read_type(value: Json, status: int = 400) -> CredentialType:
    for type_ in CREDENTIAL_TYPES:
        if value == type_:
            return type_
    if not isinstance(value, str):
        raise _no_type(status, f"type must be one of {', '.join(CREDENTIAL_TYPES)}")
    raise _no_type(status, f"Invalid credential type: {value}")


def _no_type(status: int, sentence: str) -> Refused:
    return Refused(404, sentence) if status == 404 else Invalid(status, sentence, "type")


def _read_new_scopes(submitted: dict[str, Json], model: CredentialModel) -> tuple[str, ...] | None:
    value = submitted.pop("scopes", None)
    if value is not None:
        return read_scopes(value)
    if model.default_scopes is None and model.scopes_required:
        raise Invalid(400, "scopes are required", "scopes")
    return model.default_scopes


def _read_key_id(submitted: dict[str, Json]) -> str:
    """The chosen keyId, or a new one. A colon ends it on the wire (C97), so it cannot hold one."""
    value = _read_text(submitted.pop("keyId", None), "keyId")
    if value is not None and ":" in value:
        raise Invalid(400, "keyId must not contain a colon", "keyId")
    if value is not None:
        require_printable(value, "keyId")
    return value or new_key()


def _read_secret(submitted: dict[str, Json], type_: CredentialType, model: CredentialModel) -> str | None:
    """The chosen secret; None where one is to be made (C84)."""
    value = submitted.pop(model.password_key, None)
    if type_ in _KEYED:
        value = _read_text(value, model.password_key)
    elif value is not None and not isinstance(value, str):
        raise Invalid(400, f"{model.password_key} must be a text", model.password_key)
    if not value and not model.auto_generate_password:
        raise Invalid(400, f"{model.password_key} is required", model.password_key)
    return value or None


def _read_text(value: Json, name: str) -> str | None:
    """A text; numbers are taken as such, because the command line parses values as JSON (C163)."""
    if isinstance(value, bool | int | float):
        return js_text(value)
    if value is not None and not isinstance(value, str):
        raise Invalid(400, f"{name} must be a text", name)
    return value or None


def _read_properties(submitted: dict[str, Json], type_: CredentialType, model: CredentialModel) -> dict[str, Json]:
    """What else was sent (C54), without what would be another type's secret or is the gateway's to set."""
    for name in _IGNORED:
        submitted.pop(name, None)
    for name in submitted:
        if name in _OURS or (name == "keyId" and type_ not in _KEYED):
            raise Invalid(400, f"{name} is set by the gateway", name)
        if name in _SECRETS:
            raise Invalid(400, f"the secret of a {type_} credential is called {model.password_key}, not {name}", name)
    return model.properties.create(submitted)
