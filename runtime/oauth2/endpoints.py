"""The endpoints that clients call themselves: token, revocation and metadata."""

import json
from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from egc.runtime.oauth2.clients import Client, Clients
from egc.runtime.oauth2.errors import OAuthError, invalid_grant, invalid_request, keep_private
from egc.runtime.oauth2.grants import TokenGrant, TokenRequest
from egc.runtime.oauth2.origin import Origin, address
from egc.runtime.oauth2.parameters import Parameters, read_body, read_query
from egc.runtime.oauth2.secrets import same
from egc.runtime.oauth2.tokens import read
from egc.runtime.store import Store

_BODY_ONLY = frozenset(
    {
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "grant_type",
        "password",
        "redirect_uri",
        "refresh_token",
        "scope",
        "token",
        "username",
    }
)


class TokenEndpoint:
    """`POST /oauth2/token` (RFC 6749 section 3.2)."""

    def __init__(self, clients: Clients, grants: Sequence[TokenGrant]) -> None:
        self._clients = clients
        self._grants = grants

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Authenticate the client, then ask the grants in order. Raises OAuthError."""
        parameters = await _request(req)
        client = await _client(req, resp, self._clients, parameters)
        grant_type = parameters.require("grant_type")
        for grant in self._grants:
            if grant.name == grant_type:
                minted = await grant.exchange(TokenRequest(client, parameters, address(req)))
                break
        else:
            raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {grant_type}")
        keep_private(resp)
        resp.content_type = falcon.MEDIA_JSON
        resp.text = json.dumps(minted.body())

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The preflight of a public client in a browser."""
        _preflight(resp)


class RevocationEndpoint:
    """`POST /oauth2/revoke` (RFC 7009)."""

    def __init__(self, clients: Clients, store: Store, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._store = store
        self._clock = clock

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Revoke a token of the client; a refresh token takes its whole family along (section 2.1).

        A token that is unknown, or not complete, is no error (section 2.2). The hint is not needed.
        Raises OAuthError invalid_grant for a token of another client.
        """
        parameters = await _request(req)
        client = await _client(req, resp, self._clients, parameters)
        text = parameters.require("token")
        keep_private(resp)
        parts = read(text)
        if parts is None:
            return
        token_id, presented = parts
        token = await self._store.get_token(token_id) or await self._store.spent_refresh(token_id)
        if token is None or not same(token.digest, presented):
            return
        if token.client_id != client.id:
            raise invalid_grant("The token was issued to another client")
        if token.kind == "refresh":
            await self._store.revoke_family(token.family)
        else:
            await self._store.revoke_token(token.id)

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The preflight of a public client in a browser."""
        _preflight(resp)


class MetadataEndpoint:
    """`GET /.well-known/oauth-authorization-server` (RFC 8414)."""

    def __init__(self, origin: Origin, grants: Sequence[str], response_types: Sequence[str]) -> None:
        self._origin = origin
        self._grants = list(grants)
        self._response_types = list(response_types)

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """What this server can do (section 2). Anybody may read it, from any page."""
        issuer = self._origin.issuer(req)
        document: dict[str, object] = {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth2/token",
            "revocation_endpoint": f"{issuer}/oauth2/revoke",
            "response_types_supported": self._response_types,
            "grant_types_supported": self._grants,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        }
        if self._response_types:
            document["authorization_endpoint"] = f"{issuer}/oauth2/authorize"
            document["response_modes_supported"] = [
                mode for mode, kind in (("query", "code"), ("fragment", "token")) if kind in self._response_types
            ]
            document["authorization_response_iss_parameter_supported"] = True
        if "code" in self._response_types:
            document["code_challenge_methods_supported"] = ["S256"]
        resp.content_type = falcon.MEDIA_JSON
        resp.text = json.dumps(document)
        keep_private(resp)
        resp.set_header("Access-Control-Allow-Origin", "*")

    on_head = on_get


async def _request(req: falcon.asgi.Request) -> Parameters:
    """The parameters of the body. A query may not hold any: it would be logged (RFC 6749 section 2.3.1)."""
    misplaced = sorted(_BODY_ONLY & read_query(req.query_string).names)
    if misplaced:
        raise invalid_request(f"Parameter must be in the body, not in the query: {misplaced[0]}")
    return await read_body(req)


async def _client(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, clients: Clients, parameters: Parameters
) -> Client:
    """The authenticated client.

    A page of a public one may read the answer: no cookie counts here (RFC 9700 section 2.6).
    """
    client = await clients.authenticate(req, parameters)
    if client.is_public:
        resp.set_header("Access-Control-Allow-Origin", "*")
    return client


def _preflight(resp: falcon.asgi.Response) -> None:
    resp.status = 204
    resp.set_header("Access-Control-Allow-Origin", "*")
    resp.set_header("Access-Control-Allow-Methods", "POST")
    resp.set_header("Access-Control-Allow-Headers", "content-type")
    resp.set_header("Access-Control-Max-Age", "600")
