"""SQLite's errors in words that tell an operator what to do."""

import sqlite3

from egc.runtime.store import StoreError

_SENTENCES = {
    sqlite3.SQLITE_BUSY: "The store is locked by another process.",
    sqlite3.SQLITE_LOCKED: "The store is locked by another process.",
    sqlite3.SQLITE_FULL: "The disk that holds the store is full.",
    sqlite3.SQLITE_READONLY: "The store may not be written (read-only file or file system).",
    sqlite3.SQLITE_PERM: "The store may not be opened (permissions).",
    sqlite3.SQLITE_CANTOPEN: "The store cannot be opened (permissions, or too many open files).",
    sqlite3.SQLITE_IOERR: "The disk that holds the store failed to read or write.",
    sqlite3.SQLITE_CORRUPT: "The store is damaged. Restore it from a backup.",
    sqlite3.SQLITE_NOTADB: "The store is not a database, or it is damaged. Restore it from a backup.",
    sqlite3.SQLITE_NOMEM: "There is no memory left for the store.",
}


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code (sqlite.org/rescode.html), None for other errors."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection held the lock, so that trying again may help."""
    return primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def store_error(error: BaseException) -> StoreError:
    """A new StoreError that says what `error` means; each caller gets its own."""
    if isinstance(error, StoreError):
        return StoreError(str(error))
    code = primary_code(error)
    sentence = _SENTENCES.get(code) if code is not None else None
    fault = StoreError(sentence or f"The store failed: {error}")
    fault.__cause__ = error
    return fault
