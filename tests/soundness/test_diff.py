"""`egc diff` is sound: what two running gateways answer differently it has a row for. What means the same has none."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from egc.compiler.branches import Access, accesses
from egc.compiler.diagnostics import DoesNotCompile
from egc.compiler.diff import compare
from egc.compiler.diff.changes import Change
from egc.compiler.diff.sources import Loaded, load
from egc.compiler.diff.told import way
from egc.compiler.plan import Gateway, Route
from egc.compiler.requests import Request, taken
from tests.soundness.configurations import FLAGS, SERVICES, Configuration, configuration
from tests.soundness.mutations import changed, rewritten, spelled
from tests.soundness.traffic import (
    Came,
    Sent,
    compiling,
    house,
    put,
    running,
    services,
    shown,
    some_request,
)

FIRST = int(os.environ.get("EGC_FIRST", "0"))
"""The seed of the first pair."""
PAIRS = int(os.environ.get("EGC_CONFIGURATIONS", "10"))
REQUESTS = int(os.environ.get("EGC_REQUESTS", "200"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house(tmp_path_factory.mktemp("house") / "data")


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, ...]]:
    with services() as found:
        yield found


def test_what_is_answered_differently_has_a_row_that_is_about_it(
    tmp_path: Path, data: Path, ports: tuple[int, ...], record_property: Callable[[str, object], None]
) -> None:
    asked = differing = rows_told = shown_by = 0
    for seed in range(FIRST, FIRST + PAIRS):
        random = Random(seed)
        trial = tmp_path / f"{seed}-made"
        one = compiling(random, trial, lambda chance: configuration(chance, ports))
        other = compiling(random, trial, partial(_mutant, one))
        with running(one, data, tmp_path / f"{seed}a") as before, running(other, data, tmp_path / f"{seed}b") as after:
            sides = [load(str(tmp_path / f"{seed}{side}" / "config"), {}) for side in "ab"]
            found = compare(*sides)
            plans = [side.plan for side in sides]
            rows = [accesses(plan) for plan in plans]
            rows_told += len(found.changes)
            told = f"seed {seed}\n{shown(one)}\n{shown(other)}\n{found.changes}"
            for _ in range(REQUESTS):
                sent = some_request(random)
                asked += 1
                came, comes = before.send(sent), after.send(sent)
                if came != comes:
                    differing += 1
                    said = any(about(change, sent.request, plans, rows) for change in found.changes)
                    assert said or (found.changes and limited(came, comes)), f"{sent}\n{came}\n{comes}\n{told}"
            for change in found.changes:
                # An `oauth2` that is satisfied keeps the token from the next, so that nobody may come through both.
                if change.certain and change.delta.kind in PLAIN and "oauth2" not in change.was + change.now:
                    shown_by += 1
                    assert any(before.send(sent) != after.send(sent) for sent in ways(change)), f"{change}\n{told}"
    counts = {"requests": asked, "answered differently": differing, "rows": rows_told, "certain rows shown": shown_by}
    for name, count in counts.items():
        record_property(name, count)
    assert differing
    assert shown_by


def _mutant(one: Configuration, chance: Random) -> Configuration:
    return changed(chance, one)


PLAIN = ("added", "removed", "re-routed", "authentication-added", "authentication-removed", "service-moved")
"""Changes that the answer itself shows, as any caller sees it or as one of those who are let in."""


def offered(plan: Gateway, request: Request) -> Iterator[Route]:
    """The routes whose methods such a request is answered with."""
    for route in plan.routes:
        if request in taken(route.host, route.path, ("OPTIONS",)):
            yield route


def about(change: Change, request: Request, plans: Sequence[Gateway], rows: Sequence[Sequence[Access]]) -> bool:
    """Whether a change says something of a request: of the routes that it takes on either side, of steps that it goes
    through without an answer, of what no route takes, or of the gateway as a whole."""
    if not change.witness and not change.requests:
        return True
    came = [[row for row in side if any(request in part for part in row.requests)] for side in rows]
    if any(row.route is not None and way(row.route) in change.requests for side in came for row in side):
        return True
    for plan, side in zip(plans, came, strict=True):
        if any(row.outcome == "allow" for row in side) and any(
            way(route) in change.requests for route in offered(plan, request)
        ):
            return True
    for place, plan, side in zip((change.delta.before, change.delta.after), plans, came, strict=True):
        ran = {step.variable for row in side if row.route is None for step in (*row.steps, *row.possible)}
        through = [pipeline for pipeline in plan.pipelines if any(step.variable in ran for step in pipeline.steps)]
        spans = [pipeline.span for pipeline in through]
        steps = [step for pipeline in through for step in pipeline.steps]
        spans += [step.span for step in steps]
        spans += [one.span for step in steps for one in step.arguments if one.span is not None]
        if place is not None and any(span.line <= place.line <= span.end_line for span in spans):
            return True
    example = read(change.witness)
    return all(
        any(any(example in part for part in row.requests) for row in side)
        or (not side and not any(example in part for row in beside for part in row.requests))
        for side, beside in zip(came, rows, strict=True)
    )


def read(witness: str) -> Request:
    """The request that a witness says."""
    method, _, url = witness.partition(" http://")
    host, slash, rest = url.partition("/")
    return Request(method, host, slash + rest)


def limited(*answers: Came) -> bool:
    """Whether a side has turned the request away for those that it has counted before."""
    return any(came.status in (429, 503) and came.service == "" for came in answers)


def ways(change: Change) -> Iterator[Sent]:
    """The witness of a change from all callers, with and without what conditions look at."""
    request = read(change.witness)
    for identity in ("all", "token", "nobody", "none"):
        for count in range(len(FLAGS) + 1):
            for flags in combinations(FLAGS, count):
                yield Sent(request, frozenset(flags), identity)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(PAIRS, 60)))
def test_what_means_the_same_has_no_row(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    one = compiling(random, tmp_path / "a", lambda chance: configuration(chance, (9,) * SERVICES))
    other = rewritten(random, one)
    put(other, tmp_path / "b")
    (tmp_path / "b" / "gateway.config.yml").write_text(spelled(random, other.gateway))
    (tmp_path / "b" / "system.config.yml").write_text(spelled(random, other.system))
    assert compare(_loaded(tmp_path / "a"), _loaded(tmp_path / "b")).changes == ()


def _loaded(directory: Path) -> Loaded:
    try:
        return load(str(directory), {})
    except DoesNotCompile as error:
        raise AssertionError([str(found) for found in error.report]) from error
