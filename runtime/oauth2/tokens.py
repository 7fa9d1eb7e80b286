"""Tokens: made here, written `<id>|<secret>` (C239), stored as a digest, joined in families (RFC 9700 section 4.14)."""

from collections.abc import Callable
from dataclasses import dataclass

from egc.runtime.oauth2.secrets import Secret, digest, new_hex
from egc.runtime.oauth2.signed import SignedTokens
from egc.runtime.store import Token

_TEXT_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Minted:
    """New tokens: the records for the store, and the one view of their texts for the client."""

    records: tuple[Token, ...]
    access: Secret
    refresh: Secret | None
    lifetime: float
    scopes: tuple[str, ...]

    def body(self) -> dict[str, str | float]:
        """The answer of RFC 6749 section 5.1. `scope` is told where there is any; seconds may be fractional (C242)."""
        body: dict[str, str | float] = {"access_token": self.access.reveal()}
        if self.refresh is not None:
            body["refresh_token"] = self.refresh.reveal()
        body["expires_in"] = seconds(self.lifetime)
        body["token_type"] = "Bearer"  # noqa: S105 - the protocol's word
        if self.scopes:
            body["scope"] = " ".join(self.scopes)
        return body


class Mint:
    """Makes tokens.

    Arguments:
        access_ttl, refresh_ttl: seconds; without `refresh_ttl` there are no refresh tokens.
        clock: seconds since the epoch.
        signed: makes access tokens that say themselves what they are; they are not stored (C255). None: opaque ones.
    """

    def __init__(
        self,
        access_ttl: float,
        refresh_ttl: float | None,
        clock: Callable[[], float],
        signed: SignedTokens | None = None,
    ) -> None:
        self._access_ttl = access_ttl
        self._refresh_ttl = refresh_ttl
        self._clock = clock
        self._signed = signed

    def access(self, client_id: str, user_id: str | None, scopes: tuple[str, ...], grant: str, family: str) -> Minted:
        """An access token alone."""
        now = self._clock()
        secret = new_hex()
        token = Token(
            id=new_hex(),
            digest=digest(secret),
            kind="access",
            client_id=client_id,
            user_id=user_id,
            scopes=scopes,
            grant=grant,
            family=family,
            created_at=now,
            expires_at=now + self._access_ttl,
        )
        if self._signed is not None:
            return Minted((), Secret(self._signed.write(token)), None, self._access_ttl, scopes)
        return Minted((token,), Secret(f"{token.id}|{secret}"), None, self._access_ttl, scopes)

    def pair(
        self,
        client_id: str,
        user_id: str | None,
        scopes: tuple[str, ...],
        grant: str,
        family: str,
        refresh_scopes: tuple[str, ...] | None = None,
    ) -> Minted:
        """An access token and, where they are given out, a refresh token that holds `refresh_scopes`, else `scopes`."""
        minted = self.access(client_id, user_id, scopes, grant, family)
        if self._refresh_ttl is None:
            return minted
        now = self._clock()
        secret = new_hex()
        token = Token(
            id=new_hex(),
            digest=digest(secret),
            kind="refresh",
            client_id=client_id,
            user_id=user_id,
            scopes=scopes if refresh_scopes is None else refresh_scopes,
            grant=grant,
            family=family,
            created_at=now,
            expires_at=now + self._refresh_ttl,
        )
        refresh = Secret(f"{token.id}|{secret}")
        return Minted((*minted.records, token), minted.access, refresh, minted.lifetime, scopes)


def read(text: str) -> tuple[str, bytes] | None:
    """The id and the digest of the secret half of a token as it came from a client; None if it is no token."""
    token_id, bar, secret = text.partition("|")
    if not bar or not token_id or not secret or len(text) > _TEXT_LIMIT:
        return None
    return token_id, digest(secret)


def seconds(lifetime: float) -> float:
    """The lifetime as it is told: a whole number where it is one."""
    return int(lifetime) if lifetime == int(lifetime) else lifetime
