"""Check a configuration and name everything that is wrong with it."""

import os
from pathlib import Path

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import compat_option, format_option, path_argument, show


@click.command()
@path_argument
@format_option
@compat_option
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="What makes the exit code other than 0: 3 when it does not compile, 1 for warnings.",
)
def command(path: Path, form: str, eg_compat: bool, fail_on: str) -> int:
    """Check a configuration and name everything that is wrong with it.

    PATH is a directory with gateway.config.yml and, if need be, system.config.yml and models/, or a gateway.config
    file. Nothing is written and no network is used.

    \b
    Examples:
      egc validate
      egc validate config --fail-on warning
      egc validate config --format github
    """
    from egc.compiler import check

    report = check(path, os.environ, eg_compat=eg_compat)
    show(report, form)
    if report.errors:
        return ExitCode.DOES_NOT_COMPILE
    if form == "text":
        click.echo("The configuration is good." if not len(report) else "The configuration compiles.", err=True)
    return ExitCode.FINDINGS if fail_on == "warning" and len(report) else ExitCode.CLEAN
