"""What opened Express Gateway opens egc after `egc migrate`, and nothing else does."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.migrate.conftest import taken_over
from tests.migrate.express_gateway import CIPHER_KEY
from tests.migrate.fill import Held, Kind, answered
from tests.migrate.record import DUMP, HELD, HERE, read

pytestmark = pytest.mark.slow

PER_ADDRESS = 50
"""Requests from one address of this machine: who guesses wrong too often is shut out by his address."""

SAMPLES: dict[Kind, int] = {"token": 500, "scoped": 500, "key": 200, "password": 200, "secret": 200, "refresh": 100}
"""How many of each kind that work are tried, where there are more; those that do not are all tried."""


REFUSED: dict[Kind, tuple[int, ...]] = {
    "token": (401,),
    "scoped": (401, 403),
    "key": (401,),
    "password": (401,),
    "secret": (401,),
    "refresh": (400, 401),
}


class From(HTTPAdapter):
    """Sends requests from an address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **others: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, source_address=(self._address, 0), **others)


def tried(held: Iterable[Held], kind: Kind) -> list[Held]:
    """As many that work as `SAMPLES` says, always the same, and then every one that does not.

    What works comes first, for wrong guesses at a name shut a door for a while.
    """
    ours = [one for one in held if one.kind == kind]
    working = [one for one in ours if one.works]
    chosen = random.Random(1).sample(working, min(SAMPLES[kind], len(working)))
    return [*chosen, *(one for one in ours if not one.works)]


def wrong(url: str, held: Sequence[Held]) -> tuple[Counter[tuple[Kind, bool]], list[tuple[Kind, int, bool, str]]]:
    """Ask a gateway of egc for what Express Gateway gave out.

    Returns how many of each kind were asked for that work and that do not, and those that opened egc and did not open
    Express Gateway, or the other way round.
    """
    asked: Counter[tuple[Kind, bool]] = Counter()
    found: list[tuple[Kind, int, bool, str]] = []
    for kind in SAMPLES:
        for number, one in enumerate(tried(held, kind)):
            if number % PER_ADDRESS == 0:
                http = requests.Session()
                http.mount("http://", From(f"127.0.0.{2 + number // PER_ADDRESS}"))
            status = answered(url, one.kind, one.value, http)
            asked[kind, one.works] += 1
            if status not in ((200,) if one.works else REFUSED[kind]):
                found.append((one.kind, status, one.works, one.why))
    return asked, found


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_what_opened_express_gateway_opens_egc_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.setenv("EGC_CIPHER_KEY", CIPHER_KEY)
    held = read(HERE / HELD)
    assert {(one.kind, one.works) for one in held} == {(kind, works) for kind in SAMPLES for works in (True, False)}
    with taken_over(tmp_path, ["--from-dump", str(HERE / DUMP)], store) as running:
        asked, found = wrong(running.url, held)
    assert found == []
    assert asked.keys() == {(kind, works) for kind in SAMPLES for works in (True, False)}
