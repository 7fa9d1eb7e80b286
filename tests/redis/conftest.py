"""A pair of gateways for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.redis.pair import Caller, Pair
from tests.redis_servers import RedisServer


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, redis: RedisServer) -> Iterator[Pair]:
    """Both are up."""
    with Pair(tmp_path_factory.mktemp("pair"), redis) as started:
        yield started


@pytest.fixture
def caller(pair: Pair) -> Iterator[Caller]:
    """A caller of both."""
    made = Caller(pair)
    yield made
    made.close()
