"""Several policies in a row, callers whom nobody knows, and a store that fails."""

import pytest

from egc.runtime.exchange import Claims, Exchange
from egc.runtime.policies.basic_auth import BasicAuth
from egc.runtime.policies.jwt import JWT
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.store import StoreError
from tests.authentication.gate import Gate, Policy, basic, bearer, token

ANONYMOUS = (b"eg-consumer-id", b"anonymous")


def chain(*policies: Policy) -> Policy:
    async def run(x: Exchange) -> None:
        for policy in policies:
            await policy(x)

    return run


def test_the_first_that_knows_the_caller_decides(gate: Gate) -> None:
    """D158: each lets through whom it does not know."""
    user = gate.user("ann", "bacon")
    gate.credential("key-auth", "k1", user, "s1", kind="generated")
    doors = chain(KeyAuth(gate.store, pass_through=True), BasicAuth(gate.store, pass_through=True))
    assert gate.knock(doors, ("Authorization", "apiKey k1:s1")).consumer == user
    assert gate.knock(doors, basic("ann", "bacon")).consumer == user
    assert gate.knock(doors).consumer is None


def test_the_service_is_not_told_the_one_before() -> None:
    """D151: where who is known now has no id, or nobody is any more, the id of the one before does not go upstream."""
    for consumer in (Claims({"sub": "x"}), None):
        x = Exchange("GET", "/", [], "h", "http", "")
        x.consumer = Claims({"id": "ann"})
        assert x.header(b"eg-consumer-id") == b"ann"
        x.consumer = consumer
        assert x.header(b"eg-consumer-id") is None


def test_nobody_is_anonymous_twice(gate: Gate) -> None:
    """D154, N26: the caller reads one `eg-consumer-id: anonymous`."""
    doors = chain(*(door(gate.store, pass_through=True) for door in (KeyAuth, BasicAuth)))
    assert gate.knock(doors).response_headers == [ANONYMOUS]


def test_who_is_known_is_not_called_anonymous(gate: Gate) -> None:
    user = gate.user("ann", "bacon")
    x = gate.knock(KeyAuth(gate.store, pass_through=True), basic("ann", "bacon"), consumer=user)
    assert (x.consumer, x.response_headers) == (user, [])


@pytest.mark.parametrize("pass_through", [False, True])
def test_a_store_that_fails_lets_nobody_through(
    gate: Gate, pass_through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D155, D448, D456, D461: 503, which the gateway makes of it, and never anonymous."""

    async def fails(type_: str, name: str) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(gate.store, "identify", fails)
    sent = (
        (KeyAuth(gate.store, pass_through=pass_through), ("Authorization", "apiKey k1:s1")),
        (BasicAuth(gate.store, pass_through=pass_through), basic("ann", "bacon")),
        (JWT(gate.store, secret_or_public_key="s", pass_through=pass_through), bearer(token({"sub": "x"}, "s"))),
    )
    for door, header in sent:
        with pytest.raises(StoreError):
            gate.knock(door, header)
