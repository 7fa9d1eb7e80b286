"""A worker process of its own, for the tests of several processes on one store.

    python -m tests.store.worker DIRECTORY JOB ARGUMENT

It says `ready`, waits for a line on stdin, does the job and writes one line for each thing it was told is done.
"""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from egc.runtime.store import User
from egc.runtime.store.sqlite import SQLiteStore
from tests.store.records import REFRESH, token


async def redeem(store: SQLiteStore, count: int) -> None:
    """Redeem each of `count` codes 32 times at once; names those that were given out."""

    async def once(number: int) -> int | None:
        code = await store.redeem_code(f"{number:032}".encode(), 0.0)
        return None if code is None else number

    for number in range(count):
        won = await asyncio.gather(*(once(number) for _ in range(32)))
        for given in won:
            if given is not None:
                print(given, flush=True)


async def rotate(store: SQLiteStore, count: int) -> None:
    """Rotate each of `count` refresh tokens 8 times at once; names those that were rotated."""
    name = os.getpid()

    async def once(number: int, attempt: int) -> bool:
        refresh = replace(REFRESH, id=f"r{number}", family=f"f{number}")
        return await store.rotate(refresh, [token(f"{name}-{number}-{attempt}", family=f"f{number}")])

    for number in range(count):
        for rotated in await asyncio.gather(*(once(number, attempt) for attempt in range(8))):
            if rotated:
                print(number, flush=True)


async def write(store: SQLiteStore, offset: int) -> None:
    """Create users without end, 16 at a time; names each that was acknowledged."""

    async def create(number: int) -> None:
        await store.create_user(User(f"u{number}", f"name{number}", True, 1.0, 1.0))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()

    number = offset
    while True:
        await asyncio.gather(*(create(number + step) for step in range(16)))
        number += 16


async def hit(store: SQLiteStore, times: int) -> None:
    """Count hits of one key; names each number that was given."""
    for _ in range(times):
        counted = await store.hit(b"key", 1e6, 1000.0)
        sys.stdout.write(f"{counted.hits}\n")
        sys.stdout.flush()


async def main() -> None:
    """Do the job named on the command line."""
    directory, job, argument = sys.argv[1:]
    store = SQLiteStore(Path(directory))
    await store.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await {"redeem": redeem, "rotate": rotate, "write": write, "hit": hit}[job](store, int(argument))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main())
