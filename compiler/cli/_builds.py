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
from typing import BinaryIO

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
        with _opened(artifacts / "lock") as turn:
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

    `.egc` is used where it is this user's and no other can change it or put another directory in its place.

    Arguments:
        directory: absolute path of the configuration's directory.

    Raises:
        EnvironmentFailure: neither can be written.
    """
    beside = directory / ".egc"
    with suppress(OSError):
        with suppress(FileExistsError):
            beside.mkdir(mode=0o755)
        if _is_own(directory, beside) and os.access(beside, os.W_OK | os.X_OK):
            return beside
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


def _is_own(directory: Path, beside: Path) -> bool:
    """Whether nobody else can put builds in the place of ours: they are run as code. Raises OSError."""
    around, found = directory.stat().st_mode, beside.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or (around & 0o1002) == 0o002:
        return False
    if found.st_mode & 0o022:
        # Made by a shell with a generous umask; what others have put there already is theirs.
        beside.chmod(stat.S_IMODE(found.st_mode) & ~0o022)
    return True


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


def _opened(lock: Path) -> BinaryIO:
    """The file that says whose turn it is. Raises EnvironmentFailure where it is none, such as a link elsewhere."""
    try:
        return os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+b", 0)
    except OSError as error:
        raise EnvironmentFailure(f"{lock} cannot be opened: {error.strerror}") from None


def _lock(handle: int, how: int) -> None:
    """Lock a file, where the file system has locks."""
    with suppress(OSError):
        fcntl.flock(handle, how)
