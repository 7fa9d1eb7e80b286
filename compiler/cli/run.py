"""Compile a configuration and serve it."""

import errno
import os
import socket
import stat
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._report import path_argument, show

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_WORKERS = 1024

REASONS = {
    errno.EADDRINUSE: "Port {port} is taken: another program already listens on {address}. Stop it, or choose another "
    "port in gateway.config.yml",
    errno.EACCES: "Port {port} is not for this user: ports below 1024 need more rights",
    errno.EADDRNOTAVAIL: "{address} is no address of this machine",
}


@click.command()
@path_argument
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    metavar="N",
    help="How many processes serve.  [default: $WEB_CONCURRENCY, else 1]",
)
def command(path: Path, workers: int | None) -> None:
    """Compile a configuration and serve it until SIGTERM or Ctrl-C.

    PATH is a directory with gateway.config.yml or that file; by default ./config, else the working directory. What is
    compiled goes into .egc beside it; users, apps, credentials and tokens are kept in EGC_DATA, by default the
    directory data beside it. A configuration that does not compile serves nothing and exits with 3; a port that is
    taken exits with 4.

    \b
    Examples:
      egc run
      egc run config --workers 4
      EGC_DATA=/var/lib/orders egc run gateways/orders/config
    """
    from egc.compiler import compile_project, write

    compiled = compile_project(path, os.environ)
    show(compiled.report, "text", sys.stderr)
    directory = path if path.is_dir() else path.parent
    output = artifact_directory(directory.absolute())
    write(compiled, output)
    environ = {
        **os.environ,
        "EGC_DATA": str(Path(os.environ.get("EGC_DATA") or directory / "data").absolute()),
        "EGC_FILES": os.environ.get("EGC_FILES") or str(Path.cwd()),
    }
    if workers is not None:
        environ["WEB_CONCURRENCY"] = str(workers)
    settings = output / "gunicorn.conf.py"
    check_addresses(bind_addresses(settings))
    sys.stdout.flush()
    sys.stderr.flush()
    # Neither Python (-P) nor gunicorn shall find a file of the working directory instead of a module of the gateway.
    os.chdir(output)
    os.execve(sys.executable, [sys.executable, "-P", "-m", "gunicorn", "-c", str(settings)], environ)  # noqa: S606


def artifact_directory(directory: Path) -> Path:
    """Where the compiled gateway goes: `.egc` in the configuration's directory, else a directory of this user's own.

    Arguments:
        directory: absolute path of the configuration's directory.

    Raises:
        EnvironmentFailure: neither can be written.
    """
    beside = directory / ".egc"
    try:
        beside.mkdir(exist_ok=True)
        if os.access(beside, os.W_OK | os.X_OK):
            return beside
    except OSError:
        pass
    place = sha256(os.fsencode(directory)).hexdigest()[:16]
    elsewhere = Path(tempfile.gettempdir()) / f"egc-{os.getuid()}-{place}"
    try:
        elsewhere.mkdir(mode=0o700, exist_ok=True)
        found = elsewhere.lstat()
    except OSError as error:
        raise EnvironmentFailure(f"neither {beside} nor {elsewhere} can be written: {error.strerror}") from None
    # The name can be guessed: what somebody else put there first must not be served.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EnvironmentFailure(f"{beside} cannot be written, and {elsewhere} does not belong to this user alone")
    return elsewhere


def bind_addresses(settings: Path) -> "Sequence[str]":
    """What gunicorn will listen on, from the settings that were just written.

    Raises:
        EnvironmentFailure: a variable that they look up is missing or wrong.
    """
    import runpy

    from egc.runtime.env import Misconfigured

    try:
        bind = runpy.run_path(str(settings))["bind"]
    except Misconfigured as error:
        raise EnvironmentFailure(str(error)) from None
    return [bind] if isinstance(bind, str) else list(bind)


def check_addresses(addresses: "Sequence[str]") -> None:
    """Listen on each address for a moment, all at the same time.

    Raises:
        EnvironmentFailure: one cannot be had; the message names the port.
    """
    held: list[socket.socket] = []
    try:
        for address in addresses:
            host, _, port = address.rpartition(":")
            host = host.strip("[]")
            held.append(listen(host, int(port), address))
    finally:
        for one in held:
            one.close()


def listen(host: str, port: int, address: str) -> socket.socket:
    """A socket that listens as gunicorn's would: SO_REUSEADDR, IPv6 where the host is written so."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror):
            raise EnvironmentFailure(f"{host} is not the name of an address of this machine") from None
        reason = REASONS.get(error.errno or 0, "{address} cannot be listened on: " + str(error.strerror))
        raise EnvironmentFailure(reason.format(port=port, address=address)) from None
    return listener
