"""What was carried before, so that a second run brings nothing back that was deleted or revoked in between.

A line a record: the SHA-256 of its kind and id, so that the file tells nobody a name.
"""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

NAME = "egc.migrated"
_LINE = 65


class Journal:
    """A file that only grows; a context manager that closes it.

    Arguments:
        path: the file, made with mode 0600 where it is missing; None to remember nothing beyond this run.

    Raises OSError.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: BinaryIO | None = None
        self._known: set[bytes] = set()
        self._waiting: list[bytes] = []
        if path is None:
            return
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        held = self._file.read()
        # Who was killed while he wrote left half a line.
        whole = len(held) - len(held) % _LINE
        if whole != len(held):
            self._file.truncate(whole)
        self._known = {bytes.fromhex(line.decode()) for line in held[:whole].split()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self.flush()
            self._file.close()

    def has(self, kind: str, name: str) -> bool:
        """Whether that record was carried."""
        return _digest(kind, name) in self._known

    def add(self, kind: str, name: str) -> None:
        """Note that a record is in the store; on disk after `flush`."""
        digest = _digest(kind, name)
        if digest not in self._known:
            self._known.add(digest)
            self._waiting.append(digest)

    def flush(self) -> None:
        """Make durable what was noted."""
        waiting, self._waiting = self._waiting, []
        if self._file is not None and waiting:
            self._file.write(b"".join(digest.hex().encode() + b"\n" for digest in waiting))
            self._file.flush()
            os.fsync(self._file.fileno())


def _digest(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()
