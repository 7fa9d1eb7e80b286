"""What the commands that compile share: their PATH, their --format, and the way a report is shown."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import click

from egc.compiler.cli import ExitCode
from egc.compiler.diagnostics import Report

Function = TypeVar("Function", bound=Callable[..., object])


def path_argument(function: Function) -> Function:
    """Add PATH: a config directory or a gateway.config file; by default see `default_path`."""
    return click.argument(
        "path", required=False, callback=default_path, type=click.Path(path_type=Path), metavar="[PATH]"
    )(function)


def default_path(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path:
    """The PATH that was given, else EG_CONFIG_DIR (D58), else the place where a configuration is expected."""
    if path is not None:
        return path
    named = os.environ.get("EG_CONFIG_DIR")
    if named:
        return Path(named)
    config = Path("config")
    return config if config.is_dir() else Path()


def format_option(function: Function) -> Function:
    """Add --format; `github` is the default inside of GitHub Actions."""
    from egc.compiler.render import forms

    default = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms()),
        default=default,
        show_default=True,
        help="How findings are written.",
    )(function)


def compat_option(function: Function) -> Function:
    """Add --eg-compat."""
    return click.option(
        "--eg-compat",
        is_flag=True,
        envvar="EGC_EG_COMPAT",
        help="Take what Express Gateway took although it lost a limit or a policy there; it is a warning then.",
    )(function)


def show(report: Report, form: str, stream: TextIO | None = None) -> None:
    """Write all findings to `stream`, by default to stdout; in colour where it is a terminal and NO_COLOR is unset."""
    from egc.compiler.render import render

    stream = sys.stdout if stream is None else stream
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    click.echo(render(report, form, colour=colour), file=stream, nl=False, color=colour)


@contextmanager
def told(form: str) -> Iterator[None]:
    """Have the findings of a configuration that does not compile written to stderr, in another form than text."""
    from egc.compiler.diagnostics import DoesNotCompile

    try:
        yield
    except DoesNotCompile as error:
        show(error.report, form, sys.stderr)
        raise click.exceptions.Exit(ExitCode.DOES_NOT_COMPILE) from None
