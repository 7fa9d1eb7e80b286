"""A row is what it says: measured doing its work, without an error, or marked as failed."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import requests

from tests.bench import load, measure, processes
from tests.bench.__main__ import arguments, record
from tests.bench.contenders import Place, Running, Unavailable
from tests.bench.contenders.nginx import BODY_BYTES
from tests.bench.load import Report
from tests.bench.measure import CONNECTIONS, Row, Sample, Unproven, prove
from tests.bench.processes import Process
from tests.bench.table import lines
from tests.bench.workload import REQUESTS, Case, Workload, pipeline
from tests.bench.workloads import workloads

TOKEN = {"Authorization": "Bearer it"}
GOOD = Report(answered=1000, seconds=2.0, p50=1.0, p99=2.0)


@dataclass
class Machine:
    """A process that costs ten milliseconds a look, and ends when it is told to."""

    seconds: float = 0.0
    stopped: bool = False

    def cpu_seconds(self) -> float:
        self.seconds += 0.01
        return self.seconds

    def memory_mib(self) -> float:
        return 10.0

    def last_words(self) -> str:
        return "its last words"

    def stop(self) -> None:
        self.stopped = True


def running(machine: Machine, headers: Mapping[str, str] = TOKEN) -> Running:
    return Running(cast(Process, machine), "http://127.0.0.1:1", headers)


@dataclass
class Gateway:
    """A contender that starts as it is told."""

    NAME: str
    begins: Callable[[], Running | None]

    def start(self, case: Case, place: Place) -> Running | None:
        return self.begins()


@dataclass
class Service:
    """Answers instead of a gateway: `answer` to whom has the token, `refusal` to others."""

    answer: tuple[int, bytes] = (200, b"x" * BODY_BYTES)
    refusal: int = 401
    seen: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, url: str, *, headers: Mapping[str, str], **_: object) -> requests.Response:
        status, body = self.answer if "Authorization" in headers else (self.refusal, b"")
        if "/seen" in url:
            body = self.seen.encode()
        return cast(
            requests.Response,
            SimpleNamespace(status_code=status, content=body, text=body.decode(), headers=self.headers),
        )


def proved(case: Case, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "get", service)
    prove(case, running(Machine()))


GUARDED = Case(pipeline("oauth2:"), REQUESTS, credential="oauth2")


def test_work_that_is_done_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("", REQUESTS, credential="oauth2", answers="x-limit", seen="GET")
    proved(case, Service(headers={"x-limit": "5"}, seen="GET"), monkeypatch)


@pytest.mark.parametrize(
    ("case", "service", "wrong"),
    [
        (GUARDED, Service(answer=(401, b"Unauthorized")), "401 with 12 bytes: Unauthorized"),
        (GUARDED, Service(answer=(200, b"")), "200 with 0 bytes"),
        (GUARDED, Service(refusal=200), "200 without a credential"),
        (Case("", REQUESTS, answers="x-limit"), Service(), "answered without x-limit"),
        (Case("", REQUESTS, seen="GET"), Service(seen="nothing"), "the service saw 'nothing', not 'GET'"),
    ],
)
def test_work_that_is_not_done_is_found(
    case: Case, service: Service, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals, empty answers, open doors and policies that do nothing are not measured."""
    with pytest.raises(Unproven, match=wrong):
        proved(case, service, monkeypatch)


