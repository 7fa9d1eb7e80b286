"""What is begun without a task goes on in one, wherever it waits."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from egc.runtime.in_task import go_on, in_task


async def decides() -> str:
    return "decided"


async def waits_properly() -> str:
    await in_task()
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
    return "decided"


async def waits_for_a_future() -> str:
    await _future(None)
    await asyncio.sleep(0)
    return "decided"


async def is_told_of_a_failure() -> str:
    try:
        await _future(OSError("gone"))
    except OSError:
        return "decided"
    return "not told"


def _future(error: Exception | None) -> "asyncio.Future[None]":
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    if error is None:
        loop.call_soon(future.set_result, None)
    else:
        loop.call_soon(future.set_exception, error)
    return future


async def fails() -> str:
    await asyncio.sleep(0)
    raise ValueError("wrong")


async def run(begin: Callable[[], Coroutine[Any, None, str]]) -> tuple[str, bool]:
    """What becomes of a coroutine that a callback begins, and whether it needed a task."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[tuple[str, bool]] = loop.create_future()

    async def on(begun: Coroutine[Any, None, str], waits_for: object) -> None:
        try:
            over.set_result((await go_on(begun, waits_for), True))
        except Exception as error:
            over.set_exception(error)

    def callback() -> None:
        begun = begin()
        try:
            waits_for = begun.send(None)
        except StopIteration as done:
            over.set_result((done.value, False))
        else:
            tasks.append(loop.create_task(on(begun, waits_for)))

    tasks: list[asyncio.Task[None]] = []
    loop.call_soon(callback)
    return await over


@pytest.mark.parametrize(
    ("begin", "needs_a_task"),
    [(decides, False), (waits_properly, True), (waits_for_a_future, True), (is_told_of_a_failure, True)],
)
def test_it_comes_to_its_end(begin: Callable[[], Coroutine[Any, None, str]], needs_a_task: bool) -> None:
    assert asyncio.run(run(begin)) == ("decided", needs_a_task)


def test_what_it_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(run(fails))


def test_in_a_task_nothing_is_waited_for() -> None:
    async def look() -> tuple[str, ...]:
        order: list[str] = []
        asyncio.get_running_loop().call_soon(order.append, "others")
        await in_task()
        order.append("here")
        return tuple(order)

    assert asyncio.run(look()) == ("here",)


def test_a_task_that_is_cancelled_ends_what_it_goes_on_with() -> None:
    told: list[str] = []

    async def patient() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            told.append("ended")

    async def cancel() -> None:
        begun = patient()
        waits_for = begun.send(None)

        async def on() -> None:
            await go_on(begun, waits_for)

        task = asyncio.create_task(on())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert told == ["ended"]
