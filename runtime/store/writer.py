"""The one thread of a worker that writes to SQLite: many callers, one transaction, one sync (group commit).

With synchronous=FULL a commit waits for the disk. On the event loop that would stop every request, and one commit
for each write would make the disk the limit. So writes queue up here; whatever waits when the thread gets SQLite's
write lock goes into one transaction, each under its own savepoint, and callers hear only after COMMIT.
"""

import asyncio
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from egc.runtime.store import StoreError
from egc.runtime.store.faults import is_busy, store_error

BATCH = 256
"""Most writes in one transaction."""
WAITING = 4096
"""Most writes that may wait; further ones are refused at once."""
LOCK_SECONDS = 5.0
"""How long to try for the write lock, which other workers hold for one transaction at a time."""

_OF_THE_JOB = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)

R = TypeVar("R")


@dataclass(slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs functions inside durable transactions, in the order they came.

    Arguments:
        connect: opens the writing connection in autocommit mode; called in the thread, and again after a fault.
        changed: called before and after each commit, so that nobody goes by what was read earlier.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], changed: Callable[[], None]) -> None:
        self._connect = connect
        self._changed_data = changed
        self._connection: sqlite3.Connection | None = None
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="egc-store-writer", daemon=True)

    def start(self) -> None:
        """Start the thread. After fork, never before."""
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run `work` in a transaction and return its result once that is durable.

        What `work` raises is raised here, and nothing that it wrote stays. Raises StoreError if the transaction
        could not be made durable, if too many writes wait, or after `close`.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        with self._changed:
            if self._closing:
                raise StoreError("The store is closed.")
            if len(self._jobs) >= WAITING:
                raise StoreError("Too many writes are waiting for the store.")
            self._jobs.append(job)
            self._changed.notify()
        result: R = await job.future
        return result

    async def close(self) -> None:
        """Finish what was accepted, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while self._wait():
            jobs: list[_Job] = []
            try:
                connection = self._begin()
                jobs = self._take()
                for job in jobs:
                    _attempt(connection, job)
                self._changed_data()
                connection.execute("COMMIT")
                self._changed_data()
            except Exception as error:
                self._drop()
                jobs = jobs or self._take()
                for job in jobs:
                    job.error = store_error(error)
            _deliver(jobs)
        self._drop()

    def _wait(self) -> bool:
        with self._changed:
            while not self._jobs and not self._closing:
                self._changed.wait()
            return bool(self._jobs)

    def _take(self) -> list[_Job]:
        with self._changed:
            return [self._jobs.popleft() for _ in range(min(len(self._jobs), BATCH))]

    def _begin(self) -> sqlite3.Connection:
        """A connection that holds the write lock. What arrives meanwhile joins this transaction."""
        if self._connection is None:
            self._connection = self._connect()
        begin_immediate(self._connection)
        return self._connection

    def _drop(self) -> None:
        """Close the connection, which rolls back; the next transaction opens another and finds out what is mended."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def begin_immediate(connection: sqlite3.Connection) -> None:
    """Begin a writing transaction, trying for LOCK_SECONDS.

    SQLite's own busy handler sleeps up to 100 ms between tries, and a busy neighbour wins for seconds on end; short
    random sleeps share the lock fairly.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311 - spreads contenders, no secret


def _attempt(connection: sqlite3.Connection, job: _Job) -> None:
    """Run one job under a savepoint. Faults of the disk end the whole transaction, other errors only the job."""
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_THE_JOB):
            raise
        job.error = error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _deliver(jobs: list[_Job]) -> None:
    for loop in {job.loop for job in jobs}:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:
            # The loop has ended, and with it everybody who waited.
            continue


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
