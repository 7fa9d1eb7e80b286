"""What every rule promises: that its page is whole, its bad example has the finding and its good one has none."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.lint import Selection, seen
from egc.compiler.lint._fixes import Files, Mended, Reviewed, mend
from egc.compiler.rules import LINT, Check, Example, Rule, checks, described, pages
from tests.lint.configurations import compiled, review
from tests.lint.table import DIFFERS, RENAMED, TABLE

RULES = [pytest.param(rule, check, id=rule.name) for rule, check in checks()]

MENDED = [pytest.param(rule, id=rule.name) for rule in pages() if rule.fix != "none"]
IMPOSSIBLE = [pytest.param(page, id=page.name) for page in described() if page.impossible]

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
    assert {(one.code, one.name) for one in said} == {(rule.code, rule.name)}
    assert rule.severity in {one.severity for one in said}


@pytest.mark.parametrize(("rule", "check"), RULES)
def test_the_good_example_has_no_finding(rule: Rule, check: Check) -> None:
    assert [f"{one.code} {one.span}: {one.message}" for one in review(rule.good, DEFAULT)] == []
    assert of(rule, review(rule.good)) == []


def test_a_code_and_a_name_mean_one_thing() -> None:
    known = pages()
    assert len({page.code for page in known}) == len({page.name for page in known}) == len(known)


@pytest.mark.parametrize("page", IMPOSSIBLE)
def test_what_is_impossible_is_not_found(page: Rule) -> None:
    assert of(page, review(page.bad)) == []
    assert [f"{one.code} {one.span}: {one.message}" for one in review(page.good, DEFAULT)] == []


def test_every_row_of_the_table_has_a_page() -> None:
    known = {page.code: page for page in pages()}
    for row in TABLE.split("\n")[1:-1]:
        code, name, severity, confidence = row.split()
        if code in DIFFERS:
            severity, confidence = DIFFERS[code].split()[:2]
        page = known.get(code)
        assert page is not None, f"{code} {name} has no page"
        if severity == "-":
            assert page.name == RENAMED.get(code, name)
        else:
            assert (page.name, page.severity, page.confidence) == (name, severity, confidence)


@pytest.mark.parametrize("rule", MENDED)
def test_a_fix_leaves_a_configuration_that_compiles_without_the_finding(rule: Rule) -> None:
    before = [one for one in review(rule.bad) if one.code == rule.code]
    offered = [one for one in before if one.fix is not None]
    if not offered:
        # What a stage finds it mends where it knows a better word, which its example need not have.
        assert rule in described()
        return
    assert {one.fix.safe for one in offered if one.fix} == {rule.fix == "safe"}
    left = mended(rule.bad, rule.code).left
    assert left.compiles
    places = {(one.span.file, one.message) for one in offered}
    assert [str(one) for one in left.report if one.code == rule.code and (one.span.file, one.message) in places] == []


@pytest.mark.parametrize(("rule", "check"), [one for one in RULES if one.values[0].fix == "none"])  # type: ignore[union-attr] # a Rule
def test_a_rule_without_a_fix_offers_none(rule: Rule, check: Check) -> None:
    assert [one for one in review(rule.bad) if one.code == rule.code and one.fix is not None] == []


def mended(example: Example, code: str) -> Mended:
    """What the fixes of one finding make of an example."""
    files = {"gateway.config.yml": example.gateway, "system.config.yml": example.system}

    def made(files: Mapping[str, bytes]) -> Example:
        texts = {name: data.decode() for name, data in files.items()}
        return Example(texts["gateway.config.yml"], texts.get("system.config.yml", ""), example.environ, example.files)

    def reviewed(files: Files) -> Reviewed:
        report = review(made(files))
        return Reviewed(
            report, not any(one.code.startswith(("CO", "YA")) and one.severity == "error" for one in report)
        )

    def wanted(report: Report) -> Iterable[Diagnostic]:
        return (one for one in report if one.code == code)

    return mend({name: text.encode() for name, text in files.items() if text}, reviewed, wanted, unsafe=True)
