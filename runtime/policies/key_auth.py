"""The key-auth policy: an API key with every request."""

from functools import lru_cache
from typing import Literal

from egc.runtime.authentication import challenge, field, pass_on, refused, throttled
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.chosen import chosen_secrets
from egc.runtime.oauth2.errors import Throttled
from egc.runtime.oauth2.secrets import same, stored_digest
from egc.runtime.query import member
from egc.runtime.store import Held, Store

_DEFAULT_SCHEME = "apiKey"

_digest = lru_cache(maxsize=4096)(stored_digest)
"""The digests of the secrets seen last: a key that opens an endpoint usually comes again."""


class KeyAuth:
    """Let the request pass if it carries the key of an active credential with all scopes of the endpoint (D170-D172).

    Arguments:
        api_key_header, api_key_header_scheme: the header that is looked at first, and its first word (D163, D164).
        disable_headers_scheme: take the header's last word whatever the first is; an empty scheme does the same (D174).
        disable_headers: do not look at the header (D166).
        api_key_field: the query parameter that is looked at where the header holds no key (D167).
        disable_query_param: do not look at the query (D168).
        pass_through: let a request that does not authenticate go on as anonymous (D154).

    Header and query go on to the service (D157).
    """

    answers: Literal["never"] = "never"

    def __init__(
        self,
        store: Store,
        *,
        api_key_header: str = "Authorization",
        api_key_header_scheme: str = _DEFAULT_SCHEME,
        disable_headers_scheme: bool = False,
        disable_headers: bool = False,
        api_key_field: str = "apiKey",
        disable_query_param: bool = False,
        pass_through: bool = False,
    ) -> None:
        self._store = store
        self._secrets = chosen_secrets(store, "key")
        # An empty name is none: Express Gateway took its own then.
        self._header = None if disable_headers else (api_key_header or "Authorization").lower().encode("utf-8")
        self._scheme = None if disable_headers_scheme else api_key_header_scheme.lower().encode("utf-8") or None
        self._field = None if disable_query_param else api_key_field or "apiKey"
        self._pass_through = pass_through
        self._asked = challenge(api_key_header_scheme or _DEFAULT_SCHEME)

    async def __call__(self, x: Exchange) -> None:
        """Authenticate the caller or refuse: 401, 403 for a good key without the scopes, 429 after many wrong guesses.

        Raises Refused, secrets.Busy, and StoreError when the store cannot answer.
        """
        key = self._key(x)
        held = None if key is None else await self._authenticate(key, x.client)
        if held is not None and x.endpoint.scopes.issubset(held.credential.scopes or ()):
            x.consumer = held.consumer
        elif self._pass_through:
            pass_on(x)
        elif held is not None:
            raise refused(self._asked, "no_scope", status=403, body="Forbidden")
        else:
            raise refused(self._asked, "no_key" if key is None else "bad_key")

    def _key(self, x: Exchange) -> str | None:
        """The key as it was sent: from the header, else from the query (D170)."""
        value = None if self._header is None else field(x, self._header)
        if value:
            words = value.split(b" ")
            if words[-1] and (self._scheme is None or words[0].lower() == self._scheme):
                return words[-1].decode("latin-1")
        return None if self._field is None else member(x.url.partition("?")[2], self._field)

    async def _authenticate(self, key: str, address: str) -> Held | None:
        key_id, colon, secret = key.partition(":")
        if not colon or not key_id or not secret:
            return None
        held = await self._store.identify("key-auth", key_id)
        stored = None if held is None else held.credential.secret
        if stored is not None and stored.startswith("sha256:") and same(stored.encode(), _digest(secret).encode()):
            return held
        account, credential = (key_id, None) if held is None else (held.credential.id, held.credential)
        try:
            right = await self._secrets.check(account, secret, credential, address)
        except Throttled as wait:
            raise throttled(wait) from None
        return held if right else None
