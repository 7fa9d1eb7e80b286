"""Coroutines that are begun without a task, and go on in one where they have to wait.

Most pipelines decide without waiting: one `send` runs them to their end, which costs a fraction of a task. Whatever
waits by asyncio's own means (`asyncio.timeout` asks for a task) awaits `in_task` before it does.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@coroutine
def in_task() -> Generator[None, None, None]:
    """Until whoever awaits this runs in a task."""
    if asyncio.current_task() is None:
        yield


@coroutine
def go_on(begun: Coroutine[Any, None, T], waits_for: Any) -> Generator[Any, None, T]:
    """Go on with a coroutine that was begun by `send`, and gave back what it waits for."""
    try:
        while True:
            try:
                yield waits_for
            except BaseException as error:
                # What it waited for has failed, or the task is being cancelled: it hears so where it waits.
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(None)
    except StopIteration as done:
        decided: T = done.value
        return decided
