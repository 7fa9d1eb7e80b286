"""A store of its own for each test, whose file of counters is small, and a clock that stands."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from egc.runtime.policies import rate_limit
from egc.runtime.policies.rate_limit import RateLimit
from egc.runtime.store import Store, counters
from tests.store.conftest import BOTH, STORES, Run, run

__all__ = ["run"]

NOW = 1_700_000_000.25


class Clock:
    """What the policy takes for the time, in seconds since the epoch and since whenever."""

    def __init__(self) -> None:
        self.now = NOW

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock, which stands until it is put forward."""
    made = Clock()
    monkeypatch.setattr(rate_limit, "time", made)
    return made


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An open store."""
    monkeypatch.setattr(counters, "BUCKETS", 4)
    opened = STORES[request.param](request)()
    run(opened.open())
    yield opened
    run(opened.close())


@pytest.fixture
def limit(store: Store, clock: Clock) -> Callable[..., RateLimit]:
    """Makes steps on the store, without delays unless they are asked for."""

    def made(**settings: Any) -> RateLimit:
        return RateLimit(store, **{"delay_ms": 0, "counter": "p_1_rate_limit", **settings})

    return made
