"""P37: the oauth2 policy lets in who carries a live access token with the endpoint's scopes, and nobody else."""

from collections.abc import Sequence

import pytest

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.secrets import digest, new_secret, new_uuid
from egc.runtime.policies.oauth2 import OAuth2
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.store import Token
from tests.oauth2.house import House


class Door:
    """An endpoint behind the policy, and tokens for it."""

    def __init__(self, house: House, scopes: Sequence[str] = (), *, pass_through: bool = False) -> None:
        self.house = house
        self.client = house.client(scopes=("read", "write"))
        self.policy = OAuth2(house.store, pass_through=pass_through)
        self.route = Route(ANY, ANY, ANY, Endpoint("api", scopes=scopes), None)

    def token(self, *, kind: str = "access", scopes: Sequence[str] = (), age: float = 0.0) -> str:
        """A token as a caller carries it; `age` in seconds, it lives an hour."""
        secret = new_secret()
        made = self.house.now - age
        token = Token(
            new_uuid(), digest(secret), "access" if kind == "access" else "refresh", self.client.id, None,
            tuple(scopes), "client_credentials", new_uuid(), made, made + 3600,
        )  # fmt: skip
        assert self.house.run(self.house.store.save_tokens([token]))
        return f"{token.id}|{secret}"

    def knock(self, *authorization: str, url: str = "/") -> Exchange:
        """A request; raises what the policy raises."""
        headers = [(b"host", b"h"), *((b"authorization", value.encode("latin-1")) for value in authorization)]
        x = Exchange("GET", url, [*headers, (b"x-a", b"b")], "h", "http", "127.0.0.1")
        x.begin(self.route, ())
        self.house.run(self.policy(x))
        return x

    def refused(self, *authorization: str, url: str = "/") -> Refused:
        """The refusal of a request."""
        with pytest.raises(Refused) as refused:
            self.knock(*authorization, url=url)
        return refused.value


def challenge(refused: Refused) -> bytes:
    """The WWW-Authenticate field."""
    return dict(refused.headers)[b"www-authenticate"]


def test_a_live_token_opens(house: House) -> None:
    """The consumer is the client, which the service is told, and the token is not sent upstream (D151, D239)."""
    door = Door(house)
    x = door.knock(f"Bearer {door.token()}")
    assert x.consumer is not None
    assert x.consumer.id == door.client.id
    assert x.token is not None
    assert x.headers == [(b"host", b"h"), (b"x-a", b"b"), (b"eg-consumer-id", door.client.id.encode())]


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "BeArEr"])
def test_the_scheme_has_no_case(house: House, scheme: str) -> None:
    """RFC 9110 section 11.1."""
    door = Door(house)
    assert door.knock(f"{scheme} {door.token()}").consumer is not None


@pytest.mark.parametrize(
    "form",
    [
        "{}", "Bearer", "Bearer  {}", "Bearer {} ", "Bearer\t{}", "Bearer {} x", "Basic {}", "Token {}",
        "Bearer,{}", "Bearer: {}", "Bearer {},Basic x", "", "\u00e9 {}",
    ],
)  # fmt: skip
def test_what_is_no_bearer_header(house: House, form: str) -> None:
    """Anything but two words, the first of them Bearer, is no token at all (C246): 401 without an error code."""
    door = Door(house)
    refused = door.refused(form.format(door.token()))
    assert (refused.status, refused.body, challenge(refused)) == (401, "Unauthorized", b'Bearer realm="egc"')


def test_no_token(house: House) -> None:
    """401 with a challenge and no error code (RFC 6750 section 3.1)."""
    assert challenge(Door(house).refused()) == b'Bearer realm="egc"'


