"""Where words go: data to stdout, everything else to stderr; marks and colours as far as the terminal knows them."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TextIO, TypeVar

import click

from egc.compiler.render import visible

T = TypeVar("T")

MUCH = 20
"""So many requests take long enough to be watched."""

WORD, SENTENCE = 14, 24
"""Characters of a cell that stand on one line at least, where it is longer than that."""

BETWEEN = 2
"""Characters between two columns."""

ROOM = 60
"""Columns."""

DONE = "✔"
FAILED = "✖"
PLAIN_MARKS = {DONE: "ok:", FAILED: "error:"}
"""What stands for a mark where the encoding of the terminal has no such character."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a command may say.

    Arguments:
        quiet: status lines of what went well are left out (`-q`).
        colour: False for `--no-color`; a stream that is no terminal, and NO_COLOR, turn colours off as well.
    """

    quiet: bool = False
    colour: bool = True

    def line(self, text: str) -> None:
        """One line of data."""
        click.echo(representable(visible(text), sys.stdout))

    def record(self, value: object) -> None:
        """One value of data as JSON, indented by 2 (C156)."""
        click.echo(as_json(value, sys.stdout))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table for people; only for a terminal (`on_terminal`). A column without any value is left out.

        Where the terminal is too narrow for it, each row is a block of lines.
        """
        cells = [[visible(cell) for cell in row] for row in rows]
        shown = [number for number in range(len(headings)) if any(row[number] for row in cells)]
        headings, cells = [headings[number] for number in shown], [[row[number] for number in shown] for row in cells]
        if least_width(headings, cells) > get_terminal_size().columns:
            self._blocks(headings, cells)
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for heading in headings:
            # An id that is cut in two cannot be copied.
            table.add_column(heading, overflow="fold", no_wrap=heading == "id")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        Console(color_system="auto" if paints(sys.stdout, self.colour) else None, highlight=False).print(table)

    def _blocks(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Each row as lines: a heading and its value."""
        widest = max(map(len, headings))
        for number, row in enumerate(rows):
            if number:
                self.line("")
            for heading, cell in zip(headings, row, strict=True):
                if cell:
                    name = click.style(heading, bold=True) if paints(sys.stdout, self.colour) else heading
                    value = representable(cell, sys.stdout)
                    text = f"{name}{' ' * (widest - len(heading))}  {value}" if heading else value
                    click.echo(text, color=paints(sys.stdout, self.colour))

    def watched(self, work: Sequence[T]) -> Iterable[T]:
        """The same, with a bar on the terminal where there is much to do and no status line tells of it."""
        if not self.quiet or len(work) < MUCH or not sys.stderr.isatty() or sys.stdout.isatty():
            return work
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True, color_system="auto" if paints(sys.stderr, self.colour) else None)
        return track(work, description="", console=console, transient=True)

    def done(self, text: str) -> None:
        """Say on stderr that something went well, unless the command is to be quiet."""
        if not self.quiet:
            self._status(DONE, "green", text)

    def failed(self, text: str) -> None:
        """Say on stderr that something did not go well."""
        self._status(FAILED, "red", text)

    def note(self, text: str = "") -> None:
        """A line on stderr."""
        click.echo(representable(visible(text), sys.stderr), err=True)

    def _status(self, mark: str, colour: str, text: str) -> None:
        if representable(mark, sys.stderr) != mark:
            mark = PLAIN_MARKS[mark]
        if paints(sys.stderr, self.colour):
            mark = click.style(mark, fg=colour)
        sentence = representable(visible(" ".join(text.split())), sys.stderr)
        click.echo(f"{mark} {sentence}", err=True, color=paints(sys.stderr, self.colour))


def least_width(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The columns of a terminal below which a table of that is no better than blocks of lines."""
    width = 0
    for number, heading in enumerate(headings):
        column = [heading, *(row[number] for row in rows)]
        most = SENTENCE if any(" " in cell for cell in column) else WORD
        longest = max(map(len, column))
        width += (longest if heading == "id" else min(longest, most)) + BETWEEN
    return width - BETWEEN


def as_json(value: object, stream: TextIO) -> str:
    """JSON in which nothing moves the cursor of a terminal; still the same value to a program that parses it."""
    text = json.dumps(value, indent=2, ensure_ascii=not is_unicode(stream))
    return "".join(c if c == "\n" or visible(c) == c else json.dumps(c)[1:-1] for c in text)


def representable(text: str, stream: TextIO) -> str:
    """The text with what the encoding of `stream` lacks written as an escape."""
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def is_unicode(stream: TextIO) -> bool:
    """Whether the encoding of `stream` has every character."""
    return (stream.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


def on_terminal() -> bool:
    """Whether results are read by a person."""
    return sys.stdout.isatty()


def has_room() -> bool:
    """Whether results are read by a person whose terminal has room for a table of sentences or numbers."""
    return on_terminal() and get_terminal_size().columns >= ROOM


def paints(stream: TextIO, wanted: bool = True) -> bool:
    """Whether colours go to `stream` (no-color.org: NO_COLOR counts when it is not empty)."""
    return wanted and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
