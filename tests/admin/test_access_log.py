"""What the access log says of the Admin API: never the secret of a token (P28)."""

from pathlib import Path
from typing import Any

import pytest

from egc.runtime.exchange import Exchange
from tests.metrics.conftest import Counting


class Paths:
    """Takes note of what would be logged."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def start(self) -> None: ...

    def close(self) -> None: ...

    def entry(self, x: Exchange, *_others: Any) -> None:
        self.seen.append(x.original_url)


@pytest.mark.parametrize(
    "path", ["/tokens/id|hidden", "/tokens/id%7Chidden", "/tokens/id%7chidden", "//TOKENS/id|hidden/x", "/x|hidden?y=1"]
)
def test_the_secret_half_of_a_token_is_in_no_line(tmp_path: Path, path: str) -> None:
    with Counting(tmp_path / "data") as counting:
        log = counting.gateway.access_log = Paths()
        counting.ask("DELETE", path, port=82)
        assert len(log.seen) == 1
        assert "hidden" not in log.seen[0]
