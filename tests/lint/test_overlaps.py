"""What is seen of two paths without automata is what their languages say."""

from itertools import islice, product

import pytest

from egc.compiler.ecmascript import read
from egc.compiler.languages import Beyond, text, whole
from egc.compiler.lint._overlaps import MOST_DOUBTS, Doubts, _apart, _within, outline
from egc.compiler.paths import path_pattern
from egc.compiler.requests import paths

POOL = (
    "*",
    "/",
    "/*",
    "/a",
    "/A/",
    "/a/b",
    "/a/*",
    "/:x",
    "/a/:x",
    "/:x/b",
    "/:x/*",
    "/a*",
    "/a/:x?",
    "/(a|b)/c",
    "/a?b",
)
FITTING = whole(read(r"\/([^]*[^/])?"))


@pytest.mark.parametrize("one", POOL)
def test_plain_sight_agrees_with_the_languages(one: str) -> None:
    for other in POOL:
        first, second = path_pattern(one), path_pattern(other)
        plain, its = outline(first), outline(second)
        mine, others = paths(first) & FITTING, paths(second) & FITTING
        if _apart(plain, its):
            assert (mine & others).empty, other
        elif plain.plain and its.plain:
            assert not (mine & others).empty, other
            assert _within(plain, its) == (mine <= others), other


def test_doubts_are_bounded() -> None:
    doubts = Doubts()
    for one, other in islice(product("abcdefghijkl", repeat=2), MOST_DOUBTS):
        doubts.ask(text(one), text(other))
    with pytest.raises(Beyond):
        doubts.ask(text("a"), text("b"))
