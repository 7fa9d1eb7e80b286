"""Who is calling in a rehearsal: credentials that are made up in its private copy of the store.

They open what the real ones of that user, application or key would open, and nothing outside of the rehearsal.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

from joserfc.jwk import OctKey

from egc.runtime.admin.consumers import find_application, find_user
from egc.runtime.errors import Refused
from egc.runtime.oauth2.secrets import digest, new_hex, new_key, new_secret, new_uuid, stored_digest
from egc.runtime.policies.basic_auth import BasicAuth
from egc.runtime.policies.jwt import JWT
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.policies.oauth2 import OAuth2
from egc.runtime.policies.oauth2_introspect import OAuth2Introspect
from egc.runtime.signatures import Signed, VerifyingKey, sign
from egc.runtime.store import Application, Credential, CredentialType, Store, Token, User

Kind = Literal["app", "user", "key"]

POLICIES: Mapping[str, type] = {
    "basic-auth": BasicAuth,
    "jwt": JWT,
    "key-auth": KeyAuth,
    "oauth2": OAuth2,
    "oauth2-introspect": OAuth2Introspect,
}
"""Whom callers can be made up for."""

_LIFETIME = 3600.0


class NoSuchCaller(Exception):
    """Nobody of that name is in the store; `known` are those who are."""

    def __init__(self, message: str, known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.known = tuple(known)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling.

    Arguments:
        kind, name: an application by id or name, a user by id or name, a key by its id.
        scopes: what the credential holds; None: what the store says, and nothing where it says nothing.
        policy: which of the policies on the way is to be satisfied; empty for the first that can be.
    """

    kind: Kind
    name: str
    scopes: tuple[str, ...] | None = None
    policy: str = ""

    def fits(self, policy: str) -> bool:
        """Whether a policy can be satisfied by this caller."""
        if self.policy and policy != self.policy:
            return False
        return policy in POLICIES and (self.kind != "key" or policy == "key-auth")


