"""`egc access` is sound: no request reaches anything in a way that no row said. It is complete: a row's witness does
what the row says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from egc.compiler.branches import Access, Authentication, Fact, accesses
from egc.compiler.plan import Script
from tests.soundness.configurations import FLAGS, configuration, expression
from tests.soundness.traffic import Came, Sent, compiling, house, running, services, shown, some_request

FIRST = int(os.environ.get("EGC_FIRST", "0"))
"""The seed of the first configuration."""
CONFIGURATIONS = int(os.environ.get("EGC_CONFIGURATIONS", "12"))
REQUESTS = int(os.environ.get("EGC_REQUESTS", "200"))
REFUSALS = (400, 401, 403, 500)
"""What steps that let a request pass may answer instead: no credential, no scope, a script that fails."""
LIMITED = (429, 503)
"""What steps that count requests may answer."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house(tmp_path_factory.mktemp("house") / "data")


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, ...]]:
    with services() as found:
        yield found


def test_no_request_goes_a_way_that_no_row_says_and_witnesses_go_theirs(
    tmp_path: Path, data: Path, ports: tuple[int, ...], record_property: Callable[[str, object], None]
) -> None:
    asked = reached = rows_told = witnessed = 0
    for seed in range(FIRST, FIRST + CONFIGURATIONS):
        random = Random(seed)
        made = compiling(random, tmp_path / f"{seed}-made", lambda chance: configuration(chance, ports))
        with running(made, data, tmp_path / str(seed)) as gate:
            rows = accesses(gate.compiled.plan)
            for _ in range(REQUESTS):
                sent = some_request(random)
                came = gate.send(sent)
                asked += 1
                reached += came.service != ""
                assert any(says(row, sent, came) for row in rows), f"seed {seed}: {sent} -> {came}\n{shown(made)}"
            rows_told += len(rows)
            for row in rows:
                for sent in witnesses(row):
                    came = gate.send(sent)
                    witnessed += 1
                    facts = [f"{fact.check.variable} {fact.holds}" for fact in row.facts]
                    service = row.service and row.service.name
                    told = f"seed {seed}: {row.outcome} {row.status} {service} {facts}\n{sent} -> {came}"
                    assert ends(row, came) or limited(row, came), f"{told}\n{shown(made)}"
    counts = {"requests": asked, "that reached a service": reached, "rows": rows_told, "witnesses": witnessed}
    for name, count in counts.items():
        record_property(name, count)
    assert reached > asked / 20
    assert witnessed >= CONFIGURATIONS


def says(row: Access, sent: Sent, came: Came) -> bool:
    """Whether a row accounts for what came of a request."""
    if row.outcome == "no route":
        return came.status == 404
    if not any(sent.request in part for part in row.requests):
        return False
    if not changes(row) and not all(told(fact, sent) for fact in row.facts):
        return False
    if ends(row, came):
        return all(proved(proof, sent) for proof in row.authentication)
    # It was turned away by a step on the row's way, or the way is not known to the end.
    return came.service == "" and (came.status in REFUSALS or limited(row, came))


def limited(row: Access, came: Came) -> bool:
    """Whether a step of a row that counts may have turned the request away."""
    return bool(row.limits) and came.service == "" and came.status in LIMITED


def changes(row: Access) -> bool:
    """Whether a step on a row's way may change what conditions look at."""
    return any("other" in step.changes for step in (*row.steps, *row.possible))


def proved(proof: Authentication, sent: Sent) -> bool:
    """Whether the caller can be whom a step asks for, and has the scopes that it needs."""
    known = {"oauth2": ("token",), "basic-auth": ("none", "all")}.get(proof.step.policy, ("none", "all", "token"))
    return sent.identity in known and (sent.identity != "none" or not proof.scopes)


def ends(row: Access, came: Came) -> bool:
    """Whether an answer is what a row says."""
    if row.outcome == "proxied":
        return row.service is not None and came.service == row.service.name
    return came.service == "" and (row.status is None or came.status == row.status)


def told(fact: Fact, sent: Sent) -> bool:
    """Whether a fact may be one of this request, as far as this test knows."""
    flag = flag_of(fact)
    if fact.known or flag is None:
        return True
    return (flag in sent.flags) == fact.holds


def flag_of(fact: Fact) -> str | None:
    """The request header that an expression looks at."""
    for argument in fact.check.arguments:
        if isinstance(argument.value, Script):
            return next((flag for flag in FLAGS if argument.value.text == expression(flag)), None)
    return None


def witnesses(row: Access) -> Iterator[Sent]:
    """The witness of a row, as a caller whom the row lets in, with the headers that its facts ask for."""
    if row.witness is None or not row.exact:
        return
    if changes(row) or any("url" in step.changes for step in (*row.steps, *row.possible)):
        return
    wanted: set[str] = set()
    for fact in row.facts:
        flag = flag_of(fact)
        if fact.known:
            continue
        if flag is None and (fact.holds or fact.check.condition == "json-schema"):
            return
        if flag is not None and fact.holds:
            wanted.add(flag)
    if sum(step.policy == "oauth2" for step in row.steps) > 1:
        # The first one that is satisfied keeps the token from the next.
        return
    passing = any(step.role == "authenticates" for step in row.steps)
    for identity in ("all", "token") if row.authentication or not passing else ("nobody",):
        if all(proved(proof, Sent(row.witness, frozenset(), identity)) for proof in row.authentication):
            yield Sent(row.witness, frozenset(wanted), identity)
            break
