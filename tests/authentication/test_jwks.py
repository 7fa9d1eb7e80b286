"""Keys that are fetched: when, how often, which of them count, and what happens while they cannot be had."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from egc.runtime import jwks
from egc.runtime.env import Misconfigured
from egc.runtime.jwks import RemoteKeys
from egc.runtime.policies.jwt import JWT
from tests.authentication.gate import Gate, bearer, part, token
from tests.authentication.keys import jwk, private, signed
from tests.running import free_port
from tests.upstreams import Upstream, Wire


class Issuer:
    """A server of a key set; a context manager."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.status = "200 OK"
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: bytes | None = None
        self.server = Upstream(self._answer)

    async def _answer(self, wire: Wire) -> None:
        body = self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()
        await wire.respond(body, status=self.status, headers=self.headers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/keys?a=b"

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.server.requests)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    with issuer.server:
        yield issuer


class Clock:
    """The moment that key sets go by."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jwks, "monotonic", clock)
    return clock


def door(gate: Gate, issuer: Issuer, *algorithms: str, **options: Any) -> JWT:
    return JWT(gate.store, jwks_uri=issuer.url, algorithms=algorithms, check_credential_existence=False, **options)


def settle(gate: Gate, policy: JWT) -> None:
    """Let a fetch that was begun in the background end."""

    async def wait() -> None:
        assert isinstance(policy._keys, RemoteKeys)
        await asyncio.gather(*policy._keys._flights._tasks.values())

    gate.run(wait())


ONE, TWO, THREE = private("RS256"), private("RS256", 1), private("ES256")


def test_keys_are_fetched_when_they_are_needed_and_then_kept(gate: Gate, issuer: Issuer) -> None:
    """Once, whatever comes after: other tokens, tokens that nobody signed, and none."""
    issuer.keys = [jwk(ONE, "one")]
    policy = door(gate, issuer)
    assert issuer.asked == 0
    for number in range(3):
        assert gate.opens(policy, bearer(signed({"n": number}, ONE, "RS256", kid="one")))
    assert not gate.opens(policy, bearer(signed({}, TWO, "RS256", kid="one")))
    assert not gate.opens(policy)
    assert issuer.asked == 1
    assert issuer.server.requests[0].target == "/keys?a=b"


def test_callers_at_once_ask_once(gate: Gate, issuer: Issuer) -> None:
    issuer.keys = [jwk(ONE, "one")]
    policy = door(gate, issuer)
    found = gate.together(
        *(gate.arrive(policy, bearer(signed({"n": number}, ONE, "RS256", kid="one"))) for number in range(20))
    )
    assert [x for x in found if isinstance(x, Exception)] == []
    assert issuer.asked == 1


def test_a_name_that_is_not_known_is_asked_for_but_not_often(gate: Gate, issuer: Issuer, clock: Clock) -> None:
    """Keys rotate; and a caller who makes names up does not make us ask each time."""
    issuer.keys = [jwk(ONE, "one")]
    policy = door(gate, issuer)
    assert gate.opens(policy, bearer(signed({}, ONE, "RS256", kid="one")))
    issuer.keys = [jwk(TWO, "two")]
    new = bearer(signed({}, TWO, "RS256", kid="two"))
    assert not gate.opens(policy, new)
    clock.now += jwks.PAUSE
    assert gate.opens(policy, new)
    assert issuer.asked == 2
    for number in range(20):
        assert not gate.opens(policy, bearer(signed({}, ONE, "RS256", kid=f"made up {number}")))
    assert issuer.asked == 2


def test_a_key_that_is_gone_verifies_nothing_any_more(gate: Gate, issuer: Issuer, clock: Clock) -> None:
    """Not even a token that was found good before."""
    issuer.keys = [jwk(ONE, "one"), jwk(TWO, "two")]
    policy = door(gate, issuer)
    old = bearer(signed({}, ONE, "RS256", kid="one"))
    assert gate.opens(policy, old)
    issuer.keys = [jwk(TWO, "two")]
    clock.now += jwks.USUAL
    assert gate.opens(policy, old)  # while the set is fetched in the background
    settle(gate, policy)
    assert not gate.opens(policy, old)
    assert gate.opens(policy, bearer(signed({}, TWO, "RS256", kid="two")))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"max-age=300", 300), (b"public, max-age=300, must-revalidate", 300), (b"MAX-AGE=300", 300),
        (b"max-age=1", 60),
        (b"max-age=99999999", 86400), (b"no-store", 60), (b"no-cache, max-age=300", 60), (b"max-age=x", 600),
        (b"", 600),
        (b"max-age=-5", 600), (b"s-max-age=5", 600), (b'max-age="300"', 300),
    ],
)  # fmt: skip
def test_how_long_keys_are_fresh(gate: Gate, issuer: Issuer, clock: Clock, said: bytes, seconds: float) -> None:
    """As Cache-Control says, from a minute to a day (RFC 9111 section 5.2.2)."""
    issuer.keys, issuer.headers = [jwk(ONE, "one")], [(b"cache-control", said)]
    policy = door(gate, issuer)
    header = bearer(signed({}, ONE, "RS256", kid="one"))
    assert gate.opens(policy, header)
    clock.now += seconds - 0.5
    assert gate.opens(policy, header)
    settle(gate, policy)
    assert issuer.asked == 1
    clock.now += 0.5
    assert gate.opens(policy, header)
    settle(gate, policy)
    assert issuer.asked == 2


def test_old_keys_count_while_the_server_is_down_and_not_for_ever(gate: Gate, issuer: Issuer, clock: Clock) -> None:
    issuer.keys = [jwk(ONE, "one")]
    policy = door(gate, issuer)
    header = bearer(signed({}, ONE, "RS256", kid="one"))
    assert gate.opens(policy, header)
    issuer.status = "500 Internal Server Error"
    clock.now += jwks.USUAL + jwks.STALE - 1
    for _ in range(3):
        assert gate.opens(policy, header)
        settle(gate, policy)
    assert issuer.asked == 2
    clock.now += 1
    refused = gate.refused(policy, header)
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (503, b"5")
    issuer.status = "200 OK"
    clock.now += jwks.PAUSE
    assert gate.opens(policy, header)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[1,null,"x",[],{}]}', b'{"keys":[],"keys":[]}',
     b'{"keys":' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"keys":["' + b"x" * 300_000 + b'"]}', b"\xff"],
)  # fmt: skip
def test_what_is_no_key_set(gate: Gate, issuer: Issuer, body: bytes) -> None:
    """503: whether the token is good, nobody can say; and never anonymous."""
    issuer.body = body
    header = bearer(signed({}, ONE, "RS256", kid="one"))
    assert gate.refused(door(gate, issuer, pass_through=True), header).status == 503


def test_a_server_that_is_not_there(gate: Gate) -> None:
    """503 for what might be a good token, 401 for what cannot be one."""
    policy = JWT(gate.store, jwks_uri=f"http://127.0.0.1:{free_port()}/", check_credential_existence=False)
    assert gate.refused(policy, bearer(signed({}, ONE, "RS256", kid="one"))).status == 503
    assert gate.refused(policy).status == 401
    assert gate.refused(policy, bearer("no token")).status == 401


def test_redirects_are_not_followed(gate: Gate, issuer: Issuer) -> None:
    with Upstream() as elsewhere:
        issuer.status, issuer.headers = "302 Found", [(b"location", f"http://127.0.0.1:{elsewhere.port}/".encode())]
        assert gate.refused(door(gate, issuer), bearer(signed({}, ONE, "RS256"))).status == 503
        assert elsewhere.requests == []


def test_keys_that_do_not_count(gate: Gate, issuer: Issuer) -> None:
    """For encryption, for signing only, of another algorithm, shared, short ones, and what is not understood."""
    rsa, secret = jwk(ONE, "x"), "a secret that everybody may read"
    for member in (
        rsa | {"use": "enc"}, rsa | {"key_ops": ["sign"]}, rsa | {"key_ops": "verify"}, rsa | {"alg": "RS512"},
        rsa | {"kty": "PQ"}, rsa | {"kty": ["RSA"]}, rsa | {"n": "AQAB"}, rsa | {"n": 5}, rsa | {"e": ""},
        rsa | {"e": "AA"}, rsa | {"n": "!" * 400}, rsa | {"kid": 7},
        {"kty": "oct", "k": part(secret.encode()), "kid": "x"},
        jwk(THREE, "x") | {"crv": "P-521"}, jwk(THREE, "x") | {"x": "AA"}, jwk(THREE, "x") | {"crv": "X25519"},
    ):  # fmt: skip
        issuer.keys = [member, jwk(TWO, "two")]
        policy = door(gate, issuer)
        for header in (
            bearer(signed({}, ONE, "RS256", kid="x")),
            bearer(signed({}, THREE, "ES256", kid="x")),
            bearer(token({}, secret, kid="x")),
        ):
            assert not gate.opens(policy, header), member
        assert gate.opens(policy, bearer(signed({}, TWO, "RS256", kid="two")))


def test_private_parts_are_not_read(gate: Gate, issuer: Issuer) -> None:
    """A set with `d` in it costs no more than one without; the key verifies."""
    issuer.keys = [jwk(ONE, "one", d="AQAB")]
    assert gate.opens(door(gate, issuer), bearer(signed({}, ONE, "RS256", kid="one")))


def test_a_token_without_name_is_tried_with_a_few_keys(gate: Gate, issuer: Issuer) -> None:
    issuer.keys = [jwk(TWO, "two"), jwk(THREE, "three"), jwk(ONE)]
    assert gate.opens(door(gate, issuer), bearer(signed({}, ONE, "RS256")))
    assert gate.opens(door(gate, issuer), bearer(signed({}, THREE, "ES256")))
    assert not gate.opens(door(gate, issuer), bearer(signed({}, ONE, "RS256", kid="two")))
    assert not gate.opens(door(gate, issuer, "ES256"), bearer(signed({}, ONE, "RS256")))


@pytest.mark.parametrize(
    "url", ["http://keys.example.com/", "http://10.0.0.1/", "ftp://x/", "x", "http://localhost.evil/"]
)
def test_keys_come_over_tls_or_from_this_machine(url: str) -> None:
    """Who can change them on their way can let anybody in."""
    with pytest.raises(Misconfigured):
        RemoteKeys(url, ())


@pytest.mark.parametrize(
    "url", ["https://keys.example.com/x", "http://localhost/", "http://[::1]:9/", "http://127.9.9.9/"]
)
def test_places_that_are_trusted(url: str) -> None:
    assert RemoteKeys(url, ()).version == 0
