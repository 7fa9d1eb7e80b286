"""The authorization endpoint and the decision of the person in front of it (RFC 6749 section 3.1)."""

from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import quote_from_bytes

import falcon.asgi

from egc.runtime.oauth2 import redirects
from egc.runtime.oauth2.clients import Client, Clients
from egc.runtime.oauth2.errors import OAuthError, PageError, invalid_request, keep_private
from egc.runtime.oauth2.grants import AuthorizationRequest, Pairs, ResponseGrant
from egc.runtime.oauth2.origin import Origin
from egc.runtime.oauth2.pages import Pages
from egc.runtime.oauth2.parameters import Parameters, read_body, read_query, scope_list, within
from egc.runtime.oauth2.sessions import Sessions
from egc.runtime.store import Session, StoreError, User

PATH = "/oauth2/authorize"
_QUERY_LIMIT = 8192
_URL_CHARACTERS = "!$%&'()*+,-./:;=?@[]_~"


class Authorization:
    """What both endpoints need: requests read from their query, and answers put into redirect URIs."""

    def __init__(self, clients: Clients, sessions: Sessions, origin: Origin, grants: Sequence[ResponseGrant]) -> None:
        self.clients = clients
        self.sessions = sessions
        self.origin = origin
        self._grants = grants

    async def read(self, query: str) -> AuthorizationRequest:
        """The request, if its client and redirect URI are good; nothing else is looked at yet.

        Raises PageError, for until then there is nobody to redirect to (RFC 6749 section 4.1.2.1, P23).
        """
        try:
            parameters = read_query(query)
        except OAuthError as error:
            raise PageError(400, "This request is malformed", error.description) from None
        for name in ("client_id", "redirect_uri"):
            if name in parameters.repeated or name in parameters.malformed:
                raise PageError(400, "This request is malformed", f"The parameter {name} must be given once, as text.")
        client_id = parameters.get("client_id")
        if client_id is None:
            raise PageError(400, "This request is malformed", "Missing required parameter: client_id")
        client = await self.clients.find(client_id)
        if client is None:
            raise PageError(400, "Unknown app", "The app that sent you here is not known, or no longer active.")
        sent = parameters.get("redirect_uri")
        uri = redirects.choose(client.application.redirect_uris, sent)
        if uri is None:
            raise PageError(400, "Unknown return address", _redirect_problem(client, sent))
        return AuthorizationRequest(client, uri, sent, (), parameters)

    def check(self, request: AuthorizationRequest) -> tuple[ResponseGrant, AuthorizationRequest]:
        """The grant that answers the request, and the request with its scopes. Raises OAuthError."""
        parameters = request.parameters
        for name in sorted(parameters.repeated):
            raise invalid_request(f"Parameter given more than once: {name}")
        for name in sorted(parameters.malformed - {"state"}):
            raise invalid_request(f"Parameter is not text: {name}")
        response_type = parameters.require("response_type")
        for grant in self._grants:
            if grant.response_type == response_type:
                break
        else:
            raise OAuthError("unsupported_response_type", f"Unsupported response type: {response_type}")
        mode = parameters.get("response_mode")
        if mode is not None and mode != ("fragment" if grant.in_fragment else "query"):
            raise invalid_request("response_mode does not fit response_type")
        grant.check(request)
        scopes = scope_list(parameters.get("scope"))
        within(scopes, request.client.scopes)
        return grant, AuthorizationRequest(
            request.client, request.redirect_uri, request.redirect_uri_sent, scopes, parameters
        )

    def answer(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, request: AuthorizationRequest, pairs: Pairs
    ) -> None:
        """Send the browser back to the client with `pairs`, `state` and `iss` (RFC 9207)."""
        complete = list(pairs)
        state = request.parameters.get("state")
        if state is not None and "state" not in request.parameters.repeated:
            complete.append(("state", state))
        complete.append(("iss", self.origin.issuer(req)))
        in_fragment = request.parameters.get("response_type") == "token"
        put = redirects.with_fragment if in_fragment else redirects.with_query
        go(resp, put(request.redirect_uri, complete))

    def refuse(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, request: AuthorizationRequest, error: OAuthError
    ) -> None:
        """Send the browser back to the client with an error (RFC 6749 sections 4.1.2.1 and 4.2.2.1)."""
        pairs = [("error", error.code)]
        if error.description:
            pairs.append(("error_description", error.description))
        self.answer(req, resp, request, pairs)


