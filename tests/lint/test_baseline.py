"""Baselines: what is known is not told again."""

import pytest

from egc.compiler.diagnostics import Report, Span
from egc.compiler.lint import _baseline
from egc.compiler.lint._baseline import NoBaseline


def report(*codes: str) -> Report:
    """One finding of each code, on lines of their own."""
    made = Report()
    for line, code in enumerate(codes, 1):
        made.warning(code, "name", f"number {line}", Span("a.yml", line, 1, line, 2))
    return made


def test_it_is_text_that_can_be_read_again_and_compared() -> None:
    text = _baseline.write(_baseline.of(report("RT105", "CO120", "RT105")))
    assert text == (
        '{\n  "schema_version": 1,\n  "findings": {\n    "CO120:a.yml:": 1,\n    "RT105:a.yml:": 2\n  }\n}\n'
    )
    assert _baseline.read(text) == _baseline.of(report("RT105", "RT105", "CO120"))


def test_only_what_is_more_than_it_says_is_new() -> None:
    known = _baseline.of(report("RT105", "CO120"))
    assert known.new(report("CO120", "RT105")) == []
    assert [one.message for one in known.new(report("RT105", "SC101", "RT105"))] == ["number 2", "number 3"]


def test_what_is_found_less_often_is_gone() -> None:
    known = _baseline.of(report("RT105", "RT105", "CO120"))
    assert known.gone(report("RT105")) == ["CO120:a.yml:", "RT105:a.yml:"]
    assert known.gone(report("RT105", "RT105", "CO120", "SC101")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema_version": 2, "findings": {}}',
        '{"schema_version": 1, "findings": []}',
        '{"schema_version": 1, "findings": {"a": "1"}}',
        '{"schema_version": 1, "findings": {"a": 0}}',
        '{"schema_version": 1, "findings": {"a": true}}',
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(NoBaseline):
        _baseline.read(text)
