"""`egc diff` is sound: what two running gateways answer differently it has a row for. What means the same has none."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from egc.compiler.diagnostics import DoesNotCompile
from egc.compiler.diff import compare
from egc.compiler.diff.sources import Loaded, load
from tests.soundness.configurations import Configuration, configuration
from tests.soundness.mutations import changed, rewritten
from tests.soundness.traffic import house, put, running, services, shown, some_request
from tests.upstreams import Upstream

PAIRS = int(os.environ.get("EGC_CONFIGURATIONS", "10"))
REQUESTS = int(os.environ.get("EGC_REQUESTS", "200"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house(tmp_path_factory.mktemp("house") / "data")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with services() as server:
        yield server


def test_what_is_answered_differently_has_a_row(tmp_path: Path, data: Path, upstream: Upstream) -> None:
    differing = 0
    for seed in range(PAIRS):
        random = Random(seed)
        one = configuration(random, upstream.port)
        other = changed(random, one)
        with running(one, data, tmp_path / f"{seed}a") as before, running(other, data, tmp_path / f"{seed}b") as after:
            found = compare(*(load(str(tmp_path / f"{seed}{side}" / "config"), {}) for side in "ab"))
            for _ in range(REQUESTS):
                sent = some_request(random)
                came, comes = before.send(sent), after.send(sent)
                if came != comes:
                    differing += 1
                    told = f"seed {seed}: {sent}\n{came}\n{comes}"
                    assert found.changes, f"{told}\n{shown(one)}\n{shown(other)}"
    assert differing


@pytest.mark.parametrize("seed", range(40))
def test_what_means_the_same_has_no_row(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    one = configuration(random, 9)
    other = rewritten(random, one)
    assert compare(_loaded(one, tmp_path / "a"), _loaded(other, tmp_path / "b")).changes == ()


def _loaded(made: Configuration, directory: Path) -> Loaded:
    try:
        return load(str(put(made, directory)), {})
    except DoesNotCompile as error:
        raise AssertionError([str(found) for found in error.report]) from error
