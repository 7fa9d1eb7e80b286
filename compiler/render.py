"""Diagnostics as text for people, and as JSON, JSON lines or GitHub annotations for programs."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from egc.compiler.diagnostics import Diagnostic, Report, Severity, Span

SCHEMA_VERSION = 1

COLOURS: dict[Severity, str] = {"error": "31", "warning": "33", "info": "36"}
GITHUB: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}

TAB = 4
"""Cells that a tab stands for in a quoted source line."""

WIDTH = 160
"""Cells of a source line that are shown; a longer one is cut around the place."""


SECRET = re.compile(
    r"""(?<=://)[^\s/@'"{}]+:[^\s/@'"{}]+(?=@)"""
    r"""|(?i:(?<=password: )|(?<=passphrase: )|(?<=secret: )|(?<=cipherkey: )|(?<=keysecret: )|(?<=privatekey: )"""
    r"""|(?<=secretorpublickey: )|(?<=authorization_value: )|(?<=auth: ))(?!\{|'?"?\$\{)[^\s#,}]+"""
)
"""What nobody else should read of a source line: user:password of a URL, values of keys that hold secrets."""


def render(report: Report, form: Literal["text", "json", "jsonl", "github"], *, colour: bool = False) -> str:
    """All findings of `report`, sorted by place, in one of the four forms; empty text for none, `json` apart."""
    if form == "text":
        lines = {name: source.split("\n") for name, source in report.sources.items()}
        return "".join(text(found, lines, report.root, colour=colour) for found in report) + count(report)
    if form == "github":
        return "".join(github(found, report.root) for found in report)
    if form == "jsonl":
        return "".join(json.dumps(record(found, report.root)) + "\n" for found in report)
    findings = [record(found, report.root) for found in report]
    return json.dumps({"schema_version": SCHEMA_VERSION, "findings": findings}, indent=2) + "\n"


def record(found: Diagnostic, root: str) -> dict[str, object]:
    """One finding as data. `root` is put before the names of files."""
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        "message": found.message,
        **place(found.span, root),
        "related": [{"message": related.message, **place(related.span, root)} for related in found.related],
        "help": found.help,
    }


def place(span: Span, root: str) -> dict[str, object]:
    """A span as data; lines and columns count from 1, and `end` is the first place behind it."""
    return {
        "file": root + span.file,
        "start": {"line": span.line, "column": span.column},
        "end": {"line": span.end_line, "column": span.end_column},
    }


def count(report: Report) -> str:
    """The last line of the text form: how many errors and warnings there are."""
    totals = {kind: sum(found.severity == kind for found in report) for kind in ("error", "warning", "info")}
    words = [f"{number} {kind}{'s' * (number != 1 and kind != 'info')}" for kind, number in totals.items() if number]
    return f"\n{', '.join(words)}\n" if words else ""


def text(found: Diagnostic, sources: dict[str, list[str]], root: str, *, colour: bool = False) -> str:
    """One finding for people: a line that says all, then the source lines with carets, then the help.

    Arguments:
        sources: the lines of the files.
        root: what is put before the names of files.
    """
    paint = COLOURS[found.severity] if colour else ""
    head = style(f"{found.severity}[{found.code}]", paint and f"1;{paint}")
    lines = [
        f"{style(visible(f'{root}{found.span}'), '1' if colour else '')}: {head} {found.name}: {visible(found.message)}"
    ]

    places = [(found.span, "^", "")] + [
        (r.span, "-", r.message) for r in found.related if r.span.file == found.span.file
    ]
    quoted = [(span, mark, words) for span, mark, words in sorted(places) if source_line(sources, span) is not None]
    gutter = len(str(max((span.line for span, _, _ in quoted), default=0)))
    if quoted:
        lines.append(f"{' ' * gutter} |")
    shown = 0
    for span, mark, words in quoted:
        line = source_line(sources, span) or ""
        quote, caret = underline(line, span, mark)
        if span.line != shown:
            lines.append(f"{span.line:>{gutter}} | {quote}".rstrip())
        shown = span.line
        lines.append(f"{' ' * gutter} | {style(caret, paint)}" + (f" {visible(words)}" if words else ""))
    lines += [
        f"{' ' * gutter} = {visible(f'{root}{r.span}: {r.message}')}"
        for r in found.related
        if r.span.file != found.span.file
    ]
    if found.help:
        lines.append(f"{' ' * gutter} = help: {visible(found.help)}")
    return "\n".join(lines) + "\n"


def source_line(sources: dict[str, list[str]], span: Span) -> str | None:
    """The line that a span begins on, or None where the text of its file is not known."""
    lines = sources.get(span.file, [])
    return hidden(lines[span.line - 1]) if 0 < span.line <= len(lines) and lines != [""] else None


def hidden(line: str) -> str:
    """A source line with its secrets starred out, each in its own length: CI logs are no place for them."""
    return SECRET.sub(lambda found: "*" * len(found[0]), line)


def underline(line: str, span: Span, mark: str) -> tuple[str, str]:
    """A source line fit for a terminal, and the line of marks that goes below it."""
    begin = min(span.column - 1, len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line.rstrip())
    offset = 0
    if len(line) > WIDTH or cells(line) > WIDTH:
        offset = max(0, begin - WIDTH // 4)
        line = line[offset : offset + WIDTH]
    begin, end = begin - offset, min(end - offset, len(line))
    marks = mark * max(1, cells(line[begin:end]))
    return visible(line), " " * cells(line[:begin]) + marks


def visible(text: str) -> str:
    """Text without what would move a terminal's cursor or reorder the line: such characters become escapes."""
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
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in visible(text))


def style(text: str, codes: str) -> str:
    """Text in the colours of an SGR sequence, or as it is."""
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


def github(found: Diagnostic, root: str) -> str:
    """One finding as a workflow command, which GitHub shows beside the line. `root` is put before the file's name."""
    span = found.span
    fields = {
        "file": root + span.file,
        "line": span.line,
        "col": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "title": f"{found.code} {found.name}",
    }
    settings = ",".join(f"{name}={''.join(escape(str(value), ':,'))}" for name, value in fields.items())
    message = "\n".join([found.message, *([f"help: {found.help}"] if found.help else [])])
    return f"::{GITHUB[found.severity]} {settings}::{''.join(escape(message))}\n"


def escape(text: str, separators: str = "") -> Iterator[str]:
    """Characters of a workflow command with those escaped that would end the command or a field of it."""
    for character in text:
        yield f"%{ord(character):02X}" if character in "%\r\n" + separators else character
