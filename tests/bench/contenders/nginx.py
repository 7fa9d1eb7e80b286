"""nginx: one worker, kept-alive connections to the service."""

from tests.bench.contenders import Place, Running
from tests.bench.processes import GATEWAY_CORE, LOAD_CORE, Process, free_port
from tests.bench.workload import Case

NAME = "nginx"
BODY_BYTES = 1024

_HEAD = """\
worker_processes 1; daemon off; master_process off; error_log {folder}/{name}.err; pid {folder}/{name}.pid;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/temp;
"""


def start(case: Case, place: Place) -> Running | None:
    """nginx with the directives of the case."""
    if case.nginx is None:
        return None
    port = free_port()
    http = case.nginx.replace("LISTEN", f"127.0.0.1:{port}").replace("SERVICE", "http://service")
    upstream = f"upstream service {{ server 127.0.0.1:{place.service}; keepalive 512; keepalive_requests 100000000; }}"
    return Running(_run(place, "nginx", f"{upstream}\n{http}", GATEWAY_CORE, port), f"http://127.0.0.1:{port}")


def service(place: Place) -> Process:
    """The service behind all gateways: a file of BODY_BYTES in memory; `/seen` at any depth says what it was sent."""
    (place.folder / "body").write_text("x" * BODY_BYTES)
    http = f"""
open_file_cache max=10;
server {{ listen 127.0.0.1:{place.service} backlog=4096; root {place.folder}; default_type text/plain;
  location / {{ rewrite ^ /body break; }}
  location ~ /seen$ {{ return 200 "$http_x_bench_kind|$http_x_bench_path|$http_x_bench_agent"; }} }}
"""
    return _run(place, "service", http, LOAD_CORE, place.service)


def _run(place: Place, name: str, http: str, core: int, port: int) -> Process:
    place.folder.mkdir(parents=True, exist_ok=True)
    path = place.folder / f"{name}.conf"
    path.write_text(f"{_HEAD.format(folder=place.folder, name=name)}{http}\n}}\n")
    command = ["nginx", "-e", str(place.folder / f"{name}.err"), "-c", str(path)]
    return Process(command, core=core, port=port, log=place.folder / f"{name}.log")
