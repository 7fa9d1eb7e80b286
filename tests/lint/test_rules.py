"""What every rule promises: that its page is whole, its bad example has the finding and its good one has none."""

from pathlib import Path

import pytest

from egc.compiler.diagnostics import Report
from egc.compiler.lint import Selection, seen
from egc.compiler.rules import LINT, Check, Rule, checks, pages
from tests.lint.configurations import compiled, review

RULES = [pytest.param(rule, check, id=rule.name) for rule, check in checks()]

DEFAULT = Selection()


def of(rule: Rule, report: Report) -> list[str]:
    """What a rule has said."""
    return [f"{one.span}: {one.message}" for one in report if one.code == rule.code]


@pytest.mark.parametrize(("rule", "check"), RULES)
def test_a_rule_is_called_as_its_file(rule: Rule, check: Check) -> None:
    assert Path(check.__code__.co_filename) == LINT / f"{rule.name.replace('-', '_')}.py"


@pytest.mark.parametrize(("rule", "check"), RULES)
def test_the_page_of_a_rule_says_all(rule: Rule, check: Check) -> None:
    for text in (rule.summary, rule.why, rule.instead, rule.bad.gateway, rule.good.gateway):
        assert text.strip()
    assert "\n" not in rule.summary


@pytest.mark.parametrize(("rule", "check"), RULES)
def test_the_bad_example_has_the_finding(rule: Rule, check: Check) -> None:
    assert of(rule, review(rule.bad))
    said = list(check(seen(compiled(rule.bad))))
    assert {(one.code, one.name, one.severity) for one in said} == {(rule.code, rule.name, rule.severity)}


@pytest.mark.parametrize(("rule", "check"), RULES)
def test_the_good_example_has_no_finding(rule: Rule, check: Check) -> None:
    assert [f"{one.code} {one.span}: {one.message}" for one in review(rule.good, DEFAULT)] == []
    assert of(rule, review(rule.good)) == []


def test_a_code_and_a_name_mean_one_thing() -> None:
    known = pages()
    assert len({page.code for page in known}) == len({page.name for page in known}) == len(known)
