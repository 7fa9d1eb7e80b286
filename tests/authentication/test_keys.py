"""key-auth: a key that exists and is switched on gets in where its scopes suffice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.query import member, single
from egc.runtime.store.sqlite import SQLiteStore
from tests.authentication.gate import Gate, asked

pytestmark = pytest.mark.slow


def key(text: str) -> tuple[str, str]:
    return "Authorization", f"apiKey {text}"


@pytest.fixture
def door(gate: Gate) -> KeyAuth:
    """key-auth with its defaults, and Ann's key k1:s1 for it."""
    gate.credential("key-auth", "k1", gate.user("ann", None), "s1", kind="generated")
    return KeyAuth(gate.store)


@pytest.mark.parametrize("value", ["apiKey k1:s1", "APIKEY k1:s1", "apikey x k1:s1", "apiKey  k1:s1"])
def test_forms_of_the_header(gate: Gate, door: KeyAuth, value: str) -> None:
    """The last word is the key, the first the scheme (D164, D170)."""
    assert gate.opens(door, ("Authorization", value))


@pytest.mark.parametrize(
    "value",
    ["", "apiKey", "apiKey ", "k1:s1", "Bearer k1:s1", "apiKey k1", "apiKey k1:", "apiKey :s1", "apiKey :",
     "apiKey k1:s2", "apiKey k1:s1:x", "apiKey k1:S1", "apiKey K1:s1", "apiKey k1:s1 x", "apiKeyk1:s1", "apiKey\tk1:s1",
     "apiKey k1:s1\u00e9", "apiKey \u00e9:\u00e9", "apiKey k2:s1"],
)  # fmt: skip
def test_what_is_no_key(gate: Gate, door: KeyAuth, value: str) -> None:
    """401 (D171), with the scheme that is asked for."""
    refused = gate.refused(door, ("Authorization", value))
    assert (refused.status, refused.body, asked(refused)) == (401, "Unauthorized", 'apiKey realm="egc"')


def test_two_fields_are_refused(gate: Gate, door: KeyAuth) -> None:
    """400, in either order: which of them counts is nobody's guess."""
    for second in ("apiKey k1:s1", "Basic YTpi"):
        assert gate.refused(door, key("k1:s1"), ("Authorization", second)).status == 400
        assert gate.refused(door, ("Authorization", second), key("k1:s1")).status == 400


def test_a_secret_with_colons(gate: Gate, door: KeyAuth) -> None:
    """The key is cut at its first colon."""
    gate.credential("key-auth", "k2", gate.user("bea", None), "a:b:c")
    assert gate.opens(door, key("k2:a:b:c"))
    assert not gate.opens(door, key("k2:a"))


@pytest.mark.parametrize(
    ("wanted", "held", "status"),
    [((), None, 200), (("a",), ("a", "b"), 200), (("a", "b"), ("a",), 403), (("a",), None, 403), (("a",), (), 403)],
)
def test_scopes(gate: Gate, wanted: tuple[str, ...], held: tuple[str, ...] | None, status: int) -> None:
    """A good key without the scopes is 403 Forbidden (D153, D172)."""
    gate.credential("key-auth", "k1", gate.user("ann", None), "s1", scopes=held, kind="generated")
    door = KeyAuth(gate.store)
    if status == 200:
        assert gate.opens(door, key("k1:s1"), scopes=wanted)
        return
    refused = gate.refused(door, key("k1:s1"), scopes=wanted)
    assert (refused.status, refused.body) == (403, "Forbidden")
    assert gate.refused(door, key("k1:x"), scopes=wanted).status == 401


def test_the_query_where_the_header_holds_none(gate: Gate, door: KeyAuth) -> None:
    """Not where it holds a wrong one (D170)."""
    assert gate.opens(door, url="/?apiKey=k1:s1")
    assert gate.opens(door, ("Authorization", "Basic YTpi"), url="/?apiKey=k1:s1")
    assert gate.opens(door, ("Authorization", "apiKey "), url="/?apiKey=k1:s1")
    assert not gate.opens(door, key("k1:x"), url="/?apiKey=k1:s1")
    for url in ("/?apiKey=k1:s1&apiKey=k1:s1", "/?apiKey[]=k1:s1", "/?apikey=k1:s1", "/?apiKey", "/?x=apiKey=k1:s1"):
        assert not gate.opens(door, url=url)


