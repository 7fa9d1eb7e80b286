"""egc from a build, with its SQLite store and without access log, as Express Gateway has none."""

import subprocess
import sys

from tests.bench.contenders import Place, Running, Unavailable
from tests.bench.contenders.configuration import Configuration
from tests.bench.processes import GATEWAY_CORE, Process
from tests.bench.workload import Case

NAME = "egc"


def start(case: Case, place: Place) -> Running | None:
    """Build the configuration of the case and run what comes out. Raises Unavailable if it does not compile."""
    configuration = Configuration(case, place, "db: {redis: {emulate: true}}\naccessLog: false\n")
    artifact = place.folder / "build"
    build = [sys.executable, "-m", "egc.compiler.cli", "build", str(configuration.folder), "-o", str(artifact)]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"egc build:\n{(done.stdout + done.stderr).strip()[:600]}")
    process = Process(
        [sys.executable, "-m", "gunicorn", "-c", str(artifact / "gunicorn.conf.py")],
        core=GATEWAY_CORE,
        port=configuration.port,
        log=place.folder / "egc.log",
        env={"WEB_CONCURRENCY": "1"},
    )
    return configuration.serve(process)