def test_wrong_tokens(house: House) -> None:
    """Unknown, half, changed, swapped, expired or of another kind: 401 invalid_token, whichever it is."""
    door = Door(house)
    first, second = door.token(), door.token()
    name, _, secret = first.partition("|")
    other = second.partition("|")[2]
    wrong = [
        "x", "|", f"{name}", f"{name}|", f"|{secret}", f"{name}|{secret}x", f"{name}|{secret[:-1]}", f"{name}|{other}",
        f"{secret}|{name}", f"{name}||{secret}", f"{name}|{secret}|", f"{name.upper()}X|{secret}",
        f"{name}|{secret.swapcase()}", f"{new_uuid()}|{new_secret()}", "x" * 300, "\u00e9|\u00e9", "\x00|\x00",
        "' OR 1=1 --|x".replace(" ", ""), door.token(kind="refresh"), door.token(age=3601), door.token(age=3600),
    ]  # fmt: skip
    for text in wrong:
        refused = door.refused(f"Bearer {text}")
        assert refused.status == 401
        if len(text) < 257:
            assert challenge(refused) == b'Bearer realm="egc", error="invalid_token"'
    assert door.knock(f"Bearer {first}").consumer is not None


def test_revoked_token(house: House) -> None:
    """Revoked is closed at once, though it was looked up a moment ago."""
    door = Door(house)
    token = door.token()
    assert door.knock(f"Bearer {token}").consumer is not None
    house.run(house.store.revoke_token(token.partition("|")[0]))
    assert door.refused(f"Bearer {token}").status == 401


def test_client_that_is_gone(house: House) -> None:
    """A token of an application that no longer exists opens nothing (D238)."""
    door = Door(house)
    token = door.token()
    assert door.knock(f"Bearer {token}").consumer is not None
    house.run(house.store.delete_application(door.client.id))
    assert door.refused(f"Bearer {token}").status == 401


@pytest.mark.parametrize(
    ("asked", "held", "opens"),
    [
        ((), (), True),
        (("read",), ("read",), True),
        (("read",), ("read", "write"), True),
        (("read", "write"), ("write", "read"), True),
        (("read",), (), False),
        (("read", "write"), ("read",), False),
        (("read",), ("write",), False),
        (("read",), ("READ",), False),
        (("read",), ("readwrite",), False),
    ],
)
def test_scopes(house: House, asked: tuple[str, ...], held: tuple[str, ...], opens: bool) -> None:
    """All scopes of the endpoint are needed, and the refusal names them (RFC 6750 section 3)."""
    door = Door(house, asked)
    token = door.token(scopes=held)
    if opens:
        assert door.knock(f"Bearer {token}").consumer is not None
        return
    refused = door.refused(f"Bearer {token}")
    assert refused.status == 401
    scope = " ".join(sorted(asked)).encode()
    assert challenge(refused) == b'Bearer realm="egc", error="insufficient_scope", scope="%b"' % scope


def test_token_in_the_query(house: House) -> None:
    """It does not count there (N7), and beside the header it is refused (RFC 6750 section 2)."""
    door = Door(house)
    token = door.token()
    assert door.refused(url=f"/?access_token={token}").status == 401
    refused = door.refused(f"Bearer {token}", url=f"/?a=b&access_token={token}")
    assert (refused.status, challenge(refused)) == (400, b'Bearer realm="egc", error="invalid_request"')
    assert door.knock(f"Bearer {token}", url="/?not_access_token=x").consumer is not None


def test_two_headers(house: House) -> None:
    """Two Authorization fields are refused, in either order: which one counts is nobody's guess."""
    door = Door(house)
    token = door.token()
    for second in ("Bearer x|y", f"Bearer {token}", "Basic YTpi"):
        for sent in ((f"Bearer {token}", second), (second, f"Bearer {token}")):
            assert door.refused(*sent).status == 400


def test_pass_through(house: House) -> None:
    """A request that does not authenticate goes on as anonymous, one that does as its client (D154)."""
    door = Door(house, pass_through=True)
    for authorization in ((), ("Bearer x|y",), ("Basic YTpi",)):
        x = door.knock(*authorization)
        assert x.consumer is None
        assert x.response_headers == [(b"eg-consumer-id", b"anonymous")]
    assert door.knock(f"Bearer {door.token()}").consumer is not None
