"""Whenever a request is treated otherwise, there is a change; and what comes back as it was has none."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from egc.compiler.diff import compare
from egc.compiler.diff.meaning import Meaning
from egc.compiler.diff.rows import Row
from egc.compiler.diff.sources import Loaded, load
from egc.compiler.requests import Request
from tests.diff.configurations import written

pytestmark = pytest.mark.slow

PATHS = ("/a", "/a/*", "/a/b", "/a/:x", "/*", "/b", "/b/c", "/b*")
HOSTS = ("api.example.com", "'*.example.com'", "'*'")
METHODS = ("", ", methods: [GET]", ", methods: [POST, PUT]", ", methods: [GET, OPTIONS]")
STEPS = (
    "key-auth: ",
    "terminate: {condition: {name: pathMatch, pattern: '^/a/b'}, action: {statusCode: 403}}",
    "terminate: {condition: {name: method, methods: [POST]}, action: {statusCode: 405}}",
    "proxy: {condition: {name: pathExact, path: /a}, action: {serviceEndpoint: t}}",
    "rate-limit: {action: {max: 5, delayMs: 0}}",
    "cors: {action: {origin: 'https://a.example'}}",
    "log: {action: {message: x}}",
)
LAST = ("proxy: {action: {serviceEndpoint: s}}", "terminate: {action: {statusCode: 200}}", "")
TARGETS = ("/", "/a", "/a/", "/a/b", "/A/c", "/b", "/b/c", "/bb", "/c", "/a?x=1")


def configuration(chance: random.Random) -> list[tuple[str, list[str]]]:
    """Endpoints, each with the steps of its pipeline."""
    return [
        (
            f"{{host: {chance.choice(HOSTS)}, paths: '{chance.choice(PATHS)}'{chance.choice(METHODS)}}}",
            [*chance.sample(STEPS, chance.randrange(3)), *filter(None, [chance.choice(LAST)])],
        )
        for _ in range(chance.randrange(1, 5))
    ]


def mutated(found: list[tuple[str, list[str]]], chance: random.Random) -> list[tuple[str, list[str]]]:
    """One thing changed."""
    after = [(endpoint, list(steps)) for endpoint, steps in found]
    match chance.randrange(4):
        case 0:
            chance.shuffle(after)
        case 1:
            after[chance.randrange(len(after))] = configuration(chance)[0]
        case 2:
            after.insert(chance.randrange(len(after) + 1), configuration(chance)[0])
        case _:
            steps = after[chance.randrange(len(after))][1]
            steps.insert(0, chance.choice(STEPS))
    return after


def text(found: list[tuple[str, list[str]]]) -> str:
    endpoints = "".join(f"  e{number}: {endpoint}\n" for number, (endpoint, _) in enumerate(found))
    pipelines = "".join(
        f"  p{number}:\n    apiEndpoints: [e{number}]\n    policies:{'' if steps else ' []'}\n"
        + "".join(f"      - {step}\n" for step in steps)
        for number, (_, steps) in enumerate(found)
    )
    return (
        f"http: {{port: 1}}\napiEndpoints:\n{endpoints}serviceEndpoints: {{s: {{url: 'http://s'}}, t: {{url: 'http://t'}}}}\n"
        f"policies: [cors, key-auth, log, proxy, rate-limit, terminate]\npipelines:\n{pipelines}"
    )


def treated(side: Loaded, request: Request) -> frozenset[object]:
    """What the whole gateway may do with a request, without anything that was left out to be quick."""
    meaning = Meaning(side.plan)
    rows = [Row(access, meaning) for access in meaning.accesses]
    taken = [row for row in rows if any(request in part for part in row.access.requests)]
    none = [row for row in rows if row.access.outcome == "no route"]
    return frozenset((frozenset(row.asked.items()), row.done) for row in taken or none)


def requests() -> Iterator[Request]:
    for host in ("api.example.com", "www.example.com", "localhost"):
        for method in ("GET", "POST", "OPTIONS"):
            yield from (Request(method, host, target) for target in TARGETS)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_treated_otherwise_is_a_change(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    found = configuration(chance)
    one = load(str(written(tmp_path / "a", text(found))), {})
    other = load(str(written(tmp_path / "b", text(mutated(found, chance)))), {})
    changes = compare(one, other).changes
    differ = [request for request in requests() if treated(one, request) != treated(other, request)]
    assert changes or not differ
    for change in changes:
        if change.certain and change.was and change.witness:
            method, _, url = change.witness.partition(" http://")
            host, _, rest = url.partition("/")
            request = Request(method, host, f"/{rest}")
            assert treated(one, request) != treated(other, request), change
    assert compare(one, one).changes == ()
