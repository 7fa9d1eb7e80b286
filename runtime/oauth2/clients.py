"""Client authentication at the token and revocation endpoints (RFC 6749 section 2.3)."""

import binascii
import hmac
import os
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

import falcon.asgi

from egc.runtime.oauth2.errors import OAuthError, Throttled, invalid_client, invalid_request, too_many
from egc.runtime.oauth2.origin import address
from egc.runtime.oauth2.parameters import Parameters
from egc.runtime.oauth2.secrets import PasswordHasher, needs_rehash
from egc.runtime.oauth2.throttle import Throttle
from egc.runtime.store import Application, Credential, Store

_REMEMBERED = 1024
_REMEMBERED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Client:
    """A client that may ask: the application, and the scopes that its oauth2 credential holds (C236)."""

    application: Application
    scopes: tuple[str, ...]

    @property
    def id(self) -> str:
        """The client id, which is the application's id (N15)."""
        return self.application.id

    @property
    def is_public(self) -> bool:
        """Whether it has no secret."""
        return self.application.is_public


class Clients:
    """Finds clients and checks their secrets.

    A secret that a person chose costs 30 ms to check; one found right is remembered for 30 seconds under a keyed hash
    that holds the stored hash too, so that a changed or revoked credential is not remembered.
    """

    def __init__(self, store: Store, hasher: PasswordHasher, clock: Callable[[], float]) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._throttle = Throttle(store, "client", clock)
        self._key = os.urandom(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()

    async def find(self, client_id: str) -> Client | None:
        """The active client of that id."""
        application = await self._store.get_application(client_id)
        if application is None or not application.is_active:
            return None
        credential = await self._credential(client_id)
        return Client(application, () if credential is None else credential.scopes or ())

    async def authenticate(self, req: falcon.asgi.Request, parameters: Parameters) -> Client:
        """The client that sent the request.

        By HTTP Basic, by `client_id` and `client_secret` in the body, or, where the application is public, by
        `client_id` alone. Raises OAuthError: invalid_client, invalid_request for two methods at once,
        temporarily_unavailable when too many guesses came before.
        """
        client_id, candidates = _submitted(req, parameters)
        client = await self.find(client_id)
        if not candidates:
            if client is None or not client.is_public:
                raise invalid_client()
            return client
        credential = None if client is None else await self._credential(client_id)
        try:
            right = await self._check(client_id, candidates, credential, address(req))
        except Throttled as wait:
            raise too_many(wait) from None
        if not right or client is None:
            raise invalid_client()
        return client

    async def _credential(self, client_id: str) -> Credential | None:
        credential = await self._store.get_credential("oauth2", client_id)
        return credential if credential is not None and credential.is_active else None

    async def _check(self, name: str, secrets: tuple[str, ...], credential: Credential | None, source: str) -> bool:
        stored = None if credential is None else credential.secret
        generated = stored is not None and stored.startswith("sha256:")
        if stored is not None:
            for secret in secrets:
                # 128 random bits cannot be guessed, so this needs no counting, and guessing locks no such client out.
                if generated and await self._hasher.verify(secret, stored):
                    return True
                if not generated and self._remembers(name, secret, stored):
                    return True
        await self._throttle.enter(name, source)
        for secret in secrets:
            if await self._hasher.verify(secret, None if generated else stored):
                await self._throttle.succeed(name, source)
                await self._keep(name, secret, credential)
                return True
        await self._throttle.fail(source)
        return False

    async def _keep(self, name: str, secret: str, credential: Credential | None) -> None:
        if credential is None or credential.secret is None:
            return
        if needs_rehash(credential.secret):
            fresh = await self._hasher.hash(secret)
            credential = replace(credential, secret=fresh, updated_at=self._clock())
            await self._store.update_credential(credential)
        self._right[self._mark(name, secret, credential.secret or "")] = self._clock() + _REMEMBERED_SECONDS
        while len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)

    def _remembers(self, name: str, secret: str, stored: str) -> bool:
        until = self._right.get(self._mark(name, secret, stored))
        return until is not None and self._clock() < until

    def _mark(self, name: str, secret: str, stored: str) -> bytes:
        return hmac.digest(self._key, "\0".join((name, stored, secret)).encode(), "sha256")


def _submitted(req: falcon.asgi.Request, parameters: Parameters) -> tuple[str, tuple[str, ...]]:
    """The client id and the readings of the secret that was sent with it, none if there was no secret."""
    client_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    header = req.get_header("Authorization")
    if header is None:
        if client_id is None:
            raise invalid_client("The request does not say which client it comes from")
        return client_id, () if secret is None else (secret,)
    if secret is not None:
        raise invalid_request("The client authenticates in the header and in the body")
    name, raw = _basic(header)
    if client_id is not None and client_id != name:
        raise invalid_request("The client in the header is not the one in the body")
    # Section 2.3.1 wants the secret form-encoded; most clients, and those of Express Gateway, send it as it is.
    return name, tuple(dict.fromkeys((unquote_plus(raw), raw))) if raw else ()


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret of an HTTP Basic header, the id form-decoded (RFC 6749 2.3.1), cut at the first colon."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("The Authorization header is not of the Basic scheme")
    try:
        text = b64decode(encoded.strip(" "), validate=True).decode()
        name, colon, secret = text.partition(":")
        client_id = unquote_plus(name, errors="strict")
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if not colon or not client_id:
        raise _malformed()
    return client_id, secret


def _malformed() -> OAuthError:
    return invalid_client("The Authorization header is not HTTP Basic with a client id and a secret")
