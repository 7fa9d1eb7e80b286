"""Runs `egc` and ends at once, with exit code 99, if it opens a socket, writes, or starts a program other than git.

`python -m tests.ci.watched validate config`. Python keeps no bytecode meanwhile.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import PurePath

sys.dont_write_bytecode = True
CAUGHT = 99
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = (
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.utime"),
    *("os.chmod", "os.chown", "os.lockf", "os.setxattr", "os.system", "os.fork", "os.forkpty", "os.posix_spawn"),
    *("os.exec", "os.spawn", "shutil.copyfile", "shutil.move", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp"),
    *("socket.", "ftplib.", "http.client.", "urllib.Request", "sqlite3.connect", "ctypes.dlopen"),
)


def wrong(event: str, arguments: Sequence[object]) -> bool:
    """Whether an event is one that a command without effects does not have."""
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, str | bytes) or not isinstance(flags, int):
            return False  # a file that is open already
        cache = "__pycache__" in PurePath(os.fsdecode(path)).parts
        return bool(flags & WRITES) and path != os.devnull and not cache
    if event == "subprocess.Popen":
        executable = arguments[0]
        return not (isinstance(executable, str | bytes) and PurePath(os.fsdecode(executable)).name == "git")
    if event in ("os.rename", "os.remove") and "__pycache__" in str(arguments[0]):
        return False
    return event.startswith(FORBIDDEN)


def watch(event: str, arguments: Sequence[object]) -> None:
    """Called by Python for everything that it does to the world outside."""
    if wrong(event, arguments):
        os.write(2, f"caught: {event} {arguments!r}\n".encode(errors="backslashreplace"))
        os._exit(CAUGHT)


if __name__ == "__main__":
    sys.addaudithook(watch)
    from egc.compiler.cli import main

    sys.exit(main())
