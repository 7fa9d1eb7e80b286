"""The form for people: a line that says all, then the source lines with carets, then what else is to be said."""

from egc.compiler.diagnostics import Diagnostic, Report, Severity, Span
from egc.compiler.render import cells, count, hidden_line, remarks, told, visible

COLOURS: dict[Severity, str] = {"error": "31", "warning": "33", "info": "36"}

WIDTH = 160
"""Cells of a source line that are shown; a longer one is cut around the place."""


def render(report: Report, *, colour: bool) -> str:
    """All findings, then how many there are; empty for none."""
    lines = {name: source.split("\n") for name, source in report.sources.items()}
    total = count(report)
    shown = "".join(text(found, lines, report.root, colour=colour) for found in report)
    return shown + (f"\n{total}\n" if total else "")


def text(found: Diagnostic, sources: dict[str, list[str]], root: str, *, colour: bool = False) -> str:
    """One finding for people: a line that says all, then the source lines with carets, then the help.

    Arguments:
        sources: the lines of the files.
        root: what is put before the names of files.
    """
    paint = COLOURS[found.severity] if colour else ""
    head = style(f"{found.severity}[{found.code}]", paint and f"1;{paint}")
    lines = [
        f"{style(visible(f'{root}{found.span}'), '1' if colour else '')}: {head} {found.name}: {told(found.message)}"
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
        lines.append(f"{' ' * gutter} | {style(caret, paint)}" + (f" {told(words)}" if words else ""))
    lines += [
        f"{' ' * gutter} = {told(f'{root}{r.span}: {r.message}')}"
        for r in found.related
        if r.span.file != found.span.file
    ]
    lines += [f"{' ' * gutter} = {word}: {told(words)}{how(word)}" for word, words in remarks(found)]
    lines.append(f"{' ' * gutter} = help: egc explain {found.code}")
    return "\n".join(lines) + "\n"


def how(word: str) -> str:
    """Behind a fix, the command that makes it."""
    return {"fix (safe)": "   (egc lint --fix)", "fix (unsafe)": "   (egc lint --fix --unsafe-fixes)"}.get(word, "")


def source_line(sources: dict[str, list[str]], span: Span) -> str | None:
    """The line that a span begins on, or None where the text of its file is not known."""
    lines = sources.get(span.file, [])
    return hidden_line(lines, span.line) if 0 < span.line <= len(lines) and lines != [""] else None


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


def style(text: str, codes: str) -> str:
    """Text in the colours of an SGR sequence, or as it is."""
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text
