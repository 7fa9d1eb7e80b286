"""Show who can reach what, and hold it against what you expect."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import compat_option, path_argument, show
from egc.compiler.render import forms

if TYPE_CHECKING:
    from egc.compiler.access.view import View
    from egc.compiler.diagnostics import Report
    from egc.compiler.plan import Gateway

TABLES = ("text", "json", "csv", "html")
"""Forms of the table of all classes; the others are of expectations that do not hold."""

NARROWEST = 72
"""Columns below which a table for a terminal does not shrink."""


@click.command()
@path_argument
@click.option("--upstream", "upstreams", multiple=True, metavar="NAME", help="Only what reaches this serviceEndpoint.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="NAME", help="Only what belongs to this apiEndpoint.")
@click.option(
    "--unauthenticated", is_flag=True, help="Only what comes to something although nobody has asked who the caller is."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*TABLES, *(form for form in forms() if form not in TABLES)]),
    help=f"{', '.join(TABLES)} write the table; the others only the expectations that do not hold. [default: text; "
    "github inside of GitHub Actions where there are expectations]",
)
@click.option(
    "--expect",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What should hold. [default: egc.access.yml beside the configuration, if it is there]",
)
@compat_option
def command(
    path: Path,
    upstreams: tuple[str, ...],
    endpoints: tuple[str, ...],
    unauthenticated: bool,
    form: str | None,
    expect: Path | None,
    eg_compat: bool,
) -> int:
    """Show who can reach what: every class of requests, what it needs, what limits it, and where it ends.

    Each class comes with a request that shows it. A class is inexact where only the request itself can tell. With a
    file of expectations the exit code is 1 if one does not hold, or if nobody can tell whether it does.

    \b
    Examples:
      egc access --unauthenticated
      egc access config --upstream billing --format html > access.html
      egc access --expect ci/access.yml

    \b
    A file of expectations:
      access:
        - expect: no unauthenticated request reaches billing
        - expect: only scope admin reaches billing
          methods: [DELETE]
          path: /admin/*

    PATH is as in `egc validate`. Nothing is written and no network is used.
    """
    from egc.compiler import compile_project
    from egc.compiler.access.expectations import beside_configuration
    from egc.compiler.access.rows import chosen
    from egc.compiler.access.verdicts import held
    from egc.compiler.access.view import view
    from egc.compiler.diagnostics import DoesNotCompile, Report
    from egc.compiler.review import Review

    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    try:
        compiled = compile_project(path, os.environ, eg_compat=eg_compat)
        review = Review(compiled.plan, compiled.project, compiled.model)
        _check_names(review.plan, upstreams, endpoints)
        file = expect or beside_configuration(compiled.directory)
        findings = Report() if file is None else held(file, compiled.directory, review, compiled.report)
    except DoesNotCompile as error:
        _show(error.report, form or ("github" if in_actions else "text"))
        return ExitCode.DOES_NOT_COMPILE
    accesses = chosen(
        review.accesses,
        review.plan,
        upstreams=frozenset(upstreams),
        endpoints=frozenset(endpoints),
        unauthenticated=unauthenticated,
    )
    words = _words(upstreams, endpoints, unauthenticated)
    form = form or ("github" if in_actions and file is not None else "text")
    _write(view(review, accesses, words, compiled.report), findings, form)
    if file is not None and not len(findings):
        click.echo(f"All expectations of {file} hold.", err=True)
    return ExitCode.FINDINGS if findings.errors else ExitCode.CLEAN


def _show(findings: "Report", form: str) -> None:
    """Write findings that stand in place of the table, or below it: on stdout but where another form goes there."""
    if form in ("csv", "html"):
        show(findings, "text", sys.stderr)
    else:
        show(findings, form)


def _check_names(gateway: "Gateway", upstreams: Iterable[str], endpoints: Iterable[str]) -> None:
    """Raise UsageError for a name that nothing has."""
    from egc.compiler.spelling import meant

    known = {
        "serviceEndpoint": [service.name for service in gateway.services],
        "apiEndpoint": [endpoint.name for endpoint in gateway.endpoints],
    }
    for kind, names in (("serviceEndpoint", upstreams), ("apiEndpoint", endpoints)):
        for name in names:
            if name not in known[kind]:
                nearest = meant(name, known[kind])
                raise click.UsageError(f"there is no {kind} `{name}`" + (f"; {nearest}" if nearest else ""))


def _words(upstreams: Iterable[str], endpoints: Iterable[str], unauthenticated: bool) -> str:
    """What was asked for, as on the command line."""
    words = [f"--upstream {name}" for name in upstreams] + [f"--endpoint {name}" for name in endpoints]
    return " ".join([*words, *(["--unauthenticated"] if unauthenticated else [])])


def _write(view: "View", findings: "Report", form: str) -> None:
    """Put the table on stdout, with the findings where they do not spoil it."""
    if form == "json":
        from egc.compiler.access.json import json_text

        click.echo(json_text(view, findings), nl=False)
        return
    if form == "csv":
        from egc.compiler.access.csv import csv_text

        click.echo(csv_text(view), nl=False)
    elif form == "html":
        from egc.compiler.access.html import page

        click.echo(page(view, findings), nl=False)
    elif form == "text":
        _write_text(view)
        if len(findings):
            click.echo()
    _show(findings, form)


def _write_text(view: "View") -> None:
    from egc.compiler.access.text import plain, terminal
    from egc.compiler.cli._screen import on_terminal, paints, representable

    if on_terminal():
        colour = paints(sys.stdout)
        text = terminal(view, max(NARROWEST, get_terminal_size().columns), colour=colour)
        click.echo(representable(text, sys.stdout), nl=False, color=colour)
    else:
        click.echo(representable(plain(view), sys.stdout), nl=False)
