"""The committed module of each example is what `egc build` makes of it: `make golden` rewrites them."""

from pathlib import Path

import pytest

from egc.compiler import compile_project
from egc.compiler.lint import lint

EXAMPLES = sorted(path.parent for path in Path(__file__).parents[2].joinpath("examples").glob("*/gateway.config.yml"))

FINDINGS = {"headers": ["deprecated-policy"]}
"""What is said of an example; of others nothing."""


def test_there_are_examples() -> None:
    assert {"oauth2-tutorial", "proxy", "terminate", "oauth2"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_committed_module_is_what_is_emitted(example: Path, pytestconfig: pytest.Config) -> None:
    compiled = compile_project(example, {})
    module = example / "gateway.py"
    if pytestconfig.getoption("--golden", default=False):
        module.write_text(compiled.files["gateway.py"])
    assert [finding.name for finding in compiled.report] == FINDINGS.get(example.name, [])
    assert module.read_text() == compiled.files["gateway.py"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_shows(example: Path) -> None:
    assert (example / "README.md").read_text().startswith("# ")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_a_good_one(example: Path) -> None:
    assert [f"{found.name}: {found.message}" for found in lint(compile_project(example, {}))] == []
