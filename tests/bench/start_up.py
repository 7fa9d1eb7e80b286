"""What a command costs before and besides its work: CPU milliseconds of a whole process, beside a bare Python.

Compiled modules are there, as pip leaves them: the first run of each, which makes them, does not count.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests import large

NAME = "start-up"
RUNS = 5
"""Of each command in each round."""

ENDPOINTS = 300

EGC = str(Path(sys.executable).with_name("egc"))


@dataclass(frozen=True)
class Command:
    """A command and its goal.

    Arguments:
        title: what it is called.
        words: the program and its arguments; `{large}` is the large configuration, `{out}` a place to write to.
        goal: the most CPU milliseconds that it may take, None where nothing was promised.
        beside: whether those of a bare Python are apart from the goal.
    """

    title: str
    words: tuple[str, ...]
    goal: float | None = None
    beside: bool = False


COMMANDS = (
    Command("python -c pass", (sys.executable, "-c", "pass")),
    Command("egc --help", (EGC, "--help"), 60, beside=True),
    Command("egc users create --help", (EGC, "users", "create", "--help"), 60, beside=True),
    Command("egc validate", (EGC, "validate", "{large}"), 300),
    Command("egc build", (EGC, "build", "{large}", "-o", "{out}"), 1000),
)


@dataclass
class Cost:
    """What a command cost: CPU milliseconds of each run, or why it was not measured."""

    command: Command
    samples: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def milliseconds(self) -> float:
        """The median."""
        return median(self.samples)


def measure(commands: Sequence[Command], rounds: int) -> list[Cost]:
    """Run each command, in turns, `rounds * RUNS` times and once before."""
    costs = [Cost(command) for command in commands]
    with tempfile.TemporaryDirectory(prefix="egc-bench-") as name:
        place = Path(name)
        places = {"large": str(large.write(place / "config", ENDPOINTS)), "out": str(place / "out")}
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(place / "pycache")
        for number in range(rounds * RUNS + 1):
            for cost in costs:
                if cost.failure:
                    continue
                code, milliseconds = run([word.format_map(places) for word in cost.command.words], env)
                if code:
                    cost.failure = f"exit code {code}"
                elif number:
                    cost.samples.append(milliseconds)
    return costs


def run(words: Sequence[str], env: dict[str, str]) -> tuple[int, float]:
    """The exit code of a process and the CPU milliseconds of it and its children."""
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, (used.ru_utime + used.ru_stime) * 1000


def missed(costs: Sequence[Cost]) -> Iterator[Cost]:
    """Those above their goals; the first cost is that of a bare Python."""
    for cost in costs:
        apart = costs[0].milliseconds if cost.command.beside else 0.0
        if not cost.failure and cost.command.goal is not None and cost.milliseconds - apart > cost.command.goal:
            yield cost


def lines(costs: Sequence[Cost]) -> Iterator[str]:
    """The table."""
    yield f"start-up: CPU milliseconds of a whole process; the large configuration has {ENDPOINTS} endpoints"
    yield f"  {'':26}{'ms':>8}{'min-max':>12}{'above bare':>12}"
    over = list(missed(costs))
    for cost in costs:
        if cost.failure:
            yield f"  {cost.command.title:26}  FAILED: {cost.failure}"
            continue
        spread = f"{min(cost.samples):.0f}-{max(cost.samples):.0f}"
        above = cost.milliseconds - costs[0].milliseconds
        goal = ""
        if cost.command.goal is not None:
            what = f"{cost.command.goal:.0f}{' above bare' if cost.command.beside else ''}"
            goal = f"  (goal {what}: {'MISSED' if cost in over else 'kept'})"
        yield f"  {cost.command.title:26}{cost.milliseconds:8.0f}{spread:>12}{above:12.0f}{goal}"
    yield ""
