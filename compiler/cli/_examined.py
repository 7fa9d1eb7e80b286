"""What `egc doctor` looks at, each thing a function that yields findings."""

import asyncio
import os
import platform
import re
import resource
import runpy
import shutil
import socket
import ssl
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._beside import bind_addresses
from egc.compiler.cli._listening import check_addresses
from egc.compiler.cli._store import MODULE, SETTINGS, Place, place
from egc.compiler.diagnostics import DoesNotCompile
from egc.runtime import env
from egc.runtime.store import StoreError
from egc.runtime.store.place import FILE_NAME
from egc.runtime.store.upkeep import Finding, exists, inspect

OLDEST_PYTHON = (3, 11)
FEWEST_FILES = 4096
"""Open files a worker should be allowed: two for each caller that is on its way."""

LEAST_ROOM = 1024**3
"""Bytes that should be free where the store is."""

ENDING_SECONDS = 30 * 86400
BUILT = 1_735_689_600
"""2025-01-01: a clock before that is wrong."""

CONNECT_SECONDS = 5.0

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)")
_BOUND = re.compile(r"(<|>=)\s*([0-9.]+)")
MOST_SERVICES = 100


def examine(path: Path, now: float, *, online: bool) -> Iterator[Finding]:
    """Look at everything.

    Arguments:
        path: of a configuration or an artifact.
        now: seconds since the epoch.
        online: whether services are connected to.
    """
    yield from _versions()
    yield from _limits()
    yield from _clock(now)
    if path.is_dir() and (path / MODULE).is_file() and (path / SETTINGS).is_file():
        yield from _artifact(path, path, now, online)
        return
    from egc.compiler import compile_project, write

    try:
        compiled = compile_project(path, os.environ, serving=True)
    except DoesNotCompile as error:
        count = error.report.errors
        what = "1 error" if count == 1 else f"{count} errors"
        yield Finding("configuration", "error", f"{path} does not compile: {what}.", f"egc validate {path}")
        return
    yield Finding("configuration", "ok", f"{path} compiles.")
    with tempfile.TemporaryDirectory(prefix="egc-") as directory:
        write(compiled, Path(directory))
        yield from _files(path, compiled.project.directory, [source.name for source in compiled.project.sources])
        yield from _artifact(Path(directory), path, now, online)


def _versions() -> Iterator[Finding]:
    """Python, and each package that egc asks for."""
    python = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        yield Finding("Python", "error", f"This is Python {python}.", "Use 3.11 or newer.")
    else:
        yield Finding("Python", "ok", f"Python {python}.")
    wrong, extras = [], []
    for line in requires("egc") or ():
        wanted = _REQUIREMENT.match(line)
        if wanted is None or 'extra == "dev"' in line or "extra == 'dev'" in line:
            continue
        name, extra = wanted["name"], "extra ==" in line
        try:
            found = version(name)
        except PackageNotFoundError:
            if not extra:
                wrong.append(f"{name} is missing")
            continue
        bounds = _BOUND.findall(line.partition(";")[0])
        if any((_parts(found) >= _parts(bound)) is (sign == "<") for sign, bound in bounds):
            wrong.append(f"{name} {found} is not {', '.join(sign + bound for sign, bound in bounds)}")
        elif extra:
            extras.append(f"{name} {found}")
    if wrong:
        yield Finding("packages", "error", f"{', '.join(wrong)}.", "pip install --upgrade egc")
    else:
        more = f"; of the extras there are {', '.join(extras)}" if extras else ""
        yield Finding("packages", "ok", f"egc {version('egc')}, gunicorn {version('gunicorn')}{more}.")


def _parts(text: str) -> tuple[int, ...]:
    """The numbers of a version, as far as they go, to compare it by."""
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0]))


def _limits() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEWEST_FILES:
        shown = "no limit" if hard == resource.RLIM_INFINITY else str(hard)
        yield Finding(
            "open files",
            "warning",
            f"A process may open {soft} files (hard limit: {shown}); each caller takes two.",
            f"ulimit -n {FEWEST_FILES}, or LimitNOFILE= in the unit",
        )
    else:
        yield Finding("open files", "ok", f"A process may open {soft} files.")


def _clock(now: float) -> Iterator[Finding]:
    """Whether the clock can be right, and runs as fast as the monotonic one."""
    if now < BUILT:
        shown = datetime.fromtimestamp(now, UTC).date().isoformat()
        yield Finding("clock", "error", f"The clock says {shown}.", "Set it: timedatectl set-ntp true")
        return
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.05)
    skew = abs((time.time() - wall) - (time.monotonic() - steady))
    if skew > 0.025:
        yield Finding("clock", "warning", f"The clock jumped by {skew * 1000:.0f} ms while it was looked at.")
    else:
        yield Finding("clock", "ok", f"{datetime.fromtimestamp(now, UTC).strftime('%Y-%m-%d %H:%M:%S')} UTC.")


def _files(path: Path, directory: Path, names: Sequence[str]) -> Iterator[Finding]:
    """Whether others may change the configuration: who may decides who gets in."""
    open_to_all = [
        str(file)
        for file in (directory, *(directory / name for name in names))
        if file.exists() and file.stat().st_mode & stat.S_IWOTH and not file.stat().st_mode & stat.S_ISVTX
    ]
    if open_to_all:
        shown = ", ".join(open_to_all)
        yield Finding("files", "error", f"Everybody may change {shown}.", f"chmod o-w {' '.join(open_to_all)}")
    else:
        yield Finding("files", "ok", f"Not everybody may change {path}.")


