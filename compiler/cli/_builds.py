"""Where `egc run` keeps its builds: each in a directory of its own, so that a worker never finds the files of another.

`.egc/run-x/1`, `2` and so on hold them; `.egc` itself has a copy of the one that is served, for people to read.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from egc.compiler.cli import EnvironmentFailure


class Builds:
    """The builds of one `egc run`.

    Other processes may run on the same configuration: what belongs to a living one is locked, and what a dead one left
    is removed.

    Arguments:
        artifacts: `.egc`, see `artifact_directory`.
    """

    def __init__(self, artifacts: Path) -> None:
        self.artifacts = artifacts
        self._made = 0
        with (artifacts / "lock").open("w") as turn:
            _lock(turn.fileno(), fcntl.LOCK_EX)
            for left in artifacts.glob("run-*"):
                _remove_unless_locked(left)
            self._home = Path(tempfile.mkdtemp(prefix="run-", dir=artifacts))
            self.lock = os.open(self._home, os.O_RDONLY)
            """Locks the builds: a process that inherits it keeps them from being removed."""
            _lock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def new(self) -> Path:
        """An empty directory for the next build."""
        self._made += 1
        directory = self._home / str(self._made)
        directory.mkdir()
        return directory

    def show(self, build: Path) -> None:
        """Copy what is served to where people look for it; that it cannot be copied is no reason to stop."""
        for file in build.glob("*.*"):
            if file.is_file():
                aside = build / f"{file.name}.copy"
                with suppress(OSError):
                    shutil.copyfile(file, aside)
                    aside.replace(self.artifacts / file.name)

    def remove(self, build: Path) -> None:
        """Remove a build that nobody serves any more."""
        shutil.rmtree(build, ignore_errors=True)

    def close(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self._home, ignore_errors=True)
        os.close(self.lock)


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


def same(one: Path, other: Path) -> bool:
    """Whether two builds have the same files, apart from what is copied along."""
    names = {path.name for directory in (one, other) for path in directory.glob("*.*") if path.is_file()}
    return all(_read(one / name) == _read(other / name) for name in names)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _remove_unless_locked(left: Path) -> None:
    with suppress(OSError):
        handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(handle)


def _lock(handle: int, how: int) -> None:
    """Lock a file, where the file system has locks."""
    with suppress(OSError):
        fcntl.flock(handle, how)
