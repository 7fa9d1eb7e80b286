"""Annotations of GitHub Actions: workflow commands, which it shows beside the lines."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Report, Severity
from egc.compiler.render import remarks, told

LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, *, colour: bool) -> str:
    """One command a finding."""
    return "".join(command(found, report.root) for found in report)


def command(found: Diagnostic, root: str) -> str:
    """One finding as a workflow command. `root` is put before the file's name."""
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
    sentences = [found.message, *(f"{word}: {text}" for word, text in remarks(found))]
    # A line of its own may not be a command itself; the newlines between are written as %0A.
    message = "\n".join(told(line) for sentence in sentences for line in sentence.split("\n"))
    return f"::{LEVELS[found.severity]} {settings}::{''.join(escape(message))}\n"


def escape(text: str, separators: str = "") -> Iterator[str]:
    """Characters of a workflow command with those escaped that would end the command or a field of it."""
    for character in text:
        yield f"%{ord(character):02X}" if character in "%\r\n" + separators else character