@dataclass(slots=True)
class Presented:
    """What a caller adds to a request. `secrets` must never be shown; `token` is for an introspection endpoint."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    query: str = ""
    secrets: tuple[str, ...] = ()
    token: tuple[str, bytes] | None = None


class Callers:
    """Makes credentials up.

    Arguments:
        store: the private copy.
        real: whether it is a copy of a real one: then only who is in it can call. Else whoever is named is made up.
    """

    def __init__(self, store: Store | None, *, real: bool) -> None:
        self._store = store
        self._real = real

    async def present(self, caller: Caller, step: Any) -> Presented:
        """What the caller sends to satisfy a step. Raises NoSuchCaller; Conflict and StoreError."""
        if isinstance(step, OAuth2):
            return await self._token(caller)
        if isinstance(step, KeyAuth):
            return await self._key(caller, step)
        if isinstance(step, BasicAuth):
            return await self._password(caller)
        if isinstance(step, JWT):
            return await self._signed(caller, step)
        return await self._introspected(caller)

    # Who

    async def _consumer(self, caller: Caller) -> User | Application:
        store = self._needed()
        try:
            found = await (find_user if caller.kind == "user" else find_application)(store, caller.name)
        except Refused as several:
            raise NoSuchCaller(several.body) from None
        if found is not None:
            return found
        word = "user" if caller.kind == "user" else "application"
        if self._real:
            raise NoSuchCaller(f"there is no {word} `{caller.name}` in the store", await self._known(caller.kind))
        now = time.time()
        owner = User(new_uuid(), caller.name if caller.kind == "user" else new_hex(), True, now, now)
        await store.create_user(owner)
        if caller.kind == "user":
            return owner
        return await self._application(owner, caller.name)

    async def _application(self, owner: User, name: str) -> Application:
        now = time.time()
        made = Application(new_uuid(), owner.id, True, now, now, {"name": name})
        await self._needed().create_application(made)
        return made

    async def _known(self, kind: Kind) -> list[str]:
        store = self._needed()
        if kind == "user":
            return [user.username for user in (await store.list_users(0, 1000))[0]]
        if kind == "app":
            return [application.name for application in (await store.list_applications(0, 1000))[0]]
        return [one.id for one in await store.list_credentials() if one.type == "key-auth"]

    def _needed(self) -> Store:
        if self._store is None:
            raise NoSuchCaller("this configuration keeps no users, applications or keys")
        return self._store

    # Credentials

    async def _credential(
        self, type_: CredentialType, caller: Caller, *, secret: str | None, key: str | None = None
    ) -> Credential:
        """The caller's credential of that type, with another secret and the scopes that were asked for.

        Arguments:
            key: its id; None for the first one of the consumer.
        """
        store = self._needed()
        await self._register(caller.scopes or ())
        stored = None if secret is None else stored_digest(secret)
        found = None
        if key is not None:
            found = await store.get_credential(type_, key)
            if found is None and self._real:
                raise NoSuchCaller(f"there is no key `{key}` in the store", await self._known("key"))
            consumer_id = found.consumer_id if found else (await self._consumer(Caller("app", key))).id
        else:
            consumer_id = (await self._consumer(caller)).id
            own = await store.credentials_of(consumer_id)
            found = next((one for one in own if one.type == type_ and one.is_active), None)
        now = time.time()
        if found is not None:
            scopes = found.scopes if caller.scopes is None and self._real else caller.scopes
            changed = replace(found, secret=stored, scopes=scopes, updated_at=now)
            await store.update_credential(changed)
            return changed
        name = key or (new_key() if type_ in ("key-auth", "jwt") else consumer_id)
        made = Credential(type_, name, consumer_id, True, now, now, stored, caller.scopes)
        await store.create_credential(made)
        return made

    async def _register(self, scopes: Sequence[str]) -> None:
        store = self._needed()
        missing = [scope for scope in scopes if scope not in await store.list_scopes()]
        if missing:
            await store.create_scopes(missing)

    async def _token(self, caller: Caller) -> Presented:
        """An access token of the gateway's own authorization server."""
        store = self._needed()
        consumer = await self._consumer(caller)
        user_id = None
        client = consumer
        if isinstance(client, User):
            user_id = client.id
            owned = [one for one in await store.applications_of(client.id) if one.is_active]
            client = owned[0] if owned else await self._application(client, new_hex())
        scopes = caller.scopes
        if scopes is None:
            held = await store.get_credential("oauth2", consumer.id)
            scopes = (held.scopes if held is not None else None) or ()
        now = time.time()
        secret = new_hex()
        token = Token(
            id=new_hex(),
            digest=digest(secret),
            kind="access",
            client_id=client.id,
            user_id=user_id,
            scopes=tuple(scopes),
            grant="rehearsal",
            family=new_hex(),
            created_at=now,
            expires_at=now + _LIFETIME,
        )
        await store.save_tokens((token,))
        return _bearer(f"{token.id}|{secret}")

    async def _key(self, caller: Caller, step: KeyAuth) -> Presented:
        secret = new_key()
        credential = await self._credential(
            "key-auth", caller, secret=secret, key=caller.name if caller.kind == "key" else None
        )
        text = f"{credential.id}:{secret}"
        if step._header is not None:
            scheme = "" if step._scheme is None else step._scheme.decode() + " "
            return Presented([(step._header.decode(), scheme + text)], secrets=(secret,))
        return Presented(query=f"{quote(step._field or '')}={quote(text, safe=':')}", secrets=(secret,))

    async def _password(self, caller: Caller) -> Presented:
        secret = new_secret()
        credential = await self._credential("basic-auth", caller, secret=secret)
        encoded = base64.b64encode(f"{credential.id}:{secret}".encode()).decode()
        return Presented([("authorization", f"Basic {encoded}")], secrets=(secret, encoded))

    async def _signed(self, caller: Caller, step: JWT) -> Presented:
        """A token of a key that the step trusts for as long as the rehearsal lasts."""
        claims: dict[str, Any] = {"id": caller.name, "sub": caller.name, "exp": int(time.time() + _LIFETIME)}
        if step._controlled:
            claims["sub"] = (await self._credential("jwt", caller, secret=None)).id
        claims["scope"] = " ".join(caller.scopes or ())
        if step._audience is not None:
            claims["aud"] = step._audience
        if step._issuer is not None:
            claims["iss"] = step._issuer
        if not isinstance(step._keys, _AlsoOurs):
            step._keys = _AlsoOurs(step._keys)  # type: ignore[assignment]  # of what JWT asks of its keys, all is there
        text = step._keys.sign(claims)  # type: ignore[union-attr]  # as above
        if step._query is not None:
            return Presented(query=f"{quote(step._query)}={text}", secrets=(text,))
        scheme = "" if step._scheme is None else step._scheme.decode() + " "
        return Presented([(step._header.decode(), scheme + text)], secrets=(text,))

    async def _introspected(self, caller: Caller) -> Presented:
        presented = _bearer(new_hex())
        answer = {"active": True, "id": caller.name, "sub": caller.name, "scope": " ".join(caller.scopes or ())}
        presented.token = presented.secrets[0], json.dumps(answer).encode()
        return presented


def _bearer(token: str) -> Presented:
    return Presented([("authorization", f"Bearer {token}")], secrets=(token,))


class _AlsoOurs:
    """The keys of a jwt step, and one of the rehearsal's own."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys
        self._own = VerifyingKey(OctKey.import_key(new_hex()), frozenset(("HS256",)), new_hex())

    @property
    def version(self) -> int:
        """Changes whenever the other keys do."""
        return int(self._keys.version)

    def look_after(self) -> None:
        """As the other keys do."""
        self._keys.look_after()

    async def candidates(self, token: Signed) -> Sequence[VerifyingKey]:
        """Our key for our tokens, the others for all others."""
        if token.kid == self._own.kid:
            return (self._own,)
        found: Sequence[VerifyingKey] = await self._keys.candidates(token)
        return found

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        header = json.dumps({"alg": "HS256", "kid": self._own.kid}).encode()
        return sign(header, json.dumps(claims).encode(), "HS256", self._own.key)