def _artifact(artifact: Path, path: Path, now: float, online: bool) -> Iterator[Finding]:
    """Ports, certificates, store and services, as the module of an artifact names them."""
    env.files.clear()
    try:
        where = place(path)
        binds = bind_addresses(artifact / SETTINGS)
        sys.path.insert(0, str(artifact))
        try:
            module = runpy.run_path(str(artifact / MODULE), run_name="gateway")
        finally:
            sys.path.remove(str(artifact))
    except EnvironmentFailure as error:
        yield Finding("environment", "error", str(error))
        return
    yield from _ports(binds, where)
    for listener in module["app"].listeners:
        try:
            listener.tls_context()
        except (OSError, ssl.SSLError) as error:
            yield Finding("TLS", "error", f"A certificate of {listener.name} cannot be used: {error}.")
    yield from _certificates(now)
    if module["app"].store is None:
        yield Finding("store", "ok", "The configuration needs none.")
    else:
        yield from _store(where, now)
    if online:
        yield from _services(module)


def _ports(binds: Sequence[str], where: Place) -> Iterator[Finding]:
    """Whether each address can be listened on, or is by the gateway itself, which runs already."""
    for bind in binds:
        try:
            check_addresses([bind])
        except EnvironmentFailure as error:
            there = list(_listening(bind))
            if where.directory is not None and any(_has_open(one, where.directory / FILE_NAME) for one in there):
                yield Finding("port", "ok", f"{bind} is taken by this gateway, which runs already.")
                continue
            taken = f" It is {_name(there[0])}." if there else ""
            yield Finding("port", "error", f"{error.message}.{taken}")
        else:
            yield Finding("port", "ok", f"{bind} is free.")


def _listening(bind: str) -> Iterator[Path]:
    """The processes (/proc/N) that listen on the port of an address, as far as this user may know (Linux only)."""
    port = int(bind.rpartition(":")[2])
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        if inodes & set(_handles(process)):
            yield process


def _handles(process: Path) -> Iterator[str]:
    """What a process has open, as far as this user may know."""
    try:
        for handle in (process / "fd").iterdir():
            yield str(handle.readlink())
    except OSError:
        return


def _has_open(process: Path, file: Path) -> bool:
    return str(file.resolve()) in _handles(process)


def _name(process: Path) -> str:
    """A process in words."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"process {process.name}"
    name = Path(os.fsdecode(words[0])).name
    if any(b"gunicorn" in word or b"egc" in word for word in words):
        name += " (a gateway of egc or gunicorn)"
    return f"process {process.name}, {name}"


def _certificates(now: float) -> Iterator[Finding]:
    """The keys and certificates that were looked up: how long they are good, and who may read them."""
    from cryptography import x509

    for name in sorted(env.files):
        file = Path(name)
        try:
            data = file.read_bytes()
            mode = file.stat().st_mode
        except OSError as error:
            yield Finding("TLS", "error", f"{file} cannot be read: {error.strerror}.")
            continue
        if b"PRIVATE KEY" in data:
            if mode & 0o007:
                detail = f"{file} holds a private key that everybody may read ({stat.S_IMODE(mode):04o})."
                yield Finding("TLS", "warning", detail, f"chmod o= {file}")
            else:
                yield Finding("TLS", "ok", f"{file} is a key that not everybody may read.")
        if b"BEGIN CERTIFICATE" not in data:
            continue
        try:
            ends = min(one.not_valid_after_utc.timestamp() for one in x509.load_pem_x509_certificates(data))
        except ValueError:
            yield Finding("TLS", "error", f"{file} is no certificate in PEM.")
            continue
        day = datetime.fromtimestamp(ends, UTC).date().isoformat()
        if ends <= now:
            yield Finding("TLS", "error", f"{file} expired on {day}.", "Renew it; SIGHUP takes it over.")
        elif ends < now + ENDING_SECONDS:
            yield Finding("TLS", "warning", f"{file} expires on {day}.", "Renew it; SIGHUP takes it over.")
        else:
            yield Finding("TLS", "ok", f"{file} is good until {day}.")


def _store(where: Place, now: float) -> Iterator[Finding]:
    if where.directory is None:
        try:
            asyncio.run(_reach(where))
        except StoreError as error:
            yield Finding("store", "error", str(error))
        else:
            yield Finding("store", "ok", "The shared store answers.")
        return
    if exists(where.directory):
        yield from (
            Finding(f"store: {one.what}", one.state, one.detail, one.advice) for one in inspect(where.directory, now)
        )
        return
    above = next(one for one in (where.directory, *where.directory.absolute().parents) if one.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        yield Finding("store", "error", f"{where.directory} cannot be made.", f"Let this user write {above}.")
        return
    yield Finding("store", "ok", f"{where.directory} will be made when the gateway starts.")
    free = shutil.disk_usage(above).free
    yield Finding("disk", "ok" if free >= LEAST_ROOM else "warning", f"{free // 1024**2} MiB are free at {above}.")


async def _reach(where: Place) -> None:
    await where.store.open()
    try:
        await where.store.check()
    finally:
        await where.store.close()


def _services(module: dict[str, object]) -> Iterator[Finding]:
    """Whether each service takes a connection. Nothing is sent."""
    from egc.runtime.upstream import Service

    services = [one for one in module.values() if isinstance(one, Service)][:MOST_SERVICES]
    for service in services:
        for target in service.targets:
            host, port = target.host, target.port
            try:
                socket.create_connection((host, port), CONNECT_SECONDS).close()
            except OSError as error:
                why = error.strerror or "it does not answer in time"
                yield Finding("service", "warning", f"{service.name} at {host}:{port} cannot be reached: {why}.")
            else:
                yield Finding("service", "ok", f"{service.name} at {host}:{port} takes connections.")
