"""What somebody may have meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.spelling import LONGEST, distance, nearest

KEYS = ("host", "hostRegex", "paths", "pathRegex", "methods", "scopes")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hsot", "host"),
        ("Host", "host"),
        ("hosts", "host"),
        ("pathregex", "pathRegex"),
        ("path", "paths"),
        ("mehtod", "methods"),
        ("method", "methods"),
        ("scope", "scopes"),
        ("origin", None),
        ("target", None),
        ("port", None),
        ("", None),
        ("x" * (LONGEST + 1), None),
    ],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, KEYS) == meant


def test_beginnings_are_near() -> None:
    assert nearest("host", ["port", "hostname"]) == "hostname"


LETTERS = st.text("abc", max_size=8)


@given(LETTERS, LETTERS)
def test_distance_is_one_between_two(one: str, other: str) -> None:
    far = distance(one, other)
    assert far == distance(other, one)
    assert (far == 0) == (one == other)
    assert abs(len(one) - len(other)) <= far <= max(len(one), len(other))


@given(LETTERS, st.data())
def test_each_mistake_counts_one(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word)))
    assert distance(word, word[:place] + "x" + word[place:]) == 1
    if len(word) > 1:
        swap = data.draw(st.integers(0, len(word) - 2))
        assert distance(word, word[:swap] + word[swap + 1] + word[swap] + word[swap + 2 :]) <= 1
