"""The embedded store: one SQLite file in WAL mode, shared by all workers of one machine.

Look-ups run on the event loop over one read connection (microseconds, from mapped memory) and see whatever any worker
has committed. Writes run in the `Writer` thread and return once they are on disk.
"""
# ruff: noqa: S608 - statements are put together from the column lists of `rows` only; every value is a parameter

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from egc.runtime.store import (
    CREDENTIAL_TYPES,
    Application,
    Authenticated,
    AuthorizationCode,
    Conflict,
    Credential,
    CredentialType,
    Held,
    Hit,
    Session,
    StoreError,
    Token,
    User,
)
from egc.runtime.store.counters import Counters
from egc.runtime.store.faults import is_busy, store_error
from egc.runtime.store.generation import Generation
from egc.runtime.store.known import Known
from egc.runtime.store.layout import create_or_check
from egc.runtime.store.place import prepare
from egc.runtime.store.rows import (
    APPLICATION,
    CODE,
    CREDENTIAL,
    SESSION,
    TOKEN,
    USER,
    code_row,
    place_of,
    read_application,
    read_code,
    read_credential,
    read_place,
    read_scopes,
    read_session,
    read_token,
    read_user,
    token_row,
    write_json,
)
from egc.runtime.store.writer import LOCK_SECONDS, Writer, begin_immediate

_log = logging.getLogger("egc")

_MAPPED_BYTES = 256 * 1024 * 1024
_WAL_BYTES_KEPT = 64 * 1024 * 1024
_READ_BUSY_SECONDS = 1.0
_KNOWN_TOKENS = 4096
_KNOWN_CREDENTIALS = 4096
_PURGE_ROWS = 1000
_REVOKED_KEPT_SECONDS = 3600.0
"""How long a revoked family is remembered after its last code or token has expired."""

_FAMILIES_AT_ONCE = 100
"""How many families one transaction revokes, so that other writers wait for milliseconds only."""

_ONE_PER_CONSUMER = ("basic-auth", "oauth2")
_WITH_KEYS = ("key-auth", "jwt")
_UNKNOWN_SCOPES = "One or more scopes don't exist"

_ALIVE = """
    FROM token AS t
    JOIN application AS a ON a.id = t.client_id
    LEFT JOIN user AS u ON u.id = t.user_id
    WHERE t.id = ? AND t.kind = 'access' AND NOT t.is_spent
      AND a.is_active AND (t.user_id IS NULL OR u.is_active)
"""
_STATE = (
    't.digest, t.client_id, t.user_id, t.scopes, t."grant", t.family, t.created_at, t.expires_at, '
    "a.seq, a.version, u.seq, u.version"
)
_AUTHENTICATE = f"SELECT {_STATE} {_ALIVE}"
_AUTHENTICATE_WHOLE = f"""
    SELECT {_STATE},
           a.id, a.user_id, a.is_active, a.created_at, a.updated_at, a.properties,
           u.id, u.username, u.is_active, u.created_at, u.updated_at, u.properties
    {_ALIVE}
"""
_KEPT = 512
"""Applications, and users, whose parsed form is kept for `authenticate`."""

R = TypeVar("R")
Connection = sqlite3.Connection


