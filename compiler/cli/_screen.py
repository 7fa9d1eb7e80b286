"""Where words go: data to stdout, everything else to stderr; marks and colours as far as the terminal knows them."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO, TypeVar

import click

from egc.compiler.render import visible

T = TypeVar("T")

MUCH = 20
"""So many requests take long enough to be watched."""

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
        """A table for people; only for a terminal (`on_terminal`). A column without any value is left out."""
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        cells = [[visible(cell) for cell in row] for row in rows]
        shown = [number for number in range(len(headings)) if any(row[number] for row in cells)]
        for heading in (headings[number] for number in shown):
            # An id that is cut in two cannot be copied.
            table.add_column(heading, overflow="fold", no_wrap=heading == "id")
        for row in cells:
            table.add_row(*(Text(row[number]) for number in shown))
        Console(color_system="auto" if paints(sys.stdout, self.colour) else None, highlight=False).print(table)

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


def paints(stream: TextIO, wanted: bool = True) -> bool:
    """Whether colours go to `stream` (no-color.org: NO_COLOR counts when it is not empty)."""
    return wanted and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
