"""`egc run` under tests that change its configuration."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.running import EGC, Running, free_port

PATIENCE = 30.0

CONFIG = """\
http: {port: $HTTP, hostname: 127.0.0.1}
apiEndpoints: {all: {host: '*', paths: '/'}}
policies: [terminate]
pipelines:
  p: {apiEndpoints: [all], policies: [{terminate: {action: {statusCode: 200, message: before}}}]}
"""
"""Answers `before` at `/`; $HTTP, $HTTPS and $ADMIN are the ports."""


class Reloading(Running):
    """`egc run` on a directory of its own."""

    config: Path
    ports: Mapping[str, int]

    def __enter__(self) -> "Reloading":
        before = self._log.read_text().count("listens on") if self._log.exists() else 0
        self.start()
        self.says("listens on", before + 1)
        return self

    def begin(self) -> None:
        """Start, and wait for nothing."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, env=self._env, start_new_session=True
            )

    def says(self, words: str, times: int = 1) -> str:
        """Wait until it has printed `words` that often; its output."""
        self.until(lambda: self.output().count(words) >= times, f"{times} times {words!r}")
        return self.output()

    def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Wait until something holds. Raises AssertionError with the output where it does not."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come:\n{self.output()}")
            time.sleep(0.01)

    def children(self, words: str) -> list[int]:
        """The processes that it started whose command line holds `words`."""
        assert self.process is not None
        pid = self.process.pid
        found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return [child for child in found if words.encode() in command_line(child)]


def gateway(
    directory: Path, text: str = CONFIG, *words: str, env: Mapping[str, str] | None = None, log: str = "log"
) -> Reloading:
    """`egc run` on a configuration that is written into `directory`; PORT in its environment is its port."""
    ports = {"HTTP": free_port(), "HTTPS": free_port(), "ADMIN": free_port()}
    config = directory / "config"
    config.mkdir(exist_ok=True)
    environ = {"EG_DISABLE_CONFIG_WATCH": "", "EGC_DISABLE_CONFIG_WATCH": "", "PORT": str(ports["HTTP"])}
    running = Reloading(
        (*EGC, "run", str(config), *words), port=ports["HTTP"], log=directory / log, env={**environ, **(env or {})}
    )
    running.config, running.ports = config, ports
    edit(running, text)
    return running


def edit(running: Reloading, text: str) -> None:
    """Write the configuration in place, as `>` of a shell does."""
    (running.config / "gateway.config.yml").write_text(filled(running, text))


def replace(running: Reloading, text: str) -> None:
    """Write it beside and rename it, as most editors do."""
    aside = running.config / "gateway.config.yml~"
    aside.write_text(filled(running, text))
    aside.rename(running.config / "gateway.config.yml")


def filled(running: Reloading, text: str) -> str:
    """The text with its ports."""
    for name in ("HTTPS", "HTTP", "ADMIN"):
        text = text.replace(f"${name}", str(running.ports[name]))
    return text


def command_line(pid: int) -> bytes:
    """The words of a process; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def group(pid: int) -> list[int]:
    """The processes of a process group that are no zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, _, pgrp = entry.joinpath("stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(pgrp) == pid and state != "Z" and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found
