"""What is measured: each gateway with the same work in front of the same service."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench.processes import Process, free_port

EXPRESS_GATEWAY = "1.16.11"
GATEWAY_CORE = 0
LOAD_CORE = 1
BODY_BYTES = 1024

_SYSTEM = """\
db: {redis: {emulate: true, namespace: EG}}
crypto: {cipherKey: bench-cipher-key, algorithm: aes256, saltRounds: 4}
session: {secret: bench-session-secret, resave: false, saveUninitialized: false}
accessTokens: {timeToExpiry: 7200000}
refreshTokens: {timeToExpiry: 7200000}
authorizationCodes: {timeToExpiry: 300000}
"""

_GATEWAY = """\
http: {{port: {http}, hostname: 127.0.0.1}}
admin: {{port: {admin}, host: 127.0.0.1}}
apiEndpoints:
  plain: {{host: '*', paths: '/plain*'}}
  guarded: {{host: '*', paths: '/guarded*'}}
serviceEndpoints:
  service: {{url: 'http://127.0.0.1:{service}'}}
policies: [oauth2, proxy]
pipelines:
  plain:
    apiEndpoints: [plain]
    policies:
      - proxy: {{action: {{serviceEndpoint: service}}}}
  guarded:
    apiEndpoints: [guarded]
    policies:
      - oauth2:
      - proxy: {{action: {{serviceEndpoint: service}}}}
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table: a running gateway, and the request that is sent to it."""

    name: str
    process: Process
    url: str
    header: str | None = None


def service(folder: Path, port: int) -> Process:
    """The service behind all gateways: nginx with a file of BODY_BYTES in memory, on the core of the load."""
    (folder / "body").write_text("x" * BODY_BYTES)
    config = f"""
worker_processes 1; daemon off; master_process off; error_log {folder}/service.err; pid {folder}/service.pid;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; open_file_cache max=10; client_body_temp_path {folder}/body_temp;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder};
    location / {{ rewrite ^ /body break; default_type text/plain; }} }} }}
"""
    return _nginx(folder, "service", config, LOAD_CORE, port)


def nginx(folder: Path, service_port: int) -> list[Contender]:
    """nginx as a proxy with kept-alive upstream connections."""
    port = free_port()
    config = f"""
worker_processes 1; daemon off; master_process off; error_log {folder}/nginx.err; pid {folder}/nginx.pid;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/nginx_temp;
  upstream service {{ server 127.0.0.1:{service_port}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""
    process = _nginx(folder, "nginx", config, GATEWAY_CORE, port)
    return [Contender("nginx", process, f"http://127.0.0.1:{port}/plain?x=1&y=2")]


def _nginx(folder: Path, name: str, config: str, core: int, port: int) -> Process:
    path = folder / f"{name}.conf"
    path.write_text(config)
    return Process(["nginx", "-c", str(path)], core=core, port=port, log=folder / f"{name}.log")


def floor(folder: Path, _service_port: int) -> list[Contender]:
    """The bare server: gunicorn's own asgi worker with an application that answers at once, without any gateway."""
    port = free_port()
    (folder / "floor.py").write_text(
        f"BODY = b'x' * {BODY_BYTES}\n"
        "HEADERS = [(b'content-type', b'text/plain'), (b'content-length', b'%d' % len(BODY))]\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] != 'http':\n"
        "        return\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})\n"
        "    await send({'type': 'http.response.body', 'body': BODY})\n"
    )
    command = [sys.executable, "-m", "gunicorn", "-k", "asgi", "--asgi-loop", "uvloop", "--http-parser", "python"]
    command += ["--asgi-lifespan", "off", "--keep-alive", "60", "--log-level", "warning", "-b", f"127.0.0.1:{port}"]
    process = Process([*command, "floor:app"], core=GATEWAY_CORE, port=port, log=folder / "floor.log", cwd=folder)
    return [Contender("floor (no gateway)", process, f"http://127.0.0.1:{port}/plain?x=1&y=2")]


def egc(folder: Path, service_port: int) -> list[Contender]:
    """egc from a build, with its SQLite store and without access log, as Express Gateway has none."""
    config, artifact, ports = folder / "egc" / "config", folder / "egc" / "build", (free_port(), free_port())
    _write_config(config, service_port, ports, "accessLog: false\n")
    subprocess.run([sys.executable, "-m", "egc.compiler.cli", "build", str(config), "-o", str(artifact)], check=True)
    process = Process(
        [sys.executable, "-m", "gunicorn", "-c", str(artifact / "gunicorn.conf.py")],
        core=GATEWAY_CORE,
        port=ports[0],
        log=folder / "egc.log",
    )
    return _plain_and_guarded("egc", process, ports)


def express_gateway(folder: Path, service_port: int) -> list[Contender]:
    """Express Gateway from npm, with its in-process store."""
    home = folder.parent / "express-gateway"
    if not (home / "node_modules" / "express-gateway").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text(json.dumps({"private": True}))
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"express-gateway@{EXPRESS_GATEWAY}"]
        subprocess.run(install, cwd=home, check=True)
    config, ports = folder / "eg" / "config", (free_port(), free_port())
    _write_config(config, service_port, ports, "")
    shutil.copytree(home / "node_modules" / "express-gateway" / "lib" / "config" / "models", config / "models")
    process = Process(
        ["node", "-e", f"require('express-gateway')().load({json.dumps(str(config))}).run()"],
        core=GATEWAY_CORE,
        port=ports[0],
        log=folder / "eg.log",
        cwd=home,
        env={"LOG_LEVEL": "error", "NODE_ENV": "production"},
    )
    return _plain_and_guarded("Express Gateway", process, ports)


def _write_config(config: Path, service_port: int, ports: tuple[int, int], more_system: str) -> None:
    config.mkdir(parents=True)
    text = _GATEWAY.format(http=ports[0], admin=ports[1], service=service_port)
    (config / "gateway.config.yml").write_text(text)
    (config / "system.config.yml").write_text(_SYSTEM + more_system)


def _plain_and_guarded(name: str, process: Process, ports: tuple[int, int]) -> list[Contender]:
    public, admin = (f"http://127.0.0.1:{port}" for port in ports)
    token = _token(public, admin)
    return [
        Contender(f"{name}: proxy", process, f"{public}/plain?x=1&y=2"),
        Contender(
            f"{name}: oauth2 + proxy", process, f"{public}/guarded?x=1&y=2", header=f"Authorization: Bearer {token}"
        ),
    ]


def _token(public: str, admin: str) -> str:
    """An access token by the client credentials grant, after making user, app and credential."""

    def post(path: str, body: dict[str, object]) -> dict[str, str]:
        response = requests.post(admin + path, json=body, timeout=10)
        response.raise_for_status()
        made: dict[str, str] = response.json()
        return made

    post("/users", {"username": "bench", "firstname": "Bench", "lastname": "Mark"})
    app = post("/apps", {"userId": "bench", "name": "load", "redirectUri": "http://127.0.0.1/back"})
    secret = post("/credentials", {"consumerId": app["id"], "type": "oauth2", "credential": {}})["secret"]
    response = requests.post(
        public + "/oauth2/token", data={"grant_type": "client_credentials"}, auth=(app["id"], secret), timeout=10
    )
    response.raise_for_status()
    token: str = response.json()["access_token"]
    return token


CONTENDERS: tuple[Callable[[Path, int], list[Contender]], ...] = (express_gateway, nginx, floor, egc)
