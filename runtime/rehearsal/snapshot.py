"""A private copy of a store: taken without touching the store, not even with a lock."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from egc.runtime.store import StoreError
from egc.runtime.store.place import FILE_NAME

_ATTEMPTS = 20
_PAUSE = 0.1
_WAL_HEADER = 32


def holds_store(directory: Path) -> bool:
    """Whether there is a store in the directory."""
    return (directory / FILE_NAME).is_file()


def copy(directory: Path, to: Path) -> None:
    """Copy the store of `directory` into `to`, which is made if need be, as it was at one moment.

    The gateway may be running: the file and its log are copied while neither the file changes nor the log begins
    anew, and what was being added to the log meanwhile does not count, as after a crash.

    Raises StoreError: there is no store, it cannot be read, is damaged or changes all the time.
    """
    source = directory / FILE_NAME
    if not source.is_file():
        raise StoreError(f"There is no store in {directory}.")
    to.mkdir(mode=0o700, exist_ok=True)
    target = to / FILE_NAME
    try:
        for _ in range(_ATTEMPTS):
            before = _state(source)
            # Times of files go in steps of some milliseconds: what was just changed may change again within one.
            if abs(time.time_ns() - before[1]) > _PAUSE * 1e9:
                for ending in ("", "-wal"):
                    _copy_file(Path(f"{source}{ending}"), Path(f"{target}{ending}"))
                if _state(source) == before:
                    break
            time.sleep(_PAUSE)
        else:
            raise StoreError(f"The store {source} is being written to; try again.")
    except OSError as error:
        raise StoreError(f"The store {source} cannot be read: {error.strerror}.") from error
    try:
        with closing(sqlite3.connect(target)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"The store {source} cannot be read: {error}.") from error
    if found != "ok":
        raise StoreError(f"The store {source} is damaged: {found}.")


def _state(source: Path) -> tuple[int, int, bytes]:
    """Size and time of the file, and the beginning of its log, which changes when the log begins anew."""
    found = source.stat()
    try:
        with Path(f"{source}-wal").open("rb") as log:
            start = log.read(_WAL_HEADER)
    except FileNotFoundError:
        start = b""
    return found.st_size, found.st_mtime_ns, start


def _copy_file(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return
    target.chmod(0o600)
