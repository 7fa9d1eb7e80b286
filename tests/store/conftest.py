"""Stores under test. Another implementation joins the contract suite by one entry in STORES."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from egc.runtime.store import Store
from egc.runtime.store.redis import RedisStore
from egc.runtime.store.sqlite import SQLiteStore
from tests.redis_servers import RedisServer
from tests.store.records import furnish

R = TypeVar("R")

Maker = Callable[[], Store]
"""Makes the store of a test, not opened; each one it makes is the same to whoever looks at what is kept."""


def _sqlite(request: pytest.FixtureRequest) -> Maker:
    place: Path = request.getfixturevalue("tmp_path")
    return lambda: SQLiteStore(place / "data")


def _redis(request: pytest.FixtureRequest) -> Maker:
    server: RedisServer = request.getfixturevalue("redis")
    namespace = server.namespace()
    return lambda: RedisStore(host="127.0.0.1", port=server.port, namespace=namespace)


STORES: dict[str, Callable[[pytest.FixtureRequest], Maker]] = {"sqlite": _sqlite, "redis": _redis}

BOTH = ["sqlite", pytest.param("redis", marks=pytest.mark.slow)]
"""For the tests of what uses a store: in the quick tier on the embedded one."""


class Run(Protocol):
    """Runs a coroutine on the test's event loop."""

    def __call__(self, work: Coroutine[Any, Any, R], /) -> R: ...


@pytest.fixture
def run() -> Iterator[Run]:
    """The test's event loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(params=list(STORES))
def maker(request: pytest.FixtureRequest) -> Maker:
    """A place to keep things in."""
    return STORES[request.param](request)


@pytest.fixture
def another(maker: Maker, run: Run) -> Iterator[Maker]:
    """Opens the store of this test once more, as another worker would."""
    opened: list[Store] = []

    def open_one() -> Store:
        store = maker()
        run(store.open())
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        run(store.close())


@pytest.fixture
def store(another: Maker) -> Store:
    """An open, empty store."""
    return another()


@pytest.fixture
def furnished(store: Store, run: Run) -> Store:
    """A store with the user and the application of `records`."""
    run(furnish(store))
    return store
