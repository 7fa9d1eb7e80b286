"""Requests to a running gateway and where they came out; the credentials that some of them carry."""

import asyncio
import base64
import hmac
import json
import shutil
import string
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import yaml

from egc.compiler import Compiled, compile_project, write
from egc.compiler.diagnostics import DoesNotCompile
from egc.compiler.requests import METHODS, Request
from egc.runtime.oauth2.secrets import digest, stored_digest
from egc.runtime.store import Application, Credential, CredentialType, Token, User
from egc.runtime.store.sqlite import SQLiteStore
from tests.callers import Caller
from tests.running import Running, free_port
from tests.soundness.configurations import FLAGS, KEY, SCOPES, SERVICES, Configuration
from tests.upstreams import Upstream, Wire

SECRET = "soundness-4f1c0c7d9b1e4a7f8b2d6c5e3a9f0b1d"
SEEN = frozenset(
    (
        *(b"x-red", b"x-blue", b"x-other", b"eg-consumer-id", b"authorization", b"x-forwarded-host"),
        *(b"x-forwarded-proto", b"x-forwarded-for"),
    )
)
"""Request headers that steps of the configurations change."""
_ORIGINS = ("https://shop.example", "https://b.example", "https://elsewhere.example")
_BODIES = (b'{"a": "x"}', b'{"a": 1}', b"[1]", b"{}")
TOKEN = "soundness"
_HOSTS = (
    *("a.example", "b.example", "x.a.example", "x.y.example", "c", "example", "A.Example", "127.0.0.1"),
    "z.example:80",
)
_VOLATILE = ("date", "x-ratelimit-reset", "x-ratelimit-remaining", "connection", "retry-after")
_WORDS = ("x", "y", "z", "w", "7", "42", "X", "f.html", "id.json", "a", "zz", "")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out: with the flags that expressions look at, and with which credentials.

    `identity` is "nobody", "none" for a consumer without scopes, "all" for one with every scope, or "token" for an
    application whose token has every scope. `origin` is the page that asks, if one does.
    """

    request: Request
    flags: frozenset[str]
    identity: str
    origin: str = ""
    body: bytes = b""

    def head(self) -> bytes:
        """The bytes of the request."""
        fields = {"Host": self.request.host, **dict.fromkeys(sorted(self.flags), "1")}
        if self.identity == "token":
            fields["Authorization"] = f"Bearer {TOKEN}|{SECRET}"
        elif self.identity != "nobody":
            pair = f"{self.identity}:{SECRET}"
            fields["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if self.identity != "nobody":
            name = "none" if self.identity == "none" else "all"
            fields["X-Api-Key"] = f"{name}:{SECRET}"
            fields["X-Jwt"] = signed({"sub": name, "scope": "" if name == "none" else " ".join(SCOPES)})
        if self.origin:
            fields["Origin"] = self.origin
            if self.request.method == "OPTIONS":
                fields["Access-Control-Request-Method"] = "PUT"
                fields["Access-Control-Request-Headers"] = "x-red"
        if self.body:
            fields["Content-Type"] = "application/json"
            fields["Content-Length"] = str(len(self.body))
        head = f"{self.request.method} {self.request.target} HTTP/1.1"
        lines = [head, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode() + self.body


@cache
def _signed(claims: str) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = part(b'{"alg":"HS256"}')
    text = f"{head}.{part(claims.encode())}"
    return f"{text}.{part(hmac.digest(KEY.encode(), text.encode(), 'sha256'))}"


def signed(claims: dict[str, str]) -> str:
    """A JSON web token with these claims."""
    return _signed(json.dumps(claims))


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
    identity = random.choice(("nobody", "nobody", "none", "all", "token"))
    host = random.choice(_HOSTS)
    request = Request(method, host, target.replace("//", "/") if random.random() < 0.9 else target)
    origin = random.choice(_ORIGINS) if random.random() < 0.4 else ""
    body = random.choice(_BODIES) if method in ("POST", "PUT", "PATCH") and random.random() < 0.7 else b""
    return Sent(request, flags, identity, origin, body)


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
        kinds: tuple[CredentialType, ...] = ("key-auth", "basic-auth", "jwt")
        for kind in kinds:
            secret = None if kind == "jwt" else stored_digest(SECRET)
            await store.create_credential(Credential(kind, name, user.id, True, now, now, secret, scopes))
    application = Application("app", "all", True, now, now, {"name": "app"})
    await store.create_application(application)
    until = now + 86_400
    token = Token(TOKEN, digest(SECRET), "access", "app", None, SCOPES, "client_credentials", "family", now, until)
    assert await store.save_tokens([token])
    await store.close()


def echo(name: bytes) -> Callable[[Wire], Awaitable[None]]:
    """A service that answers with its name and with what it has seen."""

    async def answer(wire: Wire) -> None:
        body = await wire.body()
        fields = [(key.lower(), value) for key, value in wire.request.headers]
        host = next((value for key, value in fields if key == b"host"), b"")
        own = host.startswith((b"127.0.0.1:", b"localhost:"))
        seen = [f"{wire.request.method} {wire.request.target}", "its own host" if own else host.decode("latin-1")]
        seen += (f"{key!r}: {value!r}" for key, value in fields if key in SEEN)
        text = json.dumps({"seen": seen, "body": body.decode("latin-1")})
        headers = [(b"content-type", b"application/json"), (b"x-kind", b"echo"), (b"x-service", name)]
        await wire.respond(text.encode(), headers=headers)

    return answer


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


@contextmanager
def services() -> Iterator[tuple[int, ...]]:
    """Servers that are the services; yields their ports in the order of the services' names."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(Upstream(echo(b"s%d" % number))).port for number in range(SERVICES))


def compiling(random: Random, directory: Path, make: Callable[[Random], Configuration]) -> Configuration:
    """What `make` makes; made again where it does not compile: no endpoint is left, a path that nobody can strip."""
    for _ in range(50):
        found = make(random)
        try:
            compile_project(put(found, directory), {"HTTP_PORT": "1"})
        except DoesNotCompile:
            continue
        return found
    raise AssertionError("nothing that is made compiles")


def shown(configuration: Configuration) -> str:
    """A configuration for the message of a failure."""
    return json.dumps(configuration.gateway, indent=1)
