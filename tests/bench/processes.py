"""Processes under measurement: started pinned to a core, their CPU time read from /proc, stopped as a group."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

_CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE = _CORES[0]
LOAD_CORE = _CORES[-1]
"""Where the gateway under measurement runs, and where everything else does: load, service, Redis."""


def free_port() -> int:
    """A TCP port that is free on the loopback interface."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Process:
    """A program and its children, pinned to one core.

    Arguments:
        command: what to run.
        core: the CPU to run on.
        port: the port that it opens when it is ready.
        cwd, env, log: where it runs, what is added to its environment, where its output goes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        core: int,
        port: int,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await(port)

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._popen.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{self._popen.args!r} did not open port {port}:\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of what it has printed."""
        return self._log.read_text(errors="replace")[-2000:]

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree so far."""
        return sum(_cpu_ticks(pid) for pid in _tree(self._popen.pid)) / TICKS

    def memory_mib(self) -> float:
        """Memory of the whole tree: its proportional set size, so that what processes share counts once."""
        return sum(_pss_kib(pid) for pid in _tree(self._popen.pid)) / 1024

    def stop(self) -> None:
        """End the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGTERM)
        try:
            self._popen.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()


def _tree(root: int) -> Iterator[int]:
    yield root
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{root}/task/{root}/children").read_text().split():
            yield from _tree(int(child))


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
