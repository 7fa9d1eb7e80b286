"""The tables of the SQLite store, their version, and how a file comes to have them."""

import sqlite3

from egc.runtime.store import StoreError

VERSION = 1

# One statement a paragraph. `seq` is never used twice and `version` grows with every change, so that the two together
# name one state of a user or an application for ever.
_STATEMENTS = """
CREATE TABLE layout (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    version INTEGER NOT NULL,
    checked_at REAL NOT NULL
);

CREATE TABLE user (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL DEFAULT 0,
    id TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL UNIQUE,
    is_active INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    properties TEXT NOT NULL
);

CREATE TRIGGER user_changed
AFTER UPDATE OF id, username, is_active, created_at, updated_at, properties ON user
BEGIN
    UPDATE user SET version = version + 1 WHERE seq = new.seq;
END;

CREATE TABLE application (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL DEFAULT 0,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT,
    is_active INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    properties TEXT NOT NULL,
    UNIQUE (user_id, name)
);

CREATE INDEX application_name ON application (name);

CREATE TRIGGER application_changed
AFTER UPDATE OF id, user_id, name, is_active, created_at, updated_at, properties ON application
BEGIN
    UPDATE application SET version = version + 1 WHERE seq = new.seq;
END;

CREATE TABLE scope (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE credential (
    seq INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT REFERENCES user (id) ON DELETE CASCADE,
    application_id TEXT REFERENCES application (id) ON DELETE CASCADE,
    is_active INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    secret TEXT,
    scopes TEXT,
    properties TEXT NOT NULL,
    UNIQUE (type, id),
    CHECK ((user_id IS NULL) <> (application_id IS NULL))
);

CREATE INDEX credential_user ON credential (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX credential_application ON credential (application_id) WHERE application_id IS NOT NULL;

CREATE TABLE code (
    digest BLOB PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    redirect_uri TEXT,
    scopes TEXT NOT NULL,
    code_challenge TEXT,
    code_challenge_method TEXT,
    family TEXT NOT NULL,
    expires_at REAL NOT NULL,
    is_spent INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX code_client ON code (client_id);

CREATE INDEX code_user ON code (user_id);

CREATE INDEX code_family ON code (family);

CREATE INDEX code_expiry ON code (expires_at);

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    user_id TEXT REFERENCES user (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    "grant" TEXT NOT NULL,
    family TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    is_spent INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX token_client ON token (client_id);

CREATE INDEX token_user ON token (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX token_family ON token (family);

CREATE INDEX token_expiry ON token (expires_at);

CREATE TABLE revoked_family (
    family TEXT PRIMARY KEY,
    expires_at REAL NOT NULL
) WITHOUT ROWID;

CREATE INDEX revoked_family_expiry ON revoked_family (expires_at);

CREATE TABLE session (
    id BLOB PRIMARY KEY,
    user_id TEXT REFERENCES user (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;

CREATE INDEX session_user ON session (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE failure (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    at REAL NOT NULL,
    expires_at REAL NOT NULL
);

CREATE INDEX failure_key ON failure (key, at);

CREATE INDEX failure_expiry ON failure (expires_at);
"""


def create_or_check(connection: sqlite3.Connection, place: str) -> None:
    """Make the tables in an empty file, or check that the file holds a version that this code knows (P47).

    Runs inside the caller's transaction, so that of several workers exactly one makes the tables.
    Raises StoreError with a sentence naming `place`.
    """
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not names:
        for statement in _STATEMENTS.split("\n\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO layout VALUES (1, ?, 0)", (VERSION,))
        return
    if "layout" not in names:
        raise StoreError(f"{place} is a database, but not a store of egc. Name another directory with EGC_DATA.")
    row = connection.execute("SELECT version FROM layout").fetchone()
    if row is None or row[0] != VERSION:
        found = "an unknown layout" if row is None else f"layout {row[0]}"
        raise StoreError(
            f"{place} has {found}; this version of egc knows layout {VERSION}. Use the version of egc that wrote it, "
            "or a newer one."
        )
