"""Run the measurements and print a table: `python -m tests.bench [--rounds N] [--seconds S] [--json FILE]`.

Load generator and service share one core, every gateway has the other to itself in turn; rounds alternate, and each
figure is the median of its rounds. What counts is CPU microseconds per request of the gateway's process tree: on a
shared machine it moves far less than requests per second.
"""

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.contenders import CONTENDERS, LOAD_CORE, Contender, service
from tests.bench.processes import free_port

CONCURRENCY = (32, 256)
WARM_UP_SECONDS = 3


def load(contender: Contender, concurrency: int, seconds: int) -> int:
    """Send requests for so many seconds; how many were answered. Raises RuntimeError if any was not a 200."""
    command = [
        "taskset",
        "-c",
        str(LOAD_CORE),
        "wrk",
        "-t1",
        f"-c{concurrency}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        contender.url,
    ]
    if contender.header:
        command += ["-H", contender.header]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(f"{contender.name} at {concurrency}:\n{printed}")
    answered = re.search(r"(\d+) requests in", printed)
    return int(answered[1]) if answered else 0


def measure(contender: Contender, concurrency: int, seconds: int) -> float:
    """CPU microseconds per request."""
    before = contender.process.cpu_seconds()
    answered = load(contender, concurrency, seconds)
    return (contender.process.cpu_seconds() - before) * 1e6 / answered


def ratios(figures: dict[str, dict[int, float]]) -> list[tuple[str, dict[int, float]]]:
    """The comparisons that the promises are about."""
    pairs = (
        ("Express Gateway / egc, proxy", "Express Gateway: proxy", "egc: proxy"),
        ("Express Gateway / egc, oauth2 + proxy", "Express Gateway: oauth2 + proxy", "egc: oauth2 + proxy"),
        ("egc proxy / floor", "egc: proxy", "floor (no gateway)"),
        ("egc proxy / nginx", "egc: proxy", "nginx"),
    )
    return [
        (title, {c: figures[above][c] / figures[below][c] for c in CONCURRENCY})
        for title, above, below in pairs
        if above in figures and below in figures
    ]


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description="CPU per request, side by side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", help="only contenders whose function name matches this regular expression")
    args = parser.parse_args()
    cache = Path(".egc/bench")
    cache.mkdir(parents=True, exist_ok=True)
    rows: list[Contender] = []
    samples: dict[str, dict[int, list[float]]] = {}
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=cache) as name:
        folder = Path(name).resolve()
        port = free_port()
        behind = service(folder, port)
        try:
            for start in CONTENDERS:
                if args.only is None or re.search(args.only, start.__name__):
                    rows += start(folder, port)
            for row in rows:
                load(row, CONCURRENCY[0], WARM_UP_SECONDS)
                samples[row.name] = {concurrency: [] for concurrency in CONCURRENCY}
            total = args.rounds * len(rows) * len(CONCURRENCY)
            done = 0
            for _ in range(args.rounds):
                for concurrency in CONCURRENCY:
                    for row in rows:
                        samples[row.name][concurrency].append(measure(row, concurrency, args.seconds))
                        memory[row.name] = max(memory.get(row.name, 0.0), row.process.resident_mib())
                        done += 1
                        if sys.stderr.isatty():
                            print(f"\r{done}/{total} {row.name:40}", end="", file=sys.stderr)
        finally:
            for process in {row.process for row in rows}:
                process.stop()
            behind.stop()
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    figures = {title: {c: statistics.median(some) for c, some in of.items()} for title, of in samples.items()}
    head = "".join(f"{f'us/req c{c}':>14}{'min-max':>14}" for c in CONCURRENCY)
    print(f"{'gateway':34}{head}{'RSS MiB':>10}")
    for title, found in samples.items():
        cells = "".join(
            f"{figures[title][c]:14.1f}{f'{min(found[c]):.0f}-{max(found[c]):.0f}':>14}" for c in CONCURRENCY
        )
        print(f"{title:34}{cells}{memory[title]:10.0f}")
    print()
    for title, of_title in ratios(figures):
        print(f"{title:40}" + "".join(f"  c{c} {of_title[c]:6.2f}" for c in CONCURRENCY))
    if args.json:
        result = {"machine": platform.platform(), "python": platform.python_version(), "us_per_request": figures}
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
