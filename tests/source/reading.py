"""Reading one file in a test."""

from collections.abc import Mapping

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.node import Node, plain
from egc.compiler.source import read

NAME = "gateway.config.yml"


def tree(text: str | bytes, environ: Mapping[str, str] | None = None) -> Node:
    """The tree of a text that is in order."""
    report = Report()
    data = text.encode() if isinstance(text, str) else text
    found = read(NAME, data, environ or {}, report)
    assert found is not None, list(report)
    return found


def value(text: str | bytes, environ: Mapping[str, str] | None = None) -> object:
    """The values of a text that is in order."""
    return plain(tree(text, environ))


def fault(text: str | bytes, environ: Mapping[str, str] | None = None) -> Diagnostic:
    """The one thing that is wrong with a text."""
    report = Report()
    data = text.encode() if isinstance(text, str) else text
    assert read(NAME, data, environ or {}, report) is None
    [found] = report
    assert found.severity == "error"
    return found


def place(found: Diagnostic) -> tuple[int, int]:
    """Line and column of a finding."""
    return found.span.line, found.span.column
