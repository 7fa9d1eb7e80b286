"""A store as lines of JSON: users, applications, scopes, credentials and live tokens, secrets as hashes only.

    {"format": "egc-store", "version": 1, "at": 1700000000.0}
    {"user": {"id": "...", "username": "val", ...}}
    ...
    {"end": 5}

Sessions, authorization codes, wrong guesses and rate limits stay where they are: they are over within minutes or hours.
The last line counts those between, so that a file that was cut off is noticed.
"""

import dataclasses
import json
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from egc.runtime.store import CREDENTIAL_TYPES, Application, Conflict, Credential, Json, Store, Token, User

FORMAT = "egc-store"
VERSION = 1
PAGE = 500

LONGEST_LINE = 1024 * 1024
"""Bytes: the Admin API takes bodies of 100 kB."""

DEEPEST = 32

Record = User | Application | Credential | Token | str
"""A scope is a text."""


class BadBackup(Exception):
    """The file is no backup that can be taken back; the message names the line, and holds no secret."""


async def records(store: Store, now: float) -> AsyncIterator[Record]:
    """Everything that a backup holds, what belongs to something behind it. Raises StoreError."""
    for scope in await store.list_scopes():
        yield scope
    start = 0
    while True:
        users, start = await store.list_users(start, PAGE)
        for user in users:
            yield user
        if not start:
            break
    while True:
        applications, start = await store.list_applications(start, PAGE)
        for application in applications:
            yield application
        if not start:
            break
    for credential in await store.list_credentials():
        yield credential
    while True:
        applications, start = await store.list_applications(start, PAGE)
        for application in applications:
            for token in await store.find_tokens(application.id, now):
                yield token
        if not start:
            break


async def put(store: Store, found: Record) -> None:
    """Store one record. Raises Conflict where it has no place, and StoreError."""
    if isinstance(found, str):
        await store.create_scopes((found,))
    elif isinstance(found, User):
        await store.create_user(found)
    elif isinstance(found, Application):
        await store.create_application(found)
    elif isinstance(found, Credential):
        await store.create_credential(found)
    elif not await store.save_tokens((found,)):
        raise Conflict("the token's client or user is not there, or its id is taken", "token")


def head(now: float) -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "version": VERSION, "at": now})


def write(record: Record) -> bytes:
    """The line of one record."""
    if isinstance(record, str):
        return _line({"scope": record})
    data: dict[str, Any] = {
        field.name: getattr(record, field.name)
        for field in dataclasses.fields(record)  # `asdict` would copy what is in properties
    }
    if isinstance(record, Token):
        data["digest"] = record.digest.hex()
    return _line({type(record).__name__.lower(): data})


def end(count: int) -> bytes:
    """The last line."""
    return _line({"end": count})


def read(lines: Iterable[bytes]) -> Iterator[tuple[int, Record]]:
    """The records of a backup with the numbers of their lines.

    Arguments:
        lines: of the file, each of at most LONGEST_LINE bytes; a longer one is refused.

    Raises BadBackup, also where the end is missing.
    """
    numbered = ((number, _parse(number, line)) for number, line in enumerate(lines, 1))
    number, first = next(numbered, (1, {}))
    if first.get("format") != FORMAT:
        raise BadBackup(f"line {number}: this is no backup of egc: the first line must name {FORMAT!r}")
    version = first.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise BadBackup(f"line {number}: the backup has no version")
    if version > VERSION:
        raise BadBackup(
            f"line {number}: the backup has version {version}; this version of egc reads {VERSION}. Use the version of "
            "egc that wrote it, or a newer one."
        )
    for count, (number, line) in enumerate(numbered):
        if "end" in line:
            if line["end"] != count:
                raise BadBackup(f"line {number}: {count} records were read, the backup says it has {line['end']!r}")
            if next(numbered, None) is not None:
                raise BadBackup(f"line {number + 1}: there is something behind the end of the backup")
            return
        yield number, _record(number, line)
    raise BadBackup(f"line {number + 1}: the backup was cut off: its last line, which counts the records, is missing")


def _parse(number: int, line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise BadBackup(f"line {number} is longer than {LONGEST_LINE} bytes")
    try:
        value = json.loads(line, parse_constant=_no_constant)
        # Half of a surrogate pair cannot be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadBackup(f"line {number}: this is no JSON in Unicode") from None
    if not isinstance(value, dict):
        raise BadBackup(f"line {number}: this is no object")
    return value


def _record(number: int, line: Mapping[str, Any]) -> Record:
    ((kind, data),) = line.items() if len(line) == 1 else (("", None),)
    if kind == "scope":
        if not isinstance(data, str) or not data.strip():
            raise BadBackup(f"line {number}: a scope must be a text that is not empty")
        return data
    made = _MADE.get(kind)
    if made is None:
        raise BadBackup(f"line {number}: a record is one of scope, {', '.join(_MADE)}")
    if not isinstance(data, dict):
        raise BadBackup(f"line {number}: {kind} must be an object")
    names = {field.name for field in dataclasses.fields(made)}
    if data.keys() != names:
        wrong = ", ".join(sorted(names ^ data.keys()))
        raise BadBackup(f"line {number}: {kind} lacks or has too much: {wrong}")
    values = dict(data)
    for name, value in data.items():
        check, wanted = _CHECKS[name]
        if not check(value):
            raise BadBackup(f"line {number}: {name} of {kind} must be {wanted}")
        if name == "scopes" and value is not None:
            values[name] = tuple(value)
        if name == "digest":
            values[name] = bytes.fromhex(value)
    if kind == "token" and values["scopes"] is None:
        raise BadBackup(f"line {number}: scopes of token must be a list of texts")
    record: Record = made(**values)
    return record


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_text_or_none(value: object) -> bool:
    return value is None or _is_text(value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _is_scopes(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(_is_text(one) for one in value))


def _is_properties(value: object) -> bool:
    """An object that nests no deeper than the Admin API takes it."""
    if not isinstance(value, dict):
        return False
    level: list[Json] = [cast("Json", value)]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
    return not level


def _is_hash(value: object) -> bool:
    """A secret as it is stored; one in clear has no place in a backup."""
    return value is None or (isinstance(value, str) and value.startswith(("sha256:", "$argon2", "$2")))


_MADE: dict[str, type[Any]] = {
    "user": User,
    "application": Application,
    "credential": Credential,
    "token": Token,
}

_TEXT = (_is_text, "a text that is not empty")
_TIME = (_is_time, "a time in seconds")

_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "id": _TEXT,
    "username": _TEXT,
    "user_id": (_is_text_or_none, "a text that is not empty"),
    "consumer_id": _TEXT,
    "client_id": _TEXT,
    "family": _TEXT,
    "grant": _TEXT,
    "is_active": (_is_flag, "true or false"),
    "created_at": _TIME,
    "updated_at": _TIME,
    "expires_at": _TIME,
    "properties": (_is_properties, f"an object of at most {DEEPEST} levels"),
    "type": (lambda value: value in CREDENTIAL_TYPES, f"one of {', '.join(CREDENTIAL_TYPES)}"),
    "kind": (lambda value: value in ("access", "refresh"), "access or refresh"),
    "secret": (_is_hash, "a hash"),
    "scopes": (_is_scopes, "a list of texts"),
    "digest": (_is_digest, "64 hexadecimal digits"),
}
