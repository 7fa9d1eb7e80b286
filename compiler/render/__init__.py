"""Findings as text for people, and in the forms that programs read. A form is a file of this directory, found by name.

Each holds `render(report, *, colour)`. What comes from a configuration may hold what would move a cursor, mark-up or
secrets; a form lets through none of them: `told` takes them out of a sentence, `visible` and `hidden` are its parts.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

from egc.compiler.diagnostics import Diagnostic, Report, Severity, Span
from egc.compiler.fingerprints import Fingerprints
from egc.compiler.known_secrets import quoted, starred, starred_line

SCHEMA_VERSION = 1

TAB = 4
"""Cells that a tab stands for in a quoted source line."""


@cache
def forms() -> tuple[str, ...]:
    """The words for all forms, those for people first."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    return tuple(sorted(found, key=lambda name: ("text", "concise").index(name) if name in ("text", "concise") else 2))


def render(report: Report, form: str, *, colour: bool = False) -> str:
    """All findings of `report`, sorted by place, in one of the forms.

    Arguments:
        report: what was found.
        form: one of `forms`.
        colour: whether it goes to a terminal that shows colours; only forms for people have some.
    """
    assert form in forms()  # noqa: S101 - it becomes a module's name
    written: str = import_module(f"{__name__}.{form}").render(report, colour=colour)
    return written


def fingerprints(report: Report) -> list[tuple[Diagnostic, str]]:
    """All findings, sorted by place, each with a fingerprint that no other one has."""
    known, seen = Fingerprints(report), Counter[str]()
    found = []
    for one in report:
        fingerprint = known.of(one)
        seen[fingerprint] += 1
        found.append((one, fingerprint if seen[fingerprint] == 1 else f"{fingerprint}#{seen[fingerprint]}"))
    return found


def record(found: Diagnostic, root: str, fingerprint: str = "") -> dict[str, object]:
    """One finding as data. `root` is put before the names of files; where nobody compares, there is no fingerprint."""
    fix = found.fix
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        "confidence": found.confidence,
        "message": open_words(found.message),
        **place(found.span, root),
        "related": [{"message": open_words(one.message), **place(one.span, root)} for one in found.related],
        "witness": open_words(found.witness),
        "fix": None
        if fix is None
        else {
            "message": open_words(fix.message),
            "safety": "safe" if fix.safe else "unsafe",
            "edits": [{**place(edit.span, root), "text": hidden(edit.text)} for edit in fix.edits],
        },
        "fingerprint": fingerprint,
        "help": open_words(found.help),
    }


def place(span: Span, root: str) -> dict[str, object]:
    """A span as data; lines and columns count from 1, and `end` is the first place behind it."""
    return {
        "file": root + span.file,
        "start": {"line": span.line, "column": span.column},
        "end": {"line": span.end_line, "column": span.end_column},
    }


def count(report: Report) -> str:
    """How many errors, warnings and infos there are; empty for none."""
    totals: dict[Severity, int] = {"error": 0, "warning": 0, "info": 0}
    for found in report:
        totals[found.severity] += 1
    return ", ".join(f"{n} {kind}{'s' * (n != 1 and kind != 'info')}" for kind, n in totals.items() if n)


def remarks(found: Diagnostic) -> Iterator[tuple[str, str]]:
    """What is said of a finding beside its sentence, each with the word that goes before it."""
    if found.witness:
        yield "witness", found.witness
    if found.fix is not None:
        yield f"fix ({'safe' if found.fix.safe else 'unsafe'})", found.fix.message
    if found.help:
        yield "help", found.help


def told(text: str) -> str:
    """A sentence fit to be shown on a line of a terminal."""
    return visible(open_words(text))


def open_words(text: str) -> str:
    """A sentence with the secrets starred out that it quotes."""
    return quoted(text)


@lru_cache(maxsize=32)
def hidden(line: str) -> str:
    """A source line with its secrets starred out, each in its own length: CI logs are no place for them."""
    return starred(line)


def hidden_line(lines: Sequence[str], number: int) -> str:
    """As `hidden`, of the line of a file with that number, which counts from 1."""
    return starred_line(lines, number - 1)


def visible(text: str) -> str:
    """Text without what would move a terminal's cursor or reorder the line: such characters become escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(cell(character) for character in text)


def cell(character: str) -> str:
    """What is shown for one character."""
    if character == "\t":
        return " " * TAB
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return (
            character.encode("ascii", "backslashreplace").decode()
            if ord(character) > 127
            else f"\\x{ord(character):02x}"
        )
    return character


def cells(text: str) -> int:
    """How many columns of a terminal a text takes; wide characters take two, combining ones none."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in visible(text))