def test_options(gate: Gate, door: KeyAuth) -> None:
    """D163 to D168, and the empty scheme (D174, D402)."""
    other = KeyAuth(gate.store, api_key_header="X-KEY", api_key_header_scheme="", api_key_field="a[b]")
    assert gate.opens(other, ("x-key", "k1:s1"))
    assert gate.opens(other, ("x-key", "Whatever k1:s1"))
    assert gate.opens(other, url="/?a[b]=k1:s1")
    assert not gate.opens(other, key("k1:s1"))
    headerless = KeyAuth(gate.store, disable_headers=True)
    assert not gate.opens(headerless, key("k1:s1"))
    assert gate.opens(headerless, url="/?apiKey=k1:s1")
    queryless = KeyAuth(gate.store, disable_query_param=True, disable_headers_scheme=True)
    assert not gate.opens(queryless, url="/?apiKey=k1:s1")
    assert gate.opens(queryless, ("Authorization", "k1:s1"))


def test_a_scheme_that_cannot_be_asked_for(gate: Gate) -> None:
    """What is no token does not get into the header of the answer."""
    for scheme in ("a b", 'x"', "\r\nx: y", "\u00e9"):
        assert asked(gate.refused(KeyAuth(gate.store, api_key_header_scheme=scheme))) == 'Bearer realm="egc"'


def test_who_is_switched_off_is_out_at_once(gate: Gate) -> None:
    """Key and owner, whatever was known of them a moment ago."""
    user = gate.user("ann", None)
    first = gate.credential("key-auth", "k1", user, "s1")
    gate.credential("key-auth", "k2", user, "s2", kind="generated")
    door = KeyAuth(gate.store)
    assert gate.opens(door, key("k1:s1"))
    gate.switch(first, active=False)
    assert not gate.opens(door, key("k1:s1"))
    assert gate.opens(door, key("k2:s2"))
    gate.switch(first, active=True)
    assert gate.opens(door, key("k1:s1"))
    gate.run(gate.store.delete_credential("key-auth", "k1"))
    assert not gate.opens(door, key("k1:s1"))
    gate.run(gate.store.set_user_active(user.id, False, gate.now))
    assert not gate.opens(door, key("k2:s2"))


def test_scopes_that_are_taken_away_count_at_once(gate: Gate) -> None:
    gate.credential("key-auth", "k1", gate.user("ann", None), "s1", scopes=("read",), kind="generated")
    door = KeyAuth(gate.store)
    assert gate.opens(door, key("k1:s1"), scopes=("read",))
    gate.run(gate.store.delete_scope("read"))
    assert gate.refused(door, key("k1:s1"), scopes=("read",)).status == 403


@pytest.mark.parametrize("gate", ["sqlite"], indirect=True)
def test_nothing_is_asked_of_the_database_while_nothing_changes(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in use costs no SQL (decision 17); any write of any worker makes it be looked up again."""
    user = gate.user("ann", None)
    gate.credential("key-auth", "k1", user, "s1", kind="generated")
    door = KeyAuth(gate.store)
    assert gate.opens(door, key("k1:s1"))
    asked_for: list[str] = []
    one = SQLiteStore._one

    def counted(self: SQLiteStore, sql: str, *parameters: object) -> tuple[object, ...] | None:
        asked_for.append(sql)
        return one(self, sql, *parameters)

    monkeypatch.setattr(SQLiteStore, "_one", counted)
    for _ in range(5):
        assert gate.opens(door, key("k1:s1"))
    assert asked_for == []
    gate.run(gate.store.create_scopes(["new"]))
    assert gate.opens(door, key("k1:s1"))
    assert asked_for != []


@pytest.mark.parametrize(
    ("query", "place", "found"),
    [
        ("a=1", "a", "1"), ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", None), ("a[]=1", "a", None), ("a[b]=1", "a", None),
        ("a[b]=1", "a[b]", "1"), ("a%5Bb%5D=1", "a[b]", "1"), ("a[b][c]=1", "a[b][c]", "1"),
        ("a[b][c]=1", "a[b]", None),
        ("a[b]=1&a[b]=2", "a[b]", None), ("a[b]=1&a[c]=2", "a[c]", "2"), ("a=1", "a[b]", "1"),
        ("a[b]=1&a=2", "a[b]", None),
        ("a=x+y", "a", "x y"), ("a", "a", None), ("a=", "a", None), ("", "a", None), ("b=1", "a", None),
        ("A=1", "a", None),
        ("a=%31", "a", "1"), ("&&a=1", "a", "1"), ("a]=1", "a", None),
    ],
)  # fmt: skip
def test_members_of_a_query(query: str, place: str, found: str | None) -> None:
    """As the qs of Express Gateway reads them (D167, D173)."""
    assert member(query, place) == found


@given(st.text(alphabet="ab[]=&%5+", max_size=40), st.sampled_from(["a", "a[b]", "a[b][a]", "[", ""]))
def test_any_query_gives_one_text_or_nothing(query: str, place: str) -> None:
    found = member(query, place)
    assert found is None or found
    assert isinstance(single(query, place), str | None)
