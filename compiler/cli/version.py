"""Show the versions of egc, of Python and of what serves."""

import json
import platform
from importlib.metadata import version

import click

PACKAGES = ("falcon", "gunicorn", "uvloop")
"""Those by which a report of a fault can be told apart."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def command(as_json: bool) -> None:
    """Show the versions of egc, of Python and of what serves. `egc -V` shows the first alone.

    \b
    Examples:
      egc version
      egc version --json
    """
    found = {"egc": version("egc"), "python": platform.python_version()}
    found |= {name: version(name) for name in PACKAGES}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name, number in found.items():
        click.echo(f"{name} {number}")
