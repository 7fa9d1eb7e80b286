"""The results of tests, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from egc.compiler.cli._coverage import Coverage
from egc.compiler.cli._lines import Line, place
from egc.compiler.cli._played import Played
from egc.compiler.cli._screen import DONE, FAILED
from egc.compiler.render import told


def lines(played: Sequence[Played], root: str, *, all_of_them: bool) -> Iterator[Line]:
    """For people. `all_of_them`: passed tests too."""
    for one in played:
        if one.failures:
            yield Line(f"{FAILED} {one.case.name}", tone="bad")
            shown = decided = ""
            for failure in one.failures:
                if failure.request != shown:
                    yield Line(failure.request, depth=1)
                    shown = failure.request
                yield Line(f"{one.file}:{failure.span.line}: {failure.words}", depth=2)
                where = f"{root}{failure.place.file}:{failure.place.line}: " if failure.place else ""
                if failure.decided and f"{shown}{where}" != decided:
                    decided = f"{shown}{where}"
                    yield Line(f"{where}{failure.decided}", depth=2, tone="dim")
            yield Line()
        elif all_of_them:
            yield Line(f"{DONE} {one.case.name}", tone="good")
    yield Line(summary(played), tone="head")


def summary(played: Sequence[Played]) -> str:
    """How many passed and failed."""
    failed = sum(bool(one.failures) for one in played)
    passed = len(played) - failed
    return f"{failed} failed, {passed} passed" if failed else f"{passed} passed"


def json_text(played: Sequence[Played], root: str, covered: Coverage | None) -> str:
    """As JSON."""
    document: dict[str, object] = {
        "schema_version": 1,
        "passed": sum(not one.failures for one in played),
        "failed": sum(bool(one.failures) for one in played),
        "tests": [_data(one, root) for one in played],
    }
    if covered is not None:
        document["coverage"] = covered.data(root)
    return json.dumps(document, indent=2) + "\n"


def _data(one: Played, root: str) -> dict[str, object]:
    return {
        "name": one.case.name,
        "file": str(one.file),
        "line": one.case.span.line,
        "passed": not one.failures,
        "seconds": round(one.seconds, 4),
        "failures": [
            {
                "request": failure.request,
                "message": failure.words,
                "file": str(one.file),
                "line": failure.span.line,
                "decided": failure.decided,
                "gateway": place(failure.place, root) or None,
            }
            for failure in one.failures
        ],
    }


def junit(played: Sequence[Played], root: str) -> str:
    """As JUnit's XML, a suite a file."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n']
    for file in dict.fromkeys(one.file for one in played):
        parts += _suite([one for one in played if one.file == file], file, root)
    return "".join([*parts, "</testsuites>\n"])


def _suite(played: Sequence[Played], file: Path, root: str) -> Iterator[str]:
    failed = sum(bool(one.failures) for one in played)
    seconds = sum(one.seconds for one in played)
    name = quoteattr(told(str(file)))
    yield f'  <testsuite name={name} tests="{len(played)}" failures="{failed}" errors="0" skipped="0" '
    yield f'time="{seconds:.3f}">\n'
    for one in played:
        yield f"    <testcase name={quoteattr(told(one.case.name))} classname={name} "
        yield f'file={name} line="{one.case.span.line}" time="{one.seconds:.3f}"'
        if not one.failures:
            yield "/>\n"
            continue
        yield ">\n"
        for failure in one.failures:
            where = f"{root}{failure.place.file}:{failure.place.line}: " if failure.place else ""
            text = [failure.request, f"{one.file}:{failure.span.line}: {failure.words}", f"{where}{failure.decided}"]
            body = escape("\n".join(told(line) for line in text))
            yield f"      <failure message={quoteattr(told(failure.words))}>{body}</failure>\n"
        yield "    </testcase>\n"
    yield "  </testsuite>\n"
