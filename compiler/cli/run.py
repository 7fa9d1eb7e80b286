"""Compile a configuration and serve it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from egc.compiler.cli._report import compat_option, format_option, path_argument, show, told

MOST_WORKERS = 1024
SETTINGS = "gunicorn.conf.py"

NO_WATCH = ("EGC_DISABLE_CONFIG_WATCH", "EG_DISABLE_CONFIG_WATCH")
"""Variables that, with any value but the empty one, do what --no-watch does (D56)."""


@click.command()
@path_argument
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    metavar="N",
    help="How many processes serve.  [default: $WEB_CONCURRENCY, else 1]",
)
@click.option(
    "--watch/--no-watch",
    default=None,
    help="Whether a change of the configuration is taken over while it serves.  [default: --watch]",
)
@format_option
@compat_option
def command(path: Path, workers: int | None, watch: bool | None, form: str, eg_compat: bool) -> int:
    """Compile a configuration and serve it until SIGTERM or Ctrl-C.

    PATH is a directory with gateway.config.yml or that file; by default EG_CONFIG_DIR, else ./config, else the working
    directory. What is compiled goes into .egc beside it; users, apps, credentials and tokens are kept in EGC_DATA, by
    default the directory data beside it. A configuration that does not compile serves nothing and exits with 3; a port
    that is taken exits with 4.

    When a file of the configuration changes, or a key or certificate that it names, it is built beside what is served,
    checked and taken over without a request lost. One that is wrong is reported, and what was served goes on. SIGHUP
    builds again at once.

    \b
    Examples:
      egc run
      egc run config --workers 4
      EGC_DATA=/var/lib/orders egc run gateways/orders/config --no-watch
    """
    from egc.compiler import compile_project, write
    from egc.compiler.cli import _watch
    from egc.compiler.cli._beside import bind_addresses
    from egc.compiler.cli._builds import Builds, artifact_directory
    from egc.compiler.cli._listening import check_addresses
    from egc.compiler.cli._supervisor import Gateway, supervise

    before = _watch.look(_watch.of_project(path))
    with told(form):
        compiled = compile_project(path, os.environ, eg_compat=eg_compat, serving=True)
    show(compiled.report, form, sys.stderr)
    directory = path if path.is_dir() else path.parent
    artifacts = artifact_directory(directory.absolute())
    environ = {
        **os.environ,
        "EGC_DATA": str(Path(os.environ.get("EGC_DATA") or directory / "data").absolute()),
        "EGC_FILES": os.environ.get("EGC_FILES") or str(Path.cwd()),
    }
    if workers is not None:
        environ["WEB_CONCURRENCY"] = str(workers)
    if watch is None:
        watch = not any(os.environ.get(name) for name in NO_WATCH)
    if not watch:
        write(compiled, artifacts)
        check_addresses(bind_addresses(artifacts / SETTINGS))
        become_gunicorn(artifacts, environ)
    builds = Builds(artifacts)
    try:
        build = builds.new()
        write(compiled, build)
        return supervise(
            Gateway(path, environ, eg_compat, form), builds, build, bind_addresses(build / SETTINGS), before
        )
    finally:
        builds.close()


def become_gunicorn(artifact: Path, environ: Mapping[str, str]) -> NoReturn:
    """Go on as gunicorn's master on an artifact."""
    sys.stdout.flush()
    sys.stderr.flush()
    # Neither Python (-P) nor gunicorn shall find a file of the working directory instead of a module of the gateway.
    os.chdir(artifact)
    words = [sys.executable, "-P", "-m", "gunicorn", "-c", str(artifact / SETTINGS)]
    os.execve(sys.executable, words, environ)  # noqa: S606 - no shell, and only our own words
