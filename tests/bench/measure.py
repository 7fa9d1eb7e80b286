"""Measuring one workload: every gateway that can do it, in alternating rounds."""

import contextlib
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench import load
from tests.bench.contenders import Contender, Place, Running, Unavailable
from tests.bench.contenders.nginx import BODY_BYTES
from tests.bench.load import Request
from tests.bench.workload import Case, Workload

CONNECTIONS = (32, 256)
WARM_UP_SECONDS = 2


class Unproven(Exception):
    """A gateway does not do the work that is to be measured."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: CPU microseconds per request of the gateway and of its store, and what the load saw."""

    cpu: float
    store_cpu: float
    rate: float
    p50: float
    p99: float
    answered: int
    refused: int
    broken: int


@dataclass(slots=True)
class Row:
    """A gateway at a case: its samples by number of connections, its memory in MiB, and why it failed, if it did."""

    gateway: str
    case: str
    samples: dict[int, list[Sample]] = field(default_factory=dict)
    memory: float = 0.0
    failure: str = ""

    def median(self, connections: int, figure: Callable[[Sample], float]) -> float:
        """The median of one figure."""
        return statistics.median(figure(sample) for sample in self.samples[connections])

    def cpu(self, connections: int) -> float:
        """The median of CPU microseconds per request."""
        return self.median(connections, lambda sample: sample.cpu)

    def store_cpu(self, connections: int) -> float:
        """The same of a store that is a process of its own."""
        return self.median(connections, lambda sample: sample.store_cpu)


def measure(
    workload: Workload,
    contenders: Sequence[Contender],
    place: Place,
    *,
    rounds: int,
    seconds: int,
    progress: Callable[[str, int], None],
) -> list[Row]:
    """Measure a workload. `progress` is told who is under load, and how many runs are done or will not be."""
    rows: list[Row] = []
    serving: list[tuple[Row, Running, Path]] = []
    runs = rounds * len(CONNECTIONS)
    with contextlib.ExitStack() as started:
        for case in workload.cases:
            for contender in contenders:
                row = Row(contender.NAME, case.label, {connections: [] for connections in CONNECTIONS})
                progress(f"{workload.name}: starting {row.gateway} {row.case}", 0)
                folder = place.folder / f"{workload.name}-{case.label}-{contender.NAME}".replace(" ", "-")
                folder.mkdir()
                try:
                    running = contender.start(case, Place(folder, place.installed, place.service))
                except (Unavailable, RuntimeError, requests.RequestException) as error:
                    row.failure = str(error)
                    running = None
                else:
                    if running is None:
                        progress(workload.name, runs)
                        continue
                    started.callback(running.stop)
                    row.failure = _ready(case, running, folder)
                rows.append(row)
                if row.failure or running is None:
                    progress(workload.name, runs)
                else:
                    serving.append((row, running, folder / "load.lua"))
        for turn in range(rounds):
            for connections in CONNECTIONS:
                for row, running, program in serving[:: -1 if turn % 2 else 1]:
                    progress(f"{workload.name}: {row.gateway} {row.case}, {connections} connections", 0)
                    row.samples[connections].append(sample(running, program, connections, seconds))
                    row.memory = max(row.memory, running.process.memory_mib())
                    progress(workload.name, 1)
    for row in rows:
        row.failure = row.failure or _errors(row)
    return rows


def _errors(row: Row) -> str:
    """What went wrong under load, if anything did."""
    samples = [sample for some in row.samples.values() for sample in some]
    refused, broken = sum(sample.refused for sample in samples), sum(sample.broken for sample in samples)
    if refused or broken or any(sample.answered == 0 for sample in samples):
        answered = sum(sample.answered for sample in samples)
        return f"of {answered} answers {refused} were not 2xx, {broken} connections broke or waited too long"
    return ""


def _ready(case: Case, running: Running, folder: Path) -> str:
    """Prove that the gateway does the work and warm it up. Returns what is wrong."""
    try:
        prove(case, running)
    except (Unproven, requests.RequestException) as error:
        return f"{error}\n{running.process.last_words()}".strip()
    program = folder / "load.lua"
    program.write_text(load.script(case.requests, running.headers))
    load.run(running.base, program, CONNECTIONS[0], WARM_UP_SECONDS)
    return ""


def sample(running: Running, program: Path, connections: int, seconds: int) -> Sample:
    """One run."""
    before, store_before = _cpu(running)
    report = load.run(running.base, program, connections, seconds)
    after, store_after = _cpu(running)
    return Sample(
        cpu=(after - before) * 1e6 / max(1, report.answered),
        store_cpu=(store_after - store_before) * 1e6 / max(1, report.answered),
        rate=report.answered / report.seconds,
        p50=report.p50,
        p99=report.p99,
        answered=report.answered,
        refused=report.refused,
        broken=report.broken,
    )


def _cpu(running: Running) -> tuple[float, float]:
    return running.process.cpu_seconds(), running.store.cpu_seconds() if running.store is not None else 0.0


def prove(case: Case, running: Running) -> None:
    """Ask for what the load will ask for, and see that the policies are there. Raises Unproven."""
    for request in (case.requests[0], case.requests[-1]):
        answer = _get(running, request, dict(running.headers))
        if answer.status_code != 200 or len(answer.content) != BODY_BYTES:
            raise Unproven(
                f"{request.path}: {answer.status_code} with {len(answer.content)} bytes: {answer.text[:200]}"
            )
        if case.answers is not None and case.answers not in answer.headers:
            raise Unproven(f"{request.path}: answered without {case.answers}")
        if case.guarded and (status := _get(running, request, {}).status_code) != 401:
            raise Unproven(f"{request.path}: {status} without a credential")
    if case.seen is not None:
        path, mark, query = case.requests[0].path.partition("?")
        seen = _get(running, Request(f"{path}/seen{mark}{query}"), dict(running.headers)).text
        if seen != case.seen:
            raise Unproven(f"the service saw {seen!r}, not {case.seen!r}")


def _get(running: Running, request: Request, headers: dict[str, str]) -> requests.Response:
    if request.host is not None:
        headers["Host"] = request.host
    return requests.get(running.base + request.path, headers=headers, timeout=10, allow_redirects=False)
