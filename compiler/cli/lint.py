"""Review a configuration: what is wrong with it, though it compiles."""

import os
from pathlib import Path

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import compat_option, format_option, path_argument, show

SEVERITIES = click.Choice(["error", "warning", "info"])


@click.command()
@path_argument
@click.option("--select", multiple=True, metavar="FINDING", help="Only these: codes, beginnings of codes, or names.")
@click.option("--ignore", multiple=True, metavar="FINDING", help="All but these.")
@click.option("--min-severity", type=SEVERITIES, help="Show nothing below.  [default: warning; info with --select]")
@click.option(
    "--min-confidence",
    type=click.Choice(["proven", "heuristic"]),
    default="heuristic",
    show_default=True,
    help="Show nothing below.",
)
@click.option(
    "--fail-on", type=SEVERITIES, default="error", show_default=True, help="What makes the exit code 1, or worse."
)
@click.option("--strict", is_flag=True, help="Guesses count as much as what is proven; no rule is off.")
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
    form: str,
    eg_compat: bool,
) -> int:
    """Review a configuration."""
    from egc.compiler import compile_project
    from egc.compiler.diagnostics import DoesNotCompile
    from egc.compiler.lint import RANK, Selection, lint, worst

    selection = Selection(words(select), words(ignore), min_severity, min_confidence, strict)  # type: ignore[arg-type] # click gives one of the choices
    try:
        report = lint(compile_project(path, os.environ, eg_compat=eg_compat), selection)
    except DoesNotCompile as error:
        show(error.report, form)
        return ExitCode.DOES_NOT_COMPILE
    show(report, form)
    found = worst(report)
    return ExitCode.FINDINGS if found is not None and RANK[found] >= RANK[fail_on] else ExitCode.CLEAN  # type: ignore[index] # as above


def words(given: tuple[str, ...]) -> tuple[str, ...]:
    """The words of an option that may hold several, between commas."""
    return tuple(word for one in given for word in one.replace(",", " ").split())
