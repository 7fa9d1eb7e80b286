"""`--golden` rewrites what is generated and committed; one Redis server for all tests that a worker runs."""

from collections.abc import Iterator

import pytest

from tests.redis_servers import RedisServer, redis_server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden", action="store_true", help="rewrite what is generated and committed instead of comparing it"
    )


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server; each test that uses it takes a namespace of its own (`RedisServer.namespace`)."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server
