"""Browser sessions of the login pages, kept in the store (N19, N20, P32)."""

import re
import secrets as random
from collections.abc import Callable
from dataclasses import replace

import falcon.asgi

from egc.runtime.oauth2.secrets import digest, new_hex, new_key
from egc.runtime.store import Session, Store, User

_COOKIE = "egc.sid"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_ANONYMOUS_TTL = 3600.0
_TRANSACTION_TTL = 3600.0


class Sessions:
    """Sessions by cookie. The cookie's value has 256 random bits; the store sees its SHA-256 only.

    A session of someone who is logged in holds a `key`, which stays when the id changes; one of somebody who is not
    holds `return_to`, the request that asked for the login. A request waiting for consent is a row of its own under
    that key, so that two tabs do not overwrite each other.

    Arguments:
        store: where they are kept.
        ttl: seconds from login until somebody has to log in again.
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, ttl: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._ttl = ttl
        self._clock = clock

    async def find(self, req: falcon.asgi.Request) -> Session | None:
        """The live session that the request's cookie names."""
        values = req.get_cookie_values(_cookie_name(req)) or []
        if len(values) != 1 or not _VALUE.match(values[0]):
            return None
        session = await self._store.get_session(digest(values[0]))
        if session is None or session.expires_at <= self._clock():
            return None
        return session

    async def user(self, session: Session | None) -> User | None:
        """Who is logged in, if that user still exists and is active (C211)."""
        if session is None or session.user_id is None:
            return None
        user = await self._store.get_user(session.user_id)
        return user if user is not None and user.is_active else None

    async def begin(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, old: Session | None, return_to: str
    ) -> None:
        """Remember what to come back to after the login. Replaces the session that the browser had."""
        now = self._clock()
        await self._put(req, resp, Session(b"", None, {"return_to": return_to}, now, now + _ANONYMOUS_TTL), old)

    async def log_in(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, old: Session | None, user: User
    ) -> None:
        """Begin the session of `user`, under a new id (session fixation)."""
        now = self._clock()
        await self._put(req, resp, Session(b"", user.id, {"key": new_hex()}, now, now + self._ttl), old)

    async def renew(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, session: Session) -> None:
        """Give the session a new id, and no more time."""
        await self._put(req, resp, session, session)

    async def end(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, session: Session | None) -> None:
        """End the session and take the cookie away."""
        if session is not None:
            await self._store.delete_session(session.id)
        if req.get_cookie_values(_cookie_name(req)):
            resp.append_header("Set-Cookie", f"{_cookie_name(req)}=; Path=/; Max-Age=0{_attributes(req)}")

    async def open_transaction(self, session: Session, query: str) -> str:
        """Keep the query of an authorization request until its user decides. Returns the transaction's id."""
        transaction = new_key()
        now = self._clock()
        row = Session(
            _transaction_id(session, transaction),
            session.user_id,
            {"query": query},
            now,
            min(now + _TRANSACTION_TTL, session.expires_at),
        )
        await self._store.save_session(row)
        return transaction

    async def close_transaction(self, session: Session, transaction: str) -> str | None:
        """The query kept under that id by this very session, which then is spent; else None."""
        row = await self._store.get_session(_transaction_id(session, transaction))
        if row is None or row.expires_at <= self._clock():
            return None
        await self._store.delete_session(row.id)
        return str(row.data["query"])

    async def _put(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, session: Session, old: Session | None
    ) -> None:
        value = random.token_urlsafe(32)
        await self._store.save_session(replace(session, id=digest(value)), None if old is None else old.id)
        resp.append_header("Set-Cookie", f"{_cookie_name(req)}={value}; Path=/{_attributes(req)}")


def _cookie_name(req: falcon.asgi.Request) -> str:
    return f"__Host-{_COOKIE}" if req.scheme == "https" else _COOKIE


def _attributes(req: falcon.asgi.Request) -> str:
    return "; HttpOnly; SameSite=Lax" + ("; Secure" if req.scheme == "https" else "")


def _transaction_id(session: Session, transaction: str) -> bytes:
    # No cookie's value holds a colon, so no cookie names such a row.
    return digest(f"transaction:{session.data.get('key', '')}:{transaction}")
