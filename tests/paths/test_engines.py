"""Both engines mean what Node means, and no pattern that is let through can hold a worker."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.backtracking import work
from egc.compiler.ecmascript import Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence, read
from egc.compiler.paths import path_pattern, path_regex
from egc.compiler.regexes import Untranslatable, looks, safe, spelled
from egc.runtime.patterns import Pattern, pattern
from egc.runtime.routing import Path as Route

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "ecmascript.json").read_text())

ATOMS = st.sampled_from(
    ["a", "b", "B", "k", "s", "é", "µ", ".", "1", "-", "/", r"\d", r"\w", r"\W", r"\s", r"\S", r"\b", "^", "$"]
)
SETS = st.sampled_from(["[ab]", "[^a]", "[a-c1]", r"[^\s/]", r"[\w-]", "[^]", "[é-ñ]", r"\u017f", r"\."])
TIMES = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}"])
PATTERNS = st.recursive(
    ATOMS | SETS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, inner).map("({0[0]}|{0[1]})".format),
        st.tuples(inner, TIMES).map("(?:{0[0]}){0[1]}".format),
        st.tuples(inner, st.sampled_from("*+?")).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=8,
)
TEXTS = st.text(st.sampled_from("aabbAB1-/. kKsS\u212a\u017féÉñµμ\n\u2028_"), max_size=12)
LOOPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["a", "b", "-", ".", "[ab]", "[^-]", "(?:ab|a)", "(?:a|b)", "(?:a+b)", "(?:-a*)", "(?:[^-]*-)"]
        ),
        st.sampled_from(["", "", "*", "+", "?", "*?", "{1,2}", "{2,}"]),
    ).map("".join),
    min_size=1,
    max_size=5,
).map("".join)
ENDS = st.sampled_from(["{}", "^{}", "{}$", "^{}$", "(?:{})+$", "{}1"])
SAME = st.text(st.sampled_from("ab1-/"), min_size=1, max_size=3)


def compiled(source: str, flags: str = "", **settings: bool) -> Pattern:
    found = safe(source, flags, **settings)
    return pattern(found.regex, ignore_case=found.ignore_case, linear=found.linear)


def both(source: str, flags: str) -> Iterator[Pattern]:
    """The pattern for each engine that can say it, whichever would be chosen."""
    node = read(source, ignore_case="i" in flags, dot_all="s" in flags)
    for engine in (False, True) if not looks(node) else (False,):
        found = spelled(node, linear=engine)
        yield pattern(found.regex, ignore_case=found.ignore_case, linear=engine)


def spans(found: Pattern, text: str) -> list[list[int]] | None:
    match = found.search(text)
    return [list(match.span(number)) for number in range(found.groups + 1)] if match else None


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row['pattern']} {row['flags']}") for row in RECORDED["patterns"]]
)
def test_a_pattern_finds_what_node_found(row: dict[str, Any]) -> None:
    expected = {index: list(found) for index, *found in row["spans"]}
    for engine in both(row["pattern"], row["flags"]):
        found = {index: got for index, text in enumerate(RECORDED["subjects"]) if (got := spans(engine, text))}
        assert found == expected


@given(PATTERNS, st.sampled_from(["", "i", "s"]), st.lists(TEXTS, min_size=1, max_size=4))
def test_the_engines_agree(source: str, flags: str, texts: list[str]) -> None:
    """Matches, groups, groups that took no part, and matches from a place on."""
    try:
        engines = list(both(source, flags))
    except Untranslatable:
        return
    if len(engines) < 2:
        return
    one, other = engines
    for text in texts:
        assert spans(one, text) == spans(other, text)
        for at in (1, len(text)):
            first, second = one.search(text, at), other.search(text, at)
            assert (first and first.groups()) == (second and second.groups())
            assert (first and first.span()) == (second and second.span())


def test_lone_surrogates_pass_like_any_character() -> None:
    """A JSON body may hold them."""
    for source in (r"^.(.*)(.*)b$", r"[^a]b"):
        assert compiled(source).search("\ud83d\ude00b")
    found = compiled(r"(.)(.*)(.*)(.*)b").search("\ud83dxb")
    assert found
    assert (found.group(1), found.span(2)) == ("\ud83d", (1, 2))


# ---- Time


def steps(node: Node, text: str) -> int:
    """How many characters a plain backtracking search compares before it finds a match or gives up."""
    compared = 0

    def ways(part: Node, at: int, then: Callable[[int], bool]) -> bool:
        nonlocal compared
        match part:
            case Chars():
                compared += 1
                fits = at < len(text) and any(low <= ord(text[at]) <= high for low, high in part.ranges)
                return fits and then(at + 1)
            case Edge(kind):
                word = [
                    0 <= place < len(text) and (text[place].isalnum() or text[place] == "_") for place in (at - 1, at)
                ]
                fits = {"^": at == 0, "$": at == len(text), "b": word[0] != word[1], "B": word[0] == word[1]}[kind]
                return fits and then(at)
            case Look():
                raise AssertionError("no looks here")
            case Group(body):
                return ways(body, at, then)
            case Choice(items):
                return any(ways(item, at, then) for item in items)
            case Sequence(items):
                if not items:
                    return then(at)
                return ways(items[0], at, lambda end: ways(Sequence(items[1:]), end, then))
            case Repeat(body, least, most, lazy):
                if most == 0:
                    return then(at)
                rest = Repeat(body, max(least - 1, 0), None if most is None else most - 1, lazy)

                def more() -> bool:
                    return ways(body, at, lambda end: end > at and ways(rest, end, then))

                if least:
                    return more()
                return then(at) or more() if lazy else more() or then(at)

    any(ways(node, start, lambda _: True) for start in range(len(text) + 1))
    return compared


@given(
    st.tuples(ENDS, LOOPS).map(lambda made: made[0].format(made[1])) | PATTERNS,
    st.lists(st.tuples(SAME, st.integers(1, 25)), min_size=1, max_size=3),
    SAME,
)
def test_the_work_is_what_was_promised(source: str, parts: list[tuple[str, int]], end: str) -> None:
    """Counted on an engine that tries one way after the other, on texts that repeat themselves."""
    try:
        node = read(source, one_line=True)
    except Untranslatable:
        return
    most = work(node)
    if most is None:
        return
    text = "".join(part * times for part, times in parts) + end
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert steps(node, text) <= most * (len(text) + 2)
    finally:
        sys.setrecursionlimit(limit)


CATASTROPHES = [
    r"(a+)+$",
    r"([a-zA-Z]+)*$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"(.*a){20}$",
    r"(.*)*x",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(a*)*b",
    r"(?:a*)*b",
    r"a*a*a*a*a*a*c",
    r"^(?:a?){30}a{30}$",
    "a?" * 30 + "a" * 30 + "$",
    r"(\w+\s?)*$",
    r"^(\w+\s?)+:$",
    r"\s+$",
    r"(a|b|ab)*c",
    r"^(.+)+$",
    r"(.+)(.+)(.+)(.+)x",
    r"([^/]+/)*[^/]+x$",
    r"^/(.*)/x/(.*)/y/(.*)$",
    r".*.*=.*",
    r"(?=.*a.*b.*c)x",
    r"(?!.*a)(?!.*b).*z",
    r"(?:(?!ab).)*c",
    r"(([a-z]+)-?)+$",
    r"^((ab)*)+$",
    r"(a{1,30}){1,30}b",
    r"(?:[ab]{3}){150}c",
    r"([a-z]*[0-9]*)*!",
    r"^([a-zA-Z0-9_\.\-])+\@(([a-zA-Z0-9\-])+\.)+([a-zA-Z0-9]{2,4})+$",
    r"(.*?,){11}P",
    r"(?:.*\n?)*x",
]
LONG = 100_000
"""Characters: more than ten times what a request line holds, so that what grows faster than the text takes minutes."""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("source", CATASTROPHES)
def test_no_pattern_holds_a_worker(source: str) -> None:
    """Issue 3: it is searched in linear time, or refused when it is built."""
    try:
        found = compiled(source)
    except Untranslatable:
        return
    for unit in ("a", "/x/y", "abc-", "a@a.", ",a"):
        found.search(unit * (LONG // len(unit)) + "!")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    ["/*/x/*/y/*", "*x*y*z*", "/:a/:b/x/:c", "/:a-:b", "/:a-from-:b", "/:a.:b?", "/:a(.*)-:b(.*)-:c(.*)", "/*/x/*"],
)
def test_no_path_holds_a_worker(text: str) -> None:
    found = path_pattern(text)
    matches = Route(text, found.regex or "", linear=found.linear).matches
    for unit in ("/x/y", "/a-", "/", "/a-from-", "x", "/.a"):
        matches("/" + unit * (LONG // len(unit)))


@pytest.mark.parametrize(
    "text",
    [
        "/a/*",
        "/*",
        "/u/:id",
        "/u/:id/x/:rest*",
        "/o/:a?/:b?",
        "/n/:id(\\d+)",
        "/:a-:b",
        "/:a-from-:b",
        "/*/x/*",
        "/ab?d",
    ],
)
def test_common_paths_stay_with_the_quick_engine(text: str) -> None:
    assert not path_pattern(text).linear


@pytest.mark.parametrize(
    "source", [r"^/api/v\d+/(.*)$", r"/re/([0-9]+)$", r"^/(?:index|home)\.php$", r"^/(?!admin).*$"]
)
def test_common_expressions_stay_with_the_quick_engine(source: str) -> None:
    assert not path_regex(source).linear
