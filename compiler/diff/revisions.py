"""Configurations out of a git repository: `git:REV:PATH`, read object by object.

Nothing is checked out and nothing that a repository configures is run: no hooks, filters, text conversions or pagers,
and no object is fetched from elsewhere. Only the files of the configuration are written, to a directory of this
process alone, which is gone when it ends.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Literal

from egc.compiler.diagnostics import Report
from egc.compiler.node import Mapping, Node, Scalar
from egc.compiler.source import MAX_BYTES as MAX_FILE
from egc.compiler.source import MODELS, NAMES
from egc.compiler.source import read as read_tree

PREFIX = "git:"
MAX_ENTRIES = 4000
MAX_BYTES = 32 * 1024 * 1024
MAX_LINKS = 8
TIMEOUT = 30.0
"""Seconds that one call of git may take."""

_REVISION = re.compile(r"[^\x00-\x20\x7f:-][^\x00-\x1f\x7f:]*")
_PATH = re.compile(r"[^\x00-\x1f\x7f]*")
_COMMAND = (
    *("git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", "--no-optional-locks"),
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.useReplaceRefs=false"),
)
_ENVIRON = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ASKPASS": "true",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_NAMES = frozenset(("", ".", "..", ".git"))
"""What git lets nobody check out, though objects that were made by hand may say it."""
_MODES: dict[bytes, Literal["file", "link"]] = {b"100644": "file", b"100755": "file", b"120000": "link"}


class Unreadable(Exception):
    """Git cannot give what was asked for; the text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration on disk: its path there, and what its files are to be called."""

    path: Path
    root: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a revision."""

    kind: Literal["file", "link", "directory"]
    object: str
    size: int


def checked_out(name: str, stack: ExitStack) -> Found:
    """The configuration of `git:REV:PATH` and what belongs to it, as files of a directory that lives like `stack`.

    PATH is a file or a directory, counted from the working directory; from the top of the repository where it begins
    with a slash.

    Raises Unreadable.
    """
    revision, colon, path = name.removeprefix(PREFIX).partition(":")
    if not colon or not _REVISION.fullmatch(revision):
        raise Unreadable(f"`{name}` should be git:REVISION:PATH, such as git:HEAD:config")
    if not _PATH.fullmatch(path):
        raise Unreadable("a path holds no control characters")
    tree = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}", why=_unknown(revision))
    repository = _Repository(tree.decode("ascii", "replace").strip())
    inside = _inside(path)
    entry = repository.entry(inside)
    if entry is None:
        raise Unreadable(f"there is no `{inside or '.'}` in {revision}")
    directory = inside if entry.kind == "directory" else str(PurePosixPath(inside).parent).removeprefix(".")
    own = inside.rpartition("/")[2] if entry.kind != "directory" else ""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="egc-diff-")))
    _configuration(repository, directory, own, home)
    return Found(home / own if own else home, f"{PREFIX}{revision}:{directory}{'/' if directory else ''}")


def _unknown(revision: str) -> str:
    return f"git knows no revision `{revision}` here"


def _inside(path: str) -> str:
    """A path counted from the top of the repository; empty for the top itself."""
    if path.startswith("/"):
        joined = path.lstrip("/")
    else:
        prefix = _git("rev-parse", "--show-prefix", why="this is no git repository").decode("utf-8", "surrogateescape")
        joined = prefix.rstrip("\n") + path
    found = normpath(joined or ".")
    if found == ".." or found.startswith("../"):
        raise Unreadable(f"`{path}` is outside of the repository")
    return "" if found == "." else found


def _configuration(repository: "_Repository", directory: str, own: str, home: Path) -> None:
    """Write the files of a configuration, and those that its system.config names."""
    base = f"{directory}/" if directory else ""
    gateways = [own] if own else [f"gateway.config.{ending}" for ending in NAMES]
    systems = [f"system.config.{ending}" for ending in NAMES]
    names = [*gateways, *systems, *(f"models/{name}.json" for name in MODELS)]
    repository.write([f"{base}{name}" for name in names], base, home)
    system = next((home / name for name in systems if (home / name).exists()), None)
    named = set(_named(system)) if system is not None else set()
    if named:
        below = [found for name in sorted(named) for found in repository.below(f"{base}{name}")]
        repository.write(below, base, home)


def _named(system: Path) -> Iterator[str]:
    """What a system.config may mean of what stands beside it: modules of plugins, and pages."""
    with system.open("rb") as file:
        tree = read_tree(system.name, file.read(MAX_FILE + 1), os.environ, Report())
    plugins = tree.get("plugins") if isinstance(tree, Mapping) else None
    for entry in plugins if isinstance(plugins, Mapping) else ():
        package = _text(entry.value.get("package")) if isinstance(entry.value, Mapping) else ""
        top = (package or entry.name.replace("-", "_")).partition(".")[0]
        if top.isidentifier():
            yield top
            yield f"{top}.py"
    oauth2 = tree.get("oauth2") if isinstance(tree, Mapping) else None
    pages = normpath(_text(oauth2.get("templates")) if isinstance(oauth2, Mapping) else ".")
    if pages != "." and not pages.startswith(("/", "..")):
        yield pages


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else ""


