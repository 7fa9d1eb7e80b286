"""Take over the users, apps, credentials and tokens of an Express Gateway."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._report import default_path, path_argument

if TYPE_CHECKING:
    from egc.compiler.cli._store import Place
    from egc.compiler.migrate.carry import Account
    from egc.compiler.migrate.entries import Family, Source
    from egc.compiler.migrate.journal import Journal
    from egc.runtime.store import Store
    from egc.runtime.store.redis import RedisStore

NAMESPACE = "EG"
CIPHER_KEY = "sensitiveKey"
ALGORITHM = "aes256"
"""What Express Gateway took where its system.config said nothing."""

ASKED = "\0"
"""Stands for --cipher-key without a value."""


@click.group(invoke_without_command=True)
@click.option("--from-redis", "url", metavar="URL", envvar="EGC_FROM_REDIS", help="Read a Redis: redis://host:6379/0.")
@click.option(
    "--from-dump",
    "dump",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Read a dump that --to-dump wrote.",
)
@click.option(
    "--to",
    "to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The configuration, artifact or data directory whose store is filled.  [default: as PATH of `egc run`]",
)
@click.option(
    "--to-dump",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a dump of the Redis instead. It holds key secrets in clear.",
)
@click.option(
    "--cipher-key",
    is_flag=False,
    flag_value=ASKED,
    metavar="[KEY]",
    help="`crypto.cipherKey` of Express Gateway. Without KEY it is asked for, or read from stdin.",
)
@click.option(
    "--cipher-key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True),
    metavar="FILE",
    help="A file whose first line is that key; - for stdin.",
)
@click.option("--algorithm", help=f"`crypto.algorithm`.  [default: that of the configuration, else {ALGORITHM}]")
@click.option("--namespace", help=f"`db.redis.namespace`.  [default: that of the configuration, else {NAMESPACE}]")
@click.option("--again", is_flag=True, help="Bring back, too, what was deleted or revoked here since it was carried.")
@click.option("--dry-run", is_flag=True, help="Say what would come, and change nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a line of JSON for each key that something is to be said about.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
@click.pass_context
def command(
    ctx: click.Context,
    url: str | None,
    dump: Path | None,
    to: Path | None,
    to_dump: Path | None,
    cipher_key: str | None,
    cipher_key_file: Path | None,
    algorithm: str | None,
    namespace: str | None,
    again: bool,
    dry_run: bool,
    report: Path | None,
    as_json: bool,
) -> int | None:
    """Take over the users, apps, credentials and tokens of an Express Gateway.

    Ids, names, passwords, client secrets, API keys and live tokens stay as they are: nobody logs in again. Key secrets
    and tokens, which Express Gateway kept in clear or encrypted, are hashed; bcrypt hashes are kept, and replaced when
    their owner logs in. Nothing is written to Redis. What is in the store already is left as it is, so that the command
    can be run again; what was deleted or revoked here since stays so, but with --again.

    The key that tokens are encrypted with is taken from EGC_CIPHER_KEY, --cipher-key-file or --cipher-key, else from
    system.config of the configuration that --to names. Access tokens of type jwt are in no Redis: they stay good while
    `accessTokens` and the parameters `jwt` of the oauth2 policy stay as they are.

    The exit code is 0 when everything alive came, 1 when something stays behind or differs, 4 when Redis, file or store
    cannot be read.

    \b
    Examples:
      egc migrate check config
      egc migrate --from-redis redis://localhost:6379/0 --to config --dry-run
      egc migrate --from-redis redis://localhost:6379/0 --to-dump eg.jsonl.gz
      egc migrate --from-dump eg.jsonl.gz --to /var/lib/egc --cipher-key-file key.txt
    """
    if ctx.invoked_subcommand is not None:
        return None
    if (url is None) == (dump is None):
        raise click.UsageError(
            "give --from-redis URL or --from-dump FILE; `egc migrate check` looks at a configuration"
        )
    if to_dump is not None and (url is None or to is not None or dry_run):
        raise click.UsageError("--to-dump goes with --from-redis alone")
    from egc.compiler.cli._store import place
    from egc.compiler.migrate.entries import Unreadable
    from egc.runtime.store import StoreError

    configuration = to if to is not None else default_path(ctx, command.params[0], None)
    settings = _settings(configuration)
    try:
        with _source(url, dump, namespace or settings.get("namespace") or NAMESPACE) as source:
            if to_dump is not None:
                return _dump(source, to_dump)
            where = place(to if to is not None else _default(configuration))
            key = _key(cipher_key, cipher_key_file, settings.get("cipherKey"))
            wanted = algorithm or settings.get("algorithm") or ALGORITHM
            account = _carry(source, where, key, wanted, again=again, dry_run=dry_run, report=report)
    except (Unreadable, StoreError) as error:
        raise EnvironmentFailure(str(error)) from None
    from egc.compiler.cli._migrated import show

    show(account, where=str(where), dry_run=dry_run, jwt=settings.get("tokenType") == "jwt", as_json=as_json)
    return ExitCode.CLEAN if account.clean else ExitCode.FINDINGS


@command.command()
@path_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How it is written.",
)
def check(path: Path, form: str) -> int:
    """Say what of a project of Express Gateway is supported, changed or unsupported.

    PATH is the directory with gateway.config.yml, system.config.yml and models/, as for `egc validate`, or that of the
    project, with package.json and config/. Nothing is run or written.

    The exit code is 0 when everything does what it did, 1 when something is changed, 3 when something is unsupported or
    the configuration does not compile.

    \b
    Examples:
      egc migrate check
      egc migrate check config --format markdown
    """
    from egc.compiler.cli._judged import show
    from egc.compiler.migrate.project import judge

    judged = judge(path, os.environ)
    show(judged, form)
    return judged.exit_code


def _default(configuration: Path) -> Path:
    """Where the data goes when nothing is said: the configuration that is there, else EGC_DATA."""
    from egc.compiler.source import gateway_file

    if gateway_file(configuration) is not None:
        return configuration
    data = os.environ.get("EGC_DATA")
    if not data:
        raise click.UsageError("there is no configuration here: give --to DIR, or set EGC_DATA")
    return Path(data)


def _settings(configuration: Path) -> dict[str, str]:
    """What system.config says about Redis, secrets and tokens; empty where there is none."""
    from egc.compiler.cli._project import below, value
    from egc.compiler.diagnostics import Report
    from egc.compiler.source import gateway_file, read_project

    if not configuration.exists() or gateway_file(configuration) is None:
        return {}
    project = read_project(configuration, os.environ, Report())
    tree = project.system.tree if project.system is not None else None
    crypto, redis = below(tree, "crypto"), below(below(tree, "db"), "redis")
    found = {
        "cipherKey": value(below(crypto, "cipherKey")),
        "algorithm": value(below(crypto, "algorithm")),
        "namespace": value(below(redis, "namespace")),
        "tokenType": value(below(below(tree, "accessTokens"), "tokenType")),
    }
    return {name: str(one) for name, one in found.items() if one is not None}


def _key(given: str | None, file: Path | None, configured: str | None) -> str:
    """The cipher key, from the first place that has one."""
    from egc.compiler.cli._ask import LONGEST_ANSWER, secret

    if given is not None and file is not None:
        raise click.UsageError("--cipher-key does not go with --cipher-key-file")
    if given == ASKED:
        return secret("cipher key", new=False)
    if given is not None:
        click.echo("a key on the command line can be seen by other users of this machine", err=True)
        return given
    if file is not None:
        with click.open_file(str(file), encoding="utf-8", errors="replace") as stream:
            line: str = stream.readline(LONGEST_ANSWER)
        return line.rstrip("\r\n")
    found = os.environ.get("EGC_CIPHER_KEY") or configured
    if found is None:
        click.echo(f"no cipher key is given: the default of Express Gateway is tried ({CIPHER_KEY})", err=True)
    return found or CIPHER_KEY


@contextmanager
def _source(url: str | None, dump: Path | None, namespace: str) -> "Iterator[Source]":
    from egc.compiler.migrate.dump import Dump
    from egc.compiler.migrate.server import NoClient, Server

    if dump is not None:
        yield Dump(dump)
        return
    try:
        server = Server(url or "", namespace)
    except NoClient:
        raise EnvironmentFailure("the client of Redis is not installed: pip install 'egc[redis]'") from None
    try:
        yield server
    finally:
        server.close()


def _dump(source: "Source", file: Path) -> int:
    from egc.compiler.migrate.dump import write

    count = write(file, source)
    click.echo(f"Wrote {count} keys to {file}. It holds key secrets in clear: keep it as you keep them.", err=True)
    return ExitCode.CLEAN if count else ExitCode.FINDINGS


def _carry(
    source: "Source", where: "Place", key: str, algorithm: str, *, again: bool, dry_run: bool, report: Path | None
) -> "Account":
    """Carry the source into the store, or into a copy of it that is thrown away."""
    from egc.compiler.migrate.carry import Carrier, WrongCipherKey
    from egc.compiler.migrate.cipher import UnknownCipher, decryption

    try:
        decrypt = decryption(algorithm, key)
    except UnknownCipher as error:
        raise click.UsageError(str(error)) from None

    async def run() -> "Account":
        async with AsyncExitStack() as stack:
            record = stack.enter_context(_recording(report))
            store, journal = await (_copied if dry_run else _opened)(where, stack, again)
            progress = stack.enter_context(_progress(source))
            return await Carrier(source, store, decrypt, journal, progress=progress, record=record).run()

    try:
        return asyncio.run(run())
    except WrongCipherKey:
        raise EnvironmentFailure(
            "none of the tokens can be decrypted: the cipher key or the algorithm is another one. Nothing was carried"
        ) from None


async def _opened(where: "Place", stack: AsyncExitStack, again: bool) -> "tuple[Store, Journal]":
    """The store, open, and its journal; closed with the stack."""
    from egc.compiler.migrate.journal import NAME, in_file, in_redis

    await where.store.open()
    stack.push_async_callback(where.store.close)
    if where.directory is not None:
        return where.store, stack.enter_context(in_file(where.directory / NAME, again=again))
    return where.store, await in_redis(cast("RedisStore", where.store), again=again)


async def _copied(where: "Place", stack: AsyncExitStack, again: bool) -> "tuple[Store, Journal]":
    """A copy of the store, or as much of it as a backup holds, in a directory that is deleted with the stack."""
    import tempfile
    import time

    from egc.compiler.migrate.journal import NAME, held_in, rehearsed
    from egc.runtime.store import StoreError, backup, upkeep
    from egc.runtime.store.sqlite import SQLiteStore

    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="egc-")))
    if where.directory is not None and upkeep.exists(where.directory):
        upkeep.snapshot(where.directory, directory)
    copy = SQLiteStore(directory)
    try:
        await copy.open()
    except StoreError as error:
        raise StoreError(str(error).replace(str(directory), str(where))) from None
    stack.push_async_callback(copy.close)
    if where.directory is not None:
        return copy, rehearsed(held_in(where.directory / NAME), again=again)
    shared = cast("RedisStore", where.store)
    shared.only_look()
    await shared.open()
    try:
        async for found in backup.records(shared, time.time()):
            await backup.put(copy, found)
        return copy, rehearsed(await shared.carried(), again=again)
    finally:
        await shared.close()


@contextmanager
def _recording(file: Path | None) -> Iterator[Callable[[str, str, str], None]]:
    """A function that writes key, word and reason as a line to the file of --report."""
    if file is None:
        yield lambda key, word, why: None
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yield lambda key, word, why: print(json.dumps({"key": key, "is": word, "why": why}), file=stream)


@contextmanager
def _progress(source: "Source") -> "Iterator[Callable[[Family, int], None]]":
    """A function that is told how far it is: a bar on a terminal, a line for each family elsewhere."""
    from egc.compiler.cli._migrated import TITLES

    if not sys.stderr.isatty():
        last: list[tuple[Family, int]] = []

        def tell(family: "Family | None", done: int) -> None:
            if last and last[-1][0] != family and last[-1][1] and last[-1][0] in TITLES:
                click.echo(f"{TITLES[last[-1][0]]}: {last[-1][1]} read", err=True)
            if family is not None:
                last[:] = [(family, done)]

        yield tell
        tell(None, 0)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def show(family: "Family", done: int) -> None:
            if family not in TITLES:
                return
            if family not in tasks:
                tasks[family] = bars.add_task(TITLES[family], total=source.count(family))
            bars.update(tasks[family], completed=done)

        yield show
