"""The jwt policy: a JSON web token of somebody who is trusted opens the endpoint (RFC 7519, RFC 8725)."""

import hashlib
import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, TypeAlias

from egc.runtime import env
from egc.runtime.authentication import challenge, field, pass_on, refused
from egc.runtime.errors import Refused
from egc.runtime.exchange import Claims, Consumer, Exchange
from egc.runtime.jwks import KeysUnavailable, RemoteKeys
from egc.runtime.query import single
from egc.runtime.signatures import Signed, Unacceptable, VerifyingKey, material, read, verifying_key
from egc.runtime.store import Json, Store
from egc.runtime.strict_json import read_object

Extractor: TypeAlias = Literal["header", "query", "authScheme", "authBearer"]

_LONGEST_TOKEN = 16384
_LONGEST_REMEMBERED = 4096
_REMEMBERED = 2048
_FOR_EVER = 1e9


class JWT:
    """Let the request pass if it carries a token that the configured key signed and that is in time (D185-D193).

    Arguments:
        secret_or_public_key: a shared secret, or a public key or certificate in PEM (D175).
        secret_or_public_key_file: a file with the same, read when the gateway starts (D176).
        jwks_uri: a URL with a set of public keys, fetched when they are needed. One of these three must be given.
        jwt_extractor, jwt_extractor_field: where the token is (D177, D178, D185).
        audience, issuer: what `aud` must hold and `iss` must be, where given (D179, D180).
        algorithms: those that count of the ones that the key is made for; none given means all of these (D187).
        check_credential_existence: whether `sub` must be the keyId of an active jwt credential, whose user or
            application is the consumer then (D189); else the token's payload is (D190).
        check_scopes: whether the scopes of the endpoint must be held, by the credential or by the token's `scope`,
            `scp` or `scopes` (D191, D424).
        pass_through: let a request that does not authenticate go on as anonymous (D154, D183).

    Raises Misconfigured where the key cannot be used.
    """

    answers: Literal["never"] = "never"

    def __init__(
        self,
        store: Store,
        *,
        secret_or_public_key: str | None = None,
        secret_or_public_key_file: str | None = None,
        jwks_uri: str | None = None,
        jwt_extractor: Extractor = "authBearer",
        jwt_extractor_field: str | None = None,
        audience: str | None = None,
        issuer: str | None = None,
        algorithms: Sequence[str] = (),
        check_credential_existence: bool = True,
        check_scopes: bool = True,
        pass_through: bool = False,
    ) -> None:
        self._store = store
        self._keys: _OneKey | RemoteKeys
        if jwks_uri is not None:
            self._keys = RemoteKeys(jwks_uri, algorithms)
        else:
            self._keys = _OneKey(_configured(secret_or_public_key, secret_or_public_key_file, algorithms))
        self._query = jwt_extractor_field if jwt_extractor == "query" else None
        self._header = (jwt_extractor_field or "").lower().encode() if jwt_extractor == "header" else b"authorization"
        scheme = (jwt_extractor_field or "") if jwt_extractor == "authScheme" else "Bearer"
        self._scheme = None if jwt_extractor == "header" else scheme.lower().encode()
        self._scheme_name = scheme
        self._asked = challenge(scheme)
        self._audience = audience
        self._issuer = issuer
        self._controlled = check_credential_existence
        self._check_scopes = check_scopes
        self._pass_through = pass_through
        self._verified = _Verified()

    async def __call__(self, x: Exchange) -> None:
        """Authenticate the caller or refuse: 401, and 503 while no key set can be had.

        Raises Refused, and StoreError when the store cannot answer.
        """
        token = self._token(x)
        asked, reason = self._asked, "no_token"
        if token is not None:
            try:
                consumer, scopes = await self._identified(await self._claims(token))
            except Unacceptable:
                asked, reason = challenge(self._scheme_name, error="invalid_token"), "bad_token"
            except KeysUnavailable:
                raise _no_keys() from None
            else:
                if not self._check_scopes or x.endpoint.scopes.issubset(scopes):
                    x.consumer = consumer
                    return
                asked = challenge(self._scheme_name, error="insufficient_scope", scopes=x.endpoint.scopes)
                reason = "no_scope"
        if not self._pass_through:
            raise refused(asked, reason)
        pass_on(x)

    def _token(self, x: Exchange) -> str | None:
        """The token as it was sent (D185). Raises Refused for a header that came twice."""
        if self._query is not None:
            token = single(x.url.partition("?")[2], self._query)
        else:
            value = field(x, self._header)
            if value is None:
                return None
            if self._scheme is not None:
                words = value.split()
                if len(words) != 2 or words[0].lower() != self._scheme:
                    return None
                value = words[1]
            token = value.decode("latin-1")
        return token if token and len(token) <= _LONGEST_TOKEN else None

    async def _claims(self, token: str) -> Claims:
        """What the token says, once it is known to be good. Raises Unacceptable and KeysUnavailable."""
        keys = self._keys
        keys.look_after()
        claims = self._verified.find(token, keys.version)
        if claims is not None:
            return claims
        signed = read(token)
        if not any(key.made(signed) for key in await keys.candidates(signed)):
            raise Unacceptable("no key of ours signed it")
        try:
            values = read_object(signed.payload)
        except ValueError as error:
            raise Unacceptable(f"payload: {error}") from None
        until = _in_time(values)
        if self._audience is not None and not _is_for(self._audience, values.get("aud")):
            raise Unacceptable("for another audience")
        if self._issuer is not None and values.get("iss") != self._issuer:
            raise Unacceptable("of another issuer")
        claims = Claims(values)
        self._verified.keep(token, keys.version, claims, until)
        return claims

    async def _identified(self, claims: Claims) -> tuple[Consumer, Collection[str]]:
        """Who the consumer is, and the scopes that it holds. Raises Unacceptable for an unknown subject."""
        if not self._controlled:
            return claims, _scopes(claims.values)
        subject = claims.values.get("sub")
        held = await self._store.identify("jwt", subject) if isinstance(subject, str) and subject else None
        if held is None:
            raise Unacceptable("sub is no active credential")
        return held.consumer, held.credential.scopes or ()


