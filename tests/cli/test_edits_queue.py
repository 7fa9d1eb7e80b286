"""How workers reach `egc run` with a change: over a socket that they inherit, bounded, one after the other."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from egc.compiler.artifact import replace_file
from egc.compiler.cli._edits import LONGEST_WISH, MOST_WAITING, Edits, Wish
from egc.runtime import edits


@asynccontextmanager
async def supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Edits, Callable[[], Coroutine[Any, Any, Wish]]]]:
    """The side of `egc run`, and a function that waits for the next change."""
    came = asyncio.Event()
    side = Edits(came.set)

    async def wish() -> Wish:
        while (found := side.next()) is None:
            came.clear()
            await came.wait()
        return found

    monkeypatch.setenv("EGC_EDITS", str(side.asking.fileno()))
    try:
        yield side, wish
    finally:
        side.close()


async def asked(side: Edits, number: int) -> "asyncio.Task[edits.Reply | None]":
    """A change that has been asked for and waits behind `number` others."""
    task = asyncio.create_task(edits.ask("pipelines", "p", {"n": number}))
    while side.waiting <= number and not task.done():  # noqa: ASYNC110 - nothing tells how many wait
        await asyncio.sleep(0)
    return task


def test_a_change_is_asked_for_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with supervisor(monkeypatch) as (_, wish):
            task = asyncio.create_task(edits.ask("pipelines", "p", {"ä": ["x" * 90_000]}))
            found = await wish()
            value = {"ä": ["x" * 90_000]}
            assert json.loads(found.text) == {"section": "pipelines", "name": "p", "value": value, "delete": False}
            found.answer("refused", "no", [{"pointer": "#/x"}])
            assert await task == edits.Reply("refused", "no", ({"pointer": "#/x"},))

    asyncio.run(run())


def test_only_so_many_wait_and_all_are_answered_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes too late is told at once; whoever still waits when egc run ends, then."""

    async def run() -> None:
        async with supervisor(monkeypatch) as (side, _):
            tasks = [await asked(side, number) for number in range(MOST_WAITING)]
            late = await edits.ask("policies", "cors")
            assert late is not None
            assert late.outcome == "busy"
            assert not any(task.done() for task in tasks)
        for task in tasks:
            assert await task == edits.Reply("busy", "egc run is ending.")

    asyncio.run(run())


def test_a_worker_that_goes_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with supervisor(monkeypatch) as (side, wish):
            gone = await asked(side, 0)
            gone.cancel()
            (await wish()).answer("created")
            stays = asyncio.create_task(edits.ask("pipelines", "p", {}))
            (await wish()).answer("created")
            assert await stays == edits.Reply("created")

    asyncio.run(run())


def test_what_is_no_change_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too much text, and something that is no connection at all."""

    async def run() -> None:
        async with supervisor(monkeypatch) as (side, wish):
            file = os.open("/dev/null", os.O_RDONLY)
            socket.send_fds(side.asking, [b"e"], [file])
            os.close(file)
            side.asking.send(b"nothing")
            late = await edits.ask("pipelines", "p", "x" * (LONGEST_WISH + 1))
            assert late is not None
            assert late.outcome == "busy"
            fine = asyncio.create_task(edits.ask("pipelines", "p", {}))
            (await wish()).answer("created")
            assert await fine == edits.Reply("created")

    asyncio.run(run())


def test_without_egc_run_there_is_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with supervisor(monkeypatch):
            pass
        assert await edits.ask("pipelines", "p", {}) is None
        monkeypatch.delenv("EGC_EDITS")
        assert not edits.are_taken()

    asyncio.run(run())


def test_a_file_keeps_its_mode_and_a_link_its_name(tmp_path: Path) -> None:
    """The file that the link names is replaced at once; nothing else is left."""
    real, link = tmp_path / "real" / "a.yml", tmp_path / "a.yml"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    before = real.stat().st_ino
    replace_file(link, b"new")
    assert (link.is_symlink(), real.read_text(), stat.S_IMODE(real.stat().st_mode)) == (True, "new", 0o640)
    assert real.stat().st_ino != before
    assert list(real.parent.iterdir()) == [real]


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yml"
    file.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, b"new")
    assert ([*tmp_path.iterdir()], file.read_text()) == ([file], "old")
