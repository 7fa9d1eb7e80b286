"""What opened Express Gateway opens egc after `egc migrate`, and nothing else does."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
import requests

from egc.compiler.cli import main
from tests.migrate.conftest import gateway
from tests.migrate.express_gateway import CIPHER_KEY
from tests.migrate.fill import Held, Kind, answered
from tests.migrate.record import DUMP, HELD, HERE, read

pytestmark = pytest.mark.slow

SAMPLES: dict[Kind, int] = {"token": 500, "scoped": 500, "key": 200, "password": 200, "secret": 200, "refresh": 100}
"""How many of each kind are tried where there are more."""


REFUSED: dict[Kind, tuple[int, ...]] = {
    "token": (401,),
    "scoped": (401, 403),
    "key": (401,),
    "password": (401,),
    "secret": (401,),
    "refresh": (400, 401),
}


def sample(held: Iterable[Held], most: int) -> list[Held]:
    """Some of them, always the same."""
    return sorted(random.Random(1).sample(all_ := list(held), min(most, len(all_))), key=lambda one: not one.works)


def wrong(url: str, held: Sequence[Held]) -> list[tuple[Kind, int, bool, str]]:
    """What opens a gateway of egc and did not open Express Gateway, or the other way round."""
    http = requests.Session()
    found: list[tuple[Kind, int, bool, str]] = []
    # What works first: too many wrong guesses shut a door for a while.
    for kind, most in SAMPLES.items():
        for one in sample((one for one in held if one.kind == kind), most):
            status = answered(url, one.kind, one.value, http)
            if status not in ((200,) if one.works else REFUSED[kind]):
                found.append((one.kind, status, one.works, one.why))
    return found


def test_what_opened_express_gateway_opens_egc_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EGC_CIPHER_KEY", CIPHER_KEY)
    held = read(HERE / HELD)
    assert {(one.kind, one.works) for one in held} == {(kind, works) for kind in SAMPLES for works in (True, False)}
    assert main(["migrate", "--from-dump", str(HERE / DUMP), "--to", str(tmp_path / "data")]) == 0
    with gateway(tmp_path) as running:
        assert wrong(running.url, held) == []
