"""A fresh authorization server for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oauth2.house import House
from tests.store.conftest import BOTH, STORES


@pytest.fixture(params=BOTH)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """An authorization server with every grant on, and its own store."""
    with House(tmp_path / "data", stores=STORES[request.param](request)) as house:
        yield house
