"""Read, change and write back without losing what somebody else changed in between."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from egc.runtime.errors import Refused

_TRIES = 8
_TICK = 1e-6
"""Seconds: the least step between two states of a record."""

R = TypeVar("R")


async def change(attempt: Callable[[], Awaitable[R | None]]) -> R:
    """Run `attempt` until it returns something. It reads, and writes with `seen`; None says that it came too late.

    Raises Refused (409) if others keep changing the record.
    """
    for _ in range(_TRIES):
        result = await attempt()
        if result is not None:
            return result
    raise Refused(409, "Somebody else keeps changing this record. Try again.")


def after(seen: float) -> float:
    """Now, in seconds since the epoch, but later than `seen`, so that no two states bear the same time."""
    return max(time.time(), seen + _TICK)
