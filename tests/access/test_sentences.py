"""What an expectation may say, and what somebody who wrote it wrong is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.access.sentences import SENTENCES, NotUnderstood, Sentence, Target, understand

WORDS = sorted({word for pattern in SENTENCES.values() for word in pattern.split()} | {"or", "and", ",", '"a b"', "x"})


@pytest.mark.parametrize(
    ("text", "kind", "target", "names"),
    [
        ("no unauthenticated request reaches billing", "authenticated", ("", "billing"), ()),
        ("No anonymous requests reach any service", "authenticated", ("any service", ""), ()),
        ("only scope admin reaches service billing", "scopes", ("service", "billing"), ("admin",)),
        ("only scopes admin, clerk or auditor reach billing", "scopes", ("", "billing"), ("admin", "clerk", "auditor")),
        ("only oauth2 or key-auth reaches endpoint orders", "policies", ("endpoint", "orders"), ("oauth2", "key-auth")),
        ("every request to billing is rate limited", "limited", ("", "billing"), ()),
        ("nothing reaches billing", "unreached", ("", "billing"), ()),
        ("billing is reached only by a, b, and c", "endpoints", ("", "billing"), ("a", "b", "c")),
        ("\"my service\" is reached only by 'x y'", "endpoints", ("", "my service"), ("x y",)),
        ("nothing reaches `reaches`", "unreached", ("", "reaches"), ()),
    ],
)
def test_a_sentence(text: str, kind: str, target: tuple[str, str], names: tuple[str, ...]) -> None:
    found = understand(text)
    assert (found.kind, found.names, found.text) == (kind, names, text)
    assert found.target is not None
    assert (found.target.kind, found.target.name) == target


def test_404_is_about_no_target() -> None:
    assert understand("every request is answered 404") == Sentence("every request is answered 404", "not found", None)


def test_and_means_all_and_or_means_any() -> None:
    assert understand("only scope a and b reaches x").all
    assert not understand("only scope a or b reaches x").all
    assert not understand("only scope a, b reaches x").all


def test_a_service_that_is_called_like_a_word_of_the_sentence() -> None:
    assert understand("nothing reaches service service").target == Target("service", "service")
    assert understand("only scope scope reaches only").names == ("scope",)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("no unautenticated request reaches billing", "no unauthenticated request reaches billing"),
        ("only scop admin reaches billing", "only scope admin reaches billing"),
        ("every request to billing is rate-limited", "every request to billing is rate limited"),
        ("nothing should reach billing", "nothing reaches billing"),
        ("billing reached only by api", "billing is reached only by api"),
        ('nothing raeches "my service"', 'nothing reaches "my service"'),
    ],
)
def test_what_was_meant_keeps_the_names(wrong: str, right: str) -> None:
    with pytest.raises(NotUnderstood, match=right):
        understand(wrong)


@pytest.mark.parametrize("text", ["", "be safe", "only scope a or b and c reaches x", "x " * 100, "a" * 100_000])
def test_what_says_nothing_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        understand(text)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=200))
def test_any_text_is_a_sentence_or_is_not_understood(text: str) -> None:
    try:
        found = understand(text)
    except NotUnderstood as error:
        meant = str(error).removeprefix("did you mean `").removesuffix("`?")
        if meant != str(error):
            assert understand(meant)
    else:
        assert found.kind in SENTENCES
        assert understand(text) == found
