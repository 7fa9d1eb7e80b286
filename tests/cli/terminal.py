"""A command in a terminal of its own, and somebody who reads and types."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PATIENCE = 30.0
"""Seconds until a text that does not appear is given up."""


class Terminal:
    """Runs `egc` with its input, output and errors on a terminal.

    Arguments:
        arguments: the words behind `egc`.
        directory: where it runs.
        environ: variables besides those of this process.
        output: a file that takes stdout instead of the terminal.
        shell: a line for bash in place of `egc` and arguments; `egc` and `gunicorn` are those of this Python.
    """

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        environ: Mapping[str, str] | None = None,
        output: Path | None = None,
        shell: str | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        stdout = slave if output is None else os.open(output, os.O_WRONLY | os.O_CREAT, 0o600)
        program = [sys.executable, "-c", "import sys; from egc.compiler.cli import main; sys.exit(main())", *arguments]
        path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
        self._process = subprocess.Popen(
            program if shell is None else ["bash", "-c", shell],
            stdin=slave,
            stdout=stdout,
            stderr=slave,
            cwd=directory,
            env={**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "80", **(environ or {})},
            start_new_session=True,
        )
        os.close(slave)
        if stdout != slave:
            os.close(stdout)
        self.seen = ""
        self._read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def expect(self, text: str) -> Self:
        """Read on until `text` appears behind what was expected before."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.seen.find(text, self._read)) < 0:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            if not ready or not self._take():
                raise AssertionError(f"{text!r} did not appear; the terminal shows:\n{self.seen}")
        self._read = found + len(text)
        return self

    def type(self, text: str) -> Self:
        """Type a line and Enter."""
        os.write(self._master, text.encode() + b"\n")
        return self

    def press(self, keys: str) -> Self:
        """Type without Enter."""
        os.write(self._master, keys.encode())
        return self

    def end_of_input(self) -> Self:
        """Type Ctrl-D."""
        os.write(self._master, b"\x04")
        return self

    def interrupt(self) -> Self:
        """What Ctrl-C sends, to all of them."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self

    def wait(self) -> int:
        """Read to the end; the exit code. Raises AssertionError where it neither says anything nor ends."""
        while True:
            ready, _, _ = select.select([self._master], [], [], PATIENCE)
            if not ready:
                raise AssertionError(f"it does not end; the terminal shows:\n{self.seen}")
            if not self._take():
                break
        return self._process.wait(PATIENCE)

    def _take(self) -> bool:
        try:
            piece = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += piece.decode().replace("\r\n", "\n")
        return bool(piece)
