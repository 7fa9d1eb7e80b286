"""Show which endpoint, pipeline and steps a request meets, and the URL that a service would be asked for."""

import json
import os
from pathlib import Path
from typing import Literal

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import compat_option, path_argument


@click.command()
@click.argument("method")
@click.argument("url")
@path_argument
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@compat_option
def command(
    method: str,
    url: str,
    path: Path,
    headers: tuple[str, ...],
    form: Literal["text", "json"],
    eg_compat: bool,
) -> int:
    """Show where a request goes: its endpoint, pipeline and steps, and the URL that a service would be asked for.

    URL is whole, or a path. No caller, no store and no script takes part: what depends on them is shown with what it
    depends on. `egc trace` decides it all.

    \b
    Examples:
      egc route GET /orders/7
      egc route POST https://api.example.com/orders config --format json

    PATH is as in `egc validate`. The exit code is 1 where nothing takes the request.
    """
    from egc.compiler.cli._lines import show
    from egc.compiler.cli._rehearsing import BadRequest, compiled_here, loaded, read_request
    from egc.compiler.cli._routed import routed

    if not method.strip():
        raise click.UsageError("METHOD is empty")
    try:
        ask = read_request(f"{method} {url}", headers)
    except BadRequest as error:
        raise click.UsageError(str(error)) from None
    compiled = compiled_here(path, os.environ, eg_compat=eg_compat)
    with loaded(compiled, os.environ) as artifact:
        found = routed(compiled, artifact, ask)
        if form == "json":
            click.echo(json.dumps(found.data(), indent=2))
        else:
            show(found.lines(), compiled.plan.source_name)
    return ExitCode.CLEAN if found.is_taken else ExitCode.FINDINGS
