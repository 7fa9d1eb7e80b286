"""The shared store: one Redis for the gateways of many machines.

Each operation is one Lua script (redis_scripts), so that it is atomic for all gateways, and one round trip. Nothing is
kept in memory between two requests: what one gateway has revoked opens nothing at another from the moment on in which
the revocation is answered.

A write is answered when Redis has answered it. What Redis forgets with a power cut is up to its `appendfsync`; with
`always` nothing that was answered is lost (redis.io/docs/latest/operate/oss_and_stack/management/persistence).
"""

import asyncio
import json
import logging
import time as clock
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from egc.runtime import env
from egc.runtime.oauth2.secrets import Secret
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
from egc.runtime.store import redis_scripts as scripts
from egc.runtime.store.redis_fields import (
    application_fields,
    changes,
    code_fields,
    credential_changes,
    credential_fields,
    flag,
    read_application,
    read_code,
    read_credential,
    read_session,
    read_token,
    read_user,
    scopes_json,
    session_fields,
    time,
    tokens_json,
    user_fields,
)
from egc.runtime.store.redis_link import CONNECT_SECONDS, CONNECTIONS, SECONDS, Link, store_error
from egc.runtime.store.rows import place_of, read_place

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger("egc")

VERSION = 1
_PURGED_AT_ONCE = 500
_CREDENTIALS_AT_ONCE = 500
_FAMILIES_AT_ONCE = 100
_CARRIED_AT_ONCE = 5000
_KEPT_HITS = 10_000
"""How many hits may wait to be taken back."""
_NOT_OPEN = "The store is not open."


