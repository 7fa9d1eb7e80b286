"""Every finding has a page, and every page tells the truth: its bad example has the finding in the line it marks.

A line of a bad example that ends with `# <--` is the one that the finding names. What cannot be
marked, as in JSON, stands in `LINES`.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from egc.compiler import check, compile_project
from egc.compiler.access.expectations import NAME as EXPECTATIONS
from egc.compiler.access.verdicts import held
from egc.compiler.diagnostics import DoesNotCompile, Report
from egc.compiler.lint import Selection
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule, checks, described, pages
from tests.lint.configurations import review, write

ROOT = Path(__file__).parents[2]
MARK = "# <--"
CODE = re.compile(r"(AC|CO|EN|EX|MG|OA|OB|PF|RL|RT|SC|ST|YA)[0-9]{3}")

LINES = {
    "unreadable-file": ("gateway.config.yml", 1),
    "ignore-without-reason": ("gateway.config.yml", 8),
    "no-schema": ("models/users.json", 4),
    "unchecked-keyword": ("models/users.json", 4),
}
"""Places that cannot be marked."""

ENCODINGS = {"not-utf-8": "latin-1"}
"""Bad examples that are saved in another encoding."""

DEFAULT = Selection()

LARGE = "a" * 3_000_000
"""What an ellipsis in the variable of an example stands for."""

PAGES = [pytest.param(page, id=page.name) for page in described() if not page.impossible]


def raised() -> Iterator[tuple[str, str]]:
    """Code and name of every finding in the compiler: two constants side by side, in a call or in a tuple."""
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
            texts = [one.value if isinstance(one, ast.Constant) else None for one in found]
            for code, name in pairwise(texts):
                if isinstance(code, str) and CODE.fullmatch(code):
                    assert isinstance(name, str), f"{path}: the name of {code} is no constant"
                    yield code, name


def laid(example: Example, directory: Path, encoding: str = "utf-8") -> Report:
    """What is said of an example that is written into a directory."""
    write(example, directory)
    if encoding != "utf-8":
        (directory / "gateway.config.yml").write_bytes(example.gateway.encode(encoding))
    environ = {name: value.replace("…", LARGE) for name, value in example.environ.items()}
    return expected(directory, environ) if EXPECTATIONS in example.files else check(directory, environ)


def expected(directory: Path, environ: Mapping[str, str]) -> Report:
    """What is said of the expectations beside a configuration."""
    compiled = compile_project(directory, environ)
    try:
        about = Review(compiled.plan, compiled.project, compiled.model)
        return held(directory / EXPECTATIONS, directory, about, compiled.report)
    except DoesNotCompile as error:
        return error.report


def marked(example: Example, name: str) -> tuple[str, int]:
    """The file and the line that an example marks."""
    texts = {"gateway.config.yml": example.gateway, "system.config.yml": example.system, **example.files}
    places = [
        (file, number)
        for file, text in texts.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.endswith(MARK)
    ]
    if name in LINES:
        assert places == []
        return LINES[name]
    assert len(places) == 1
    return places[0]


def test_every_finding_has_a_page() -> None:
    known = {(page.code, page.name) for page in pages()}
    found = set(raised())
    assert len(found) > 70
    assert found - known == set()


def test_a_code_has_one_name_and_a_name_one_code() -> None:
    found = {(page.code, page.name) for page in pages()} | set(raised())
    assert len({code for code, _ in found}) == len({name for _, name in found}) == len(found)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_called_as_its_file(page: Rule) -> None:
    assert (ROOT / "compiler" / "findings" / f"{page.name}.toml").is_file()
    assert CODE.fullmatch(page.code)
    assert page.severity in ("error", "warning", "info")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_all_in_sentences(page: Rule) -> None:
    for text in (page.summary, page.why, page.instead):
        assert text == text.strip()
        assert text.endswith((".", ":", "`"))
        assert text[0].isupper() or text[0] in "`*"
    assert len(page.summary) <= 160
    assert "\n" not in page.summary


@pytest.mark.parametrize("page", PAGES)
def test_the_bad_example_has_the_finding_in_the_line_it_marks(page: Rule, tmp_path: Path) -> None:
    report = laid(page.bad, tmp_path, ENCODINGS.get(page.name, "utf-8"))
    file, line = marked(page.bad, page.name)
    found = [one for one in report if one.name == page.name]
    if not report.errors and EXPECTATIONS not in page.bad.files:  # what comments excuse, the reviewer says
        found = [one for one in review(page.bad) if one.name == page.name]
    assert {(one.span.file, one.span.line, one.code, one.severity) for one in found} == {
        (file, line, page.code, page.severity)
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_good_example_has_no_finding(page: Rule, tmp_path: Path) -> None:
    report = laid(page.good, tmp_path)
    assert report.errors == 0
    assert [f"{one.code} {one.span}: {one.message}" for one in review(page.good, DEFAULT)] == []
    assert MARK not in page.good.gateway + page.good.system


def test_rules_and_pages_are_apart() -> None:
    assert {rule.name for rule, _ in checks()} & {page.name for page in described()} == set()
