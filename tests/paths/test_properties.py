"""Whatever text stands for a pattern, it becomes an expression that Python takes, or a reason."""

import re
import string
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.paths import host_pattern, host_regex, never_matches, path_pattern, path_regex
from egc.compiler.regexes import MAX_LENGTH, Untranslatable, safe, translate
from egc.runtime.patterns import pattern

SYNTAX = st.lists(
    st.sampled_from(
        [*"/ab.*?+()[]{}|^$\\:-,=!<>P19 é\n", "(?:", "(?=", "(?<n>", "\\d", "\\s", ":id", "{2,3}", "[^", "\\u00e9"]
    )
    | st.characters(),
    max_size=24,
).map("".join)
SEGMENTS = st.lists(
    st.text(string.ascii_letters + string.digits + "-._~%", min_size=1, max_size=8), min_size=1, max_size=4
)


@given(SYNTAX, st.sampled_from(["", "i", "is", "g"]), st.booleans())
def test_a_translated_pattern_compiles_silently_and_keeps_its_groups(source: str, flags: str, one_line: bool) -> None:
    try:
        translated = translate(source, flags, one_line=one_line)
        found = translated.pattern
    except Untranslatable:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        re.purge()
        made = pattern(found.regex, ignore_case=found.ignore_case, linear=found.linear)
        assert made.groups == translated.groups


@given(SYNTAX)
def test_a_path_or_host_is_a_pattern_with_a_name_for_each_group_or_a_reason(text: str) -> None:
    for make in (path_pattern, path_regex):
        try:
            found = make(text)
        except Untranslatable:
            continue
        if found.regex is not None:
            assert pattern(found.regex, linear=found.linear).groups == len(found.names)
    host_pattern(text)
    with suppress(Untranslatable):
        host_regex(text)


@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=20))
def test_an_escaped_text_takes_itself_alone(text: str) -> None:
    source = "".join("\\" + character if character in r"\^$.*+?()[]{}|/" else character for character in text)
    found = safe(f"^{source}$")
    assert not found.linear
    assert pattern(found.regex).match(text)
    assert not pattern(found.regex).match(text + "x")


@given(SEGMENTS)
def test_a_path_of_plain_segments_is_a_literal(segments: list[str]) -> None:
    text = "/" + "/".join(segments)
    found = path_pattern(text)
    assert (found.regex, found.names, found.strip) == (None, (), "path")
    assert not never_matches(text)


@given(SEGMENTS)
def test_parameters_take_one_segment_each_and_a_star_the_rest(segments: list[str]) -> None:
    path = path_pattern("".join(f"/:p{number}" for number in range(len(segments))) + "/*")
    assert path.regex
    assert not path.linear
    found = pattern(path.regex, ignore_case=True).match("/" + "/".join(segments) + "/rest/of/it")
    assert found
    assert list(found.groups()) == [*segments, "rest/of/it"]


@pytest.mark.parametrize(
    "source", ["(" * 200 + ")" * 200, "a" * (MAX_LENGTH + 1), "a{99999999999}", "(a{65535}){65535}" * 3]
)
def test_an_immoderate_pattern_is_refused_or_compiles(source: str) -> None:
    with suppress(Untranslatable):
        translate(source)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("(a)\\1", "reference back"),
        ("(?<n>a)\\k<n>", "reference back"),
        ("(a", "not closed"),
        ("a)", "no `(`"),
        ("(?i)a", "begins no group"),
        ("a++", "nothing to repeat"),
        ("[b-a]", "out of order"),
        ("(?:(a)|b)*", "not every repetition"),
        ("(?<=a+)b", "Python's `re`"),
    ],
)
def test_the_reason_says_what_is_wrong(source: str, reason: str) -> None:
    with pytest.raises(Untranslatable, match=re.escape(reason)):
        translate(source)


def test_a_path_without_a_slash_in_front_never_matches() -> None:
    """D452, D463."""
    assert [text for text in ("auth/*", "bar", ":id", "/auth", "*", "(/a)", "bar|/x") if never_matches(text)] == [
        "auth/*",
        "bar",
        ":id",
    ]
