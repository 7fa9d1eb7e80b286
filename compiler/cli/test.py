"""Send requests to the compiled gateway, in this process, and hold what comes of them against what you expect."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._report import compat_option, default_path

if TYPE_CHECKING:
    from egc.compiler import Compiled
    from egc.compiler.cases import Cases
    from egc.compiler.cli._played import Played

Form = Literal["text", "json", "junit"]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILES]...")
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The configuration.  [default: the one beside the file]",
)
@click.option("-k", "only", metavar="TEXT", help="Only tests whose name holds this.")
@click.option("-v", "--verbose", is_flag=True, help="Show the tests that pass, too.")
@click.option("--init", is_flag=True, help="Write a first draft from the configuration.")
@click.option("--coverage", is_flag=True, help="Show what the tests have been through.")
@click.option(
    "--min-coverage", type=click.FloatRange(0, 100), metavar="N", help="Fail below so many percent of coverage."
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A store that each test gets a copy of.  [default: an empty one]",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@compat_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    config: Path | None,
    only: str | None,
    verbose: bool,
    init: bool,
    coverage: bool,
    min_coverage: float | None,
    store: Path | None,
    form: Form,
    eg_compat: bool,
) -> int:
    """Send requests to the compiled gateway, in this process, and hold what comes of them against what you expect.

    FILES are test files, by default egc.test.yml beside the configuration; a directory means the configuration in it.
    There is no server and no network: services are stubs, and each test begins with empty counters and an empty store,
    in which what `as` needs is made up.

    \b
    A test file:
      services:
        orders: {json: {id: 7}}
      tests:
        - name: orders need a token
          request: GET /orders/7
          expect: {status: 401}
        - name: who may read reads
          request: GET /orders/7
          as: app:web
          scopes: [read]
          expect: {status: 200, service: orders, upstream: {url: 'https://orders.example/7'}}

    \b
    Examples:
      egc test --init
      egc test config --coverage --min-coverage 90
      egc test tests/*.yml -c config --format junit > results.xml

    The exit code is 1 where a test fails or coverage is less than wanted, 2 where there are no
    tests, 3 where a file cannot be read.
    """
    from egc.compiler.cases import NAME

    if init:
        if len(files) > 1 or (files and files[0].is_file()):
            raise click.UsageError("--init takes a configuration, and writes the file beside it")
        return _init(config or (files[0] if files else default_path(ctx, ctx.command.params[0], None)), eg_compat)
    plan = dict(_configurations(ctx, files, config))
    missing = [file for file in plan if not file.is_file()]
    if missing and not files:
        raise click.UsageError(f"there is no {missing[0]}; `egc test --init` writes a first draft of {NAME}")
    return _test(plan, only, form, eg_compat, store, verbose=verbose, coverage=coverage, least=min_coverage)


def _configurations(ctx: click.Context, files: tuple[Path, ...], config: Path | None) -> Iterator[tuple[Path, Path]]:
    """Each test file with its configuration."""
    from egc.compiler.cases import NAME
    from egc.compiler.source import find

    usual = config or default_path(ctx, ctx.command.params[0], None)
    if not files:
        yield (usual if usual.is_dir() else usual.parent) / NAME, usual
    for file in files:
        if file.is_dir():
            yield file / NAME, config or file
        else:
            beside = find(file.parent, "gateway.config") is not None
            yield file, config or (file.parent if beside else usual)


def _test(
    plan: Mapping[Path, Path],
    only: str | None,
    form: Form,
    eg_compat: bool,
    store: Path | None,
    *,
    verbose: bool,
    coverage: bool,
    least: float | None,
) -> int:
    from egc.compiler.cli import _results
    from egc.compiler.cli._coverage import coverage as measured
    from egc.compiler.cli._lines import show

    played: list[Played] = []
    compiled: Compiled | None = None
    for file, path in plan.items():
        cases = _read(file)
        compiled = _compiled(path, cases, file, eg_compat)
        if only is not None:
            cases.cases = [case for case in cases.cases if only in case.name]
        played += _play(compiled, cases, file, store)
    if compiled is None:
        return ExitCode.CLEAN
    if not played:
        # A table that was emptied, or a name that was changed, would pass for good.
        raise click.UsageError("there are no tests" if only is None else f"no test's name holds {only!a}")
    counted = coverage or least is not None
    if counted and len(set(plan.values())) > 1:
        raise click.UsageError("coverage is of one configuration: name it with --config")
    covered = measured(compiled, (one for each in played for one in each.seen)) if counted else None
    root = compiled.report.root
    if form == "json":
        click.echo(_results.json_text(played, root, covered), nl=False)
    elif form == "junit":
        click.echo(_results.junit(played, root), nl=False)
    else:
        show(_results.lines(played, root, all_of_them=verbose), compiled.plan.source_name)
        if covered is not None:
            show(covered.lines(), compiled.plan.source_name)
    too_little = covered is not None and least is not None and covered.percent < least
    if covered is not None and too_little:
        click.echo(f"egc: coverage is {covered.shown}, less than {least:g} %", err=True)
    return ExitCode.FINDINGS if too_little or any(one.failures for one in played) else ExitCode.CLEAN


def _read(file: Path) -> "Cases":
    """A test file. Raises DoesNotCompile."""
    from egc.compiler.cases import read_cases
    from egc.compiler.cli._played import unreadable
    from egc.compiler.diagnostics import Report

    report = Report(root="" if file.parent == Path() else f"{file.parent}/")
    cases = read_cases(file, report)
    report.end_stage()
    for span, message in unreadable(cases):
        report.error("CO142", "wrong-value", message, span)
    report.end_stage()
    return cases


def _compiled(path: Path, cases: "Cases", file: Path, eg_compat: bool) -> "Compiled":
    """The configuration of a test file, whose names are checked. Raises DoesNotCompile."""
    from egc.compiler.cases import check_names
    from egc.compiler.cli._rehearsing import compiled_here
    from egc.compiler.diagnostics import Report

    compiled = compiled_here(path, {**os.environ, **cases.env}, eg_compat=eg_compat)
    report = Report(root="" if file.parent == Path() else f"{file.parent}/")
    report.sources[file.name] = cases.text
    check_names(cases, compiled.plan, report)
    report.end_stage()
    return compiled


def _play(compiled: "Compiled", cases: "Cases", file: Path, store: Path | None) -> "list[Played]":
    from egc.compiler.cli._played import play
    from egc.compiler.cli._rehearsing import rehearsing, store_of

    done = 0
    total = len(cases.cases)
    watched = sys.stderr.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def tell() -> None:
        nonlocal done
        done += 1
        if watched and (done % 10 == 0 or done == total):
            click.echo(f"\r\x1b[K{done} of {total}", nl=False, err=True)

    found = store_of(Path(), store) if store is not None else None
    try:
        with rehearsing(compiled, {**os.environ, **cases.env}, store=found) as rehearsal:
            return play(compiled, rehearsal, cases, file, tell)
    finally:
        if watched:
            click.echo("\r\x1b[K", nl=False, err=True)


def _init(path: Path, eg_compat: bool) -> int:
    """Write a first draft."""
    from egc.compiler.cli import _draft
    from egc.compiler.cli._rehearsing import compiled_here

    try:
        place = _draft.place_for(path if path.is_dir() else path.parent)
    except FileExistsError as error:
        raise EnvironmentFailure(f"{error}; it is not overwritten") from None
    compiled = compiled_here(path, os.environ, eg_compat=eg_compat)
    env = _draft.variables(compiled.plan, os.environ)
    environ = {**os.environ, **env}
    compiled = compiled_here(path, environ, eg_compat=eg_compat)
    tests = _draft.draft(compiled, environ)
    with place.open("x", encoding="utf-8") as file:
        file.write(_draft.text(tests, env, compiled.plan.source_name))
    click.echo(f"Wrote {len(tests)} test(s) to {place}")
    return ExitCode.CLEAN