class SQLiteStore:
    """A `Store` in `directory`/egc.db.

    Arguments:
        directory: made with mode 0700 where it is missing; never on a network file system.

    Nothing is opened before `open`, which belongs after fork. Every operation may raise StoreError.
    """

    waits = False

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)
        self._path = self._directory
        self._reader: Connection | None = None
        self._writer: Writer | None = None
        self._clients: dict[tuple[Any, ...], Application] = {}
        self._users: dict[tuple[Any, ...], User] = {}
        self._generation: Generation | None = None
        self._counters: Counters | None = None
        self._will_count = False
        self._known: Known[str, Authenticated] = Known(_KNOWN_TOKENS)
        self._held: Known[tuple[str, str], Held] = Known(_KNOWN_CREDENTIALS)

    async def open(self) -> None:
        """Make or check directory, file and tables, then start the writer.

        Raises StoreError with a sentence: wrong permissions, network disk, newer layout, damaged or locked file.
        """
        if self._writer is not None:
            return
        self._path, reader = await asyncio.to_thread(_open, self._directory)
        if self._will_count:
            try:
                self._counters = await asyncio.to_thread(Counters, self._path.parent)
            except StoreError:
                reader.close()
                raise
        self._reader = reader
        self._generation = generation = _generation(self._path)
        self._writer = Writer(lambda: _connect(self._path), generation.change)
        self._writer.start()

    async def close(self) -> None:
        """Finish accepted writes and close. A second call does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        generation, self._generation = self._generation, None
        if generation is not None:
            generation.close()
        counters, self._counters = self._counters, None
        if counters is not None:
            counters.close()

    async def check(self) -> None:
        """Read a row and durably write one (readiness)."""
        self._one("SELECT version FROM layout")
        await self._execute("UPDATE layout SET checked_at = ?", time.time())

    # Users

    async def create_user(self, user: User) -> None:
        row = (
            user.id,
            user.username,
            user.is_active,
            user.created_at,
            user.updated_at,
            write_json(user.properties),
        )

        def work(db: Connection) -> None:
            try:
                db.execute(f"INSERT INTO user ({USER}) VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                taken = db.execute("SELECT 1 FROM user WHERE username = ?", (user.username,)).fetchone()
                field = "username" if taken else "id"
                raise Conflict(f"{field} already exists", field) from None

        await self._write(work)

    async def get_user(self, user_id: str) -> User | None:
        row = self._one(f"SELECT {USER} FROM user WHERE id = ?", user_id)
        return read_user(*row) if row else None

    async def find_user(self, username: str) -> User | None:
        row = self._one(f"SELECT {USER} FROM user WHERE username = ?", username)
        return read_user(*row) if row else None

    async def list_users(self, start: int, count: int) -> tuple[Sequence[User], int]:
        rows, cursor = self._page(f"SELECT seq, {USER} FROM user WHERE seq > ? ORDER BY seq LIMIT ?", start, count)
        return [read_user(*row) for row in rows], cursor

    async def update_user(self, user: User, seen: float | None = None) -> bool:
        changed = await self._execute(
            "UPDATE user SET is_active = ?, updated_at = ?, properties = ? "
            "WHERE id = ? AND (? IS NULL OR updated_at = ?)",
            user.is_active,
            user.updated_at,
            write_json(user.properties),
            user.id,
            seen,
            seen,
        )
        return changed == 1

    async def set_user_active(self, user_id: str, active: bool, now: float) -> None:
        def work(db: Connection) -> None:
            db.execute("UPDATE user SET is_active = ?, updated_at = ? WHERE id = ?", (active, now, user_id))
            if not active:
                db.execute(
                    "UPDATE application SET is_active = 0, updated_at = ? WHERE user_id = ? AND is_active",
                    (now, user_id),
                )

        await self._write(work)

    async def delete_user(self, user_id: str) -> None:
        # Foreign keys take everything that belongs to the user along.
        await self._execute("DELETE FROM user WHERE id = ?", user_id)

    # Applications

    async def create_application(self, application: Application) -> None:
        row = (
            application.id,
            application.user_id,
            application.is_active,
            application.created_at,
            application.updated_at,
            write_json(application.properties),
            _name(application),
        )

        def work(db: Connection) -> None:
            try:
                db.execute(f"INSERT INTO application ({APPLICATION}, name) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise _application_conflict(db, application) from None

        await self._write(work)

    async def get_application(self, application_id: str) -> Application | None:
        row = self._one(f"SELECT {APPLICATION} FROM application WHERE id = ?", application_id)
        return read_application(*row) if row else None

    async def find_applications(self, name: str) -> Sequence[Application]:
        rows = self._all(f"SELECT {APPLICATION} FROM application WHERE name = ? ORDER BY seq", name)
        return [read_application(*row) for row in rows]

    async def list_applications(self, start: int, count: int) -> tuple[Sequence[Application], int]:
        rows, cursor = self._page(
            f"SELECT seq, {APPLICATION} FROM application WHERE seq > ? ORDER BY seq LIMIT ?", start, count
        )
        return [read_application(*row) for row in rows], cursor

    async def applications_of(self, user_id: str) -> Sequence[Application]:
        rows = self._all(f"SELECT {APPLICATION} FROM application WHERE user_id = ? ORDER BY seq", user_id)
        return [read_application(*row) for row in rows]

    async def update_application(self, application: Application, seen: float | None = None) -> bool:
        changes = (
            application.is_active,
            application.updated_at,
            write_json(application.properties),
            _name(application),
            application.id,
            seen,
            seen,
        )

        def work(db: Connection) -> bool:
            try:
                changed = db.execute(
                    "UPDATE application SET is_active = ?, updated_at = ?, properties = ?, name = ? "
                    "WHERE id = ? AND (? IS NULL OR updated_at = ?)",
                    changes,
                )
            except sqlite3.IntegrityError:
                raise _application_conflict(db, application) from None
            return changed.rowcount == 1

        return await self._write(work)

    async def delete_application(self, application_id: str) -> None:
        await self._execute("DELETE FROM application WHERE id = ?", application_id)

    # Credentials

    async def create_credential(self, credential: Credential) -> None:
        scopes = None if credential.scopes is None else write_json(credential.scopes)
        properties = write_json(credential.properties)

        def work(db: Connection) -> None:
            _check_scopes(db, credential.scopes)
            owner = _owner_column(db, credential.consumer_id)
            row = db.execute(
                "SELECT is_active FROM credential WHERE type = ? AND id = ?", (credential.type, credential.id)
            ).fetchone()
            if row is not None and credential.type not in _ONE_PER_CONSUMER:
                raise Conflict("keyId already exists", "keyId")
            if row is not None and row[0]:
                raise Conflict("Credential already exists and is active", "consumerId")
            db.execute("DELETE FROM credential WHERE type = ? AND id = ?", (credential.type, credential.id))
            db.execute(
                f"INSERT INTO credential (type, id, {owner}, is_active, created_at, updated_at, secret, scopes, "
                "properties) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    credential.type,
                    credential.id,
                    credential.consumer_id,
                    credential.is_active,
                    credential.created_at,
                    credential.updated_at,
                    credential.secret,
                    scopes,
                    properties,
                ),
            )

        await self._write(work)

    async def get_credential(self, type_: CredentialType, credential_id: str) -> Credential | None:
        row = self._one(f"SELECT {CREDENTIAL} FROM credential WHERE type = ? AND id = ?", type_, credential_id)
        return read_credential(row) if row else None

    async def identify(self, type_: CredentialType, name: str) -> Held | None:
        generation = self._current()
        held = self._held.find(generation, (type_, name))
        if held is None:
            held = self._held_by_key(type_, name) if type_ in _WITH_KEYS else self._held_by_consumer(type_, name)
            if held is not None:
                self._held.keep((type_, name), held)
        return held

    def _held_by_key(self, type_: CredentialType, key_id: str) -> Held | None:
        row = self._one(f"SELECT {CREDENTIAL} FROM credential WHERE type = ? AND id = ? AND is_active", type_, key_id)
        if row is None:
            return None
        credential = read_credential(row)
        consumer = self._application(credential.consumer_id) or self._user("id", credential.consumer_id)
        return None if consumer is None else Held(credential, consumer)

    def _held_by_consumer(self, type_: CredentialType, name: str) -> Held | None:
        consumer = self._application(name) or self._user("id", name) or self._user("username", name)
        if consumer is None:
            return None
        row = self._one(
            f"SELECT {CREDENTIAL} FROM credential WHERE type = ? AND id = ? AND is_active", type_, consumer.id
        )
        return None if row is None else Held(read_credential(row), consumer)

    def _application(self, application_id: str) -> Application | None:
        """The active application of that id."""
        row = self._one(f"SELECT {APPLICATION} FROM application WHERE id = ? AND is_active", application_id)
        return read_application(*row) if row else None

    def _user(self, column: Literal["id", "username"], value: str) -> User | None:
        """The active user whose id or name that is."""
        row = self._one(f"SELECT {USER} FROM user WHERE {column} = ? AND is_active", value)
        return read_user(*row) if row else None

    async def credentials_of(self, consumer_id: str) -> Sequence[Credential]:
        rows = self._all(
            f"SELECT {CREDENTIAL} FROM credential WHERE user_id = ? OR application_id = ? ORDER BY seq",
            consumer_id,
            consumer_id,
        )
        credentials = [read_credential(row) for row in rows]
        return sorted(credentials, key=lambda credential: CREDENTIAL_TYPES.index(credential.type))

    async def list_credentials(self) -> Sequence[Credential]:
        rows = await asyncio.to_thread(self._read_apart, f"SELECT {CREDENTIAL} FROM credential ORDER BY seq")
        return [read_credential(row) for row in rows]

    async def update_credential(self, credential: Credential, seen: float | None = None) -> bool:
        changes = (
            credential.is_active,
            credential.updated_at,
            credential.secret,
            None if credential.scopes is None else write_json(credential.scopes),
            write_json(credential.properties),
            credential.type,
            credential.id,
            seen,
            seen,
        )

        def work(db: Connection) -> bool:
            _check_scopes(db, credential.scopes)
            changed = db.execute(
                "UPDATE credential SET is_active = ?, updated_at = ?, secret = ?, scopes = ?, properties = ? "
                "WHERE type = ? AND id = ? AND (? IS NULL OR updated_at = ?)",
                changes,
            )
            return changed.rowcount == 1

        return await self._write(work)

    async def delete_credential(self, type_: CredentialType, credential_id: str) -> bool:
        return await self._execute("DELETE FROM credential WHERE type = ? AND id = ?", type_, credential_id) == 1

    # Scopes

    async def list_scopes(self) -> Sequence[str]:
        return [name for (name,) in self._all("SELECT name FROM scope ORDER BY seq")]

    async def create_scopes(self, scopes: Sequence[str]) -> None:
        def work(db: Connection) -> None:
            try:
                db.executemany("INSERT INTO scope (name) VALUES (?)", [(scope,) for scope in dict.fromkeys(scopes)])
            except sqlite3.IntegrityError:
                raise Conflict("One or more scopes already exist.", "scopes") from None

        await self._write(work)

    async def delete_scope(self, scope: str) -> bool:
        def work(db: Connection) -> bool:
            if db.execute("DELETE FROM scope WHERE name = ?", (scope,)).rowcount == 0:
                return False
            held = db.execute("SELECT seq, scopes FROM credential WHERE scopes IS NOT NULL").fetchall()
            for seq, text in held:
                scopes = read_scopes(text)
                if scope in scopes:
                    left = write_json([other for other in scopes if other != scope])
                    db.execute("UPDATE credential SET scopes = ? WHERE seq = ?", (left, seq))
            return True

        return await self._write(work)

    # Codes and tokens

    async def create_code(self, code: AuthorizationCode) -> None:
        row = code_row(code)

        def work(db: Connection) -> None:
            try:
                db.execute(f"INSERT INTO code ({CODE}, is_spent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row)
            except sqlite3.IntegrityError:
                # The client or the user was deleted a moment ago, which would have deleted the code too.
                if db.execute("SELECT 1 FROM code WHERE digest = ?", (code.digest,)).fetchone():
                    raise Conflict("The code already exists", "code") from None

        await self._write(work)

    async def get_code(self, digest: bytes, now: float) -> AuthorizationCode | None:
        row = self._one(f"SELECT {CODE} FROM code WHERE digest = ? AND expires_at > ? AND NOT is_spent", digest, now)
        return read_code(row) if row else None

    async def redeem_code(self, digest: bytes, now: float, tokens: Sequence[Token] = ()) -> AuthorizationCode | None:
        def work(db: Connection) -> AuthorizationCode | None:
            row = db.execute(f"SELECT is_spent, {CODE} FROM code WHERE digest = ?", (digest,)).fetchone()
            if row is None:
                return None
            code = read_code(row[1:])
            if row[0]:
                _revoke_family(db, code.family)
                return None
            if code.expires_at <= now:
                return None
            db.execute("UPDATE code SET is_spent = 1 WHERE digest = ?", (digest,))
            return code if _insert_tokens(db, tokens) else None

        return await self._write(work)

    async def save_tokens(self, tokens: Sequence[Token]) -> bool:
        return await self._write(lambda db: _insert_tokens(db, tokens))

    async def authenticate(self, token_id: str) -> Authenticated | None:
        generation = self._current()
        known = self._known.find(generation, token_id)
        if known is None:
            known = self._look_up(token_id)
            if known is not None:
                self._known.keep(token_id, known)
        return known

    def _look_up(self, token_id: str) -> Authenticated | None:
        # (seq, version) names one state of an application or user, so what was parsed once is never stale. Reading
        # those columns again for every request would take longer than finding the row.
        row = self._one(_AUTHENTICATE, token_id)
        if row is None:
            return None
        client = self._clients.get(row[8:10])
        user = None if row[2] is None else self._users.get(row[10:12])
        if client is None or (user is None and row[2] is not None):
            row = self._one(_AUTHENTICATE_WHOLE, token_id)
            if row is None:
                return None
            client = _keep(self._clients, row[8:10], read_application(*row[12:18]))
            user = None if row[2] is None else _keep(self._users, row[10:12], read_user(*row[18:24]))
        digest, client_id, user_id, scopes, grant, family, created_at, expires_at = row[:8]
        scopes = read_scopes(scopes)
        token = Token(token_id, digest, "access", client_id, user_id, scopes, grant, family, created_at, expires_at)
        return Authenticated(token, client, user)

    async def get_token(self, token_id: str) -> Token | None:
        row = self._one(f"SELECT {TOKEN} FROM token WHERE id = ? AND NOT is_spent", token_id)
        return read_token(row) if row else None

    async def find_tokens(self, client_id: str, now: float) -> Sequence[Token]:
        rows = self._all(
            f"SELECT {TOKEN} FROM token WHERE client_id = ? AND expires_at > ? AND NOT is_spent "
            "ORDER BY created_at, id",
            client_id,
            now,
        )
        return [read_token(row) for row in rows]

    async def tokens_of(self, consumer_id: str, now: float, count: int, after: str = "") -> tuple[Sequence[Token], str]:
        expires_at, token_id = read_place(after) if after else (now, "")
        rows = await asyncio.to_thread(
            self._read_apart,
            f"SELECT {TOKEN} FROM token WHERE (client_id = ? OR user_id = ?) AND NOT is_spent AND expires_at > ? "
            "AND (expires_at, id) > (?, ?) ORDER BY expires_at, id LIMIT ?",
            (consumer_id, consumer_id, now, expires_at, token_id, count + 1),
        )
        tokens = [read_token(row) for row in rows[:count]]
        return tokens, place_of(tokens[-1]) if len(rows) > count else ""

    async def revoke_tokens(self, consumer_id: str, now: float) -> int:
        found = await asyncio.to_thread(
            self._read_apart,
            "SELECT family FROM token WHERE client_id = ? OR user_id = ? "
            "UNION SELECT family FROM code WHERE client_id = ? OR user_id = ?",
            (consumer_id,) * 4,
        )
        gone = 0
        for start in range(0, len(found), _FAMILIES_AT_ONCE):
            families = [family for (family,) in found[start : start + _FAMILIES_AT_ONCE]]
            gone += await self._write(partial(_revoke_families, families=families, now=now))
        return gone

    async def rotate(self, refresh: Token, successors: Sequence[Token]) -> bool:
        def work(db: Connection) -> bool:
            spent = db.execute(
                "UPDATE token SET is_spent = 1 WHERE id = ? AND kind = 'refresh' AND NOT is_spent", (refresh.id,)
            )
            if spent.rowcount == 1 and _insert_tokens(db, successors):
                return True
            _revoke_family(db, refresh.family)
            return False

        return await self._write(work)

    async def spent_refresh(self, token_id: str) -> Token | None:
        row = self._one(f"SELECT {TOKEN} FROM token WHERE id = ? AND kind = 'refresh' AND is_spent", token_id)
        return read_token(row) if row else None

    async def revoke_token(self, token_id: str) -> bool:
        return await self._execute("DELETE FROM token WHERE id = ? AND NOT is_spent", token_id) == 1

    async def revoke_family(self, family: str) -> None:
        await self._write(lambda db: _revoke_family(db, family))

    # Sessions and guessing

    async def save_session(self, session: Session, replaces: bytes | None = None) -> None:
        row = (session.id, session.user_id, write_json(session.data), session.created_at, session.expires_at)

        def work(db: Connection) -> None:
            db.execute("DELETE FROM session WHERE id = ? OR id = ?", (session.id, replaces))
            try:
                db.execute(f"INSERT INTO session ({SESSION}) VALUES (?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                # The user was deleted a moment ago, which would have deleted the session too.
                return

        await self._write(work)

    async def get_session(self, session_id: bytes) -> Session | None:
        row = self._one(f"SELECT {SESSION} FROM session WHERE id = ?", session_id)
        return read_session(row) if row else None

    async def delete_session(self, session_id: bytes) -> None:
        await self._execute("DELETE FROM session WHERE id = ?", session_id)

    async def end_sessions(self, user_id: str) -> int:
        return await self._execute("DELETE FROM session WHERE user_id = ?", user_id)

    async def record_failure(self, key: bytes, now: float, window: float) -> int:
        def work(db: Connection) -> int:
            db.execute("DELETE FROM failure WHERE key = ? AND expires_at <= ?", (key, now))
            db.execute("INSERT INTO failure (key, at, expires_at) VALUES (?, ?, ?)", (key, now, now + window))
            row = db.execute("SELECT count(*) FROM failure WHERE key = ? AND at > ?", (key, now - window)).fetchone()
            return int(row[0])

        return await self._write(work)

    async def failures(self, key: bytes, now: float, window: float) -> int:
        row = self._one("SELECT count(*) FROM failure WHERE key = ? AND at > ?", key, now - window)
        return int(row[0]) if row else 0

    async def clear_failures(self, key: bytes) -> None:
        await self._execute("DELETE FROM failure WHERE key = ?", key)

    # Rate limits

    def will_count(self) -> None:
        self._will_count = True

    async def hit(self, key: bytes, window: float, now: float) -> Hit:
        return self._counting().hit(key, window, now)

    def unhit(self, key: bytes, hit: Hit) -> None:
        try:
            self._counting().unhit(key, hit)
        except StoreError as error:
            _log.error("a hit stays counted: %s", error)

    async def purge(self, now: float) -> int:
        # In small transactions, so that other writers wait for milliseconds only.
        removed = 0
        for table, key in (
            ("token", "id"),
            ("code", "digest"),
            ("session", "id"),
            ("failure", "seq"),
            ("revoked_family", "family"),
        ):
            statement = (
                f"DELETE FROM {table} WHERE {key} IN "
                f"(SELECT {key} FROM {table} WHERE expires_at <= ? LIMIT {_PURGE_ROWS})"
            )
            gone = _PURGE_ROWS
            while gone == _PURGE_ROWS:
                gone = await self._execute(statement, now)
                removed += gone
        return removed

    # Reading and writing

    def _one(self, sql: str, *parameters: object) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._reading().execute(sql, parameters).fetchone()
        except UnicodeEncodeError:
            # A lone surrogate: such a text was never stored.
            return None
        except sqlite3.Error as error:
            raise self._read_failed(error) from error
        return row

    def _all(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        try:
            return self._reading().execute(sql, parameters).fetchall()
        except UnicodeEncodeError:
            return []
        except sqlite3.Error as error:
            raise self._read_failed(error) from error

    def _page(self, sql: str, start: int, count: int) -> tuple[list[tuple[Any, ...]], int]:
        """Rows without their leading `seq`, and the `seq` to continue after: 0 at the end."""
        rows = self._all(sql, start, count + 1)
        cursor = int(rows[count - 1][0]) if len(rows) > count else 0
        return [row[1:] for row in rows[:count]], cursor

    def _current(self) -> bytes:
        """The generation that is now: what is read from here on is true under it."""
        if self._generation is None:
            raise StoreError("The store is closed.")
        return self._generation.read()

    def _counting(self) -> Counters:
        """The counters; a store that counts nothing has no file of them."""
        if self._counters is None:
            if self._writer is None:
                raise StoreError("The store is not open.")
            self._counters = Counters(self._path.parent)
        return self._counters

    def _reading(self) -> Connection:
        if self._reader is None:
            if self._writer is None:
                raise StoreError("The store is not open.")
            self._reader = _connect_reader(self._path)
        return self._reader

    def _read_failed(self, error: sqlite3.Error) -> StoreError:
        """The error for the caller. A faulty connection is dropped; the next read opens another."""
        if not is_busy(error) and self._reader is not None:
            self._reader.close()
            self._reader = None
        return store_error(error)

    def _read_apart(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a look-up without a bound, on a connection of its own: for a thread beside the loop."""
        try:
            with closing(_connect_reader(self._path)) as reader:
                return reader.execute(sql, parameters).fetchall()
        except UnicodeEncodeError:
            return []
        except sqlite3.Error as error:
            raise store_error(error) from error

    async def _execute(self, sql: str, *parameters: object) -> int:
        """Write by one statement; returns how many rows it touched."""
        return await self._write(lambda db: db.execute(sql, parameters).rowcount)

    async def _write(self, work: Callable[[Connection], R]) -> R:
        if self._writer is None:
            raise StoreError("The store is not open.")
        try:
            return await self._writer.run(work)
        except UnicodeEncodeError:
            raise Conflict("Text with a lone surrogate cannot be stored", "text") from None


