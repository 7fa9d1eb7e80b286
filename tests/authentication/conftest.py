"""A fresh store for each test, with whoever the test puts into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authentication.gate import Gate


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A store, and requests to a policy that uses it."""
    with Gate(tmp_path / "data") as gate:
        yield gate
