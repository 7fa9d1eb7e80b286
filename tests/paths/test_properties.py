"""Whatever text stands for a pattern, it becomes an expression that Python takes, or a reason."""

import re
import string
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.paths import host_pattern, host_regex, never_matches, path_pattern, path_regex
from egc.compiler.regexes import MAX_LENGTH, Untranslatable, translate

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
    except Untranslatable:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        re.purge()
        assert re.compile(translated.regex, re.ASCII).groups == translated.groups


@given(SYNTAX)
def test_a_path_or_host_is_a_pattern_with_a_name_for_each_group_or_a_reason(text: str) -> None:
    for make in (path_pattern, path_regex):
        try:
            pattern = make(text)
        except Untranslatable:
            continue
        if pattern.regex is not None:
            assert re.compile(pattern.regex, re.ASCII).groups == len(pattern.names)
    host_pattern(text)
    with suppress(Untranslatable):
        host_regex(text)


@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=20))
def test_an_escaped_text_takes_itself_alone(text: str) -> None:
    source = "".join("\\" + character if character in r"\^$.*+?()[]{}|/" else character for character in text)
    regex = translate(f"^{source}$").regex
    assert re.match(regex, text, re.ASCII)
    assert not re.match(regex, text + "x", re.ASCII)


@given(SEGMENTS)
def test_a_path_of_plain_segments_is_a_literal(segments: list[str]) -> None:
    text = "/" + "/".join(segments)
    pattern = path_pattern(text)
    assert (pattern.regex, pattern.names, pattern.strip) == (None, (), "path")
    assert not never_matches(text)


@given(SEGMENTS)
def test_parameters_take_one_segment_each_and_a_star_the_rest(segments: list[str]) -> None:
    pattern = path_pattern("".join(f"/:p{number}" for number in range(len(segments))) + "/*")
    assert pattern.regex
    found = re.match(pattern.regex, "/" + "/".join(segments) + "/rest/of/it", re.ASCII | re.IGNORECASE)
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
