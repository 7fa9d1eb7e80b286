"""P30: passwords and keys that people chose cannot be guessed, and who knows them is not shut out by guessing."""

from dataclasses import replace
from typing import Any

import pytest

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.chosen import chosen_secrets
from egc.runtime.oauth2.errors import Throttled
from egc.runtime.oauth2.secrets import PasswordHasher
from egc.runtime.oauth2.throttle import PER_ACCOUNT, PER_PAIR
from egc.runtime.policies.basic_auth import BasicAuth
from egc.runtime.policies.key_auth import KeyAuth
from tests.authentication.gate import Gate, basic
from tests.oauth2.house import hashed

pytestmark = pytest.mark.slow


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a hash was made for."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    async def counted(self: PasswordHasher, text: str, stored: str | None) -> bool:
        seen.append(text)
        return await verify(self, text, stored)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    return seen


def guess(gate: Gate, door: Any, number: int, *, name: str = "ann", client: str = "198.51.100.9") -> int:
    """One wrong password; the status."""
    return gate.refused(door, basic(name, f"wrong {number}"), client=client).status


def test_guessing_ends_and_the_owner_stays_in(gate: Gate, looked_at: list[str]) -> None:
    """Ten guesses from one address, twenty from all; who got in from an address before is not shut out there."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    assert gate.opens(door, basic("ann", "bacon"), client="192.0.2.1")
    statuses = [
        guess(gate, door, number, client=f"198.51.100.{number % 5}") for number in range(PER_ACCOUNT + PER_PAIR)
    ]
    assert statuses.count(401) <= PER_ACCOUNT
    assert statuses[-1] == 429
    assert len(looked_at) <= 1 + PER_ACCOUNT
    # Its memory of the password gone, as it is half a minute later.
    chosen_secrets(gate.store, "login")._right.clear()
    assert gate.opens(door, basic("ann", "bacon"), client="192.0.2.1")


def test_one_address_does_not_shut_an_account(gate: Gate) -> None:
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    statuses = [guess(gate, door, number) for number in range(PER_PAIR + 5)]
    assert statuses == [401] * PER_PAIR + [429] * 5
    assert gate.opens(door, basic("ann", "bacon"), client="192.0.2.77")


def test_a_refused_guess_says_when_to_come_again(gate: Gate) -> None:
    """And it is 429 with passThrough too: the password was not looked at."""
    door = BasicAuth(gate.store, pass_through=True)
    for number in range(PER_PAIR):
        gate.knock(door, basic("ann", f"wrong {number}"))
    refused = gate.refused(door, basic("ann", "more"))
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (429, b"300")


def test_the_same_wrong_password_again_is_no_guess(gate: Gate, looked_at: list[str]) -> None:
    """A program with an old password does not shut its account."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    assert [gate.refused(door, basic("ann", "old")).status for _ in range(30)] == [401] * 30
    assert looked_at == ["old"]
    assert gate.opens(door, basic("ann", "bacon"))


def test_requests_at_the_same_moment_are_one_guess(gate: Gate, looked_at: list[str]) -> None:
    """A browser that opens a page with fifty pictures does not shut itself out."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    found = gate.together(*(gate.arrive(door, basic("ann", "bacon")) for _ in range(50)))
    assert [x for x in found if not isinstance(x, Exchange)] == []
    assert looked_at == ["bacon"]


def test_guesses_count_together_with_those_of_the_login_page(gate: Gate) -> None:
    """One password, one count, wherever it is asked for."""
    user = gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    for number in range(PER_PAIR):
        gate.browser(address="198.51.100.9").post("/login", {"username": "ann", "password": f"x{number}"})
    assert guess(gate, door, 99) == 429
    assert guess(gate, door, 99, name=user.id) == 429


def test_unknown_names_cost_what_wrong_passwords_cost(gate: Gate, looked_at: list[str]) -> None:
    """P29: a hash is made for either."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    for name in ("ann", "nobody"):
        assert guess(gate, door, 1, name=name) == 401
    assert len(looked_at) == 2


def test_a_password_in_use_is_hashed_once(gate: Gate, looked_at: list[str]) -> None:
    """It costs 30 ms, and a request of it comes often (decision 17)."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    for _ in range(20):
        assert gate.opens(door, basic("ann", "bacon"))
    assert looked_at == ["bacon"]


def test_what_is_remembered_ends_with_the_secret(gate: Gate) -> None:
    """A changed password shuts the old one at once."""
    user = gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    assert gate.opens(door, basic("ann", "bacon"))
    credential = gate.run(gate.store.get_credential("basic-auth", user.id))
    assert credential is not None
    gate.run(gate.store.update_credential(replace(credential, secret=hashed("eggs"))))
    assert not gate.opens(door, basic("ann", "bacon"))
    assert gate.opens(door, basic("ann", "eggs"))


def test_what_is_remembered_is_not_the_secret(gate: Gate) -> None:
    """Under a keyed hash: neither the password nor its digest is in the checker's memory."""
    gate.user("ann", "bacon")
    door = BasicAuth(gate.store)
    assert gate.opens(door, basic("ann", "bacon"))
    checker = chosen_secrets(gate.store, "login")
    assert len(checker._right) == 1
    assert all(b"bacon" not in mark and len(mark) == 32 for mark in checker._right)


def test_chosen_keys_are_not_guessed_either(gate: Gate) -> None:
    user = gate.user("ann", None)
    gate.credential("key-auth", "k1", user, "s1")
    door = KeyAuth(gate.store)
    statuses = [gate.refused(door, ("Authorization", f"apiKey k1:x{number}")).status for number in range(PER_PAIR + 1)]
    assert statuses == [401] * PER_PAIR + [429]


def test_generated_keys_are_never_shut(gate: Gate) -> None:
    """128 random bits cannot be guessed: whoever tries shuts nobody out."""
    user = gate.user("ann", None)
    gate.credential("key-auth", "k1", user, "2QRkPqP2cIYTcG4EGkYTX1", kind="generated")
    door = KeyAuth(gate.store)
    for number in range(PER_PAIR + 5):
        with pytest.raises(Refused):
            gate.knock(door, ("Authorization", f"apiKey k1:x{number}"))
    assert gate.opens(door, ("Authorization", "apiKey k1:2QRkPqP2cIYTcG4EGkYTX1"))


def test_memory_is_bounded(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong guesses without end leave a few thousand marks."""
    monkeypatch.setattr("egc.runtime.oauth2.chosen._KEPT", 5)

    async def at_once(self: PasswordHasher, text: str, stored: str | None) -> bool:
        return False

    monkeypatch.setattr(PasswordHasher, "verify", at_once)
    checker = chosen_secrets(gate.store, "login")

    async def guesses() -> None:
        for number in range(40):
            try:
                await checker.check(f"user {number}", "x", None, f"192.0.2.{number}")
            except Throttled:
                break

    gate.run(guesses())
    assert len(checker._wrong) == 5
