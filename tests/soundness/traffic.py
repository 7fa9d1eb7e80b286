"""Requests to a running gateway and where they came out; the credentials that some of them carry."""

import asyncio
import base64
import json
import shutil
import string
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from egc.compiler import Compiled, compile_project, write
from egc.compiler.requests import METHODS, Request
from egc.runtime.oauth2.secrets import stored_digest
from egc.runtime.store import Credential, CredentialType, User
from egc.runtime.store.sqlite import SQLiteStore
from tests.callers import Caller
from tests.running import Running, free_port
from tests.soundness.configurations import FLAGS, SCOPES, Configuration
from tests.upstreams import Upstream, Wire

SECRET = "soundness-4f1c0c7d9b1e4a7f8b2d6c5e3a9f0b1d"
SEEN = frozenset((b"x-red", b"x-blue", b"x-other", b"eg-consumer-id"))
"""Request headers that steps of the configurations change."""
_HOSTS = (
    *("a.example", "b.example", "x.a.example", "x.y.example", "c", "example", "A.Example", "127.0.0.1"),
    "z.example:80",
)
_VOLATILE = ("date", "x-ratelimit-reset", "x-ratelimit-remaining", "connection", "retry-after")
_WORDS = ("x", "y", "z", "w", "7", "42", "X", "f.html", "id.json", "a", "zz", "")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out: with the flags that expressions look at, and with which credentials.

    `identity` is "nobody", "none" for a consumer without scopes, or "all" for one with every scope.
    """

    request: Request
    flags: frozenset[str]
    identity: str

    def head(self) -> bytes:
        """The bytes of the request."""
        fields = {"Host": self.request.host, **dict.fromkeys(sorted(self.flags), "1")}
        if self.identity != "nobody":
            pair = f"{self.identity}:{SECRET}"
            fields["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            fields["X-Api-Key"] = pair
        head = f"{self.request.method} {self.request.target} HTTP/1.1"
        return "\r\n".join([head, *(f"{name}: {value}" for name, value in fields.items()), "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a request: the answer, and the service that it reached, if it reached one."""

    status: int
    service: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def some_request(random: Random) -> Sent:
    """A request that the configurations may have something to say about."""
    words = [random.choice(_WORDS) for _ in range(random.choice((0, 1, 1, 2, 2, 3)))]
    target = "/" + "/".join(words)
    if random.random() < 0.1:
        target += random.choice(string.ascii_letters)
    if random.random() < 0.2:
        target += random.choice(("?q=1", "?a", "?/x"))
    method = random.choice(("GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", random.choice(METHODS)))
    flags = frozenset(flag for flag in FLAGS if random.random() < 0.4)
    identity = random.choice(("nobody", "nobody", "none", "all"))
    host = random.choice(_HOSTS)
    return Sent(Request(method, host, target.replace("//", "/") if random.random() < 0.9 else target), flags, identity)


def house(directory: Path) -> Path:
    """A data directory with one consumer that has no scopes and one that has all, each with a key and a password."""
    asyncio.run(_furnish(directory))
    return directory


async def _furnish(directory: Path) -> None:
    store = SQLiteStore(directory)
    await store.open()
    now = time.time()
    await store.create_scopes(SCOPES)
    for name, scopes in (("none", None), ("all", SCOPES)):
        user = User(name, name, True, now, now)
        await store.create_user(user)
        kinds: tuple[CredentialType, ...] = ("key-auth", "basic-auth")
        for kind in kinds:
            secret = stored_digest(SECRET)
            await store.create_credential(Credential(kind, name, user.id, True, now, now, secret, scopes))
    await store.close()


async def echo(wire: Wire) -> None:
    """Answer with the service's name, the first step of the path, and with what the service has seen."""
    await wire.body()
    name = wire.request.target.split("/")[1].partition("?")[0].encode()
    seen = [wire.request.target.encode(), *(b"%b: %b" % field for field in wire.request.headers if field[0] in SEEN)]
    await wire.respond(b"\n".join(seen), headers=[(b"x-service", name)])


class Gate:
    """A compiled configuration and the gateway that runs it."""

    def __init__(self, compiled: Compiled, running: Running) -> None:
        self.compiled = compiled
        self._running = running
        self._caller: Caller | None = None

    def send(self, sent: Sent) -> Came:
        """Send a request on a connection that is kept as long as both ends like it."""
        if self._caller is None:
            self._caller = Caller(self._running.port)
        self._caller.send(sent.head())
        try:
            reply = self._caller.final(sent.request.method)
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(f"no answer to {sent}") from error
        if reply.closes:
            self._caller.socket.close()
            self._caller = None
        headers = tuple(field for field in reply.headers if field[0] not in _VOLATILE)
        return Came(reply.status, reply.one("x-service") or "", reply.body, headers)


def put(configuration: Configuration, directory: Path) -> Path:
    """Write a configuration's files."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.config.yml").write_text(yaml.safe_dump(configuration.gateway, sort_keys=False))
    (directory / "system.config.yml").write_text(yaml.safe_dump(configuration.system, sort_keys=False))
    return directory


@contextmanager
def running(configuration: Configuration, data: Path, directory: Path) -> Iterator[Gate]:
    """A gateway of that configuration; its store is a copy of `data`."""
    port = free_port()
    compiled = compile_project(put(configuration, directory / "config"), {"HTTP_PORT": str(port)})
    artifact = directory / "artifact"
    write(compiled, artifact)
    shutil.copytree(data, artifact / "data")
    settings: Mapping[str, str] = {"HTTP_PORT": str(port), "LOG_LEVEL": "error"}
    with Running.artifact(artifact, port=port, env=settings) as gateway:
        yield Gate(compiled, gateway)


def services() -> Upstream:
    """The server that all services are."""
    return Upstream(echo)


def shown(configuration: Configuration) -> str:
    """A configuration for the message of a failure."""
    return json.dumps(configuration.gateway, indent=1)
