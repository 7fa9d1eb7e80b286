"""Record what Express Gateway answers: `python -m tests.parity.record [CASE...]`.

Installs express-gateway from npm under `.egc/parity` the first time. Without names, all cases are recorded again.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.parity.case import CASES, Case, load, write_answers
from tests.parity.replay import Player
from tests.parity.services import Services

PACKAGE = "express-gateway@1.16.11"
REWRITE = "express-gateway-plugin-rewrite@1.3.0"
HOME = Path(__file__).parents[2] / ".egc" / "parity" / "express-gateway"
START_SECONDS = 30.0


def main() -> None:
    """Record the named cases."""
    parser = argparse.ArgumentParser(description="Record what Express Gateway answers.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="name of a file in cases/, without .yml")
    parser.add_argument("--missing", action="store_true", help="only cases that have no recording")
    options = parser.parse_args()
    names = options.cases or sorted(path.stem for path in CASES.glob("*.yml"))
    install()
    for name in names:
        case = load(CASES / f"{name}.yml")
        if options.missing and case.started is not None:
            continue
        started, count = record(case)
        print(f"{name}: {f'{count} answers' if started else 'did not start'}", flush=True)


def install() -> None:
    """Install Express Gateway and its plugin `rewrite` where they are not. Raises CalledProcessError if npm fails."""
    modules = HOME / "node_modules"
    if not (modules / "express-gateway").is_dir() or not (modules / "express-gateway-plugin-rewrite").is_dir():
        HOME.mkdir(parents=True, exist_ok=True)
        (HOME / "package.json").write_text(json.dumps({"private": True}))
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", PACKAGE, REWRITE]
        subprocess.run(install, cwd=HOME, check=True)


def record(case: Case) -> tuple[bool, int]:
    """Run a case against Express Gateway and write its answers. Returns whether it started, and how many there are."""
    with tempfile.TemporaryDirectory() as directory, Services() as services:
        player = Player(case, services, Path(directory))
        player.write_config(HOME / "node_modules" / "express-gateway" / "lib" / "config" / "models")
        log = Path(directory) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["node", "-e", f"require('express-gateway')().load({json.dumps(str(player.config))}).run()"],
                cwd=HOME,
                env={
                    **os.environ,
                    "LOG_LEVEL": "error",
                    "NODE_ENV": "production",
                    "EG_DISABLE_CONFIG_WATCH": "yes",
                    "TZ": "UTC",
                    **player.env,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if not _ready(process, player):
                write_answers(case, False, player.mask(_error(log, player)), {})
                return False, 0
            answers = player.play()
            if process.poll() is not None:
                raise SystemExit(f"{case.name}: Express Gateway ended:\n{log.read_text()[-2000:]}")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    write_answers(case, True, "", answers)
    return True, len(answers)


def _ready(process: "subprocess.Popen[bytes]", player: Player) -> bool:
    """Wait until it listens on the ports that every case has by default. False if it ended instead."""
    left = [player.ports[name] for name in ("http", "admin") if not player.case.has_section(name)]
    deadline = time.monotonic() + START_SECONDS
    while left and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", left[0]), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{player.case.name}: Express Gateway does not listen on {left[0]}") from None
            time.sleep(0.05)
        else:
            left.pop(0)
    return process.poll() is None


def _error(log: Path, player: Player) -> str:
    """The line of its log that says what is wrong, without the stack."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    told = [line for line in lines if "Error" in line or "failed" in line or "should" in line]
    line = next((line for line in told if not line.startswith(("throw", "at "))), lines[-1] if lines else "")
    line = "".join(part.partition("m")[2] if index else part for index, part in enumerate(line.split("\x1b[")))
    return line.replace(str(player.config), "<config>").partition("Z ")[2] or line


if __name__ == "__main__":
    main()
