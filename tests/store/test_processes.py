"""Several worker processes on one store: exactly once, and nothing acknowledged is lost (P24, P26, P41)."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from egc.runtime.store import Store
from egc.runtime.store.sqlite import SQLiteStore
from tests.store.conftest import Run
from tests.store.records import CODE, REFRESH, furnish

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CODES = int(os.environ.get("EGC_STORE_CODES", "25"))
KILLS = int(os.environ.get("EGC_STORE_KILLS", "3"))


class Worker:
    """A process of tests.store.worker, ready to begin."""

    def __init__(self, directory: Path, job: str, argument: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.worker", str(directory), job, str(argument)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        self.told, self.tell = self.process.stdout, self.process.stdin
        assert self.told.readline() == "ready\n"

    def begin(self) -> None:
        self.tell.write("go\n")
        self.tell.flush()

    def result(self) -> list[int]:
        """What it said until it ended."""
        self.tell.close()
        lines = self.told.read().splitlines(keepends=True)
        self.told.close()
        self.process.wait()
        # A line cut off by SIGKILL names nothing.
        return [int(line) for line in lines if line.endswith("\n")]


def together(directory: Path, job: str, arguments: Sequence[int]) -> list[int]:
    """What several workers, started at once, say when they are done."""
    workers = [Worker(directory, job, argument) for argument in arguments]
    for worker in workers:
        worker.begin()
    said = [word for worker in workers for word in worker.result()]
    assert [worker.process.returncode for worker in workers] == [0] * len(workers)
    return said


@pytest.fixture
def prepared(tmp_path: Path, run: Run) -> Path:
    """The directory of a store with the records' user and application, codes and refresh tokens."""

    async def prepare(store: Store) -> None:
        await store.open()
        await furnish(store)
        await asyncio.gather(
            *(
                store.create_code(replace(CODE, digest=f"{number:032}".encode(), family=f"c{number}"))
                for number in range(CODES)
            ),
            store.save_tokens([replace(REFRESH, id=f"r{number}", family=f"f{number}") for number in range(CODES)]),
        )
        await store.close()

    directory = tmp_path / "data"
    run(prepare(SQLiteStore(directory)))
    return directory


def test_a_code_is_redeemed_once_by_64_callers_in_two_processes(prepared: Path) -> None:
    assert Counter(together(prepared, "redeem", [CODES, CODES])) == dict.fromkeys(range(CODES), 1)


def test_a_refresh_token_is_rotated_once_by_two_processes_and_its_family_dies(prepared: Path, run: Run) -> None:
    assert Counter(together(prepared, "rotate", [CODES, CODES])) == dict.fromkeys(range(CODES), 1)
    store = SQLiteStore(prepared)
    run(store.open())
    assert run(store.find_tokens("a1", 0.0)) == []
    run(store.close())


def kill_while_writing(directory: Path, kills: int) -> None:
    """SIGKILL one of two writing workers at a random moment, again and again; check what was acknowledged."""
    acknowledged: set[int] = set()
    for turn in range(kills):
        workers = [Worker(directory, "write", (turn * 2 + which) * 1_000_000) for which in range(2)]
        for worker in workers:
            worker.begin()
        for worker in workers:
            for _ in range(random.randint(1, 150)):
                acknowledged.add(int(worker.told.readline()))
            worker.process.send_signal(signal.SIGKILL)
        for worker in workers:
            acknowledged.update(worker.result())
        with closing(sqlite3.connect(directory / "egc.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = {int(name.removeprefix("u")) for (name,) in db.execute("SELECT id FROM user")}
        assert acknowledged <= kept


def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    kill_while_writing(tmp_path / "data", KILLS)


@pytest.mark.slow
def test_what_was_acknowledged_survives_many_sigkills(tmp_path: Path) -> None:
    kill_while_writing(tmp_path / "data", int(os.environ.get("EGC_STORE_MANY_KILLS", "25")))
