"""What `egc run` tells while it serves: a calm screen for a person, lines that begin with `egc:` for a log."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click

from egc.compiler.cli._screen import DONE, FAILED, PLAIN_MARKS, paints, representable
from egc.compiler.render import visible

MOST_NAMES = 3


class News:
    """Writes to one stream.

    Arguments:
        stream: where people read; marks and colours only where it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self.colour = paints(stream)

    def serving(self, path: Path, listens: Mapping[str, str]) -> None:
        """The first build is served."""
        if self._terminal:
            self._line(DONE, "green", f"Serving {path}")
        self._listeners(listens)
        if self._terminal:
            self._write("  A change of the configuration is built, checked and taken over. Ctrl-C ends it.")

    def changed(self, names: Sequence[str]) -> None:
        """Something else is going to be served."""
        shown = ", ".join(names[:MOST_NAMES])
        if len(names) > MOST_NAMES:
            shown += f" and {len(names) - MOST_NAMES} more"
        text = f"{shown or 'asked to build again'}{' changed' * bool(shown)}"
        self._write(f"  {_clock(time.localtime())} {text}" if self._terminal else f"egc: {text}: taking it over")

    def findings(self, text: str) -> None:
        """What the compiler said; it has rendered it."""
        if text:
            self._write(text.rstrip("\n"))

    def taken_over(self, seconds: float, moved: Mapping[str, str]) -> None:
        """The new build is served; `moved` are the listeners that are elsewhere now."""
        self._line(DONE, "green", f"serving the new configuration after {seconds:.1f} s")
        self._listeners(moved)

    def right_again(self, built: time.struct_time) -> None:
        """After a mistake the configuration is again what is served."""
        self._line(DONE, "green", f"the configuration is again what was built at {_clock(built)}")

    def refused(self, why: str, built: time.struct_time) -> None:
        """What was built, or could not be, is not served."""
        self._line(FAILED, "red", f"{why.rstrip('.')}: still serving what was built at {_clock(built)}")

    def _listeners(self, listens: Mapping[str, str]) -> None:
        for name, url in listens.items():
            self._write(f"  {name:6} {url}" if self._terminal else f"egc: {name} listens on {url}")

    def _line(self, mark: str, colour: str, text: str) -> None:
        if not self._terminal:
            self._write(f"egc: {text}")
            return
        if representable(mark, self._stream) != mark:
            mark = PLAIN_MARKS[mark]
        self._write(f"{click.style(mark, fg=colour) if self.colour else mark} {visible(text)}")

    def _write(self, text: str) -> None:
        # Whoever reads may have gone; the gateway goes on.
        try:
            click.echo(representable(text, self._stream), file=self._stream, color=self.colour)
        except OSError:
            return


def _clock(moment: time.struct_time) -> str:
    return time.strftime("%H:%M:%S", moment)
