"""Comments that excuse findings."""

import pytest

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.lint._ignores import ignores
from egc.compiler.rules import Example
from egc.compiler.source import read
from tests.lint.configurations import review

UNUSED_ENDPOINT = """\
apiEndpoints:
  orders: {{host: api.example.com, paths: '/orders*'}}
{above}  invoices: {{host: api.example.com, paths: '/invoices*'}}{beside}
policies: [terminate]
pipelines:
  orders: {{apiEndpoints: [orders], policies: [{{terminate: {{action: {{statusCode: 204}}}}}}]}}
"""


def said(*, above: str = "", beside: str = "") -> list[Diagnostic]:
    """What is said of an endpoint in no pipeline, and of the comments around it."""
    text = UNUSED_ENDPOINT.format(above=above, beside=beside)
    return [one for one in review(Example(text)) if one.code in ("RT105", "ST801", "ST802")]


def codes(found: list[Diagnostic]) -> list[str]:
    return [one.code for one in found]


def test_without_a_comment_it_is_found() -> None:
    assert codes(said()) == ["RT105"]


@pytest.mark.parametrize("word", ["unused-endpoint", "RT105", "rt105", "Unused-Endpoint"])
def test_a_comment_on_the_line_excuses_by_name_and_by_code(word: str) -> None:
    assert said(beside=f"  # egc: ignore[{word}] kept for the partners") == []


@pytest.mark.parametrize(
    "above",
    [
        "  # egc: ignore[unused-endpoint] kept\n",
        "# egc:ignore[ unused-endpoint ]  kept\n",
        "  # egc: ignore[unused-endpoint] kept\n  # and more about it\n\n",
        "  # a word first  # egc: ignore[unused-endpoint] kept\n",
    ],
)
def test_a_comment_alone_above_it_excuses(above: str) -> None:
    assert said(above=above) == []


def test_a_comment_behind_the_line_above_does_not_excuse() -> None:
    text = UNUSED_ENDPOINT.format(above="", beside="").replace(
        "'/orders*'}\n", "'/orders*'}  # egc: ignore[unused-endpoint] kept\n"
    )
    assert sorted(one.code for one in review(Example(text)) if one.code in ("RT105", "ST802")) == ["RT105", "ST802"]


@pytest.mark.parametrize("comment", ["# egc: ignore[unused-endpoint]", "# egc: ignore[unused-endpoint]   "])
def test_without_a_reason_it_is_not_heeded(comment: str) -> None:
    found = said(beside="  " + comment)
    assert codes(found) == ["RT105", "ST801"]
    assert found[1].span.end_column - found[1].span.column == len(comment.rstrip())


@pytest.mark.parametrize("comment", ["# egc: ignore all of it", "# egc: ignore[] all", "# egc: ignore"])
def test_one_that_names_nothing_is_told(comment: str) -> None:
    assert codes(said(beside="  " + comment)) == ["RT105", "ST801"]


def test_one_that_excuses_nothing_is_told_by_its_word() -> None:
    found = said(beside="  # egc: ignore[unused-endpoint, unreachable-policy] kept")
    assert [(one.code, one.message) for one in found] == [("ST802", "`unreachable-policy` is not found here")]
    assert found[0].span.end_column - found[0].span.column == len("unreachable-policy")


def test_an_unknown_name_is_told_with_the_nearest_one() -> None:
    found = said(beside="  # egc: ignore[unused-endpiont] kept")
    assert [one.code for one in found] == ["RT105", "ST802"]
    assert found[1].help == "did you mean `unused-endpoint`?"


def test_a_name_given_twice_is_told() -> None:
    found = said(beside="  # egc: ignore[unused-endpoint, RT105] kept")
    assert [(one.code, one.message) for one in found] == [("ST802", "`RT105` is ignored twice")]


def test_nothing_excuses_an_error_of_validation() -> None:
    text = "http: {port: 8080}\npolicies: [prxy] # egc: ignore[unknown-policy, CO103] it is ours\n"
    assert "CO103" in [one.code for one in review(Example(text))]


@pytest.mark.parametrize(
    "text",
    [
        'a: "x # egc: ignore[RT105] y"',
        "a: 'x\n  # egc: ignore[RT105] y\n  z'",
        "a: |\n  x\n  # egc: ignore[RT105] y\n",
        "a: >-\n  # egc: ignore[RT105] y\n\n  z\n",
        "a: x#egc:ignore[RT105] y",
        "'# egc: ignore[RT105] y': 1",
        "a: ${V:-x # egc: ignore[RT105] y}",
        '{"a": "# egc: ignore[RT105] y"}',
    ],
)
def test_what_yaml_takes_for_text_is_no_comment(text: str) -> None:
    assert places(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a: "x # y" # egc: ignore[RT105] y', 1),
        ("a: |  # egc: ignore[RT105] y\n  x\n", 1),
        ("a: !!str >-  # egc: ignore[RT105] y\n  x\n", 1),
        ("a: |\n  x\n# egc: ignore[RT105] y\nb: 1", 4),
        ("a: it's # egc: ignore[RT105] y", 1),
        ("a: [1, # egc: ignore[RT105] y\n 2]", 1),
        ("a: &b # egc: ignore[RT105] y\n  c: 1", 1),
        ("a:\t# egc: ignore[RT105] y", 1),
        ("東: 京 # egc: ignore[RT105] y", 1),
    ],
)
def test_what_yaml_takes_for_a_comment_is_one(text: str, line: int) -> None:
    assert places(text) == [line]


def places(text: str) -> list[int]:
    """The lines that comments of a text are about."""
    report = Report()
    tree = read("a.yml", text.encode(), {}, report)
    assert tree is not None, list(report)
    return [one.line for one in ignores("a.yml", text, tree)]