class _Repository:
    """One tree of a repository; what was read of it is bounded."""

    def __init__(self, tree: str) -> None:
        self._tree = tree
        self._bytes = 0
        self._files = 0

    def entry(self, path: str) -> _Entry | None:
        """What a path is; None where there is nothing, or nothing that can be read."""
        if not path:
            return _Entry("directory", self._tree, 0)
        return dict(self._list(path)).get(path)

    def below(self, path: str) -> list[str]:
        """The files below a path, or the path itself where it is one."""
        entry = self.entry(path)
        if entry is None or entry.kind != "directory":
            return [] if entry is None else [path]
        found = [name for name, each in self._list(f"{path}/", "-r") if each.kind != "directory"]
        if len(found) > MAX_ENTRIES:
            raise Unreadable(f"`{path}` holds more than {MAX_ENTRIES} files")
        return found

    def write(self, paths: Sequence[str], base: str, home: Path) -> None:
        """Write those of the paths that exist; a link by what it leads to, if that is in the repository."""
        entries = {path: entry for path in paths if (entry := self._followed(path)) is not None}
        self._files += len(entries)
        self._bytes += sum(entry.size for entry in entries.values())
        if self._files > MAX_ENTRIES or self._bytes > MAX_BYTES:
            raise Unreadable(f"the configuration has more than {MAX_ENTRIES} files or {MAX_BYTES >> 20} MiB")
        for path, data in zip(entries, _blobs(entry.object for entry in entries.values()), strict=True):
            place = home / path.removeprefix(base)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def _followed(self, path: str) -> _Entry | None:
        """The file at a path."""
        for _ in range(MAX_LINKS):
            entry = self.entry(path)
            if entry is None or entry.kind != "link":
                return entry if entry is not None and entry.kind == "file" else None
            (target,) = _blobs([entry.object])
            path = normpath(f"{PurePosixPath(path).parent}/{target.decode('utf-8', 'surrogateescape')}")
            if target.startswith(b"/") or path == ".." or path.startswith("../"):
                return None
        return None

    def _list(self, path: str, *options: str) -> Iterator[tuple[str, _Entry]]:
        words = ("ls-tree", "-z", "-l", "--full-tree", *options, self._tree, "--", path)
        for line in _git(*words, why=f"git cannot list `{path}`").split(b"\0"):
            about, tab, name = line.partition(b"\t")
            parts = about.split()
            if not tab or len(parts) != 4:
                continue
            mode, kind, key, size = parts
            called = name.decode("utf-8", "surrogateescape")
            if not _NAMES.isdisjoint(called.lower().split("/")):
                raise Unreadable(f"`{called}` is no name of a file")
            if kind == b"tree":
                yield called, _Entry("directory", key.decode("ascii"), 0)
            elif kind == b"blob" and mode in _MODES:
                if not size.isdigit():
                    raise Unreadable(f"the object {key.decode('ascii')} is not here; egc does not fetch any")
                yield called, _Entry(_MODES[mode], key.decode("ascii"), int(size))


def _blobs(objects: Iterable[str]) -> list[bytes]:
    """What objects hold, as it is stored."""
    keys = list(objects)
    if not keys:
        return []
    data = _git("cat-file", "--batch", why="git cannot read these files", given="".join(f"{key}\n" for key in keys))
    found, at = [], 0
    for key in keys:
        head, _, _ = data[at:].partition(b"\n")
        parts = head.split()
        if len(parts) != 3 or parts[1] != b"blob":
            raise Unreadable(f"the object {key} is not here; egc does not fetch any")
        start = at + len(head) + 1
        found.append(data[start : start + int(parts[2])])
        at = start + int(parts[2]) + 1
    return found


def _git(*words: str, why: str, given: str = "") -> bytes:
    """What a command of git prints. Raises Unreadable."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_TRACE")} | _ENVIRON
    try:
        run = subprocess.run(  # noqa: S603 - words, not a shell's text; what callers gave stands behind `--`
            (*_COMMAND, *words), input=given.encode(), capture_output=True, check=False, timeout=TIMEOUT, env=environ
        )
    except FileNotFoundError:
        raise Unreadable("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise Unreadable(f"git took more than {TIMEOUT:g} seconds") from None
    if run.returncode != 0:
        said = run.stderr.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: ")
        raise Unreadable(f"{why}{f': {said}' if said else ''}")
    return run.stdout
