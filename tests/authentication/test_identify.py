"""`identify`: a credential and who holds it, in one look-up that every write of anybody makes anew (C59, C60)."""

from collections.abc import Callable
from dataclasses import replace

from egc.runtime.store import Held, Store
from tests.authentication.gate import Gate


def found(gate: Gate, store: Store, kind: str, name: str) -> Held | None:
    return gate.run(store.identify(kind, name))  # type: ignore[arg-type]  # the literals are the test's


def test_by_key_id(gate: Gate) -> None:
    """For key-auth and jwt, each of its own kind only."""
    user = gate.user("ann", None)
    key = gate.credential("key-auth", "k", user)
    jwt = gate.credential("jwt", "j", user)
    assert found(gate, gate.store, "key-auth", "k") == Held(key, user)
    assert found(gate, gate.store, "jwt", "j") == Held(jwt, user)
    for kind, name in (("jwt", "k"), ("key-auth", "j"), ("key-auth", user.id), ("key-auth", "ann"), ("key-auth", "")):
        assert found(gate, gate.store, kind, name) is None


def test_by_consumer(gate: Gate) -> None:
    """An application's id, a user's id, a username (D160)."""
    user = gate.user("ann", "x")
    for name in (user.id, "ann"):
        held = found(gate, gate.store, "basic-auth", name)
        assert held is not None
        assert held.consumer == user
    assert found(gate, gate.store, "basic-auth", "ANN") is None
    assert found(gate, gate.store, "basic-auth", "\ud800") is None


def test_every_write_counts_at_once(gate: Gate) -> None:
    user = gate.user("ann", None)
    key = gate.credential("key-auth", "k", user)
    changes: tuple[Callable[[], object], ...] = (
        lambda: gate.switch(key, active=False),
        lambda: gate.run(gate.store.set_user_active(user.id, False, gate.now)),
        lambda: gate.run(gate.store.delete_user(user.id)),
    )
    for change in changes:
        gate.switch(key, active=True)
        gate.run(gate.store.set_user_active(user.id, True, gate.now))
        assert found(gate, gate.store, "key-auth", "k") is not None
        change()
        assert found(gate, gate.store, "key-auth", "k") is None


def test_what_was_read_is_what_is_there(gate: Gate) -> None:
    """A changed secret or scope is read anew."""
    key = gate.credential("key-auth", "k", gate.user("ann", None))
    assert found(gate, gate.store, "key-auth", "k") is not None
    changed = replace(key, secret="sha256:00")
    gate.run(gate.store.update_credential(changed))
    held = found(gate, gate.store, "key-auth", "k")
    assert held is not None
    assert held.credential.secret == "sha256:00"
