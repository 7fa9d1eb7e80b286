"""What an operator does with the file of the SQLite store: copy it, fill it at once, look whether it is sound."""
# ruff: noqa: S608 - statements are put together from the names of our own tables only

import json
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from egc.runtime.store import StoreError
from egc.runtime.store.faults import store_error
from egc.runtime.store.generation import Generation
from egc.runtime.store.layout import VERSION
from egc.runtime.store.place import COUNTERS_NAME, FILE_NAME, prepare, refuse_network
from egc.runtime.store.writer import LOCK_SECONDS, begin_immediate

_TABLES = ("scope", "user", "application", "credential", "code", "token", "revoked_family", "session", "failure")
"""All that hold records, what belongs to something behind it."""

_HELD = ("scope", "user", "application", "credential", "token")
"""Those that a backup holds."""

_CLOCK_SECONDS = 300.0
"""How far the clocks of machines may differ before it is told."""

_WAL_LARGE = 256 * 1024 * 1024


class NotEmpty(Exception):
    """The store holds something already."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a store.

    Arguments:
        what: what was looked at: `integrity`, `permissions`.
        state: whether it is good, worth a look, or broken.
        detail: one sentence.
        advice: what to do about it, or empty.
    """

    what: str
    state: Literal["ok", "warning", "error"]
    detail: str
    advice: str = ""


def exists(directory: Path) -> bool:
    """Whether there is a store in that directory."""
    return (directory / FILE_NAME).is_file()


def snapshot(directory: Path, into: Path) -> None:
    """Copy the store as it is at one moment; gateways may go on writing meanwhile.

    Arguments:
        directory: of the store.
        into: a directory that is ours; the copy is a store of its own there.

    Raises StoreError.
    """
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = into / FILE_NAME
    target.touch(mode=0o600)
    try:
        with closing(_reader(directory / FILE_NAME)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise store_error(error) from error


def install(source: Path, directory: Path, *, replace: bool) -> None:
    """Put what the store in `source` holds into the one in `directory`, in one transaction.

    Arguments:
        source: the directory of a store that nobody else uses.
        directory: the directory of the store to fill, which is open or was; gateways may be running on it.
        replace: delete what it holds. Who is logged in is logged out then.

    Raises NotEmpty without `replace`, and StoreError; nothing is changed then.
    """
    path = prepare(directory)
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("ATTACH ? AS brought", (str(source / FILE_NAME),))
            begin_immediate(db)
            for table in _HELD:
                if not replace and db.execute(f"SELECT 1 FROM main.{table}").fetchone():
                    raise NotEmpty
            for table in reversed(_TABLES):
                db.execute(f"DELETE FROM main.{table}")
            for table in _HELD:
                # Without `seq`, which is never used twice: running gateways know records by it.
                names = [name for _, name, *_ in db.execute(f"PRAGMA main.table_info({table})") if name != "seq"]
                columns = ", ".join(f'"{name}"' for name in names if name != "version")
                order = "rowid" if table != "token" else "created_at, id"
                db.execute(
                    f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM brought.{table} ORDER BY {order}"
                )
            generation = Generation(path.with_suffix(".generation"))
            try:
                generation.change()
                db.execute("COMMIT")
                generation.change()
            finally:
                generation.close()
    except sqlite3.Error as error:
        raise store_error(error) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def inspect(directory: Path, now: float) -> Iterator[Finding]:
    """Look whether a store is sound. Nothing is written.

    Arguments:
        directory: of the store.
        now: seconds since the epoch.
    """
    path = directory / FILE_NAME
    yield from _permissions(directory)
    try:
        refuse_network(directory)
    except StoreError as error:
        yield Finding("file system", "error", str(error))
    if not path.is_file():
        yield Finding("file", "error", f"There is no store at {path}.", "Name its directory, or start a gateway on it.")
        return
    try:
        with closing(_reader(path)) as db:
            sound = True
            for finding in _integrity(db):
                sound = sound and finding.state != "error"
                yield finding
            if sound:
                yield from _contents(db, now)
    except (sqlite3.Error, StoreError) as error:
        yield Finding("file", "error", str(store_error(error)), "Restore a backup: egc store import --replace FILE")
    yield from _space(directory, path)


def _reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True, timeout=LOCK_SECONDS)
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA query_only = ON")
    except BaseException:
        db.close()
        raise
    return db