def _open(directory: Path) -> tuple[Path, Connection]:
    """Prepare the file and its tables; returns its path and the connection for reading."""
    path = prepare(directory)
    try:
        with closing(_connect(path)) as connection:
            begin_immediate(connection)
            create_or_check(connection, str(path))
            connection.execute("COMMIT")
        return path, _connect_reader(path)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {store_error(error)}") from error


def _generation(path: Path) -> Generation:
    try:
        return Generation(path.with_suffix(".generation"))
    except OSError as error:
        raise StoreError(f"{path.with_suffix('.generation')}: {error.strerror or error}") from error


def _connect(path: Path) -> Connection:
    """A connection that writes, in autocommit mode: transactions are begun by name."""
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
        connection.execute("PRAGMA busy_timeout = 0")
    except BaseException:
        connection.close()
        raise
    return connection


def _enter_wal(connection: Connection) -> None:
    """Switch the file to WAL, trying while another worker does the same."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        else:
            if mode != "wal":
                raise StoreError(f"The store cannot use a write-ahead log here (journal mode {mode}).")
            return


def _connect_reader(path: Path) -> Connection:
    """A connection that only reads."""
    connection = sqlite3.connect(path, timeout=_READ_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _keep(kept: dict[tuple[Any, ...], R], state: tuple[Any, ...], record: R) -> R:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[state] = record
    return record


def _name(application: Application) -> str | None:
    """The name as indexed; applications without one do not collide."""
    return application.name or None


def _application_conflict(db: Connection, application: Application) -> Conflict:
    if not db.execute("SELECT 1 FROM user WHERE id = ?", (application.user_id,)).fetchone():
        return Conflict("The specified user does not exist", "userId")
    same_name = db.execute(
        "SELECT 1 FROM application WHERE user_id = ? AND name = ? AND id <> ?",
        (application.user_id, _name(application), application.id),
    )
    if same_name.fetchone():
        return Conflict(
            f"{application.user_id} has already another application bound with {application.name} as name", "name"
        )
    return Conflict("id already exists", "id")


def _owner_column(db: Connection, consumer_id: str) -> str:
    """Which column holds this consumer; Conflict if there is none (it may have been deleted a moment ago)."""
    if db.execute("SELECT 1 FROM user WHERE id = ?", (consumer_id,)).fetchone():
        return "user_id"
    if db.execute("SELECT 1 FROM application WHERE id = ?", (consumer_id,)).fetchone():
        return "application_id"
    raise Conflict(f"No consumer found with id: {consumer_id}", "consumerId")


def _check_scopes(db: Connection, scopes: Sequence[str] | None) -> None:
    for scope in scopes or ():
        if not db.execute("SELECT 1 FROM scope WHERE name = ?", (scope,)).fetchone():
            raise Conflict(_UNKNOWN_SCOPES, "scopes")


def _insert_tokens(db: Connection, tokens: Sequence[Token]) -> bool:
    """Insert all or none. False if a family is revoked, or a client or user is gone."""
    for token in tokens:
        if db.execute("SELECT 1 FROM revoked_family WHERE family = ?", (token.family,)).fetchone():
            return False
    rows = [token_row(token) for token in tokens]
    db.execute("SAVEPOINT tokens")
    try:
        db.executemany(f"INSERT INTO token ({TOKEN}, is_spent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)
    except sqlite3.IntegrityError:
        db.execute("ROLLBACK TO tokens")
        return False
    finally:
        db.execute("RELEASE tokens")
    return True


def _revoke_families(db: Connection, families: Sequence[str], now: float) -> int:
    """Revoke them; how many live tokens they had."""
    gone = 0
    for family in families:
        (live,) = db.execute(
            "SELECT count(*) FROM token WHERE family = ? AND NOT is_spent AND expires_at > ?", (family, now)
        ).fetchone()
        gone += live
        _revoke_family(db, family)
    return gone


def _revoke_family(db: Connection, family: str) -> None:
    """Delete the family's live tokens, spend its code, and remember its end for tokens that are about to be saved."""
    latest = db.execute(
        "SELECT max(expires_at) FROM (SELECT expires_at FROM token WHERE family = ? "
        "UNION ALL SELECT expires_at FROM code WHERE family = ?)",
        (family, family),
    ).fetchone()[0]
    until = max(latest or 0.0, time.time()) + _REVOKED_KEPT_SECONDS
    db.execute("DELETE FROM token WHERE family = ? AND NOT is_spent", (family,))
    db.execute("UPDATE code SET is_spent = 1 WHERE family = ?", (family,))
    db.execute("INSERT OR REPLACE INTO revoked_family (family, expires_at) VALUES (?, ?)", (family, until))
