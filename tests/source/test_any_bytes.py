"""Any bytes give a tree or located errors, never an exception (promise P2)."""

from typing import Literal

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from egc.compiler import check
from egc.compiler.diagnostics import Report
from egc.compiler.node import plain
from egc.compiler.render import render
from egc.compiler.source import read

WORDS = st.sampled_from(
    [
        *"{}[],:-?#&*!|>'\"%@`~\n\t ",
        *["${A}", "${", "<<", "&a", "*a", "!!js/regexp", "!!int", "---", "...", "\r\n", ": ", "- ", "  ", "\u2028"],
        *["http", "port", "apiEndpoints", "host", "paths", "policies", "pipelines", "proxy", "action", "8080", "null"],
    ]
)
TEXTS = st.one_of(st.binary(), st.text().map(str.encode), st.lists(WORDS, max_size=60).map("".join).map(str.encode))

FORMS: tuple[Literal["text", "json", "jsonl", "github"], ...] = ("text", "json", "jsonl", "github")


@given(TEXTS)
@example(b"? ? ? &a *a")
@example(b"!!timestamp 9999-12-31T23:59:59-23:59")
@example(b"- 0001-01-01T00:00:00+10:00")
def test_reading(data: bytes) -> None:
    report = Report()
    tree = read("f.yml", data, {"A": "1"}, report)
    assert (tree is None) == bool(report.errors)
    for found in report:
        assert found.span.line >= 1
        assert found.span.column >= 1
        assert found.span.line <= data.count(b"\n") + data.count(b"\r") + 2
    for form in FORMS:
        render(report, form)


@given(TEXTS)
def test_checking(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "gateway.config.yml"
    path.write_bytes(data)
    report = check(path, {"A": "1"})
    assert len(report) or report.sources
    assert all(found.span.line >= 1 for found in report)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@given(TEXTS)
def test_both_parsers_read_the_same(data: bytes) -> None:
    first, second = Report(), Report()
    quick = read("f", data, {}, first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        slow = read("f", data, {}, second)
    if quick is not None and slow is not None:
        assert plain(quick) == plain(slow)