def _permissions(directory: Path) -> Iterator[Finding]:
    try:
        mode = directory.stat().st_mode
        owner = directory.stat().st_uid
    except OSError as error:
        yield Finding("permissions", "error", f"{directory} cannot be read: {error.strerror}.")
        return
    good = True
    if mode & 0o022:
        good = False
        mended = f"chmod 700 {directory}"
        yield Finding(
            "permissions", "error", f"{directory} may be changed by others ({stat.S_IMODE(mode):04o}).", mended
        )
    for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "egc.generation", COUNTERS_NAME):
        file = directory / name
        try:
            status = file.lstat()
        except OSError:
            continue
        if not stat.S_ISREG(status.st_mode):
            good = False
            yield Finding("permissions", "error", f"{file} is no regular file.", "Put the file itself there.")
        elif status.st_mode & 0o077:
            good = False
            mode = stat.S_IMODE(status.st_mode)
            yield Finding("permissions", "error", f"{file} is open to others ({mode:04o}).", f"chmod 600 {file}")
        elif status.st_uid != owner:
            good = False
            yield Finding(
                "owner",
                "warning",
                f"{file} belongs to user {status.st_uid}, its directory to user {owner}.",
                f"chown --reference={directory} {file}",
            )
    if good:
        yield Finding("permissions", "ok", "Only the owner may read or change it.")


def _integrity(db: sqlite3.Connection) -> Iterator[Finding]:
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "layout" not in names:
        advice = "Name another directory with EGC_DATA."
        yield Finding("layout", "error", "This is a database, but not a store of egc.", advice)
        return
    row = db.execute("SELECT version FROM layout").fetchone()
    if row is None or row[0] != VERSION:
        found = "no version" if row is None else f"layout {row[0]}"
        yield Finding(
            "layout", "error", f"The store has {found}; this version of egc knows {VERSION}.", "Use a newer egc."
        )
        return
    yield Finding("layout", "ok", f"Layout {VERSION}.")
    restore = "Stop the gateway, keep a copy of the directory, and restore a backup: egc store import --replace FILE"
    wrong = [text for (text,) in db.execute("PRAGMA integrity_check(5)") if text != "ok"]
    if wrong:
        yield Finding("integrity", "error", f"SQLite finds it damaged: {'; '.join(wrong)}", restore)
        return
    yield Finding("integrity", "ok", "SQLite finds it whole.")
    orphans = db.execute("PRAGMA foreign_key_check").fetchall()
    if orphans:
        tables = ", ".join(sorted({str(row[0]) for row in orphans}))
        yield Finding("orphans", "error", f"{len(orphans)} rows of {tables} belong to nobody.", restore)
    else:
        yield Finding("orphans", "ok", "Everything belongs to somebody.")


def _contents(db: sqlite3.Connection, now: float) -> Iterator[Finding]:
    counts = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _HELD}
    shown = ", ".join(f"{count} {table}s" if count != 1 else f"1 {table}" for table, count in counts.items())
    yield Finding("records", "ok", f"{shown}.")
    known = {name for (name,) in db.execute("SELECT name FROM scope")}
    stray = {
        scope
        for (text,) in db.execute("SELECT DISTINCT scopes FROM credential WHERE scopes IS NOT NULL")
        for scope in json.loads(text)
        if scope not in known
    }
    if stray:
        names = ", ".join(sorted(stray)[:5])
        yield Finding("scopes", "warning", f"Credentials hold unregistered scopes: {names}.", "egc scopes create NAME")
    late = [
        table
        for table in ("token", "code", "session", "failure", "revoked_family")
        if db.execute(f"SELECT 1 FROM {table} WHERE expires_at < ?", (now - 86400,)).fetchone()
    ]
    if late:
        yield Finding(
            "expired",
            "warning",
            f"What expired a day ago and more is still there ({', '.join(late)}).",
            "A running gateway deletes it within minutes; start one.",
        )
    else:
        yield Finding("expired", "ok", "Nothing that is long expired is left.")
    newest = max(
        db.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0]
        for table, column in (("user", "updated_at"), ("application", "updated_at"), ("token", "created_at"))
    )
    if newest > now + _CLOCK_SECONDS:
        yield Finding(
            "clock",
            "warning",
            f"The newest record is {newest - now:.0f} seconds in the future.",
            "The clock of this machine is late, or was ahead once: look at `timedatectl`.",
        )
    else:
        yield Finding("clock", "ok", "No record is from the future.")


def _space(directory: Path, path: Path) -> Iterator[Finding]:
    wal = directory / f"{FILE_NAME}-wal"
    size = wal.stat().st_size if wal.is_file() else 0
    if size > _WAL_LARGE:
        yield Finding(
            "log",
            "warning",
            f"The write-ahead log has {size // 1024**2} MiB.",
            "Something reads the store for very long; find it with: fuser " + str(path),
        )
    free = shutil.disk_usage(directory).free
    if free < max(100 * 1024**2, path.stat().st_size):
        yield Finding("disk", "warning", f"{free // 1024**2} MiB are left on the disk.", "Make room.")
    else:
        yield Finding("disk", "ok", f"{free // 1024**2} MiB are left on the disk.")
