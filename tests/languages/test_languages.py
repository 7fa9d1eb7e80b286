"""The algebra of languages against brute force: every short text, asked of Python's own engine."""

import itertools
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from egc.compiler import languages
from egc.compiler.ecmascript import Chars, Choice, Edge, Repeat, Untranslatable, read
from egc.compiler.languages import EVERYTHING, NOTHING, Beyond, Language, text, whole, within

ALPHABET = "ab/-"
TEXTS = ["".join(found) for length in range(6) for found in itertools.product(ALPHABET, repeat=length)]

atoms = st.sampled_from(["a", "b", "/", "-", ".", "[^/]", "[ab]", r"\w", r"\W", r"\b", r"\B", "^", "$"])
signs = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: "(?:" + "|".join(found) + ")"),
        st.tuples(inner, signs).map(lambda found: f"(?:{found[0]}){found[1]}"),
        inner.map(lambda found: f"(?={found})"),
        inner.map(lambda found: f"(?!{found})"),
        st.tuples(inner, signs).map(lambda found: f"(?:(?!{found[0]})[a/]){found[1]}"),
    )


patterns = st.recursive(atoms, larger, max_leaves=8)


def asked(pattern: str) -> set[str]:
    """The short texts in which Python finds the pattern; its `\\B` knows no empty text before 3.14."""
    compiled = re.compile(pattern.replace("$", r"\Z").replace(r"\B", r"(?!\b)"), re.ASCII | re.DOTALL)
    return {found for found in TEXTS if compiled.search(found)}


def language(pattern: str) -> Language:
    try:
        return within(read(pattern, one_line=True, only_whether=True))
    except (Untranslatable, Beyond):
        assume(False)
        raise


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(patterns)
def test_a_language_has_what_an_engine_finds(pattern: str) -> None:
    found = language(pattern)
    assert {one for one in TEXTS if one in found} == asked(pattern)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(patterns, patterns)
def test_operations_are_those_of_sets(one: str, other: str) -> None:
    left, right = language(one), language(other)
    first, second = asked(one), asked(other)
    for found, expected in (
        (left & right, first & second),
        (left | right, first | second),
        (left - right, first - second),
        (~left, set(TEXTS) - first),
    ):
        assert {one for one in TEXTS if one in found} == expected
        witness = found.witness()
        if witness is None:
            assert not expected
        else:
            assert witness in found
            assert all(len(witness) <= len(one) for one in expected)
    if left <= right:
        assert first <= second


@given(st.text(alphabet=ALPHABET, max_size=6), st.text(alphabet="aA/", max_size=6))
def test_a_text_is_the_only_one_of_its_language(exact: str, other: str) -> None:
    assert text(exact).witness() == exact
    assert (other in text(exact)) == (other == exact)
    assert (other in text(exact, ignore_case=True)) == (other.lower() == exact.lower())
    assert (text(exact) - text(exact)).empty


def test_the_ends_of_the_algebra() -> None:
    assert EVERYTHING.witness() == ""
    assert NOTHING.empty
    assert (~EVERYTHING).empty
    assert NOTHING <= EVERYTHING
    assert not EVERYTHING <= NOTHING
    assert (text("/a") + text("/b")).witness() == "/a/b"


def test_witnesses_are_shortest_and_readable() -> None:
    found = whole(read("/orders/[^/]+", one_line=True)) - text("/orders/a")
    assert found.witness() == "/orders/1"
    assert list(whole(read("(?:a|bc+)")).witnesses()) == ["a", "bc"]
    assert whole(read(r"[\0-\x1f]")).witness() == "\0"


def test_a_border_looks_at_the_character_before() -> None:
    found = within(read(r"a\b"))
    assert "a-" in found
    assert "-a" in found
    assert "ab" not in found


def test_a_repetition_may_be_spent_where_nothing_is_taken() -> None:
    twice = whole(Repeat(Choice((Edge("^"), Chars(((97, 97),)))), 2, 2, lazy=False))
    assert [one for one in TEXTS if one in twice] == ["", "a", "aa"]


def test_what_is_beyond_is_said() -> None:
    with pytest.raises(Beyond, match="behind"):
        within(read("(?<=a)b"))
    with pytest.raises(Beyond, match="repeated"):
        within(read("(?:a(?=b).)*"))


def test_the_number_of_states_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "MAX_STATES", 100)
    with pytest.raises(Beyond, match="100 states"):
        (whole(read("(?:a|b)*a(?:a|b){12}")) & whole(read("(?:a|b)*b(?:a|b){12}"))).witness()


def test_a_text_is_as_long_as_it_likes() -> None:
    long = "a" * 5000
    both = text(long) | text(long) + text("/")
    assert long in both
    assert f"{long}/" in both
    assert f"{long[1:]}/" not in both
    assert both.witness() == long
