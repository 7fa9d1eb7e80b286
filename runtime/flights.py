"""Work that several callers want at the same moment is done once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")


class Flights(Generic[K, R]):
    """At most one piece of work a key is under way. It goes on when those who wait for it leave."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[R]] = {}

    def start(self, key: K, work: Callable[[], Coroutine[Any, Any, R]]) -> "asyncio.Task[R]":
        """The task that does the work of that key: the one under way, else a new one."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    async def share(self, key: K, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """What the work of that key gives or raises."""
        return await asyncio.shield(self.start(key, work))

    def under_way(self, key: K) -> bool:
        """Whether work of that key is being done."""
        return key in self._tasks

    def _landed(self, key: K, task: "asyncio.Task[R]") -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            # Read, so that asyncio does not complain of an error that nobody waited for any more.
            task.exception()
