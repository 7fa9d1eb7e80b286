"""Look whether this machine can serve the configuration: versions, files, ports, clock, store."""

import time
from pathlib import Path

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import path_argument


@click.command()
@path_argument
@click.option("--online", is_flag=True, help="Connect to each service of the configuration, too.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def command(path: Path, online: bool, as_json: bool) -> int:
    """Look whether this machine can serve the configuration: versions, files, ports, clock, store.

    PATH is the directory of a configuration or of an artifact, as for `egc run`. Nothing is changed, and no network is
    used but that of a store that several machines share and, with --online, that of the services.

    The exit code is 0 when everything is good, 1 when something is worth a look, 4 when something is in the way.

    \b
    Examples:
      egc doctor
      egc doctor config --json
      egc doctor dist --online
    """
    from egc.compiler.cli._checked import show
    from egc.compiler.cli._examined import examine

    found = list(examine(path, time.time(), online=online))
    show(found, as_json=as_json)
    if any(one.state == "error" for one in found):
        return ExitCode.ENVIRONMENT
    return ExitCode.FINDINGS if any(one.state == "warning" for one in found) else ExitCode.CLEAN
