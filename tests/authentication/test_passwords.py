"""basic-auth: who has a name and its password gets in, with the scopes of the credential, and nobody else."""

from dataclasses import replace

import bcrypt
import pytest

from egc.runtime.policies.basic_auth import BasicAuth
from egc.runtime.store import Application, User
from tests.authentication.gate import Gate, asked, basic

pytestmark = pytest.mark.slow


def test_a_user_gets_in_by_name_and_by_id(gate: Gate) -> None:
    """D160; the header goes on to the service (D157)."""
    user, door = gate.user("ann", "bacon"), BasicAuth(gate.store)
    for name in ("ann", user.id):
        x = gate.knock(door, basic(name, "bacon"))
        assert x.consumer == user
        assert any(name == b"authorization" for name, _ in x.headers)


def test_an_application_gets_in_by_its_id(gate: Gate) -> None:
    """By its id alone, and with its own password (D160)."""
    client, door = gate.client(name="robot"), BasicAuth(gate.store)
    gate.credential("basic-auth", client.id, client.id, "s3")
    x = gate.knock(door, basic(client.id, "s3"))
    assert isinstance(x.consumer, Application)
    assert x.consumer.id == client.id
    assert not gate.opens(door, basic("robot", "s3"))


@pytest.mark.parametrize("password", ["a:b", ":", "::x", "p\u00e4ss w\u00f6rd", "\U0001f511", " x ", "x" * 1000])
def test_any_password_counts_whole(gate: Gate, password: str) -> None:
    """Colons too (D162, D444), in UTF-8 (RFC 7617 section 2.1)."""
    gate.user("ann", password)
    door = BasicAuth(gate.store)
    assert gate.opens(door, basic("ann", password))
    assert not gate.opens(door, basic("ann", password + "x"))
    assert not gate.opens(door, basic("ann", password[:-1] or "x"))


@pytest.mark.parametrize(
    "value",
    [
        "", "Basic", "Basic ", "Basic ???", "Basic YW5u", "Basic YW5uOg==", "Basic OmJhY29u", "Basic Og==",
        "Bearer YW5uOmJhY29u", "YW5uOmJhY29u", "xBasic YW5uOmJhY29u", "Basicx YW5uOmJhY29u", "Basic\tYW5uOmJhY29u",
        "Basic /////w==", "Basic YW5uOmJhY29u YW5uOmJhY29u", "Basic YW5u\u00e9OmJhY29u", "Basic a",
    ],
)  # fmt: skip
def test_what_is_no_user_name_and_password(gate: Gate, value: str) -> None:
    """401, and what is asked for (D152, D161)."""
    gate.user("ann", "bacon")
    refused = gate.refused(BasicAuth(gate.store), ("Authorization", value))
    assert (refused.status, refused.body) == (401, "Unauthorized")
    assert asked(refused) == 'Basic realm="egc", charset="UTF-8"'


def test_without_header(gate: Gate) -> None:
    assert gate.refused(BasicAuth(gate.store)).status == 401


@pytest.mark.parametrize("value", ["Basic YW5uOmJhY29u", "basic  YW5uOmJhY29u", "BASIC YW5uOmJhY29u "])
def test_forms_of_the_header(gate: Gate, value: str) -> None:
    """The scheme has no case (RFC 9110 section 11.1)."""
    gate.user("ann", "bacon")
    assert gate.opens(BasicAuth(gate.store), ("Authorization", value))


def test_padding_may_be_left_away(gate: Gate) -> None:
    """`bea:pw` has padding, and Express Gateway did not miss it."""
    gate.user("bea", "pwd")
    door = BasicAuth(gate.store)
    assert gate.opens(door, ("Authorization", basic("bea", "pwd")[1].rstrip("=")))


@pytest.mark.parametrize(
    ("asked_for", "held", "opens"),
    [
        ((), None, True),
        ((), ("read",), True),
        (("read",), ("read", "write"), True),
        (("read", "write"), ("write", "read"), True),
        (("read",), None, False),
        (("read",), (), False),
        (("read", "write"), ("read",), False),
        (("read",), ("READ",), False),
    ],
)
def test_scopes(gate: Gate, asked_for: tuple[str, ...], held: tuple[str, ...] | None, opens: bool) -> None:
    """Every scope of the endpoint must be held, or the answer is 401 as well (D153, D159)."""
    user = gate.user("ann", None)
    gate.credential("basic-auth", user.id, user, "bacon", scopes=held)
    assert gate.opens(BasicAuth(gate.store), basic("ann", "bacon"), scopes=asked_for) is opens


def test_who_is_switched_off_is_out_at_once(gate: Gate) -> None:
    """Credential, user, and the application of a user, each a moment after it got in (decision 17)."""
    user = gate.user("ann", None)
    credential = gate.credential("basic-auth", user.id, user, "bacon")
    client = gate.client(owner=user)
    gate.credential("basic-auth", client.id, client.id, "robot-secret")
    door = BasicAuth(gate.store)
    mine, its = basic("ann", "bacon"), basic(client.id, "robot-secret")
    assert gate.opens(door, mine)
    assert gate.opens(door, its)
    gate.switch(credential, active=False)
    assert not gate.opens(door, mine)
    gate.switch(credential, active=True)
    assert gate.opens(door, mine)
    gate.run(gate.store.set_user_active(user.id, False, gate.now))
    assert not gate.opens(door, mine)
    assert not gate.opens(door, its)
    gate.run(gate.store.set_user_active(user.id, True, gate.now))
    assert gate.opens(door, mine)
    gate.run(gate.store.delete_user(user.id))
    assert not gate.opens(door, mine)


def test_a_generated_password_works(gate: Gate) -> None:
    """One that the gateway made is stored as a digest, and is not counted as a guess."""
    user = gate.user("ann", None)
    gate.credential("basic-auth", user.id, user, "0d7c1d3c-52fb-4be0-9b7e-1f3e7f5c8a11", kind="generated")
    door = BasicAuth(gate.store)
    assert gate.opens(door, basic("ann", "0d7c1d3c-52fb-4be0-9b7e-1f3e7f5c8a11"))
    assert not gate.opens(door, basic("ann", "0d7c1d3c-52fb-4be0-9b7e-1f3e7f5c8a12"))


def test_an_imported_hash_is_written_anew(gate: Gate) -> None:
    """bcrypt from Express Gateway verifies, and is Argon2id afterwards (decision 17, C282)."""
    user = gate.user("ann", None)
    made = gate.credential("basic-auth", user.id, user, "x", kind="generated")
    old = bcrypt.hashpw(b"bacon", bcrypt.gensalt(4)).decode()
    gate.run(gate.store.update_credential(replace(made, secret=old)))
    door = BasicAuth(gate.store)
    assert not gate.opens(door, basic("ann", "eggs"))
    assert gate.opens(door, basic("ann", "bacon"))
    found = gate.run(gate.store.get_credential("basic-auth", user.id))
    assert found is not None
    assert (found.secret or "").startswith("$argon2id$")
    assert gate.opens(door, basic("ann", "bacon"))


def test_names_that_no_store_holds(gate: Gate) -> None:
    """Nothing that a caller may send is more than 401."""
    door = BasicAuth(gate.store)
    for name in ("\x00", "' OR 1=1 --", "%s", "\U0001f600", "x" * 5000, "\n"):
        assert not gate.opens(door, basic(name, "x"))


def test_the_consumer_is_a_user(gate: Gate) -> None:
    gate.user("ann", "bacon")
    assert isinstance(gate.knock(BasicAuth(gate.store), basic("ann", "bacon")).consumer, User)