def measured(gateway: Gateway, reports: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    monkeypatch.setattr(load, "run", lambda *_: reports)
    monkeypatch.setattr(requests, "get", Service())
    done: list[int] = []
    workload = Workload("it", "it", (GUARDED,))
    tmp_path.mkdir(exist_ok=True)
    place = Place(tmp_path, tmp_path, 1)
    rows = measure.measure(workload, [gateway], place, rounds=3, seconds=1, progress=lambda _, runs: done.append(runs))
    assert sum(done) == 3 * len(CONNECTIONS)
    return rows


def test_a_row_is_measured_and_its_gateway_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    (row,) = measured(Gateway("egc", lambda: running(machine)), GOOD, tmp_path, monkeypatch)
    assert (row.failure, row.memory, machine.stopped) == ("", 10.0, True)
    assert [len(row.samples[connections]) for connections in CONNECTIONS] == [3, 3]
    assert row.cpu(32) == pytest.approx(10.0)
    assert row.median(32, lambda sample: sample.rate) == 500.0


def test_an_error_fails_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request that was not answered with 2xx is enough."""
    bad = replace(GOOD, refused=1)
    (row,) = measured(Gateway("egc", lambda: running(Machine())), bad, tmp_path, monkeypatch)
    assert row.failure == "of 6000 answers 6 were not 2xx, 0 connections broke or waited too long"
    cut = replace(GOOD, broken=1)
    (row,) = measured(Gateway("egc", lambda: running(Machine())), cut, tmp_path / "cut", monkeypatch)
    assert row.failure == "of 6000 answers 0 were not 2xx, 6 connections broke or waited too long"
    none = replace(GOOD, answered=0)
    (row,) = measured(Gateway("egc", lambda: running(Machine())), none, tmp_path / "none", monkeypatch)
    assert row.failure.startswith("of 0 answers")


def test_a_gateway_that_does_not_start_fails_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def begins() -> Running:
        raise Unavailable("npm does not install it")

    (row,) = measured(Gateway("Express Gateway", begins), GOOD, tmp_path, monkeypatch)
    assert row.failure == "npm does not install it"


def test_a_gateway_that_cannot_do_the_work_has_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(Gateway("nginx", lambda: None), GOOD, tmp_path, monkeypatch) == []


def row(gateway: str, cost: float, case: str = "", failure: str = "", store: float = 0.0) -> Row:
    sample = Sample(cost, store, 1e6 / cost, 1.0, 2.0, 1000, 0, 0)
    return Row(gateway, case, {connections: [sample] for connections in CONNECTIONS}, 50.0, failure)


def test_goals_are_judged() -> None:
    """Express Gateway's cost over egc's, at both numbers of connections, against what was promised."""
    workload = Workload("it", "it", (GUARDED,), {32: 4.0, 256: 3.5})
    kept = "\n".join(lines(workload, [row("Express Gateway", 400.0), row("egc", 100.0), row("nginx", 10.0)]))
    assert "Express Gateway / egc                         c32   4.00  c256   4.00  (goal 4, 3.5: kept)" in kept
    assert "egc / nginx                                   c32  10.00  c256  10.00" in kept
    assert "MISSED" in "\n".join(lines(workload, [row("Express Gateway", 399.0), row("egc", 100.0)]))


def test_a_store_of_its_own_is_told_apart() -> None:
    """Goals are judged without it; beside them stands what the gateway costs with it."""
    workload = Workload("it", "it", (GUARDED,), {32: 4.0, 256: 3.5})
    printed = "\n".join(lines(workload, [row("Express Gateway", 300.0, store=200.0), row("egc", 100.0)]))
    assert "c32   3.00  c256   3.00  (goal 4, 3.5: MISSED)" in printed
    assert "Express Gateway with its store / egc          c32   5.00  c256   5.00" in printed
    assert "200/200" in printed


def test_growth_is_judged() -> None:
    few, many = Case("", REQUESTS, label="10"), Case("", REQUESTS, label="1000")
    workload = Workload("it", "it", (few, many), growth=1.15)
    for cost, word in ((115.0, "kept"), (116.0, "MISSED")):
        printed = "\n".join(lines(workload, [row("egc", 100.0, "10"), row("egc", cost, "1000")]))
        assert f"(goal 1.15: {word})" in printed


def test_a_failed_row_has_no_figures() -> None:
    """It is shown with its reason, and compared with nothing."""
    rows = [row("Express Gateway", 400.0), row("egc", 1.0, failure="3 requests were not answered with 2xx")]
    printed = "\n".join(lines(Workload("it", "it", (GUARDED,), {32: 4.0, 256: 3.5}), rows))
    assert "FAILED: 3 requests were not answered with 2xx" in printed
    assert "Express Gateway / egc" not in printed


def test_every_sample_is_recorded() -> None:
    written = json.loads(json.dumps(record([(Workload("it", "it", (GUARDED,)), [row("egc", 100.0)])])))
    assert written["workloads"]["it"][0]["samples"]["256"][0]["cpu"] == 100.0


def test_workloads_have_names_of_their_own_and_requests() -> None:
    known = workloads()
    assert len({workload.name for workload in known}) == len(known)
    for workload in known:
        for case in workload.cases:
            load.script(case.requests, case.header)


@pytest.mark.parametrize("given", [["--only", "nothing"], ["--gateway", "kong"], ["--rounds", "0"], ["--seconds", "x"]])
def test_arguments_that_make_no_sense(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and what there is."""
    with pytest.raises(SystemExit) as ended:
        arguments(given, ["proxy", "oauth2"])
    assert ended.value.code == 2
    assert given[0] in capsys.readouterr().err


def test_a_tree_of_processes_is_looked_at() -> None:
    """CPU time and memory of this very process, by the same look."""
    assert next(processes._tree(os.getpid())) == os.getpid()
    assert processes._cpu_ticks(os.getpid()) > 0
    assert processes._pss_kib(os.getpid()) > 1024
    assert (processes._cpu_ticks(-1), processes._pss_kib(-1)) == (0, 0)
