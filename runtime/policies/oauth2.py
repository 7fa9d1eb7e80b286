"""The oauth2 policy: a bearer token of this gateway's authorization server opens the endpoint (RFC 6750)."""

import time
from functools import lru_cache
from typing import Literal

from egc.runtime.authentication import bearer, challenge, pass_on, refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.secrets import digest, same
from egc.runtime.store import Authenticated, Store

_digest = lru_cache(maxsize=4096)(digest)
"""The digests of the secrets seen last: a token that opens an endpoint usually comes again."""

_NO_TOKEN = challenge("Bearer")
_BAD_TOKEN = challenge("Bearer", error="invalid_token")
_MAX_TOKEN = 256


class OAuth2:
    """Let the request pass if it carries a live access token with all scopes of the endpoint (D236-D239, C246-C249).

    The consumer is the token's client. Only the Authorization header counts: a token in the query would end in logs
    and in the service's hands (N7, RFC 9700 section 4.3.2). The header is not sent upstream. With `pass_through` a
    request that does not authenticate goes on as anonymous (D154).
    """

    answers: Literal["never"] = "never"

    def __init__(self, store: Store, *, pass_through: bool = False) -> None:
        self._store = store
        self._pass_through = pass_through

    async def __call__(self, x: Exchange) -> None:
        """Authenticate the caller or refuse: 401, and 400 for a token in two places (RFC 6750 section 2).

        Raises Refused, and StoreError when the store cannot answer.
        """
        text = bearer(x, _MAX_TOKEN)
        found: Authenticated | None = None
        asked, reason = _NO_TOKEN, "no_token"
        if text is not None:
            found = await self._authenticate(text)
            if found is None:
                asked, reason = _BAD_TOKEN, "bad_token"
            elif not x.endpoint.scopes.issubset(found.token.scopes):
                found = None
                asked, reason = challenge("Bearer", error="insufficient_scope", scopes=x.endpoint.scopes), "bad_token"
        if found is None:
            if not self._pass_through:
                raise refused(asked, reason)
            pass_on(x)
            return
        x.consumer = found.client
        x.token = found.token
        x.headers = [field for field in x.headers if field[0] != b"authorization"]

    async def _authenticate(self, text: str) -> Authenticated | None:
        token_id, _, secret = text.partition("|")
        found = await self._store.authenticate(token_id)
        if found is None or not same(found.token.digest, _digest(secret)) or found.token.expires_at <= time.time():
            return None
        return found
