"""What is printed: a table a workload, and the comparisons that promises are about."""

from collections.abc import Iterator, Sequence

from tests.bench.measure import CONNECTIONS, Row
from tests.bench.workload import Workload

_PRODUCT = "egc"
_PREDECESSOR = "Express Gateway"
_PEERS = ("nginx", "Envoy", "floor (no gateway)")


def lines(workload: Workload, rows: Sequence[Row]) -> Iterator[str]:
    """The table of a workload."""
    head = "".join(f"{f'c{c}: us/req':>13}{'min-max':>12}{'req/s':>8}{'p50/p99 ms':>13}" for c in CONNECTIONS)
    yield f"{workload.title}"
    yield f"  {'':26}{head}{'store us':>10}{'MiB':>6}"
    for row in rows:
        title = f"{row.gateway} {row.case}".strip()
        if row.failure:
            yield f"  {title:26}  FAILED: {row.failure}"
            continue
        yield f"  {title:26}{''.join(_cells(row, c) for c in CONNECTIONS)}{_store(row):>10}{row.memory:6.0f}"
    for title, ratios, promise in comparisons(workload, rows):
        yield f"  {title:44}" + "".join(f"  c{c} {ratio:6.2f}" for c, ratio in ratios.items()) + promise
    yield ""


def _cells(row: Row, connections: int) -> str:
    costs = [sample.cpu for sample in row.samples[connections]]
    spread = f"{min(costs):.0f}-{max(costs):.0f}"
    rate = row.median(connections, lambda sample: sample.rate)
    p50 = row.median(connections, lambda sample: sample.p50)
    p99 = row.median(connections, lambda sample: sample.p99)
    return f"{row.cpu(connections):13.1f}{spread:>12}{rate:8.0f}{f'{p50:.1f}/{p99:.1f}':>13}"


def _store(row: Row) -> str:
    """CPU microseconds per request of a store that is a process of its own, at the two numbers of connections."""
    costs = [row.store_cpu(c) for c in CONNECTIONS]
    return "/".join(f"{cost:.0f}" for cost in costs) if any(costs) else "-"


def comparisons(workload: Workload, rows: Sequence[Row]) -> Iterator[tuple[str, dict[int, float], str]]:
    """Ratios of CPU per request by number of connections, and what was promised of each."""
    figures = {(row.gateway, row.case): row for row in rows if not row.failure}
    for case in workload.cases:
        ours = figures.get((_PRODUCT, case.label))
        if ours is None:
            continue
        theirs = figures.get((_PREDECESSOR, case.label))
        if theirs is not None:
            ratios = {c: theirs.cpu(c) / ours.cpu(c) for c in CONNECTIONS}
            kept = all(ratios[c] >= goal for c, goal in workload.goals.items())
            goals = ", ".join(f"{goal:g}" for goal in workload.goals.values())
            promise = f"  (goal {goals}: {'kept' if kept else 'MISSED'})" if goals else ""
            yield f"{_PREDECESSOR} / {_PRODUCT} {case.label}".strip(), ratios, promise
            if any(theirs.store_cpu(c) >= 1 for c in CONNECTIONS):
                # egc's store works inside egc's processes.
                both = {c: (theirs.cpu(c) + theirs.store_cpu(c)) / ours.cpu(c) for c in CONNECTIONS}
                yield f"{_PREDECESSOR} with its store / {_PRODUCT} {case.label}".strip(), both, ""
        for peer in _PEERS:
            beside = figures.get((peer, case.label))
            if beside is not None:
                title = f"{_PRODUCT} / {peer} {case.label}".strip()
                yield title, {c: ours.cpu(c) / beside.cpu(c) for c in CONNECTIONS}, ""
    first, last = workload.cases[0].label, workload.cases[-1].label
    for gateway in dict.fromkeys(row.gateway for row in rows) if first != last else ():
        small, large = figures.get((gateway, first)), figures.get((gateway, last))
        if small is None or large is None:
            continue
        ratios = {c: large.cpu(c) / small.cpu(c) for c in CONNECTIONS}
        promise = ""
        if gateway == _PRODUCT and workload.growth is not None:
            kept = all(ratio <= workload.growth for ratio in ratios.values())
            promise = f"  (goal {workload.growth:g}: {'kept' if kept else 'MISSED'})"
        yield f"{gateway}: {last} / {first}", ratios, promise
