"""Records to store: valid ones, of which a test changes what it is about."""

from dataclasses import replace
from typing import Any

from egc.runtime.store import Application, AuthorizationCode, Credential, Session, Store, Token, User

USER = User("u1", "eve", True, 10.0, 10.0, {"firstname": "Eve", "age": 7, "tags": ["a", {"b": None}]})
APPLICATION = Application("a1", "u1", True, 11.0, 11.0, {"name": "shop", "redirectUri": "https://shop.test/cb"})
CREDENTIAL = Credential("key-auth", "k1", "u1", True, 12.0, 12.0, "sha256:00", None, {"note": "x"})
CODE = AuthorizationCode(
    b"c" * 32, "a1", "u1", "https://shop.test/cb", ("read",), "challenge", "S256", "f1", expires_at=100.0
)
TOKEN = Token("t1", b"d" * 32, "access", "a1", "u1", ("read", "write"), "authorization_code", "f1", 20.0, 100.0)
REFRESH = replace(TOKEN, id="r1", kind="refresh", expires_at=1000.0)
SESSION = Session(b"s" * 32, "u1", {"seen": [1, "two"]}, 30.0, 100.0)


def token(id_: str, **changes: Any) -> Token:
    """TOKEN under another id."""
    return replace(TOKEN, id=id_, **changes)


async def furnish(store: Store) -> None:
    """Store the user and the application that everything else belongs to."""
    await store.create_user(USER)
    await store.create_application(APPLICATION)
