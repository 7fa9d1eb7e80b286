"""A fresh Admin API for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.admin.house import House
from tests.store.conftest import BOTH, STORES

EVE = {"username": "eve", "firstname": "Eve", "lastname": "Moon"}


@pytest.fixture(params=BOTH)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Empty."""
    with House(tmp_path / "data", store=STORES[request.param](request)()) as house:
        yield house


@pytest.fixture
def eve(house: House) -> Any:
    """The user eve, as her creation answered."""
    return house.made("/users", EVE)


@pytest.fixture
def shop(house: House, eve: Any) -> Any:
    """Eve's application shop."""
    return house.made("/apps", {"userId": "eve", "name": "shop", "redirectUri": "http://shop.test/cb"})
