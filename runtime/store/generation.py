"""One number that all workers of a machine share and every write changes: what was read under it is still true.

A look-up in SQLite costs three system calls for the read lock; reading this number costs none. It is random, not a
count: two workers that write it at the same moment can never bring an old value back.
"""

import mmap
import os
from pathlib import Path

_BYTES = 8
_PRIVATE = 0o600


class Generation:
    """The shared number, in a file that every worker maps into its memory.

    Arguments:
        path: the file; made if it is missing. Raises OSError if it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            if os.fstat(descriptor).st_size < _BYTES:
                os.ftruncate(descriptor, _BYTES)
            self._memory = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)

    def read(self) -> bytes:
        """The number now."""
        return self._memory[:_BYTES]

    def change(self) -> None:
        """Give it a value it never had. Call before a commit and again after it, before the write is acknowledged."""
        self._memory[:_BYTES] = os.urandom(_BYTES)

    def close(self) -> None:
        """Unmap the file."""
        self._memory.close()
