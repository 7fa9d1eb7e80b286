"""Compile a configuration into an artifact that gunicorn serves."""

import os
import sys
from pathlib import Path

import click

from egc.compiler.cli._report import compat_option, format_option, path_argument, show, told


@click.command()
@path_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the artifact goes; made if need be.",
)
@format_option
@compat_option
@click.option("--no-lines", is_flag=True, help="Leave the line numbers of the configuration out of the module.")
def command(path: Path, output: Path, form: str, eg_compat: bool, no_lines: bool) -> None:
    """Compile a configuration into an artifact: gateway.py, gunicorn.conf.py, manifest.json and plan.json.

    PATH is a directory with gateway.config.yml or that file; by default ./config, else the working directory. A
    configuration that does not compile writes nothing and exits with 3: an artifact that is already in DIR stays.

    \b
    Examples:
      egc build config -o dist
      gunicorn -c dist/gunicorn.conf.py
    """
    from egc.compiler import compile_project, write
    from egc.compiler.keeping import keep

    with told(form):
        compiled = compile_project(path, os.environ, lines=not no_lines, eg_compat=eg_compat)
    show(compiled.report, form, sys.stderr)
    plan = keep(compiled.plan, compiled.files["gateway.py"], lines=not no_lines)
    written = write(compiled, output, plan=plan)
    click.echo(f"Wrote {', '.join(str(place.relative_to(output)) for place in written)} to {output}")