class AuthorizeEndpoint:
    """`GET /oauth2/authorize`: ask for a login where there is none, then for consent (C204, C212)."""

    def __init__(self, authorization: Authorization, pages: Pages) -> None:
        self._authorization = authorization
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Show the consent page, or redirect: to the login, or to the client with an error.

        Nobody is sent to a client without having logged in, whatever is wrong (RFC 9700 section 4.11.2).
        """
        keep_private(resp)
        query = _query(req)
        request = await self._authorization.read(query)
        sessions = self._authorization.sessions
        session = await sessions.find(req)
        user = await sessions.user(session)
        if session is None or user is None:
            await sessions.begin(req, resp, session, f"{PATH}?{query}")
            go(resp, "/login")
            return
        try:
            _, request = self._authorization.check(request)
        except OAuthError as error:
            self._authorization.refuse(req, resp, request, error)
            return
        transaction = await sessions.open_transaction(session, query)
        resp.set_header("transaction_id", transaction)
        self._pages.show(
            resp,
            "consent.html",
            form_action=redirects.policy_source(request.redirect_uri),
            app=request.client.application.name or request.client.id,
            scopes=request.scopes,
            user=_display_name(user),
            username=user.username,
            destination=redirects.destination(request.redirect_uri),
            transaction_id=transaction,
        )


class DecisionEndpoint:
    """`POST /oauth2/authorize/decision`: what the person decided (C205, C213, N1).

    The form's buttons are named: `cancel` refuses, `decision=allow` allows. A post without either allows, as in
    Express Gateway, whose clients' scripts post the transaction alone; any other `decision` refuses.
    """

    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Redirect to the client with a code, a token or `access_denied`."""
        keep_private(resp)
        authorization, sessions = self._authorization, self._authorization.sessions
        authorization.origin.check_form(req)
        parameters = await _form(req)
        session = await sessions.find(req)
        user = await sessions.user(session)
        if session is None or user is None:
            go(resp, "/login")
            return
        query = await sessions.close_transaction(session, parameters.get("transaction_id") or "")
        if query is None:
            raise PageError(
                403,
                "This page has expired",
                "The request was answered before, or too long ago. Start again in the app.",
            )
        request = await authorization.read(query)
        try:
            pairs = await self._decide(request, parameters, user, session, req, resp)
        except OAuthError as error:
            authorization.refuse(req, resp, request, error)
            return
        authorization.answer(req, resp, request, pairs)

    async def _decide(
        self,
        request: AuthorizationRequest,
        parameters: Parameters,
        user: User,
        session: Session,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response,
    ) -> Pairs:
        grant, request = self._authorization.check(request)
        if "cancel" in parameters.names or parameters.get("decision") not in (None, "allow"):
            raise OAuthError("access_denied", "")
        try:
            await self._authorization.sessions.renew(req, resp, session)
            return await grant.respond(request, user)
        except StoreError:
            raise OAuthError("temporarily_unavailable", "The authorization server cannot answer now") from None


def go(resp: falcon.asgi.Response, location: str) -> None:
    """302, as Express Gateway, never 307: the browser must not post the form there (RFC 9700 section 4.12)."""
    resp.status = 302
    resp.set_header("Location", location)
    resp.set_header("Referrer-Policy", "same-origin")


async def _form(req: falcon.asgi.Request) -> Parameters:
    try:
        return await read_body(req)
    except OAuthError as error:
        refuse_form(error)


def refuse_form(error: OAuthError) -> NoReturn:
    """Show what is wrong with a form to the person who sent it."""
    raise PageError(error.status, "This request is malformed", error.description)


def _query(req: falcon.asgi.Request) -> str:
    """The query string as it came, in ASCII. Raises PageError 414 where it is too long to keep."""
    raw = bytes(req.scope.get("query_string", b""))
    query = quote_from_bytes(raw, safe=_URL_CHARACTERS)
    if len(query) > _QUERY_LIMIT:
        raise PageError(414, "This request is too long", f"The app sent more than {_QUERY_LIMIT} bytes.")
    return query


def _display_name(user: User) -> str:
    first = user.properties.get("firstname")
    return first if isinstance(first, str) and first else user.username


def _redirect_problem(client: Client, sent: str | None) -> str:
    name = client.application.name or client.id
    if not client.application.redirect_uris:
        return f"The app {name} has no redirect URI registered, so nobody knows where to send you back to."
    if sent is None:
        return f"The app {name} did not say where to send you back to, and has no single address registered."
    return f"The app {name} asks to send you to an address that is not registered for it."
