"""Back up a store, take a backup back, and look whether it is sound."""

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._report import default_path
from egc.compiler.cli._screen import Screen

if TYPE_CHECKING:
    from egc.compiler.cli._store import Place
    from egc.runtime.store import Store
    from egc.runtime.store.redis import RedisStore

WORKING = 256
"""Records that are written at a time."""

TITLES = {"str": "scope", "User": "user", "Application": "app", "Credential": "credential", "Token": "token"}

AT = "The configuration, artifact or data directory whose store is meant.  [default: as PATH of `egc run`]"


@click.group()
def command() -> None:
    """Back up a store, take a backup back, and look whether it is sound.

    A backup holds users, apps, scopes, credentials and live tokens as lines of JSON; secrets are hashes in it. What is
    over within minutes or hours is not in it: sessions, authorization codes, wrong guesses, rate limits.

    \b
    Examples:
      egc store export --at config -o backup.jsonl
      egc store import --at config --replace backup.jsonl
      egc store check --at config
    """


@command.command("export")
@click.option("--at", type=click.Path(path_type=Path), callback=default_path, metavar="DIR", help=AT)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A file in place of stdout."
)
def export(at: Path, output: Path | None) -> None:
    """Write a backup: the store as it is at one moment, while gateways go on writing.

    A FILE is replaced at once when the backup is whole, and only its owner may read it.

    \b
    Examples:
      egc store export > backup.jsonl
      egc store export --at /var/lib/egc -o backup.jsonl
    """
    from egc.compiler.cli._store import place
    from egc.runtime.store import StoreError

    where = place(at)
    try:
        if output is None:
            counts = asyncio.run(_export(where, sys.stdout.buffer))
            sys.stdout.flush()
        else:
            counts = _export_to(where, output)
    except StoreError as error:
        raise EnvironmentFailure(str(error)) from None
    Screen().done(f"Exported {_told(counts)}")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option("--at", type=click.Path(path_type=Path), callback=default_path, metavar="DIR", help=AT)
