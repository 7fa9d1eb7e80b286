"""Measure and print tables: `python -m tests.bench [--only WORKLOAD] [--rounds N] [--seconds S] [--json FILE]`.

`--only start-up` is what commands cost besides their work (`start_up`); the others are gateways under load.

Load, service and Redis share one core, every gateway has another to itself in turn; rounds alternate, and each figure
is the median of its rounds. What counts is CPU microseconds per request of the gateway's process tree: on a shared
machine it moves far less than requests per second. A request that is not answered with 2xx fails its row, and the run.
"""

import argparse
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.bench import start_up
from tests.bench.contenders import Contender, Place, egc, envoy, express_gateway, floor, nginx
from tests.bench.measure import CONNECTIONS, Row, measure
from tests.bench.processes import free_port
from tests.bench.table import lines
from tests.bench.workload import Workload
from tests.bench.workloads import workloads

CONTENDERS: tuple[Contender, ...] = (express_gateway, nginx, envoy, floor, egc)
INSTALLED = Path(".egc/bench")
PROGRAMS = ("wrk", "nginx", "taskset")
"""Without these nothing is measured; without Node.js, Redis or Envoy, a gateway is missing."""


def arguments(given: Sequence[str], known: Sequence[str]) -> argparse.Namespace:
    """What the command line says; ends the program with status 2 where it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="CPU per request, side by side")
    parser.add_argument(
        "--only", action="append", metavar="WORKLOAD", help=f"one of {', '.join(known)}; * stands for anything"
    )
    parser.add_argument("--gateway", action="append", metavar="NAME", help="leave the others out")
    parser.add_argument("--rounds", type=_positive, default=3)
    parser.add_argument("--seconds", type=_positive, default=2, help="of load in each run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    args = parser.parse_args(given)
    for option, names in (("--only", known), ("--gateway", [contender.NAME for contender in CONTENDERS])):
        for pattern in getattr(args, option.removeprefix("--")) or ():
            if not any(fnmatchcase(name, pattern) for name in names):
                parser.error(f"{option} {pattern}: there are {', '.join(names)}")
    return args


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _chosen(name: str, patterns: Sequence[str] | None) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)


def main() -> int:
    """Measure everything that is asked for. Returns 1 if a row failed, 4 where nothing can be measured."""
    known = workloads()
    args = arguments(sys.argv[1:], [start_up.NAME, *(workload.name for workload in known)])
    costs: list[start_up.Cost] = []
    if _chosen(start_up.NAME, args.only) and args.gateway is None:
        costs = start_up.measure(start_up.COMMANDS, args.rounds)
        print("\n".join(start_up.lines(costs)), flush=True)
    chosen = [workload for workload in known if _chosen(workload.name, args.only)]
    measured = under_load(chosen, args) if chosen else []
    if measured is None:
        return 4
    if args.json:
        args.json.write_text(json.dumps(record(measured, costs), indent=2) + "\n")
    failed = any(row.failure for _, rows in measured for row in rows) or any(cost.failure for cost in costs)
    return 1 if failed else 0


def under_load(chosen: Sequence[Workload], args: argparse.Namespace) -> list[tuple[Workload, list[Row]]] | None:
    """The rows of workloads, printed as they come; None where nothing can be measured."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"bench: {', '.join(missing)} must be installed", file=sys.stderr)
        return None
    contenders = [contender for contender in CONTENDERS if _chosen(contender.NAME, args.gateway)]
    INSTALLED.mkdir(parents=True, exist_ok=True)
    measured: list[tuple[Workload, list[Row]]] = []
    columns = (TextColumn("{task.description:60}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(dir=INSTALLED) as name,
        Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar,
    ):
        place = Place(Path(name).resolve(), INSTALLED.resolve(), free_port())
        cases = sum(len(workload.cases) for workload in chosen)
        task = bar.add_task("starting", total=cases * len(contenders) * args.rounds * len(CONNECTIONS))
        behind = nginx.service(place)
        try:
            for workload in chosen:
                rows = measure(
                    workload,
                    contenders,
                    place,
                    rounds=args.rounds,
                    seconds=args.seconds,
                    progress=lambda text, done: bar.update(task, description=text, advance=done),
                )
                measured.append((workload, rows))
                bar.stop()
                print("\n".join(lines(workload, rows)), flush=True)
                bar.start()
        finally:
            behind.stop()
    return measured


def record(
    measured: Sequence[tuple[Workload, Sequence[Row]]], costs: Sequence[start_up.Cost] = ()
) -> dict[str, object]:
    """Everything that was measured, and on what."""
    return {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "start_up": {cost.command.title: cost.failure or cost.samples for cost in costs},
        "workloads": {workload.name: [asdict(row) for row in rows] for workload, rows in measured},
    }


if __name__ == "__main__":
    sys.exit(main())
