"""The two sides of a comparison: a file, a directory, an artifact, or `git:REV:PATH`."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NoReturn

from egc.compiler import compile_project
from egc.compiler.artifact import PLAN
from egc.compiler.diagnostics import DoesNotCompile, Report, Span
from egc.compiler.diff import revisions
from egc.compiler.diff.changes import Side
from egc.compiler.keeping import Unkept, kept
from egc.compiler.plan import Gateway
from egc.compiler.source import find

MAX_FILES = 2000
MAX_BYTES = 32 * 1024 * 1024
"""What is read of the files that a configuration names."""

MODULE = "gateway.py"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """One side.

    Arguments:
        plan: the program that it means.
        side: how it is called.
        files: digests of the files that go into it, by name.
        texts: of the modules that are emitted, by name.
        report: the warnings; empty for an artifact.
    """

    plan: Gateway
    side: Side
    files: Mapping[str, str]
    texts: Mapping[str, str]
    report: Report


def load(name: str, environ: Mapping[str, str], *, eg_compat: bool = False) -> Loaded:
    """One side of a comparison.

    Arguments:
        name: a directory or file with a configuration, a directory with an artifact, or `git:REV:PATH`.
        environ: the variables that are resolved at build time.
        eg_compat: see `compile_project`.

    Raises:
        DoesNotCompile: it cannot be read or does not compile; the report says so, with its places as they are called.
        revisions.Unreadable: git cannot give it.
    """
    if not name.startswith(revisions.PREFIX):
        path = Path(name)
        return _artifact(path, name) if is_artifact(path) else _configuration(path, name, environ, eg_compat)
    with ExitStack() as stack:
        found = revisions.checked_out(name, stack)
        try:
            loaded = _configuration(found.path, name, environ, eg_compat)
        except DoesNotCompile as error:
            error.report.root = found.root
            raise
        loaded.report.root = found.root
        return replace(loaded, side=replace(loaded.side, root=found.root))


def is_artifact(path: Path) -> bool:
    """Whether a directory is what `egc build` has written, and no configuration."""
    return (path / MODULE).is_file() and (path / MANIFEST).is_file() and find(path, "gateway.config") is None


def _configuration(path: Path, name: str, environ: Mapping[str, str], eg_compat: bool) -> Loaded:
    compiled = compile_project(path, environ, eg_compat=eg_compat)
    files = dict(compiled.plan.sources) | _digests(compiled.directory, compiled.plan)
    side = Side(name, compiled.report.root, compiled.report.sources)
    return Loaded(compiled.plan, side, files, compiled.files, compiled.report)


def _artifact(path: Path, name: str) -> Loaded:
    """An artifact by the plan that is kept with it."""
    root = f"{path}/"
    try:
        module, data = _read(path / MODULE), _read(path / PLAN)
        gunicorn = _read(path / "gunicorn.conf.py")
    except FileNotFoundError as error:
        missing = Path(error.filename or "").name
        help = "build it again with `egc build`, or compare the configuration that it was built from"
        _unreadable(missing, root, f"this artifact has no {missing}, so nobody can say what it does", help)
    try:
        plan = kept(data, module)
    except Unkept as error:
        _unreadable(PLAN, root, str(error), "build it again with `egc build`")
    for inside in plan.files:
        # It comes out of a file that anybody may have changed, and what it names is walked through.
        if PurePosixPath(inside).is_absolute() or ".." in PurePosixPath(inside).parts:
            message = f"it names files outside of the artifact: `{inside}`"
            _unreadable(PLAN, root, message, "build it again with `egc build`")
    files = dict(plan.sources) | _digests(path, plan)
    texts = {MODULE: module.decode("ascii", "replace"), "gunicorn.conf.py": gunicorn.decode("ascii", "replace")}
    return Loaded(plan, Side(name, ""), files, texts, Report())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)


def _unreadable(name: str, root: str, message: str, help: str) -> NoReturn:
    report = Report(root=root)
    report.error("YA100", "unreadable-file", message, Span(name, 1, 1, 1, 1), help=help)
    raise DoesNotCompile(report)


def _digests(directory: Path, plan: Gateway) -> dict[str, str]:
    """Digests of the files that an artifact takes along and that the plan has none of: templates."""
    known = {name for name, _ in plan.sources}
    found: dict[str, str] = {}
    size = 0
    for inside in plan.files:
        if not PurePosixPath(inside).parts or any(name.split("/")[0] == inside for name in known):
            continue
        for path in sorted((directory / inside).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
            if hidden or path.suffix == ".pyc" or not path.is_file() or len(found) >= MAX_FILES or size >= MAX_BYTES:
                continue
            data = _read(path)
            size += len(data)
            found[path.relative_to(directory).as_posix()] = sha256(data).hexdigest()
    return found
