"""A fresh store for each test, with whoever the test puts into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authentication.gate import Gate
from tests.store.conftest import BOTH, STORES


@pytest.fixture(params=BOTH)
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gate]:
    """A store, and requests to a policy that uses it."""
    with Gate(tmp_path / "data", stores=STORES[request.param](request)) as gate:
        yield gate
