"""Writers that are killed, again and again, and a look at what they were told is stored.

    python -m tests.store.kills DIRECTORY KILLS [MOST]

Forks two writers on the store, reads what they were told is done, and sends them SIGKILL at a random moment, after MOST
acknowledgements at the latest. Forking takes milliseconds where starting Python takes a second: so thousands of kills
are affordable. Says how many writes were acknowledged, and which of them are lost.
"""

import asyncio
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from egc.runtime.store import User
from egc.runtime.store.sqlite import SQLiteStore

MOST = 24
PAUSE = 0.002
"""Seconds between the last acknowledgement that is waited for and the end, at the most: about a transaction."""

LOOK_EVERY = 100
"""Kills between two looks at the whole file."""

TOGETHER = 8
"""Writes of a writer that are under way at a time, so that they share a transaction."""


@dataclass
class Writer:
    """A forked process that creates users, and the pipe in which it says which are acknowledged."""

    process: int
    told: BinaryIO

    @classmethod
    def fork(cls, directory: Path, name: str) -> "Writer":
        """Start one; its users are called `name` and a number."""
        read, write = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(read)
            work(directory, name, write)
        os.close(write)
        return cls(process, os.fdopen(read, "rb"))

    def kill(self, most: int) -> list[str]:
        """Let it go on for a random number of acknowledgements, and end it; all that it said."""
        said = [self.told.readline() for _ in range(random.randint(0, most))]
        time.sleep(random.uniform(0, PAUSE))
        os.kill(self.process, signal.SIGKILL)
        said += self.told.readlines()
        self.told.close()
        _, status = os.waitpid(self.process, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, f"the writer ended by itself: {status}"
        # A line that was cut off names nothing.
        return [line.decode().strip() for line in said if line.endswith(b"\n")]


def work(directory: Path, name: str, write: int) -> NoReturn:
    """Create users until killed."""

    async def run() -> None:
        store = SQLiteStore(directory)
        await store.open()

        async def create(number: int) -> None:
            await store.create_user(User(f"{name}-{number}", f"{name}-{number}", True, 1.0, 1.0))
            os.write(write, f"{name}-{number}\n".encode())

        number = 0
        while True:
            await asyncio.gather(*(create(number + step) for step in range(TOGETHER)))
            number += TOGETHER

    try:
        asyncio.run(run())
    finally:
        os._exit(1)


def lost(directory: Path, acknowledged: set[str]) -> set[str]:
    """Which users of these are not in the file; raises AssertionError where that is damaged."""
    with closing(sqlite3.connect(directory / "egc.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return acknowledged - {name for (name,) in db.execute("SELECT id FROM user")}


def main() -> None:
    """Kill as often as the command line says."""
    directory, kills = Path(sys.argv[1]), int(sys.argv[2])
    most = int(sys.argv[3]) if len(sys.argv) > 3 else MOST
    acknowledged: set[str] = set()
    missing: set[str] = set()
    for number in range(0, kills, 2):
        writers = [Writer.fork(directory, f"{number + which}") for which in range(2)]
        for writer in writers:
            acknowledged.update(writer.kill(most))
        if number % LOOK_EVERY == 0:
            missing |= lost(directory, acknowledged)
    missing |= lost(directory, acknowledged)
    print(f"{len(acknowledged)} acknowledged")
    print(f"{len(missing)} lost", *sorted(missing))


if __name__ == "__main__":
    main()
