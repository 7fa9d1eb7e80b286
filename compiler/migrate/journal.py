"""What was carried before, so that a second run brings nothing back that was deleted or revoked in between.

It is kept beside the store: in a file of the data directory, or in the Redis that gateways share. Either holds the
SHA-256 of kind and id of each record, so that it tells nobody a name.
"""

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egc.runtime.store.redis import RedisStore

NAME = "egc.migrated"
"""The file, a line a record."""

_LINE = 65

Keep = Callable[[Sequence[str]], Awaitable[None]]


class Journal:
    """What was carried, and what is carried now.

    Arguments:
        known: the digests of what was carried before.
        keep: makes further digests durable.
        again: whether what was carried before may be carried once more.
    """

    def __init__(self, known: Iterable[str], keep: Keep, *, again: bool = False) -> None:
        self._known = {bytes.fromhex(digest) for digest in known}
        self._keep = keep
        self._again = again
        self._waiting: list[str] = []

    def has(self, kind: str, name: str) -> bool:
        """Whether that record was carried and is not to be carried again."""
        return not self._again and _digest(kind, name) in self._known

    def add(self, kind: str, name: str) -> None:
        """Note that a record is in the store; durable after `flush`."""
        digest = _digest(kind, name)
        if digest not in self._known:
            self._known.add(digest)
            self._waiting.append(digest.hex())

    async def flush(self) -> None:
        """Make durable what was noted. Raises OSError and StoreError."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            await self._keep(waiting)


@contextmanager
def in_file(path: Path, *, again: bool = False) -> Iterator[Journal]:
    """The journal of a data directory: a file that only grows, made with mode 0600 where it is missing.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        held = file.read()
        # Who was killed while he wrote left half a line.
        whole = len(held) - len(held) % _LINE
        if whole != len(held):
            file.truncate(whole)

        async def keep(digests: Sequence[str]) -> None:
            file.write(b"".join(digest.encode() + b"\n" for digest in digests))
            file.flush()
            os.fsync(file.fileno())

        yield Journal(held[:whole].decode().split(), keep, again=again)


async def in_redis(store: "RedisStore", *, again: bool = False) -> Journal:
    """The journal of an open store in Redis. Raises StoreError."""
    return Journal(await store.carried(), store.note_carried, again=again)


def held_in(path: Path) -> list[str]:
    """The digests in a file, which may be missing. Raises OSError."""
    held = path.read_bytes() if path.is_file() else b""
    return held[: len(held) - len(held) % _LINE].decode().split()


def rehearsed(known: Iterable[str], *, again: bool = False) -> Journal:
    """The journal of a dry run, of which nothing stays."""

    async def keep(digests: Sequence[str]) -> None:
        """Nothing."""

    return Journal(known, keep, again=again)


def _digest(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()
