"""The OAuth2 authorization server: its endpoints, wired together."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

import falcon.asgi

from egc.runtime.oauth2.authorize import Authorization, AuthorizeEndpoint, DecisionEndpoint
from egc.runtime.oauth2.clients import Clients
from egc.runtime.oauth2.endpoints import MetadataEndpoint, RevocationEndpoint, TokenEndpoint
from egc.runtime.oauth2.errors import OAuthError, PageError, answer_json
from egc.runtime.oauth2.grants import Grant, Means, ResponseGrant, TokenGrant
from egc.runtime.oauth2.grants.authorization_code import AuthorizationCode
from egc.runtime.oauth2.grants.client_credentials import ClientCredentials
from egc.runtime.oauth2.grants.implicit import Implicit
from egc.runtime.oauth2.grants.password import Password
from egc.runtime.oauth2.grants.refresh_token import RefreshToken
from egc.runtime.oauth2.login import LoginEndpoint, LogoutEndpoint
from egc.runtime.oauth2.origin import Origin
from egc.runtime.oauth2.owners import Owners
from egc.runtime.oauth2.pages import Pages, Stylesheet
from egc.runtime.oauth2.secrets import PasswordHasher
from egc.runtime.oauth2.sessions import Sessions
from egc.runtime.oauth2.signed import SignedTokens
from egc.runtime.oauth2.tokens import Mint
from egc.runtime.store import Store


class _Buildable(Grant, Protocol):
    def __init__(self, means: Means) -> None: ...


GRANTS: tuple[type[_Buildable], ...] = (AuthorizationCode, Implicit, Password, ClientCredentials, RefreshToken)
"""Every grant there is, in the order they are asked."""

_DAY = 86400.0


class AuthorizationServer:
    """Issues tokens to applications, with the consent of users (RFC 6749).

    Express Gateway: policies/oauth2. Its routes answer on every host, ahead of the pipelines (D236).

    Arguments:
        store: users, applications, credentials, codes, tokens and sessions.
        grants: names of the grants that are on. Without `refresh_token` no refresh tokens are given out.
        access_ttl, refresh_ttl, code_ttl: lifetimes in seconds.
        templates: a directory of pages that replace ours of the same file name, or None.
        issuer: the issuer identifier; None takes scheme and host of the request.
        access_tokens: writes access tokens as JSON web tokens; None makes opaque ones.
        session_ttl: seconds from login to the next login.
        hasher: verifies chosen secrets; None makes one, which `close` ends.
        clock: seconds since the epoch.

    Raises ValueError for a grant that does not exist.
    """

    def __init__(
        self,
        store: Store,
        *,
        grants: Sequence[str],
        access_ttl: float,
        refresh_ttl: float,
        code_ttl: float,
        templates: str | None = None,
        issuer: str | None = None,
        access_tokens: SignedTokens | None = None,
        session_ttl: float = _DAY / 2,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        unknown = sorted(set(grants) - {grant.name for grant in GRANTS})
        if unknown:
            raise ValueError(f"unknown grant {unknown[0]!r}; there are {', '.join(grant.name for grant in GRANTS)}")
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._owns_hasher = hasher is None
        self._pages = Pages(templates)
        owners = Owners(store, self._hasher, clock)
        mint = Mint(access_ttl, refresh_ttl if "refresh_token" in grants else None, clock, access_tokens)
        means = Means(store, owners, mint, code_ttl, clock)
        live = [grant(means) for grant in GRANTS if grant.name in grants]
        answering = [cast(ResponseGrant, grant) for grant in live if hasattr(grant, "respond")]
        exchanging = [cast(TokenGrant, grant) for grant in live if hasattr(grant, "exchange")]
        clients = Clients(store, self._hasher, clock)
        sessions = Sessions(store, session_ttl, clock)
        origin = Origin(issuer)
        self._resources: dict[str, object] = {
            "/oauth2/token": TokenEndpoint(clients, exchanging),
            "/oauth2/revoke": RevocationEndpoint(clients, store, clock),
            "/.well-known/oauth-authorization-server": MetadataEndpoint(
                origin, [grant.name for grant in live], [grant.response_type for grant in answering]
            ),
        }
        if answering:
            authorization = Authorization(clients, sessions, origin, answering)
            self._resources |= {
                "/oauth2/authorize": AuthorizeEndpoint(authorization, self._pages),
                "/oauth2/authorize/decision": DecisionEndpoint(authorization),
                "/login": LoginEndpoint(owners, sessions, origin, self._pages),
                "/logout": LogoutEndpoint(sessions, origin, self._pages),
                "/oauth2/style.css": Stylesheet(self._pages),
            }

    @property
    def paths(self) -> Mapping[str, frozenset[str]]:
        """Each path in lower case with the methods answered there; every other method is the pipelines' (D236)."""
        return {
            path: frozenset(
                method for method in ("GET", "HEAD", "POST", "OPTIONS") if hasattr(resource, f"on_{method.lower()}")
            )
            for path, resource in self._resources.items()
        }

    def mount(self, app: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]) -> None:
        """Add the endpoints and the handlers of their errors to `app`. StoreError and secrets.Busy are left to it."""
        app.add_error_handler(OAuthError, answer_json)
        app.add_error_handler(PageError, self._pages.show_error)
        for path, resource in self._resources.items():
            app.add_route(path, resource)

    async def open(self) -> None:
        """Read the page templates. Raises OSError, or jinja2.TemplateSyntaxError with file and line."""
        self._pages.open()

    async def close(self) -> None:
        """End the threads that verify secrets."""
        if self._owns_hasher:
            self._hasher.close()
