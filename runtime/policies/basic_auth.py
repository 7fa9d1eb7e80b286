"""The basic-auth policy: user name and password with every request (RFC 7617)."""

import binascii
from base64 import b64decode
from typing import Literal

from egc.runtime.authentication import challenge, field, pass_on, refused, throttled
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.chosen import chosen_secrets
from egc.runtime.oauth2.errors import Throttled
from egc.runtime.store import Held, Store

_ASKED = challenge("Basic", charset="UTF-8")


class BasicAuth:
    """Let the request pass if name and password are those of an active basic-auth credential (D160, D161).

    The name is an application's id, a user's id or a username. The credential must hold all scopes of the endpoint;
    where it does not, the answer is 401 too (D153). The header goes on to the service (D157). Passwords are the ones
    of the login page, and wrong guesses are counted together with those made there. With `pass_through` a request that
    does not authenticate goes on as anonymous (D154).
    """

    answers: Literal["never"] = "never"

    def __init__(self, store: Store, *, pass_through: bool = False) -> None:
        self._store = store
        self._passwords = chosen_secrets(store, "login")
        self._pass_through = pass_through

    async def __call__(self, x: Exchange) -> None:
        """Authenticate the caller or refuse: 401, and 429 after too many wrong guesses.

        Raises Refused, secrets.Busy, and StoreError when the store cannot answer.
        """
        value = field(x, b"authorization")
        pair = None if value is None else _pair(value)
        held = None if pair is None else await self._authenticate(*pair, x.client)
        if held is not None and x.endpoint.scopes.issubset(held.credential.scopes or ()):
            x.consumer = held.consumer
        elif self._pass_through:
            pass_on(x)
        else:
            raise refused(_ASKED, "no_password" if pair is None else "bad_password" if held is None else "no_scope")

    async def _authenticate(self, name: str, password: str, address: str) -> Held | None:
        held = await self._store.identify("basic-auth", name)
        account, credential = (name, None) if held is None else (held.consumer.id, held.credential)
        try:
            right = await self._passwords.check(account, password, credential, address)
        except Throttled as wait:
            raise throttled(wait) from None
        return held if right else None


def _pair(value: bytes) -> tuple[str, str] | None:
    """Name and password, cut at the first colon (RFC 7617 section 2), or None for what is no such header (D161)."""
    scheme, _, encoded = value.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        # Some callers leave the padding away, and Express Gateway did not mind.
        encoded = encoded.strip(b" ").rstrip(b"=")
        text = b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, _, password = text.partition(":")
    return (name, password) if name and password else None
