"""Numbers of a worker in a file that it shares with the others, so that any of them can add up all.

A file belongs to the worker that holds its lock. The system lets go of the lock when the worker ends, however it ends;
the numbers stay, and the next worker goes on with them. So there are never more files than there were workers at a
time, nothing has to be tidied up, and no count is lost with a worker that is killed.
"""

import fcntl
import json
import mmap
import os
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 1024
_MAGIC = b"egc metrics 1\n\0\0"
_LENGTH = struct.Struct("<QQ")
_LARGEST_HEAD = 64 * 1024 * 1024
_PRIVATE = 0o600

Labels = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a worker: the labels of its rows, its numbers, and whether the worker is there."""

    labels: Labels
    numbers: "array[float]"
    alive: bool


class Cells:
    """The numbers of this worker: `numbers`, `width` for each of `labels`.

    Raises OSError where no file can be had, which is also where the disk is full: room is taken beforehand.
    """

    def __init__(self, directory: Path, labels: Labels, width: int) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = _head(labels, width)
        for number in range(MOST_FILES):
            descriptor = _claim(directory / str(number), head, labels, width)
            if descriptor is not None:
                break
        else:
            raise OSError(f"{MOST_FILES} workers count already")
        self._descriptor = descriptor
        self._map = mmap.mmap(descriptor, len(head) + 8 * width * len(labels))
        self._bytes = memoryview(self._map)[len(head) :]
        self.numbers: memoryview[float] = self._bytes.cast("d")

    def close(self) -> None:
        """Let go of the file."""
        self.numbers.release()
        self._bytes.release()
        self._map.close()
        os.close(self._descriptor)


def read(directory: Path, width: int) -> Iterator[Found]:
    """The files of all workers, those that have ended included."""
    for number in range(MOST_FILES):
        try:
            descriptor = os.open(directory / str(number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            # They are numbered without gaps.
            return
        with os.fdopen(descriptor, "rb") as file:
            alive = not _lock(descriptor, fcntl.LOCK_SH)
            found = _parsed(file.read(), width)
        if found is not None:
            yield Found(*found, alive)


def _claim(path: Path, head: bytes, labels: Labels, width: int) -> int | None:
    """An open file that is ours now and begins with `head`; None where another worker has it. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
    try:
        # Where it is another file by now, somebody has put a new one in its place.
        if not _lock(descriptor, fcntl.LOCK_EX) or not os.path.samestat(os.fstat(descriptor), path.stat()):
            os.close(descriptor)
            return None
        size = len(head) + 8 * width * len(labels)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            before = file.read()
        if len(before) == size and before.startswith(head):
            return descriptor
        ours = _replace(path, head, labels, width, _parsed(before, width))
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return ours


def _replace(path: Path, head: bytes, labels: Labels, width: int, before: "tuple[Labels, array[float]] | None") -> int:
    """Put a file of another layout in the place of one that is ours; what both have rows for is taken along."""
    numbers = array("d", bytes(8 * width * len(labels)))
    if before is not None:
        places = {tuple(label): place * width for place, label in enumerate(before[0])}
        for place, label in enumerate(labels):
            start = places.get(tuple(label))
            if start is not None:
                numbers[place * width : (place + 1) * width] = before[1][start : start + width]
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        content = head + numbers.tobytes()
        # A page without a place on the disk would end the process when it is written to.
        os.posix_fallocate(descriptor, 0, len(content))
        with os.fdopen(descriptor, "r+b", closefd=False) as file:
            file.write(content)
        new.replace(path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, kind: int) -> bool:
    """Whether it could be had."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _head(labels: Labels, width: int) -> bytes:
    text = json.dumps(labels, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return _MAGIC + _LENGTH.pack(len(text), width) + text


def _parsed(content: bytes, width: int) -> "tuple[Labels, array[float]] | None":
    """Labels and numbers; None for what is no such file, or has other columns."""
    start = len(_MAGIC) + _LENGTH.size
    if not content.startswith(_MAGIC) or len(content) < start:
        return None
    length, columns = _LENGTH.unpack_from(content, len(_MAGIC))
    if columns != width or length > min(_LARGEST_HEAD, len(content) - start):
        return None
    try:
        labels = json.loads(content[start : start + length])
    except ValueError:
        return None
    numbers = array("d")
    rest = content[start + length :]
    if not isinstance(labels, list) or len(rest) != 8 * width * len(labels):
        return None
    numbers.frombytes(rest)
    return labels, numbers