@click.option("--replace", is_flag=True, help="Delete what the store holds. Who is logged in is logged out then.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def import_(file: Path, at: Path, replace: bool, as_json: bool) -> None:
    """Take a backup back, whole or not at all. FILE may be - for stdin.

    A store that holds something is left alone without --replace, and so is every store when a line of FILE is wrong or
    a newer version of egc wrote it. Gateways may be running; a store in Redis is filled record by record.

    \b
    Examples:
      egc store import backup.jsonl
      egc store import --at /var/lib/egc --replace backup.jsonl
    """
    from egc.compiler.cli._store import place
    from egc.runtime.store import StoreError
    from egc.runtime.store.backup import BadBackup
    from egc.runtime.store.upkeep import NotEmpty

    where = place(at)
    try:
        with click.open_file(str(file), "rb") as stream:
            counts = asyncio.run(_import(where, stream, replace))
    except BadBackup as error:
        raise click.UsageError(f"{file}: {error}. Nothing was changed") from None
    except NotEmpty:
        raise click.UsageError(f"{where} holds something already: --replace deletes it. Nothing was changed") from None
    except StoreError as error:
        raise EnvironmentFailure(str(error)) from None
    Screen().done(f"Imported {_told(counts)} into {where}")
    if as_json:
        Screen().record({"schema_version": 1, "store": str(where), "imported": dict(counts)})


@command.command()
@click.option("--at", type=click.Path(path_type=Path), callback=default_path, metavar="DIR", help=AT)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def check(at: Path, as_json: bool) -> int:
    """Look whether the store is sound, and say what to do where it is not. Nothing that it holds is changed.

    The exit code is 0 when it is, 1 when something is worth a look, 4 when it is broken or cannot be read.

    \b
    Examples:
      egc store check
      egc store check --at /var/lib/egc --json
    """
    from egc.compiler.cli._checked import show
    from egc.compiler.cli._store import place
    from egc.runtime.store import StoreError
    from egc.runtime.store.upkeep import Finding, inspect

    where = place(at)
    if where.directory is not None:
        found = list(inspect(where.directory, time.time()))
    else:
        try:
            counts = asyncio.run(_look(where.store))
            found = [Finding("reached", "ok", "It can be read and written."), Finding("records", "ok", _told(counts))]
        except StoreError as error:
            found = [Finding("reached", "error", str(error))]
    show(found, as_json=as_json)
    if any(one.state == "error" for one in found):
        return ExitCode.ENVIRONMENT
    return ExitCode.FINDINGS if any(one.state == "warning" for one in found) else ExitCode.CLEAN


def _export_to(where: "Place", output: Path) -> Counter[str]:
    """Write to a file beside `output` first, and rename it."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.parent)
    except OSError as error:
        raise EnvironmentFailure(f"{output} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            counts = asyncio.run(_export(where, file))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return counts


async def _export(where: "Place", file: BinaryIO) -> Counter[str]:
    """Write a backup of a copy, where there can be one: what changes meanwhile would make it no moment's."""
    from egc.runtime.store import StoreError, upkeep
    from egc.runtime.store.sqlite import SQLiteStore

    if where.directory is None:
        cast("RedisStore", where.store).only_look()
        return await _write(where.store, file)
    if not upkeep.exists(where.directory):
        raise StoreError(f"There is no store in {where.directory}.")
    with tempfile.TemporaryDirectory(prefix="egc-") as directory:
        upkeep.snapshot(where.directory, Path(directory))
        try:
            return await _write(SQLiteStore(directory), file)
        except StoreError as error:
            raise StoreError(str(error).replace(directory, str(where.directory))) from None


async def _write(store: "Store", file: BinaryIO) -> Counter[str]:
    from egc.runtime.store import backup

    counts: Counter[str] = Counter()
    now = time.time()
    await store.open()
    try:
        # A store in Redis that cannot be reached says so only now.
        await store.list_scopes()
        file.write(backup.head(now))
        async for found in backup.records(store, now):
            file.write(backup.write(found))
            counts[TITLES[type(found).__name__]] += 1
        file.write(backup.end(counts.total()))
    finally:
        await store.close()
    return counts


async def _import(where: "Place", stream: IO[bytes], replace: bool) -> Counter[str]:
    """Fill a store of our own, which finds out what is wrong; then put that into the other one."""
    from egc.runtime.store import upkeep
    from egc.runtime.store.sqlite import SQLiteStore

    with tempfile.TemporaryDirectory(prefix="egc-") as name:
        directory = Path(name)
        made = SQLiteStore(directory)
        await made.open()
        try:
            counts = await _fill(made, stream)
        finally:
            await made.close()
        if where.directory is not None:
            # Opening it makes what is missing, and refuses another layout.
            await where.store.open()
            await where.store.close()
            upkeep.install(directory, where.directory, replace=replace)
        else:
            await _fill_shared(where.store, SQLiteStore(directory), replace)
    return counts


async def _fill(store: "Store", stream: IO[bytes]) -> Counter[str]:
    """Store the records of a backup. Raises BadBackup, also for a record that has no place."""
    from egc.runtime.store import Conflict, backup

    counts: Counter[str] = Counter()

    async def put(number: int, found: backup.Record) -> None:
        try:
            await backup.put(store, found)
        except Conflict as conflict:
            raise backup.BadBackup(f"line {number}: {conflict}") from None
        counts[TITLES[type(found).__name__]] += 1

    waiting: list[tuple[int, backup.Record]] = []
    for number, found in backup.read(_lines(stream, backup.LONGEST_LINE)):
        # What belongs to something comes behind it, and is written after it.
        if waiting and (len(waiting) == WORKING or type(found) is not type(waiting[-1][1])):
            await asyncio.gather(*(put(*one) for one in waiting))
            waiting = []
        waiting.append((number, found))
    await asyncio.gather(*(put(*one) for one in waiting))
    return counts


async def _fill_shared(store: "Store", made: "Store", replace: bool) -> None:
    """Put the records of one store into another that has no transaction for all of them."""
    from egc.runtime.store import backup, upkeep

    now = time.time()
    await store.open()
    await made.open()
    try:
        async for _ in backup.records(store, now):
            if not replace:
                raise upkeep.NotEmpty
            break
        if replace:
            for scope in await store.list_scopes():
                await store.delete_scope(scope)
            while users := (await store.list_users(0, backup.PAGE))[0]:
                await asyncio.gather(*(store.delete_user(user.id) for user in users))
        async for found in backup.records(made, now):
            await backup.put(store, found)
    finally:
        await made.close()
        await store.close()


async def _look(store: "Store") -> Counter[str]:
    """Read everything, and write what readiness writes."""
    from egc.runtime.store import backup

    counts: Counter[str] = Counter()
    await store.open()
    try:
        await store.check()
        async for found in backup.records(store, time.time()):
            counts[TITLES[type(found).__name__]] += 1
    finally:
        await store.close()
    return counts


def _lines(stream: IO[bytes], longest: int) -> Iterator[bytes]:
    """The lines of a file; of one that is too long as much as shows that it is."""
    while line := stream.readline(longest + 1):
        yield line


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items()) or "nothing"
