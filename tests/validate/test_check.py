"""`egc validate` ends before anything is emitted, and yet says all that `egc build` would say."""

import subprocess
import sys
from pathlib import Path

import pytest

from egc.compiler import check, compile_project
from egc.compiler.diagnostics import DoesNotCompile
from egc.compiler.rules import Example, pages
from tests import large
from tests.lint.configurations import write

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{side}")
    for page in pages()
    for side, example in (("bad", page.bad), ("good", page.good))
]

HEAVY = ("jsonschema", "jinja2", "requests", "falcon", "gunicorn", "cryptography", "rich", "egc.runtime", "asyncio")
"""What takes long to load and is of no use for a good configuration."""


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_validate_takes_is_emitted_without_another_word(example: Example, tmp_path: Path) -> None:
    write(example, tmp_path)
    said = list(check(tmp_path, example.environ))
    if any(one.severity == "error" for one in said):
        with pytest.raises(DoesNotCompile) as refused:
            compile_project(tmp_path, example.environ)
        assert list(refused.value.report) == said
        return
    compiled = compile_project(tmp_path, example.environ)
    assert "gateway.py" in compiled.files
    assert list(compiled.report) == said


def test_of_several_entries_of_a_policy_the_one_without_parameters_is_told(tmp_path: Path) -> None:
    steps = (
        "      - request-transformer:\n"
        "          - action: {headers: {remove: [x-a]}}\n"
        "          - condition: {name: method, methods: [GET]}\n"
    )
    text = "apiEndpoints: {a: {paths: /a}}\npolicies: [request-transformer]\npipelines:\n  p:\n"
    write(Example(f"{text}    apiEndpoints: [a]\n    policies:\n{steps}"), tmp_path)
    assert [(one.code, one.span.line) for one in check(tmp_path, {}) if one.severity == "error"] == [("CO141", 9)]


def test_the_large_configuration_is_good(tmp_path: Path) -> None:
    report = check(large.write(tmp_path, 12), {})
    assert [f"{one.span}: {one.message}" for one in report] == []


def test_a_good_configuration_is_validated_with_little_loaded(tmp_path: Path) -> None:
    large.write(tmp_path, 12)
    script = "import sys; from egc.compiler.cli import main; main(['validate', sys.argv[1]]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "egc.compiler.lower" in loaded
    assert loaded & set(HEAVY) == set()
