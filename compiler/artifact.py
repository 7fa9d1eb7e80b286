"""An artifact on disk: written aside, parsed, made durable, then renamed, so that nobody ever sees half of one."""

import ast
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PLAN = "plan.json"
"""What an artifact keeps for the reviewer; the gateway does not read it."""

_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.pyc")


def put(texts: Mapping[str, str], copies: Sequence[str], source: Path, directory: Path) -> tuple[Path, ...]:
    """Write an artifact.

    Arguments:
        texts: file names and what they hold, ASCII.
        copies: files and directories below `source` that are copied to the same place below `directory`, without what
            is hidden or compiled in them.
        source: the directory of the configuration.
        directory: where the artifact goes; it is made if need be.

    Returns the paths of what was written. Raises OSError; the files that were there are then still there, and whole.
    """
    for name, text in texts.items():
        if name.endswith(".py"):
            ast.parse(text, name)
    directory.mkdir(parents=True, exist_ok=True)
    copies = [] if directory.samefile(source) else copies
    waiting = Path(tempfile.mkdtemp(prefix=".egc-", dir=directory))
    try:
        for name, text in texts.items():
            with (waiting / name).open("x", encoding="ascii", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for name in copies:
            (waiting / name).parent.mkdir(parents=True, exist_ok=True)
            if (source / name).is_dir():
                shutil.copytree(source / name, waiting / name, symlinks=False, ignore=_NOT_COPIED)
            else:
                shutil.copyfile(source / name, waiting / name)
        written = [_swap(waiting / name, directory / name, waiting) for name in copies]
        written += [_swap(waiting / name, directory / name, waiting) for name in texts]
        _sync(directory)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return tuple(written)


def _swap(new: Path, place: Path, waiting: Path) -> Path:
    """Put `new` at `place`; a directory that is there moves out of the way first."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        place.rename(Path(tempfile.mkdtemp(dir=waiting)) / "old")
    new.replace(place)
    return place


def replace_file(file: Path, data: bytes) -> None:
    """Put other bytes into a file at once, by renaming; its mode stays, and so does a symbolic link to it.

    Raises OSError; the file is then as it was.
    """
    place = file.resolve()
    mode = stat.S_IMODE(place.stat().st_mode)
    with tempfile.NamedTemporaryFile(prefix=f".{place.name}-", dir=place.parent, delete=False) as aside:
        try:
            os.fchmod(aside.fileno(), mode)
            aside.write(data)
            aside.flush()
            os.fsync(aside.fileno())
            Path(aside.name).replace(place)
        except BaseException:
            Path(aside.name).unlink(missing_ok=True)
            raise
    _sync(place.parent)


def _sync(directory: Path) -> None:
    """Make the renames durable, where the file system lets a directory be synced."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
