"""SC105: expressions for origins, and the origins of strangers that they take."""

import pytest

from egc.compiler.lint.cors_regex_unanchored import foreign
from egc.compiler.node import Regexp
from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "cors-regex-unanchored"


@pytest.mark.parametrize(
    ("source", "stranger"),
    [
        (r"example\.com$", "http://attackerexample.com"),
        (r"^https:\/\/example\.com", "https://example.com.attacker.example"),
        (r"^https:\/\/www.example.com$", "https://wwwxexample.com"),
        (r"^https:\/\/a\.example\.com$|https:\/\/b\.example\.com", "https://b.example.com.attacker.example"),
        (r"example\.co\.uk$", "http://attackerexample.co.uk"),
        (r"^https:\/\/.+example\.com$", "https://attackeraexample.com"),
        (r"localhost", "http://localhost.attacker.example"),
    ],
)
def test_a_stranger_is_named(source: str, stranger: str) -> None:
    known = foreign(Regexp(source, ""))
    assert known is not None
    assert known[1] == stranger


@pytest.mark.parametrize(
    "source",
    [
        r"\.example\.com$",
        r"^https?:\/\/([a-z0-9-]+\.)*example\.com(:\d+)?$",
        r"^https:\/\/[^.]+\.example\.com$",
        r"^https:\/\/(a|b)\.example\.com$",
        r"https:\/\/example\.com$",
        r":\/\/example\.com$",
        r"^http:\/\/192\.168\.\d+\.\d+(:\d+)?$",
        r"^http:\/\/localhost:[0-9]+",
        r"^https:\/\/pr-\d+\.example\.app$",
        r".*",
        r"^https?:\/\/",
        r"^https:\/\/[a-z]+\.com$",
    ],
)
def test_what_takes_those_that_it_says_is_fine(source: str) -> None:
    assert foreign(Regexp(source, "")) is None


def test_case_is_heeded() -> None:
    assert foreign(Regexp(r"EXAMPLE\.COM$", "i")) is not None
    assert foreign(Regexp(r"EXAMPLE\.COM$", "")) is None


def test_each_expression_of_a_list_is_looked_at_and_texts_are_not() -> None:
    cors = "- cors: {action: {origin: ['https://example.com', !!js/regexp '/example\\.org$/']}}\n"
    (one,) = found(NAME, pipeline(cors + KEY_AUTH + PROXY))
    assert "attackerexample.org" in one.message
    assert one.fix is not None
    assert one.fix.edits[0].text == r"!!js/regexp '/^https?:\/\/([^\/]+\.)?example\.org$/'"
