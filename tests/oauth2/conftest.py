"""A fresh authorization server for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oauth2.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An authorization server with every grant on, and its own store."""
    with House(tmp_path / "data") as house:
        yield house
