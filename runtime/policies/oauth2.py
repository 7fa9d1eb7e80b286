"""The oauth2 policy: a bearer token of this gateway's authorization server opens the endpoint (RFC 6750)."""

import time
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.secrets import digest, same
from egc.runtime.store import Authenticated, Store

_digest = lru_cache(maxsize=4096)(digest)
"""The digests of the secrets seen last: a token that opens an endpoint usually comes again."""

_REALM = b'Bearer realm="egc"'
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
        sent = [value for name, value in x.headers if name == b"authorization"]
        if len(sent) > 1:
            # Which of them counts is not for us to choose, nor for the service behind us.
            raise _refused(400, "Bad Request", b', error="invalid_request"', "two_tokens")
        text = _bearer(sent[0]) if sent else None
        found: Authenticated | None = None
        error = b""
        if text is not None:
            if "access_token=" in x.url and _in_query(x.url):
                raise _refused(400, "Bad Request", b', error="invalid_request"', "two_tokens")
            found = await self._authenticate(text)
            if found is None:
                error = b', error="invalid_token"'
            elif not x.endpoint.scopes.issubset(found.token.scopes):
                found = None
                error = b', error="insufficient_scope", scope="%b"' % " ".join(sorted(x.endpoint.scopes)).encode()
        if found is None:
            if not self._pass_through:
                raise _refused(401, "Unauthorized", error, "bad_token" if error else "no_token")
            x.response_headers.append((b"eg-consumer-id", b"anonymous"))
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


def _bearer(header: bytes) -> str | None:
    """The token of a well-formed `Bearer` header (C246), else None."""
    words = header.split(b" ")
    if len(words) != 2 or words[0].lower() != b"bearer" or len(words[1]) > _MAX_TOKEN:
        return None
    return words[1].decode("latin-1")


def _in_query(url: str) -> bool:
    return any(name == "access_token" for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True))


def _refused(status: int, body: str, error: bytes, reason: str) -> Refused:
    return Refused(status, body, headers=[(b"www-authenticate", _REALM + error)], reason=reason)
