"""Review a configuration: what is wrong with it, though it compiles."""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from egc.compiler.cli._report import compat_option, format_option, path_argument

if TYPE_CHECKING:
    from egc.compiler.diagnostics import Confidence, Severity
    from egc.compiler.lint import Selection
    from egc.compiler.lint._baseline import Baseline

SEVERITIES = click.Choice(["error", "warning", "info"])

PAUSE = 0.3
"""Seconds between two looks at the files under --watch."""


@click.command()
@path_argument
@click.option("--select", multiple=True, metavar="FINDING", help="Only these: names, codes, or beginnings of codes.")
@click.option("--ignore", multiple=True, metavar="FINDING", help="All but these.")
@click.option("--min-severity", type=SEVERITIES, help="Show no less.  [default: warning; info with --select, --strict]")
@click.option(
    "--min-confidence",
    type=click.Choice(["proven", "heuristic"]),
    default="heuristic",
    show_default=True,
    help="Show nothing that is less sure.",
)
@click.option("--fail-on", type=SEVERITIES, default="error", show_default=True, help="What makes the exit code 1.")
@click.option("--strict", is_flag=True, help="Guesses count as much as what is proven, and no rule is off.")
@click.option("--fix", is_flag=True, help="Change the files: make the fixes after which requests get what they got.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: make fixes that change what requests get, too."
)
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing; the exit code is 1 then.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Show only findings that are not in FILE.",
)
@click.option("--write-baseline", is_flag=True, help="Write what is found into the FILE of --baseline.")
@click.option("--statistics", is_flag=True, help="Show how often each finding is there instead of the findings.")
@click.option("--watch", is_flag=True, help="Go on, and review again whenever a file changes.")
@format_option
@compat_option
def command(
    path: Path,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    min_severity: str | None,
    min_confidence: str,
    fail_on: str,
    strict: bool,
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    baseline: Path | None,
    write_baseline: bool,
    statistics: bool,
    watch: bool,
    form: str,
    eg_compat: bool,
) -> int:
    """Review a configuration: what is wrong with it, though it compiles.

    PATH is as for `egc validate`. FINDING is a name (unreachable-policy), a code (RT106) or the beginning of one (RT);
    `egc rules` lists them, `egc explain FINDING` says more. One that is right as it is gets a comment on its line, or
    alone above it:

    \b
      # egc: ignore[unreachable-policy] the reason why

    The exit code is 0, 1 where something is found of --fail-on or worse, or 3 where the configuration does not
    compile. Nothing is written without --fix or --write-baseline, and no network is used.

    \b
    Examples:
      egc lint
      egc lint config --select SC --fail-on warning
      egc lint --fix --unsafe-fixes --diff
    """
    from egc.compiler.cli._review import Review
    from egc.compiler.lint import Selection

    if unsafe_fixes and not (fix or diff):
        raise click.UsageError("--unsafe-fixes goes with --fix or --diff")
    if write_baseline and baseline is None:
        raise click.UsageError("--write-baseline goes with --baseline FILE")
    if watch and (diff or write_baseline):
        raise click.UsageError("--watch goes neither with --diff nor with --write-baseline")
    if statistics and diff:
        raise click.UsageError("--statistics does not go with --diff")
    least, sure = cast("Severity | None", min_severity), cast("Confidence", min_confidence)
    selection = Selection(words(select), words(ignore), least, sure, strict)
    check_words(selection)
    known = None if baseline is None or write_baseline else read_baseline(baseline)
    review = Review(path, selection, cast("Severity", fail_on), known, form, eg_compat, statistics)
    if write_baseline and baseline is not None:
        return review.write(baseline)
    if diff:
        return review.diff(unsafe=unsafe_fixes)
    run = partial(review.fix, unsafe=unsafe_fixes) if fix else review.show
    return go_on(path, run, writes=fix) if watch else run()


def go_on(path: Path, run: Callable[[], int], *, writes: bool) -> int:
    """Run again whenever a file of the configuration changes, until Ctrl-C.

    Arguments:
        path: of the configuration.
        run: what is done each time.
        writes: whether that changes files, which then is no reason to do it again.
    """
    from egc.compiler.cli import _watch

    while True:
        before = _watch.look(_watch.of_project(path))
        if sys.stdout.isatty():
            click.clear()
        run()
        sys.stdout.flush()
        click.echo("Watching for changes; Ctrl-C ends.", err=True)
        if writes:
            before = _watch.look(_watch.of_project(path))
        while not _watch.changed(before, _watch.look(_watch.of_project(path))):
            time.sleep(PAUSE)


def words(given: tuple[str, ...]) -> tuple[str, ...]:
    """The words of an option that may hold several, between commas."""
    return tuple(word for one in given for word in one.replace(",", " ").split())


def check_words(selection: "Selection") -> None:
    """Raise a usage error for a word that no finding is called by."""
    from egc.compiler.rules import pages
    from egc.compiler.spelling import meant

    for word in selection.unknown():
        known = [name for page in pages() for name in (page.name, page.code)]
        help = meant(word, known)
        raise click.UsageError(f"no finding is called {word!r}" + (f"; {help}" if help else "; see `egc rules`"))


def read_baseline(file: Path) -> "Baseline":
    """The baseline in a file; raises a usage error where there is none in it, and OSError."""
    from egc.compiler.lint import _baseline
    from egc.compiler.source import read_bytes

    try:
        return _baseline.read(read_bytes(file, _baseline.MAX_BYTES).decode("utf-8", "replace"))
    except _baseline.NoBaseline as error:
        raise click.UsageError(f"{file} is no baseline: {error}") from None
