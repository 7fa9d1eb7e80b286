"""The load: `wrk` with one thread on its own core, and what it says afterwards."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import LOAD_CORE

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}

_PROGRAM = """\
local wanted = {
WANTED}
local made, last = {}, 0
function init()
  for index, one in ipairs(wanted) do made[index] = wrk.format("GET", one[1], one[2]) end
end
function request()
  last = last % #made + 1
  return made[last]
end
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET request: its path with query, and its Host where that is not the address."""

    path: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `wrk` printed.

    Requests answered, seconds taken, latencies in milliseconds; answers that were not 2xx or 3xx, connections that
    broke or waited too long.
    """

    answered: int
    seconds: float
    p50: float
    p99: float
    refused: int = 0
    broken: int = 0


def script(requests: Sequence[Request], headers: Mapping[str, str]) -> str:
    """A program for `wrk` that sends these requests in turn, each with these headers."""
    wanted = []
    for request in requests:
        sent = {**headers, "Host": request.host} if request.host else headers
        fields = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in sent.items())
        wanted.append(f"  {{{_lua(request.path)}, {{{fields}}}}},\n")
    return _PROGRAM.replace("WANTED", "".join(wanted))


def _lua(text: str) -> str:
    """The text as a Lua string. Only printable ASCII without backslash or quote is taken."""
    if not re.fullmatch(r"[ !#-\[\]-~]*", text):
        raise ValueError(f"not for the load generator: {text!r}")
    return f'"{text}"'


def parse(printed: str) -> Report:
    """The report that `wrk --latency` printed. Raises ValueError if it is none."""
    answered = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)\b", printed)
    if answered is None:
        raise ValueError(f"not a report of wrk:\n{printed}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", printed)
    return Report(
        answered=int(answered[1]),
        seconds=float(answered[2]) * _UNITS[answered[3]] / 1e3,
        p50=_percentile(printed, 50),
        p99=_percentile(printed, 99),
        refused=int(refused[1]) if refused else 0,
        broken=sum(int(count) for count in broken.groups()) if broken else 0,
    )


def _percentile(printed: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", printed, re.MULTILINE)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


def run(base: str, program: Path, connections: int, seconds: int) -> Report:
    """Send what `program` says to `base`, over so many connections, for so many seconds."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["--timeout", "10s", "-s", str(program), base]
    return parse(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