class RedisStore:
    """A `Store` in a Redis server (5 or newer, Valkey too), alone or behind Sentinel; no Redis Cluster.

    Arguments:
        host, port: of the server.
        path: its Unix socket, instead of both.
        db: the number of the database.
        username, password: for its access list; a password alone is that of the default user, an empty one is none.
        tls: whether to speak TLS to the server.
        ca_file, cert_file, key_file: PEM files; without `ca_file` the system's authorities count.
        reject_unauthorized: whether the server must show a certificate that is in order.
        sentinels: hosts and ports of Sentinel, which is then asked for the server called `name`.
        sentinel_username, sentinel_password: for Sentinel itself.
        sentinel_tls: whether to speak TLS to Sentinel, with the same files.
        namespace, key_prefix: what the names of all keys begin with.
        connect_timeout: seconds to connect in.

    Raises Misconfigured where redis-py is not installed. Every operation may raise StoreError.
    """

    waits = True

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 6379,
        path: str | None = None,
        db: int = 0,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        reject_unauthorized: bool = True,
        sentinels: Sequence[tuple[str, int]] = (),
        name: str = "mymaster",
        sentinel_username: str | None = None,
        sentinel_password: str | None = None,
        sentinel_tls: bool = False,
        namespace: str = "EG",
        key_prefix: str = "",
        connect_timeout: float = CONNECT_SECONDS,
    ) -> None:
        try:
            import redis.asyncio  # noqa: F401 - missing is told here, not at the first request
        except ImportError:
            raise env.Misconfigured(
                "db.redis needs the Redis client: install it with `pip install 'egc[redis]'`, or set db.redis.emulate "
                "to true to keep everything in a file"
            ) from None
        if db < 0:
            raise env.Misconfigured(f"db.redis.db: {db} is no number of a database")
        self._place = f"Redis at {path or f'{host}:{port}'}" if not sentinels else f"Redis {name!r} behind Sentinel"
        self._address: dict[str, Any] = {"unix_socket_path": path} if path else {"host": host, "port": port}
        self._database = {"db": db, "username": username or None}
        self._password = Secret(password) if password else None
        self._tls: dict[str, Any] = {
            "ssl": True,
            "ssl_ca_certs": ca_file and env.file(ca_file),
            "ssl_certfile": cert_file and env.file(cert_file),
            "ssl_keyfile": key_file and env.file(key_file),
            "ssl_cert_reqs": "required" if reject_unauthorized else "none",
            "ssl_check_hostname": reject_unauthorized,
        }
        self._uses_tls = tls
        self._sentinels = tuple(sentinels)
        self._name = name
        self._sentinel_username = sentinel_username or None
        self._sentinel_password = Secret(sentinel_password) if sentinel_password else None
        self._sentinel_tls = sentinel_tls
        self._prefix = f"{key_prefix}{namespace}-egc:"
        self._connect_timeout = min(max(connect_timeout, 0.05), 10.0)
        self._only_looks = False
        self._link: Link | None = None
        self._returned: dict[bytes, list[float]] = {}
        self._returning: asyncio.Task[None] | None = None

    def only_look(self) -> None:
        """Let opening it write nothing, not even into an empty Redis: for who only reads."""
        self._only_looks = True

    async def open(self) -> None:
        """Connect and check the layout.

        Raises StoreError with a sentence: no access, a newer layout. A Redis that cannot be reached is said in the log
        and tried again with the operations that need it: a gateway that starts meanwhile serves what needs no state.
        """
        if self._link is not None:
            return
        if self._uses_tls or self._sentinel_tls:
            self._check_files()
        link = Link(self._client(), self._prefix, self._check_layout)
        try:
            await link.prepare()
        except Exception as error:
            if not _unreachable(error):
                await link.close()
                raise StoreError(f"{self._place}: {store_error(error)}") from error
            _log.error("%s: %s", self._place, store_error(error))
        self._link = link

    async def close(self) -> None:
        """Finish accepted operations and close. A second call does nothing."""
        link, self._link = self._link, None
        if link is not None:
            if self._returning is not None:
                await asyncio.wait([self._returning])
            await link.close()

    async def check(self) -> None:
        """Write and read (readiness)."""
        await self._call(scripts.CHECK, time(clock.time()))

    # What `egc migrate` has carried here

    async def carried(self) -> Sequence[str]:
        """All that `note_carried` was told."""
        found: list[str] = []
        while page := await self._call(scripts.LIST_CARRIED, str(len(found)), str(_CARRIED_AT_ONCE)):
            found += page
        return found

    async def note_carried(self, digests: Sequence[str]) -> None:
        """Remember records that came from elsewhere."""
        for start in range(0, len(digests), _CARRIED_AT_ONCE):
            await self._call(scripts.NOTE_CARRIED, *digests[start : start + _CARRIED_AT_ONCE])

    # Users

    async def create_user(self, user: User) -> None:
        taken = await self._write(scripts.CREATE_USER, user.id, user.username, *user_fields(user))
        if taken:
            raise Conflict(f"{taken} already exists", taken)

    async def get_user(self, user_id: str) -> User | None:
        row = await self._read(scripts.GET_USER, user_id)
        return read_user(row) if row else None

    async def find_user(self, username: str) -> User | None:
        row = await self._read(scripts.FIND_USER, username)
        return read_user(row) if row else None

    async def list_users(self, start: int, count: int) -> tuple[Sequence[User], int]:
        cursor, rows = await self._call(scripts.LIST_USERS, str(start), str(count))
        return [read_user(row) for row in rows], int(cursor)

    async def update_user(self, user: User, seen: float | None = None) -> bool:
        return bool(await self._write(scripts.UPDATE, f"user:{user.id}", time(seen), *changes(user)))

    async def set_user_active(self, user_id: str, active: bool, now: float) -> None:
        await self._write(scripts.SET_USER_ACTIVE, user_id, flag(active), time(now))

    async def delete_user(self, user_id: str) -> None:
        await self._write(scripts.DELETE_USER, user_id)

    # Applications

    async def create_application(self, application: Application) -> None:
        wrong = await self._write(
            scripts.CREATE_APPLICATION,
            application.id,
            application.user_id,
            application.name,
            *application_fields(application),
        )
        if wrong:
            _refuse_application(application, wrong)

    async def get_application(self, application_id: str) -> Application | None:
        row = await self._read(scripts.GET_APPLICATION, application_id)
        return read_application(row) if row else None

    async def find_applications(self, name: str) -> Sequence[Application]:
        return [read_application(row) for row in await self._read(scripts.FIND_APPLICATIONS, name) or ()]

    async def list_applications(self, start: int, count: int) -> tuple[Sequence[Application], int]:
        cursor, rows = await self._call(scripts.LIST_APPLICATIONS, str(start), str(count))
        return [read_application(row) for row in rows], int(cursor)

    async def applications_of(self, user_id: str) -> Sequence[Application]:
        return [read_application(row) for row in await self._read(scripts.APPLICATIONS_OF, user_id) or ()]

    async def update_application(self, application: Application, seen: float | None = None) -> bool:
        wrong = await self._write(
            scripts.UPDATE_APPLICATION, application.id, time(seen), application.name, *changes(application)
        )
        if wrong and wrong != "gone":
            _refuse_application(application, wrong)
        return not wrong

    async def delete_application(self, application_id: str) -> None:
        await self._write(scripts.DELETE_APPLICATION, application_id)

    # Credentials

    async def create_credential(self, credential: Credential) -> None:
        wrong = await self._write(
            scripts.CREATE_CREDENTIAL,
            credential.type,
            credential.id,
            credential.consumer_id,
            scopes_json(credential.scopes),
            *credential_fields(credential),
        )
        if wrong:
            _refuse_credential(credential, wrong)

    async def get_credential(self, type_: CredentialType, credential_id: str) -> Credential | None:
        row = await self._read(scripts.GET_CREDENTIAL, f"{type_}:{credential_id}")
        return read_credential(row) if row else None

    async def identify(self, type_: CredentialType, name: str) -> Held | None:
        found = await self._read(scripts.IDENTIFY, type_, name)
        if not found:
            return None
        credential, kind, consumer = json.loads(found)
        return Held(read_credential(credential), read_user(consumer) if kind == "user" else read_application(consumer))

    async def credentials_of(self, consumer_id: str) -> Sequence[Credential]:
        found = [read_credential(row) for row in await self._read(scripts.CREDENTIALS_OF, consumer_id) or ()]
        return sorted(found, key=lambda credential: CREDENTIAL_TYPES.index(credential.type))

    async def list_credentials(self) -> Sequence[Credential]:
        found: list[Credential] = []
        start = "0"
        while True:
            start, rows = await self._call(scripts.LIST_CREDENTIALS, start, str(_CREDENTIALS_AT_ONCE))
            found += map(read_credential, rows)
            if start == "0":
                return found

    async def update_credential(self, credential: Credential, seen: float | None = None) -> bool:
        wrong = await self._write(
            scripts.UPDATE_CREDENTIAL,
            f"{credential.type}:{credential.id}",
            time(seen),
            scopes_json(credential.scopes),
            *credential_changes(credential),
        )
        if wrong and wrong != "gone":
            _refuse_credential(credential, wrong)
        return not wrong

    async def delete_credential(self, type_: CredentialType, credential_id: str) -> bool:
        return bool(await self._write(scripts.DELETE_CREDENTIAL, f"{type_}:{credential_id}"))

    # Scopes

    async def list_scopes(self) -> Sequence[str]:
        found: Sequence[str] = await self._call(scripts.LIST_SCOPES)
        return found

    async def create_scopes(self, scopes: Sequence[str]) -> None:
        if not await self._write(scripts.CREATE_SCOPES, *scopes):
            raise Conflict("One or more scopes already exist.", "scopes")

    async def delete_scope(self, scope: str) -> bool:
        return bool(await self._write(scripts.DELETE_SCOPE, scope))

    # Codes and tokens

    async def create_code(self, code: AuthorizationCode) -> None:
        stored = await self._write(
            scripts.CREATE_CODE,
            code.digest.hex(),
            time(code.expires_at),
            code.client_id,
            code.user_id,
            code.family,
            *code_fields(code),
        )
        if not stored:
            raise Conflict("The code already exists", "code")

    async def get_code(self, digest: bytes, now: float) -> AuthorizationCode | None:
        row = await self._call(scripts.GET_CODE, digest.hex())
        if not row or row[-1] == "1":
            return None
        code = read_code(row)
        return code if code.expires_at > now else None

    async def redeem_code(self, digest: bytes, now: float, tokens: Sequence[Token] = ()) -> AuthorizationCode | None:
        row = await self._write(scripts.REDEEM_CODE, digest.hex(), time(now), time(clock.time()), tokens_json(tokens))
        return read_code(row) if row else None

    async def save_tokens(self, tokens: Sequence[Token]) -> bool:
        return bool(await self._write(scripts.SAVE_TOKENS, tokens_json(tokens)))

    async def authenticate(self, token_id: str) -> Authenticated | None:
        found = await self._read(scripts.AUTHENTICATE, token_id)
        if not found:
            return None
        token, client, user = json.loads(found)
        return Authenticated(read_token(token), read_application(client), read_user(user) if user else None)

    async def get_token(self, token_id: str) -> Token | None:
        row = await self._read(scripts.GET_TOKEN, token_id)
        return read_token(row) if row and row[-1] == "0" else None

    async def find_tokens(self, client_id: str, now: float) -> Sequence[Token]:
        found = [read_token(row) for row in await self._read(scripts.FIND_TOKENS, client_id, time(now)) or ()]
        return sorted(found, key=lambda token: (token.created_at, token.id))

    async def tokens_of(self, consumer_id: str, now: float, count: int, after: str = "") -> tuple[Sequence[Token], str]:
        expires_at, token_id = read_place(after) if after else (now, "")
        arguments = (consumer_id, time(now), time(expires_at), token_id, str(count))
        rows = await self._read(scripts.TOKENS_OF, *arguments) or ()
        tokens = [read_token(row) for row in rows[:count]]
        return tokens, place_of(tokens[-1]) if len(rows) > count else ""

    async def revoke_tokens(self, consumer_id: str, now: float) -> int:
        families = await self._read(scripts.FAMILIES_OF, consumer_id) or ()
        gone = 0
        for start in range(0, len(families), _FAMILIES_AT_ONCE):
            some = families[start : start + _FAMILIES_AT_ONCE]
            gone += int(await self._call(scripts.REVOKE_FAMILIES, time(clock.time()), time(now), *some))
        return gone

    async def rotate(self, refresh: Token, successors: Sequence[Token]) -> bool:
        arguments = (refresh.id, refresh.family, time(clock.time()), tokens_json(successors))
        return bool(await self._write(scripts.ROTATE, *arguments))

    async def spent_refresh(self, token_id: str) -> Token | None:
        row = await self._read(scripts.GET_TOKEN, token_id)
        return read_token(row) if row and row[-1] == "1" else None

    async def revoke_token(self, token_id: str) -> bool:
        return bool(await self._write(scripts.REVOKE_TOKEN, token_id))

    async def revoke_family(self, family: str) -> None:
        await self._write(scripts.REVOKE_FAMILY, family, time(clock.time()))

    # Sessions and guessing

    async def save_session(self, session: Session, replaces: bytes | None = None) -> None:
        await self._write(
            scripts.SAVE_SESSION,
            session.id.hex(),
            "" if replaces is None else replaces.hex(),
            time(session.expires_at),
            session.user_id or "",
            *session_fields(session),
        )

    async def get_session(self, session_id: bytes) -> Session | None:
        row = await self._call(scripts.GET_SESSION, session_id.hex())
        return read_session(row) if row else None

    async def delete_session(self, session_id: bytes) -> None:
        await self._call(scripts.DELETE_SESSION, session_id.hex())

    async def end_sessions(self, user_id: str) -> int:
        return int(await self._read(scripts.END_SESSIONS, user_id) or 0)

    async def record_failure(self, key: bytes, now: float, window: float) -> int:
        counted = await self._call(
            scripts.RECORD_FAILURE, _digest(key), time(now), time(now + window), time(now - window)
        )
        return int(counted)

    async def failures(self, key: bytes, now: float, window: float) -> int:
        return int(await self._call(scripts.FAILURES, _digest(key), time(now - window)))

    async def clear_failures(self, key: bytes) -> None:
        await self._call(scripts.CLEAR_FAILURES, _digest(key))

    # Rate limits

    def will_count(self) -> None:
        """Nothing to make ready: counters come with their first hit and go with their window."""

    async def hit(self, key: bytes, window: float, now: float) -> Hit:
        returned = map(time, self._returned.pop(key, ()))
        hits, resets_at = await self._call(scripts.HIT, _digest(key), time(window), time(now), *returned)
        return Hit(int(hits), float(resets_at))

    def unhit(self, key: bytes, hit: Hit) -> None:
        """See `Store.unhit`; the next hit of the key takes it along, if it comes first."""
        if self._link is None:
            _log.error("a hit stays counted: %s", _NOT_OPEN)
        elif len(self._returned) >= _KEPT_HITS:
            _log.error("a hit stays counted: too many wait to be taken back")
        else:
            self._returned.setdefault(key, []).append(hit.resets_at)
            if self._returning is None or self._returning.done():
                try:
                    loop = asyncio.get_running_loop()
                except RuntimeError:
                    # No loop runs just now; the next hit does it.
                    return
                self._returning = loop.create_task(self._take_back())

    async def _take_back(self) -> None:
        while self._returned and self._link is not None:
            key, ends = self._returned.popitem()
            try:
                await self._link.call(scripts.UNHIT, _digest(key), *map(time, ends))
            except StoreError as error:
                _log.error("a hit stays counted: %s", error)

    async def purge(self, now: float) -> int:
        # In small scripts, for Redis does nothing else meanwhile.
        removed, gone = 0, _PURGED_AT_ONCE
        while gone == _PURGED_AT_ONCE:
            gone = int(await self._call(scripts.PURGE, time(now), str(_PURGED_AT_ONCE)))
            removed += gone
        return removed

    # Asking

    async def _call(self, script: scripts.Script, *arguments: str) -> Any:
        if self._link is None:
            raise StoreError(_NOT_OPEN)
        return await self._link.call(script, *arguments)

    async def _read(self, script: scripts.Script, *arguments: str) -> Any:
        try:
            return await self._call(script, *arguments)
        except UnicodeEncodeError:
            # A lone surrogate: such a text was never stored.
            return None

    async def _write(self, script: scripts.Script, *arguments: str) -> Any:
        try:
            return await self._call(script, *arguments)
        except UnicodeEncodeError:
            raise Conflict("Text with a lone surrogate cannot be stored", "text") from None

    # Connecting

    def _client(self) -> "Redis":
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.asyncio.sentinel import Sentinel
        from redis.backoff import NoBackoff

        common: dict[str, Any] = {
            "socket_connect_timeout": self._connect_timeout,
            "socket_timeout": SECONDS,
            # A script that may have run must not run again.
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
            "protocol": 2,
            "decode_responses": True,
            "socket_keepalive": True,
        }
        settings = {
            **common,
            **self._database,
            "password": self._password.reveal() if self._password else None,
            "client_name": "egc",
            **(self._tls if self._uses_tls else {}),
        }
        if not self._sentinels:
            return Redis(**self._address, max_connections=CONNECTIONS, **settings)
        about_sentinel = {
            **common,
            "username": self._sentinel_username,
            "password": self._sentinel_password.reveal() if self._sentinel_password else None,
            **(self._tls if self._sentinel_tls else {}),
        }
        sentinel = Sentinel(self._sentinels, sentinel_kwargs=about_sentinel)  # type: ignore[no-untyped-call]  # redis-py's
        master: Redis = sentinel.master_for(self._name, max_connections=CONNECTIONS, **settings)
        return master

    def _check_files(self) -> None:
        """Say which file cannot be read, which OpenSSL does not."""
        for setting in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
            if path := self._tls[setting]:
                try:
                    Path(path).read_bytes()
                except OSError as error:
                    raise StoreError(f"db.redis.tls: {path} cannot be read: {error.strerror}") from error

    async def _check_layout(self, link: Link) -> None:
        found = await link.run_now(scripts.LOOK if self._only_looks else scripts.LAYOUT, str(VERSION))
        if found != str(VERSION):
            raise StoreError(
                f"{self._place} has layout {found} under {self._prefix}*; this version of egc knows layout {VERSION}. "
                "Use the version of egc that wrote it, or a newer one."
            )


def _unreachable(error: Exception) -> bool:
    """Whether there is no such server now; a server that refuses us is another matter."""
    from redis import exceptions

    cause = error.__cause__ if isinstance(error, StoreError) else error
    if isinstance(cause, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    return isinstance(cause, exceptions.ConnectionError | exceptions.TimeoutError | OSError)


def _digest(key: bytes) -> str:
    """A name of bounded length for a key that a caller may have made up."""
    return blake2b(key, digest_size=16).hexdigest()


def _refuse_application(application: Application, wrong: str) -> NoReturn:
    messages: Mapping[str, str] = {
        "userId": "The specified user does not exist",
        "name": f"{application.user_id} has already another application bound with {application.name} as name",
    }
    raise Conflict(messages.get(wrong, "id already exists"), wrong)


def _refuse_credential(credential: Credential, wrong: str) -> NoReturn:
    messages: Mapping[str, tuple[str, str]] = {
        "scopes": ("One or more scopes don't exist", "scopes"),
        "consumer": (f"No consumer found with id: {credential.consumer_id}", "consumerId"),
        "keyId": ("keyId already exists", "keyId"),
    }
    message, field = messages.get(wrong, ("Credential already exists and is active", "consumerId"))
    raise Conflict(message, field)
