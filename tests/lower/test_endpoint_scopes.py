"""Scopes of an endpoint (C94): a list, whose scopes need not be registered; none where none are given."""

from pathlib import Path

import pytest

from egc.compiler import compile_project
from egc.compiler.diagnostics import DoesNotCompile

GATEWAY = """
http: {{port: 8080}}
policies: [key-auth, terminate]
apiEndpoints:
  one:
    paths: /one
{scopes}
pipelines:
  one: {{apiEndpoints: [one], policies: [key-auth: , terminate: ]}}
"""


def emitted(directory: Path, scopes: str) -> str:
    (directory / "gateway.config.yml").write_text(GATEWAY.format(scopes=scopes))
    return compile_project(directory, {}).files["gateway.py"]


def test_a_scope_that_nobody_registered_is_asked_for(tmp_path: Path) -> None:
    assert 'Endpoint("one", scopes=("never-registered",))' in emitted(tmp_path, "    scopes: [never-registered]")


def test_none_are_asked_for_where_none_are_given(tmp_path: Path) -> None:
    assert 'Endpoint("one", scopes=())' in emitted(tmp_path, "")


def test_a_bare_text_is_told_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(DoesNotCompile) as failed:
        emitted(tmp_path, "    scopes: reading")
    assert [one.span.line for one in failed.value.report if one.severity == "error"] == [7]
