"""A real Express Gateway on a real Redis, each a process of its own on free ports."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
import requests

from tests import redis_servers
from tests.parity.record import HOME, install
from tests.running import free_port

START_SECONDS = 60.0
CIPHER_KEY = "a key of nobody"
LIFETIME = 315_360_000_000
"""Milliseconds: what is recorded stays alive for ten years."""

GATEWAY = """\
http: {{port: {http}}}
admin: {{port: {admin}, host: 127.0.0.1}}
apiEndpoints:
  token: {{paths: /token}}
  read: {{paths: /read, scopes: [read]}}
  key: {{paths: /key}}
  basic: {{paths: /basic}}
serviceEndpoints: {{}}
policies: [oauth2, key-auth, basic-auth, terminate]
pipelines:
  token:
    apiEndpoints: [token, read]
    policies:
      - oauth2: {{}}
      - terminate: {{action: {{statusCode: 200}}}}
  key:
    apiEndpoints: [key]
    policies:
      - key-auth: {{action: {{apiKeyHeader: authorization, apiKeyHeaderScheme: apikey}}}}
      - terminate: {{action: {{statusCode: 200}}}}
  basic:
    apiEndpoints: [basic]
    policies:
      - basic-auth: {{}}
      - terminate: {{action: {{statusCode: 200}}}}
"""

SYSTEM = """\
db: {{redis: {{host: 127.0.0.1, port: {redis}, namespace: EG}}}}
crypto: {{cipherKey: {cipher_key}, algorithm: aes256, saltRounds: {rounds}}}
session: {{secret: nobody, resave: false, saveUninitialized: false}}
accessTokens: {{timeToExpiry: {lifetime}}}
refreshTokens: {{timeToExpiry: {lifetime}}}
authorizationCodes: {{timeToExpiry: 300000}}
"""


class RedisServer(redis_servers.RedisServer):
    """A Redis with a client of its own, in a directory that goes with it; a context manager that ends it."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="egc-redis-")
        super().__init__(Path(self._directory.name))
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, decode_responses=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        super().__exit__(kind, error, trace)
        self._directory.cleanup()


class ExpressGateway:
    """Express Gateway 1.16.11; a context manager that ends it.

    Arguments:
        server: its Redis.
        rounds: `crypto.saltRounds`.
    """

    def __init__(self, server: RedisServer, rounds: int) -> None:
        self._http, self._admin = free_port(), free_port()
        self.url, self.admin = f"http://127.0.0.1:{self._http}", f"http://127.0.0.1:{self._admin}"
        self._server = server
        self._rounds = rounds
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        install()
        config = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        write_configuration(config, self._http, self._admin, self._server.port, self._rounds)
        log = self._stack.enter_context((config / "log").open("wb"))
        process = subprocess.Popen(
            ["node", "-e", f"require('express-gateway')().load({json.dumps(str(config))}).run()"],
            cwd=HOME,
            env={**os.environ, "LOG_LEVEL": "error", "NODE_ENV": "production", "EG_DISABLE_CONFIG_WATCH": "yes"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stack.callback(_end, process)
        deadline = time.monotonic() + START_SECONDS
        for url in (f"{self.admin}/users", f"{self.url}/token"):
            while True:
                try:
                    requests.get(url, timeout=5)
                    break
                except requests.RequestException:
                    if process.poll() is not None or time.monotonic() > deadline:
                        said = (config / "log").read_text()[-2000:]
                        self._stack.close()
                        raise AssertionError(f"Express Gateway does not come up:\n{said}") from None
                    time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def write_configuration(directory: Path, http: int, admin: int, redis_port: int, rounds: int = 10) -> None:
    """Write gateway.config.yml, system.config.yml and the models that Express Gateway ships."""
    (directory / "gateway.config.yml").write_text(GATEWAY.format(http=http, admin=admin))
    (directory / "system.config.yml").write_text(
        SYSTEM.format(redis=redis_port, cipher_key=CIPHER_KEY, rounds=rounds, lifetime=LIFETIME)
    )
    models = HOME / "node_modules" / "express-gateway" / "lib" / "config" / "models"
    if models.is_dir():
        (directory / "models").mkdir()
        for model in models.glob("*.json"):
            (directory / "models" / model.name).write_bytes(model.read_bytes())


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
