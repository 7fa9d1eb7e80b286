"""Log in and out of the authorization server's pages (C201-C203, C209-C211)."""

import falcon.asgi

from egc.runtime.oauth2.authorize import go, refuse_form
from egc.runtime.oauth2.errors import OAuthError, Throttled, keep_private
from egc.runtime.oauth2.origin import Origin, address
from egc.runtime.oauth2.owners import Owners
from egc.runtime.oauth2.pages import Pages
from egc.runtime.oauth2.parameters import Parameters, read_body
from egc.runtime.oauth2.sessions import Sessions

_NOTICE = "egc.notice"
_NOTICES = {
    "wrong": "Wrong user name or password.",
    "wait": "Too many failed attempts. Wait five minutes, then try again.",
}


class LoginEndpoint:
    """`GET /login` shows the form, `POST /login` takes it."""

    def __init__(self, owners: Owners, sessions: Sessions, origin: Origin, pages: Pages) -> None:
        self._owners = owners
        self._sessions = sessions
        self._origin = origin
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The form, with what went wrong the last time. The cookie for that holds a word of ours, nothing else."""
        notice = next(iter(req.get_cookie_values(_NOTICE) or ()), None)
        if notice is not None:
            resp.append_header("Set-Cookie", f"{_NOTICE}=; Path=/login; Max-Age=0; HttpOnly; SameSite=Lax")
        self._pages.show(resp, "login.html", error=_NOTICES.get(notice or ""))

    on_head = on_get

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Log in and go back to what asked for it, else to `/`; on failure to the form again (C210)."""
        keep_private(resp)
        self._origin.check_form(req)
        parameters = await _form(req)
        username, password = parameters.get("username"), parameters.get("password")
        if username is None or password is None:
            _fail(resp, "wrong")
            return
        try:
            user = await self._owners.authenticate(username, password, address(req))
        except Throttled:
            _fail(resp, "wait")
            return
        if user is None:
            _fail(resp, "wrong")
            return
        old = await self._sessions.find(req)
        await self._sessions.log_in(req, resp, old, user)
        go(resp, "/" if old is None else str(old.data.get("return_to", "/")))


class LogoutEndpoint:
    """`GET` and `POST /logout` end the session (N19)."""

    def __init__(self, sessions: Sessions, origin: Origin, pages: Pages) -> None:
        self._sessions = sessions
        self._origin = origin
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """End the session; ask first where a link on another site led here."""
        if req.get_header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            self._pages.show(resp, "logout.html")
            return
        keep_private(resp)
        await self._sessions.end(req, resp, await self._sessions.find(req))
        go(resp, "/")

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """End the session. With the transaction of a consent page, somebody else may log in and decide on it."""
        keep_private(resp)
        self._origin.check_form(req)
        parameters = await _form(req)
        session = await self._sessions.find(req)
        transaction = parameters.get("transaction_id")
        query = None
        if session is not None and transaction is not None:
            query = await self._sessions.close_transaction(session, transaction)
        if query is None:
            await self._sessions.end(req, resp, session)
            go(resp, "/")
            return
        await self._sessions.begin(req, resp, session, f"/oauth2/authorize?{query}")
        go(resp, "/login")


def _fail(resp: falcon.asgi.Response, notice: str) -> None:
    resp.append_header("Set-Cookie", f"{_NOTICE}={notice}; Path=/login; Max-Age=60; HttpOnly; SameSite=Lax")
    go(resp, "/login")


async def _form(req: falcon.asgi.Request) -> Parameters:
    try:
        return await read_body(req)
    except OAuthError as error:
        refuse_form(error)
