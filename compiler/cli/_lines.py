"""Lines for people, each with the place in the configuration that it comes from in front of it."""

import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Literal

import click

from egc.compiler.cli._screen import on_terminal, paints, representable
from egc.compiler.diagnostics import Span
from egc.compiler.render import told, visible
from egc.compiler.render.text import style

NARROWEST = 40
_INDENT = 2
_COLOURS = {"": "", "head": "1", "good": "32", "bad": "31", "dim": "2"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; a longer one than the terminal is wide goes on below.

    Arguments:
        text: what it says; empty for an empty line.
        span: where the configuration says so.
        depth: how far it is indented.
        tone: how it is painted.
    """

    text: str = ""
    span: Span | None = None
    depth: int = 0
    tone: Literal["", "head", "good", "bad", "dim"] = ""


def show(lines: Iterable[Line], source: str) -> None:
    """Write lines to stdout. `source` is the file whose name need not be told with each place."""
    colour = paints(sys.stdout)
    width = max(NARROWEST, get_terminal_size().columns) if on_terminal() else None
    for text in written(list(lines), source, width, colour=colour):
        click.echo(representable(text, sys.stdout), color=colour)


def written(lines: list[Line], source: str, width: int | None, *, colour: bool) -> Iterator[str]:
    """Lines as they are shown; those up to an empty one have a margin for the places of any of them."""
    margins: list[int] = []
    start = 0
    for end in [*(number for number, line in enumerate(lines) if not line.text), len(lines)]:
        widest = max((len(_place(line.span, source)) for line in lines[start:end]), default=0)
        margins += [widest] * (end + 1 - start)
        start = end + 1
    for line, margin in zip(lines, margins, strict=False):
        place = _place(line.span, source)
        if not line.text:
            yield ""
            continue
        left = " " * ((margin + 2 if margin else 0) + line.depth * _INDENT)
        text = told(line.text)
        parts = [text]
        if width is not None:
            parts = textwrap.wrap(
                text,
                max(NARROWEST // 2, width - len(left)),
                subsequent_indent=" " * _INDENT,
                break_on_hyphens=False,
            ) or [""]
        for number, part in enumerate(parts):
            painted = style(part, _COLOURS[line.tone] if colour else "")
            if number or not place:
                yield f"{left}{painted}"
            else:
                yield f"{style(place.ljust(margin), '2' if colour else '')}  {' ' * (line.depth * _INDENT)}{painted}"


def _place(span: Span | None, source: str) -> str:
    if span is None:
        return ""
    return f"L{span.line}" if span.file == source else f"{visible(span.file)}:{span.line}"


def place(span: Span | None, root: str) -> dict[str, object]:
    """A place as data."""
    return {} if span is None else {"file": root + span.file, "line": span.line, "column": span.column}