class _OneKey:
    """The key of the configuration, which does not change."""

    version = 0

    def __init__(self, key: VerifyingKey) -> None:
        self._keys = (key,)

    def look_after(self) -> None:
        """Nothing to do."""

    async def candidates(self, token: Signed) -> Sequence[VerifyingKey]:
        """The one key, whatever the token calls it."""
        return self._keys


class _Verified:
    """Tokens that were found good, under a keyed hash, until they expire: a token that came once comes again."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._version = 0
        self._claims: dict[bytes, tuple[Claims, float]] = {}

    def find(self, token: str, version: int) -> Claims | None:
        """What the token says, if it was verified with the keys of that version and is still good."""
        if version != self._version:
            self._claims.clear()
            self._version = version
            return None
        mark = self._mark(token)
        known = self._claims.get(mark)
        if known is None:
            return None
        if known[1] <= time.time():
            del self._claims[mark]
            return None
        return known[0]

    def keep(self, token: str, version: int, claims: Claims, until: float) -> None:
        """Remember it; what came first goes first."""
        if version != self._version or len(token) > _LONGEST_REMEMBERED:
            return
        if len(self._claims) >= _REMEMBERED:
            del self._claims[next(iter(self._claims))]
        self._claims[self._mark(token)] = claims, until

    def _mark(self, token: str) -> bytes:
        return hashlib.blake2b(token.encode(), key=self._key, digest_size=32).digest()


def _configured(text: str | None, file: str | None, algorithms: Sequence[str]) -> VerifyingKey:
    name = "secretOrPublicKeyFile" if file is not None else "secretOrPublicKey"
    try:
        return verifying_key(material(text, file), algorithms)
    except ValueError as error:
        raise env.Misconfigured(f"jwt: {name} {error}") from None


def _in_time(values: Mapping[str, Json]) -> float:
    """When the token expires. No leeway, and whole seconds (D188). Raises Unacceptable for one that is not good now."""
    now = math.floor(time.time())
    until, since = _moment(values, "exp", math.inf), _moment(values, "nbf", 0)
    if now >= until:
        raise Unacceptable("expired")
    if since > now:
        raise Unacceptable("not yet good")
    return min(until, now + _FOR_EVER)


def _moment(values: Mapping[str, Json], name: str, otherwise: float) -> float:
    moment = values.get(name, otherwise)
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        raise Unacceptable(f"{name} is no number")
    return moment


def _is_for(audience: str, claimed: Json) -> bool:
    return claimed == audience or (isinstance(claimed, list) and audience in claimed)


def _scopes(values: Mapping[str, Json]) -> Collection[str]:
    """The scopes that a token carries: words of a text (RFC 9068 section 2.2.3), or a list as some servers write it."""
    for name in ("scope", "scp", "scopes"):
        found = values.get(name)
        if isinstance(found, str):
            return found.split(" ")
        if isinstance(found, list):
            return [scope for scope in found if isinstance(scope, str)]
    return ()


def _no_keys() -> Refused:
    return Refused(503, "Service Unavailable", headers=[(b"retry-after", b"5")], reason="no_key_set")
