"""Stores under test. Another implementation joins the contract suite by one entry in STORES."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from egc.runtime.store import Store
from egc.runtime.store.sqlite import SQLiteStore
from tests.store.records import furnish

R = TypeVar("R")

STORES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda place: SQLiteStore(place / "data")}


class Run(Protocol):
    """Runs a coroutine on the test's event loop."""

    def __call__(self, work: Coroutine[Any, Any, R], /) -> R: ...


@pytest.fixture
def run() -> Iterator[Run]:
    """The test's event loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(params=list(STORES))
def another(request: pytest.FixtureRequest, tmp_path: Path, run: Run) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test once more, as another worker would."""
    opened: list[Store] = []

    def open_one() -> Store:
        store = STORES[request.param](tmp_path)
        run(store.open())
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        run(store.close())


@pytest.fixture
def store(another: Callable[[], Store]) -> Store:
    """An open, empty store."""
    return another()


@pytest.fixture
def furnished(store: Store, run: Run) -> Store:
    """A store with the user and the application of `records`."""
    run(furnish(store))
    return store
