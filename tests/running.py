"""A gateway under test: `egc run` or an artifact under gunicorn, as its own process group, on free ports."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import requests

START_SECONDS = 60.0
STOP_SECONDS = 10.0
EGC = (sys.executable, "-m", "egc.compiler.cli")


def free_port() -> int:
    """A TCP port that is free on the loopback interface."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Running:
    """A running gateway; a context manager that ends it with its children.

    Arguments:
        command: what to run.
        port: the public port, `admin_port` the Admin API's (None where there is none).
        log: file that collects its output.
        env: what is added to its environment.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        port: int,
        admin_port: int | None = None,
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self.admin_port = admin_port
        self.url = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{admin_port}"
        self._command = command
        self._log = log
        self._env = {**os.environ, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def project(
        cls, config: Path, *, port: int, admin_port: int | None, env: Mapping[str, str] | None = None
    ) -> "Running":
        """`egc run` on a configuration directory."""
        return cls(
            (*EGC, "run", str(config)), port=port, admin_port=admin_port, log=config.parent / "egc-run.log", env=env
        )

    @classmethod
    def artifact(
        cls, build: Path, *, port: int, admin_port: int | None = None, env: Mapping[str, str] | None = None
    ) -> "Running":
        """gunicorn on what `egc build` wrote."""
        command = (sys.executable, "-m", "gunicorn", "-c", str(build / "gunicorn.conf.py"))
        return cls(command, port=port, admin_port=admin_port, log=build.parent / f"{build.name}.log", env=env)

    def start(self) -> "Running":
        """Start and wait until it answers. Raises AssertionError with its output if it does not come up."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, env=self._env, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"{self._command} did not come up:\n{self.output()[-4000:]}")

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            if self.admin_port is not None:
                return requests.get(f"{self.admin}/ready", timeout=2).status_code == 200
            requests.get(self.url, timeout=2, allow_redirects=False)
            return True
        return False

    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL the whole group: what a power cut leaves is what there is."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and after STOP_SECONDS SIGKILL; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.returncode

    def __enter__(self) -> "Running":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
