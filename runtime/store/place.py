"""Where the store lies on disk: the directory is ours alone, the file too, and neither is on a network."""

import os
import stat
from pathlib import Path

from egc.runtime.store import StoreError

FILE_NAME = "egc.db"
COUNTERS_NAME = "egc.counters"

# SQLite's write-ahead log needs shared memory and locks that these do not give (sqlite.org/wal.html, section 2).
# fmt: off
_NETWORK = frozenset((
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs",
    "smb2", "smb3", "smbfs",
))
# fmt: on
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def prepare(directory: Path) -> Path:
    """Make the directory (0700) and the empty file (0600) where they are missing, and check both.

    Returns the file's path. Raises StoreError with a sentence that says what is wrong and how to mend it (P51).
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = directory.stat().st_mode
    except OSError as error:
        raise StoreError(f"The data directory {directory} cannot be made or read: {error.strerror}.") from error
    if mode & 0o022:
        raise StoreError(
            f"The data directory {directory} may be changed by other users of this machine "
            f"(mode {stat.S_IMODE(mode):04o}). Mend it with: chmod 700 {directory}"
        )
    refuse_network(directory)
    path = directory / FILE_NAME
    for name in (FILE_NAME, FILE_NAME + "-wal", FILE_NAME + "-shm", "egc.generation", COUNTERS_NAME):
        _check_file(directory / name)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _sync_directory(directory)
    except OSError as error:
        raise StoreError(f"The store {path} cannot be opened for writing: {error.strerror}.") from error
    return path


def refuse_network(directory: Path) -> None:
    """Raise StoreError if the directory is on a network file system. Where the system does not tell, pass."""
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return
    kind = file_system(str(directory.resolve()), mounts)
    if kind in _NETWORK:
        raise StoreError(
            f"The data directory {directory} is on a network file system ({kind}), where the store's locks do not "
            "hold. Put it on a local disk with EGC_DATA."
        )


def file_system(path: str, mounts: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/self/mountinfo; "" if unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        head, dash, tail = line.partition(" - ")
        fields = head.split(" ")
        if not dash or len(fields) < 5:
            continue
        mount = fields[4]
        for escape, character in _ESCAPES.items():
            mount = mount.replace(escape, character)
        inside = mount == "/" or path == mount or path.startswith(mount + "/")
        # A later line covers an earlier one on the same place.
        if inside and len(mount) >= best:
            best, kind = len(mount), tail.split(" ")[0]
    return kind


def _check_file(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"The store {path} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"The store {path} is not a regular file.")
    if status.st_mode & 0o077:
        raise StoreError(
            f"The store {path} is open to other users of this machine (mode {stat.S_IMODE(status.st_mode):04o}). "
            f"Mend it with: chmod 600 {path}"
        )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
