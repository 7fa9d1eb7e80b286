"""Two gateways on one Redis, as two machines would run them, and callers of both."""

import asyncio
import http.client
import json
import os
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from egc.compiler import compile_project, write
from egc.runtime.oauth2.secrets import digest
from egc.runtime.store import Application, AuthorizationCode, Credential, Store, User
from egc.runtime.store.redis import RedisStore
from tests.redis_servers import RedisServer
from tests.running import Running, free_port

R = TypeVar("R")

LIMIT = 300
_IDLE_SECONDS = 2.0
"""Gateways close what is idle for longer; a request that meets this is not answered."""
GATEWAY = f"""
http: {{port: '${{PORT}}', hostname: 127.0.0.1}}
admin: {{port: '${{ADMIN}}', host: 127.0.0.1}}
apiEndpoints:
  open: {{paths: /open}}
  key: {{paths: /key}}
  token: {{paths: /token}}
  limited: {{paths: /limited}}
policies: [key-auth, oauth2, rate-limit, terminate]
pipelines:
  open: {{apiEndpoints: [open], policies: [terminate: {{action: {{statusCode: 200}}}}]}}
  key: {{apiEndpoints: [key], policies: [key-auth: , terminate: {{action: {{statusCode: 200}}}}]}}
  token: {{apiEndpoints: [token], policies: [oauth2: , terminate: {{action: {{statusCode: 200}}}}]}}
  limited:
    apiEndpoints: [limited]
    policies:
      - rate-limit: {{action: {{max: {LIMIT}, windowMs: 3600000, delayMs: 0, rateLimitBy: all}}}}
      - terminate: {{action: {{statusCode: 200}}}}
"""
SYSTEM = """
db: {{redis: {{host: 127.0.0.1, port: {port}, namespace: {namespace}}}}}
oauth2: {{grants: [authorization_code, client_credentials, refresh_token]}}
accessLog: false
"""
CALLBACK = "https://shop.test/cb"
SECRET = "0123456789abcdef0123456789abcdef"


class Pair:
    """Two gateways that share a namespace of a Redis; a context manager."""

    def __init__(self, directory: Path, server: RedisServer) -> None:
        config = directory / "config"
        config.mkdir()
        self.namespace = server.namespace()
        self.server = server
        (config / "gateway.config.yml").write_text(GATEWAY)
        (config / "system.config.yml").write_text(SYSTEM.format(port=server.port, namespace=self.namespace))
        self.gateways: list[Running] = []
        for name in ("one", "two"):
            write(compile_project(config, {}), directory / name)
            port, admin = free_port(), free_port()
            env = {"PORT": str(port), "ADMIN": str(admin), "EGC_DATA": str(directory / f"{name}-data")}
            self.gateways.append(Running.artifact(directory / name, port=port, admin_port=admin, env=env))

    def __enter__(self) -> Self:
        for gateway in self.gateways:
            gateway.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gateway in self.gateways:
            gateway.stop()

    def keep(self, work: Callable[[Store], Awaitable[R]]) -> R:
        """Work on the store itself, as a third gateway would."""

        async def opened() -> R:
            store = RedisStore(host="127.0.0.1", port=self.server.port, namespace=self.namespace)
            await store.open()
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(opened())


async def furnish(store: Store, name: str) -> None:
    """A user `name` with the application `name`-app and the API key `name`-key; the secret of all is SECRET."""
    now = time.time()
    secret = f"sha256:{digest(SECRET).hex()}"
    await store.create_user(User(f"{name}-id", name, True, now, now, {"firstname": name, "lastname": "0"}))
    properties = {"name": f"{name}-app", "redirectUri": CALLBACK}
    await store.create_application(Application(f"{name}-app", f"{name}-id", True, now, now, properties))
    await store.create_credential(Credential("oauth2", f"{name}-app", f"{name}-app", True, now, now, secret))
    await store.create_credential(Credential("key-auth", f"{name}-key", f"{name}-id", True, now, now, secret))


async def give_code(store: Store, name: str, code: str) -> None:
    """An authorization code for `name` and its application."""
    ends = time.time() + 300
    await store.create_code(
        AuthorizationCode(digest(code), f"{name}-app", f"{name}-id", CALLBACK, (), None, None, f"f-{code}", ends)
    )


class Caller:
    """Connections of one caller to both gateways; each answer is a status and what JSON it holds, or None."""

    def __init__(self, pair: Pair, *, seconds: float = 20.0) -> None:
        self._pair = pair
        self._seconds = seconds
        self._connections: dict[int, http.client.HTTPConnection] = {}
        self._used: dict[int, float] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(
        self, port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any] | None:
        """One request; None where no whole answer came, so that nobody knows what came of it."""
        connection = self._connections.get(port)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._seconds)
            self._connections[port] = connection
        elif time.monotonic() - self._used[port] > _IDLE_SECONDS:
            connection.close()
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            text = response.read()
            self._used[port] = time.monotonic()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._used[port] = 0.0
            return None
        if response.status == 503:
            assert response.headers["Retry-After"]
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text.decode()

    def admin(self, which: int, method: str, path: str, body: Any = None) -> tuple[int, Any] | None:
        """A request to the Admin API of a gateway."""
        port = self._pair.gateways[which].admin_port
        assert port is not None
        return self.ask(port, method, path, body)

    def public(self, which: int, path: str, authorization: str = "") -> int | None:
        """The status of a GET with these credentials."""
        headers = {"Authorization": authorization} if authorization else {}
        answer = self.ask(self._pair.gateways[which].port, "GET", path, None, headers)
        return None if answer is None else answer[0]

    def oauth(self, which: int, path: str, client: str, **parameters: str) -> tuple[int, Any] | None:
        """A request of an application to the authorization server of a gateway."""
        basic = b64encode(f"{client}:{SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        return self.ask(self._pair.gateways[which].port, "POST", path, parameters, headers)


HOSTILE = os.environ.get("EGC_HOSTILE") == "1"
