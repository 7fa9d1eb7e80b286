"""The four forms of a report."""

import json

import pytest

from egc.compiler.diagnostics import Related, Report, Span
from egc.compiler.render import render


def report() -> Report:
    """Two findings, the later one first."""
    found = Report({"a.yml": "one: two\n\tthree: 東 four\n"}, "dir/")
    found.warning("CO002", "late", "50%, of\nit: bad", Span("a.yml", 2, 9, 2, 10))
    related = (Related(Span("a.yml", 2, 2, 2, 7), "see here"), Related(Span("b.yml", 3, 1, 3, 2), "and there"))
    found.error("CO001", "early", "`two` is wrong", Span("a.yml", 1, 6, 1, 9), related=related, help="write three")
    return found


def test_text() -> None:
    assert render(report(), "text") == (
        "dir/a.yml:1:6: error[CO001] early: `two` is wrong\n"
        "  |\n"
        "1 | one: two\n"
        "  |      ^^^\n"
        "2 |     three: 東 four\n"
        "  |     ----- see here\n"
        "  = dir/b.yml:3:1: and there\n"
        "  = help: write three\n"
        "  = help: egc explain CO001\n"
        "dir/a.yml:2:9: warning[CO002] late: 50%, of\\x0ait: bad\n"
        "  |\n"
        "2 |     three: 東 four\n"
        "  |            ^^\n"
        "  = help: egc explain CO002\n"
        "\n"
        "1 error, 1 warning\n"
    )


def test_no_findings_is_no_text() -> None:
    assert render(Report(), "text") == render(Report(), "jsonl") == render(Report(), "github") == ""


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render(report(), "text", colour=True)
    assert "\x1b[1;31merror[CO001]\x1b[0m" in coloured
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == render(report(), "text")


def at(file: str, line: int, start: int, end: int) -> dict[str, object]:
    """A place as data."""
    return {"file": file, "start": {"line": line, "column": start}, "end": {"line": line, "column": end}}


def test_record() -> None:
    first, second = map(json.loads, render(report(), "jsonl").splitlines())
    assert first == {
        "code": "CO001",
        "name": "early",
        "severity": "error",
        "message": "`two` is wrong",
        **at("dir/a.yml", 1, 6, 9),
        "related": [
            {"message": "see here", **at("dir/a.yml", 2, 2, 7)},
            {"message": "and there", **at("dir/b.yml", 3, 1, 2)},
        ],
        "help": "write three",
        "confidence": "proven",
        "witness": "",
        "fix": None,
        "fingerprint": "CO001:a.yml:",
    }
    assert second["message"] == "50%, of\nit: bad"
    assert json.loads(render(report(), "json")) == {"schema_version": 1, "findings": [first, second]}


def test_github() -> None:
    assert render(report(), "github") == (
        "::error file=dir/a.yml,line=1,col=6,endLine=1,endColumn=9,title=CO001 early::"
        "`two` is wrong%0Ahelp: write three\n"
        "::warning file=dir/a.yml,line=2,col=9,endLine=2,endColumn=10,title=CO002 late::50%25, of%0Ait: bad\n"
    )


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\r", "\x07", "\u202e", "\u200b", "\x7f", "\ud800"])
def test_nothing_moves_the_cursor(hostile: str) -> None:
    found = Report({"a.yml": f"a: {hostile}b\n"})
    found.error("CO001", "name", f"message {hostile}", Span("a.yml", 1, 1, 1, 2), help=hostile)
    assert hostile not in render(found, "text")
    render(found, "text").encode()


def test_long_lines_are_cut_around_the_place() -> None:
    found = Report({"a.yml": "x " * 2500 + "HERE" + " y" * 2500 + "\n"})
    found.error("CO001", "name", "m", Span("a.yml", 1, 5001, 1, 5005))
    quoted, marks = render(found, "text").splitlines()[2:4]
    assert len(quoted) < 200
    assert quoted[marks.index("^") :].startswith("HERE")
    assert marks.count("^") == 4


def test_the_same_finding_is_told_once() -> None:
    found = Report()
    for _ in range(2):
        found.error("CO001", "name", "m", Span("a.yml", 1, 1, 1, 2))
    assert len(found) == found.errors == 1
