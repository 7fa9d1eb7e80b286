"""The oauth2-introspect policy: another authorization server says whether a token is good (RFC 7662)."""

import hashlib
import logging
import math
import os
import time
from collections.abc import Collection, Mapping
from typing import Literal
from urllib.parse import urlencode

from egc.runtime import env
from egc.runtime.authentication import bearer, challenge, pass_on, refused
from egc.runtime.exchange import Claims, Exchange
from egc.runtime.fetch import Fetched, Place, fetch
from egc.runtime.flights import Flights
from egc.runtime.headers import is_value
from egc.runtime.store import Json
from egc.runtime.strict_json import read_object
from egc.runtime.upstream import UpstreamBusy, UpstreamError

_log = logging.getLogger("egc")

_LONGEST_TOKEN = 16384
_LONGEST_ANSWER = 65536
_LONGEST_REMEMBERED = 8192
_REMEMBERED = 4096
_NO_TOKEN = challenge("Bearer")
_BAD_TOKEN = challenge("Bearer", error="invalid_token")


class OAuth2Introspect:
    """Let the request pass if `endpoint` says that its bearer token is active, with all scopes of the endpoint (D249).

    Arguments:
        endpoint: the introspection endpoint. Raises Misconfigured for a URL that cannot be asked.
        authorization_value: the whole Authorization field that it is sent (D245, D407); None sends none (D463).
        timeout: seconds for the whole of its answer (D246).
        ttl: seconds for which a good answer counts, never longer than the token (D247, D250); 0 asks every time (D408).
        pass_through: let a request that does not authenticate go on as anonymous (D154).

    The consumer is the endpoint's answer (D253). The header goes on to the service (D157).
    """

    answers: Literal["never"] = "never"

    def __init__(
        self,
        *,
        endpoint: str,
        authorization_value: str | None = None,
        timeout: float = 10.0,
        ttl: int = 60,
        pass_through: bool = False,
    ) -> None:
        try:
            self._place = Place(env.to_url(endpoint, "oauth2-introspect: endpoint"))
        except ValueError as error:
            raise env.Misconfigured(f"oauth2-introspect: endpoint: {error}") from None
        self._headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        if authorization_value:
            if not (authorization_value.isascii() and is_value(authorization_value.encode())):
                raise env.Misconfigured("oauth2-introspect: authorization_value cannot be sent in a header")
            self._headers.append(("authorization", authorization_value))
        self._timeout = timeout
        self._ttl = ttl
        self._pass_through = pass_through
        self._key = os.urandom(32)
        self._active: dict[bytes, tuple[Claims, float]] = {}
        self._flights: Flights[bytes, Claims | None] = Flights()

    async def __call__(self, x: Exchange) -> None:
        """Authenticate the caller or refuse: 401, whether the token is not active or the endpoint cannot say (D252).

        Raises Refused, and UpstreamBusy when too many tokens are being asked for.
        """
        token = bearer(x, _LONGEST_TOKEN)
        asked, reason = _NO_TOKEN, "no_token"
        if token is not None:
            try:
                claims = await self._claims(token)
            except UpstreamBusy:
                raise
            except (UpstreamError, ValueError) as error:
                # What is wrong is not the token, so the caller is not told to throw it away.
                _log.warning("oauth2-introspect: %s: %s", self._place.authority, error)
                claims, reason = None, "no_introspection"
            else:
                asked, reason = _BAD_TOKEN, "bad_token"
            if claims is not None:
                if x.endpoint.scopes.issubset(_scopes(claims.values)):
                    x.consumer = claims
                    return
                asked, reason = challenge("Bearer", error="insufficient_scope", scopes=x.endpoint.scopes), "no_scope"
        if not self._pass_through:
            raise refused(asked, reason)
        pass_on(x)

    async def _claims(self, token: str) -> Claims | None:
        """What the endpoint says of an active token; None for another. Raises UpstreamError, ValueError."""
        mark = hashlib.blake2b(token.encode(), key=self._key, digest_size=32).digest()
        known = self._active.get(mark)
        if known is not None:
            if known[1] > time.time():
                return known[0]
            del self._active[mark]
        return await self._flights.share(mark, lambda: self._ask(token, mark))

    async def _ask(self, token: str, mark: bytes) -> Claims | None:
        form = urlencode({"token": token, "token_type_hint": "access_token"}, encoding="latin-1").encode()
        fetched = await fetch(
            self._place, "POST", headers=self._headers, body=form, within=self._timeout, limit=_LONGEST_ANSWER
        )
        values = _answer(fetched)
        now = time.time()
        if values.get("active") is not True or _until(values, math.inf) <= now:
            return None
        claims = Claims(values)
        # What is no moment says nothing of how long the answer counts: the next time, it is asked for again.
        until = min(_until(values, math.inf if values.get("exp") is None else now), now + self._ttl)
        if until > now and len(fetched.body) <= _LONGEST_REMEMBERED:
            if len(self._active) >= _REMEMBERED:
                del self._active[next(iter(self._active))]
            self._active[mark] = claims, until
        return claims


def _answer(fetched: Fetched) -> Mapping[str, Json]:
    """The object that a successful response holds. Raises ValueError for another."""
    if not 200 <= fetched.status < 300:
        raise ValueError(f"status {fetched.status}")
    return read_object(fetched.body)


def _until(values: Mapping[str, Json], otherwise: float) -> float:
    """When the token expires, or `otherwise` where the answer does not say it as a number."""
    until = values.get("exp")
    return until if isinstance(until, int | float) and not isinstance(until, bool) else otherwise


def _scopes(values: Mapping[str, Json]) -> Collection[str]:
    """The scopes of `scope`, or `scopes` as some servers call it: words of a text, or a list (D251, D441)."""
    found = values.get("scope") or values.get("scopes")
    if isinstance(found, str):
        return found.split(" ")
    return [scope for scope in found if isinstance(scope, str)] if isinstance(found, list) else ()
