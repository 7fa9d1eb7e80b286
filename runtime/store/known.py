"""What was read under a generation of the store: it stays true until some worker of this machine writes.

Should a worker die between its commit and telling so, nobody was told that the write is done; what it revoked is then
forgotten within a second.
"""

from time import monotonic
from typing import Generic, TypeVar

_SECONDS = 1.0

K = TypeVar("K")
R = TypeVar("R")


class Known(Generic[K, R]):
    """At most `limit` records by key, all of one generation."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._records: dict[K, tuple[R, float]] = {}
        self._generation = b""

    def find(self, generation: bytes, key: K) -> R | None:
        """The record of that key, if it was read under this generation and less than a second ago."""
        if generation != self._generation:
            self._records.clear()
            self._generation = generation
            return None
        known = self._records.get(key)
        return known[0] if known is not None and known[1] > monotonic() else None

    def keep(self, key: K, record: R) -> None:
        """Remember a record that was looked up after `find` and before anything else could run."""
        if len(self._records) >= self._limit:
            self._records.clear()
        self._records[key] = record, monotonic() + _SECONDS
