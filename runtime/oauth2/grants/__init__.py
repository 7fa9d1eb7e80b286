"""The grants of the authorization server, one a file.

A grant is a class with a `name`, built from `Means`. It may answer an authorization request (`response_type`), a token
request (`exchange`), or both. `GRANTS` in `server.py` is the one place that lists them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from egc.runtime.oauth2.clients import Client
from egc.runtime.oauth2.owners import Owners
from egc.runtime.oauth2.parameters import Parameters
from egc.runtime.oauth2.tokens import Mint, Minted
from egc.runtime.store import Store, User

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Means:
    """What grants work with. `code_ttl` is in seconds, `clock` tells seconds since the epoch."""

    store: Store
    owners: Owners
    mint: Mint
    code_ttl: float
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An authorization request whose client and redirect URI are good (RFC 6749 sections 4.1.1 and 4.2.1).

    `redirect_uri` is where the answer goes, `redirect_uri_sent` what the request said of it.
    """

    client: Client
    redirect_uri: str
    redirect_uri_sent: str | None
    scopes: tuple[str, ...]
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request of a client that has authenticated. `address` is where it came from."""

    client: Client
    parameters: Parameters
    address: str


class Grant(Protocol):
    """What every grant says of itself."""

    name: ClassVar[str]
    """The word in `oauth2.grants`, and the `grant_type` in metadata (RFC 8414 section 2)."""


class ResponseGrant(Grant, Protocol):
    """A grant that answers at the authorization endpoint."""

    response_type: ClassVar[str]
    in_fragment: ClassVar[bool]
    """Whether the answer goes into the fragment of the redirect URI instead of its query."""

    def check(self, request: AuthorizationRequest) -> None:
        """Raise OAuthError if the request lacks what this grant needs."""

    async def respond(self, request: AuthorizationRequest, user: User) -> Pairs:
        """What the client is told now that `user` has allowed it, without `state` and `iss`."""


class TokenGrant(Grant, Protocol):
    """A grant that answers at the token endpoint under its `name` as `grant_type`."""

    async def exchange(self, request: TokenRequest) -> Minted:
        """New tokens. Raises OAuthError."""
