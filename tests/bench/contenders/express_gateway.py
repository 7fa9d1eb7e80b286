"""Express Gateway from npm, on a Redis of its own, which runs on the core of the load."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.bench.contenders import Place, Running, Unavailable
from tests.bench.contenders.configuration import Configuration
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE, Process, free_port
from tests.bench.workload import Case

NAME = "Express Gateway"
VERSION = "1.16.11"


def start(case: Case, place: Place) -> Running | None:
    """Express Gateway with the configuration of the case."""
    home = place.installed / "express-gateway"
    install(home)
    port = free_port()
    system = f"db: {{redis: {{host: 127.0.0.1, port: {port}, namespace: EG}}}}\n"
    configuration = Configuration(case, place, system)
    models = home / "node_modules" / "express-gateway" / "lib" / "config" / "models"
    shutil.copytree(models, configuration.folder / "models")
    redis = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(place.folder)]
    store = Process(redis, core=LOAD_CORE, port=port, log=place.folder / "redis.log")
    try:
        process = Process(
            ["node", "-e", f"require('express-gateway')().load({json.dumps(str(configuration.folder))}).run()"],
            core=GATEWAY_CORE,
            port=configuration.port,
            log=place.folder / "express-gateway.log",
            cwd=home,
            env={"LOG_LEVEL": "error", "NODE_ENV": "production"},
        )
        return configuration.serve(process, store)
    except BaseException:
        store.stop()
        raise


def install(home: Path) -> None:
    """Install Express Gateway into `home` unless it is there. Raises Unavailable."""
    for program in ("node", "npm", "redis-server"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    if (home / "node_modules" / "express-gateway").is_dir():
        return
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text(json.dumps({"private": True}))
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"express-gateway@{VERSION}"]
    done = subprocess.run(command, cwd=home, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"npm does not install express-gateway {VERSION}: {done.stderr.strip()[-300:]}")
