"""What `egc route`, `egc trace` and `egc test` share: a configuration becomes a gateway that can be asked here."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from egc.compiler import Compiled, compile_project, write
from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._beside import plugin_line
from egc.compiler.plan import Check, Condition, Gateway, Joined, Lookup, Reference
from egc.compiler.plan import Step as Planned
from egc.compiler.spelling import meant
from egc.compiler.variables import looks_secret
from egc.runtime.rehearsal import Artifact, Ask, Caller, CannotStart, NoSuchCaller, Rehearsal, Step, Stub
from egc.runtime.rehearsal.callers import POLICIES, Kind
from egc.runtime.rehearsal.snapshot import holds_store
from egc.runtime.store import StoreError

KINDS: tuple[Kind, ...] = ("app", "user", "key")
SHORTEST_SECRET = 6
"""Characters."""

NOBODY = "localhost"
"""The host of a request that names none."""

_TARGET = re.compile(r"/[!-~]*")
_METHOD = re.compile(r"[A-Z-]+")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_SECRET_HEADER = re.compile(
    r"authorization|auth$|cookie|credential|key|passw|secret|session|signature|token", re.IGNORECASE
)
_BY_NAME = re.compile(r"(?i)([?&][^=&#]*(?:key|passw|secret|signature|token)[^=&#]*=)[^&#\s]+")


class BadRequest(ValueError):
    """What was given is no request; the text says what is wrong with it."""


def read_request(
    text: str,
    headers: Iterable[str] = (),
    body: str | None = None,
    address: str = "127.0.0.1",
    *,
    certified: bool = False,
) -> Ask:
    """A request as people write it: `GET /orders/7` or `POST https://api.example.com/orders`.

    Arguments:
        headers: lines `Name: value`; Host may be among them.
        body: the text of the body; `content-length` comes by itself.
        address: where the caller is.
        certified: whether the caller shows a TLS certificate.

    Raises BadRequest.
    """
    method, _, url = text.strip().partition(" ")
    if not url:
        method, url = "GET", method
    method, url = method.upper(), url.strip()
    if _METHOD.fullmatch(method) is None:
        raise BadRequest(f"`{method}` is no method; write a request as `GET /path` or `GET http://host/path`")
    host, target, secure = NOBODY, url, False
    if not url.startswith("/"):
        scheme, mark, rest = url.partition("://")
        if not mark or scheme.lower() not in ("http", "https"):
            raise BadRequest(f"`{url}` is no URL: it begins with http://, https:// or /")
        host, slash, path = re.match(r"([^/?#]*)(/?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]  # takes all
        secure = scheme.lower() == "https"
        target = f"{slash or '/'}{path}"
        if "@" in host or not host:
            raise BadRequest("a URL here has a host, and no user in front of it")
    if "#" in target or _TARGET.fullmatch(target) is None:
        raise BadRequest(f"`{target}` cannot stand in a request line: percent-encode what is not plain ASCII")
    fields: list[tuple[str, str]] = []
    for line in headers:
        found = _FIELD.fullmatch(line)
        if found is None or _VALUE.fullmatch(found[2]) is None:
            raise BadRequest(f"`{line.partition(':')[0]}` is no header; write it as `Name: value`")
        if found[1].lower() == "host":
            host = found[2].strip()
        else:
            fields.append((found[1].lower(), found[2].strip()))
    sent = None if body is None else body.encode()
    if sent is not None and not any(name == "content-type" for name, _ in fields):
        looks_like_json = body is not None and body.lstrip()[:1] in ("{", "[")
        media = "application/json" if looks_like_json else "application/x-www-form-urlencoded"
        fields.append(("content-type", media))
    return Ask(method, host, target, tuple(fields), sent, secure, address, certified)


def shown_request(ask: Ask) -> str:
    """The request in a line."""
    return concealed(f"{ask.method} {'https' if ask.secure else 'http'}://{ask.host}{ask.target}")


def read_caller(text: str, scopes: Iterable[str] | None = None, policy: str = "") -> Caller:
    """Who is calling: `app:web`, `user:ann` or `key:ID`. Raises BadRequest."""
    kind, colon, name = text.partition(":")
    found = next((one for one in KINDS if one == kind), None)
    if not colon or not name or found is None:
        near = meant(kind, KINDS)
        raise BadRequest(f"`{text}` is no caller: write app:NAME, user:NAME or key:ID" + (f"; {near}" if near else ""))
    if policy and policy not in POLICIES:
        near = meant(policy, POLICIES)
        raise BadRequest(f"`{policy}` is no policy that a caller can satisfy here" + (f"; {near}" if near else ""))
    return Caller(found, name, None if scopes is None else tuple(scopes), policy)


def no_such(error: NoSuchCaller, name: str) -> str:
    """The sentence about a caller who cannot be made up."""
    near = meant(name, error.known)
    return f"{error}; {near}" if near else str(error)


# ---- What must not be shown


def concealed(text: str, secrets: Iterable[str] = ()) -> str:
    """Text without secrets, and without what a URL's query says under the name of one."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return _BY_NAME.sub(r"\1***", text)


def concealed_header(name: str, value: str, secrets: Iterable[str] = ()) -> str:
    """A header's value, or stars where its name says that nobody should read it."""
    return "***" if _SECRET_HEADER.search(name) else concealed(value, secrets)


# ---- From the plan to the module


def steps(gateway: Gateway) -> dict[str, Planned]:
    """The steps of all pipelines that run, by their names in the module."""
    return {step.variable: step for pipeline in gateway.pipelines for step in pipeline.steps}


def checks(condition: Condition | None) -> Iterator[Check]:
    """What a condition asks, from left to right."""
    if isinstance(condition, Check):
        yield condition
    elif isinstance(condition, Joined):
        for child in condition.children:
            yield from checks(child)


def services_of(step: Planned, gateway: Gateway) -> list[str]:
    """The names of the services that a step hands requests to."""
    taken = [one.name for one in step.positional if isinstance(one, Reference)]
    return [service.name for service in gateway.services if service.variable in taken]


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that the gateway is given. `made_up` are those that are not set and have no default."""

    variables: Mapping[str, str]
    made_up: tuple[str, ...]


def environment(gateway: Gateway, environ: Mapping[str, str]) -> Environment:
    """The variables with something in the place of those that are missing.

    A gateway would not start without them; a rehearsal asks who can reach what, for which one password is as good as
    another.
    """
    found: dict[str, str] = {}
    for lookup in lookups(gateway):
        for part in lookup.parts:
            if not isinstance(part, str) and part[1] is None and part[0] not in environ:
                found[part[0]] = _placeholder(part[0], lookup.kind if len(lookup.parts) == 1 else "text")
    return Environment({**environ, **found}, tuple(sorted(found)))


def _placeholder(name: str, kind: str) -> str:
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "x"
    if kind == "text" and looks_secret(name):
        return f"{word}-made-up-for-a-rehearsal"
    if kind == "text":
        return "1" if word.endswith("port") else word
    return {"url": f"http://{word}.invalid", "flag": "false"}.get(kind, "1")


def lookups(value: object) -> Iterator[Lookup]:
    """Every look-up in the environment that a plan holds."""
    if isinstance(value, Lookup):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from lookups(item)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in ("tree", "span"):
                yield from lookups(getattr(value, field.name))


def secrets_of(gateway: Gateway, environ: Mapping[str, str]) -> Iterator[str]:
    """The values of variables that are nobody's to read, as far as they are long enough to be told from other words."""
    for lookup in lookups(gateway):
        for part in lookup.parts:
            if not isinstance(part, str) and looks_secret(part[0]):
                value = environ.get(part[0], part[1])
                if value and len(value) >= SHORTEST_SECRET:
                    yield value


@contextmanager
def loaded(compiled: Compiled, environ: Mapping[str, str], *, told: bool = True) -> Iterator[Artifact]:
    """The artifact of a configuration, imported here.

    Arguments:
        environ: the environment; what is missing is made up.
        told: whether stderr says so.

    Raises EnvironmentFailure where the gateway would not start.
    """
    given = environment(compiled.plan, {"EGC_FILES": str(Path.cwd()), **environ})
    if told and given.made_up:
        names = ", ".join(given.made_up)
        click.echo(f"egc: not set, and made up here: {names}", err=True)
    artifact = Artifact(lambda directory: write(compiled, directory), given.variables)
    try:
        with artifact:
            if not artifact.serves:
                raise EnvironmentFailure("the configuration has neither `http` nor `https`: it listens to nobody")
            yield artifact
    except CannotStart as error:
        raise EnvironmentFailure(f"the gateway would not start: {error}") from None
    except Exception as error:
        if (place := plugin_line(error, artifact.directory)) is None:
            raise
        raise EnvironmentFailure(f"a plugin fails, {place}: {type(error).__name__}: {error}") from None


@contextmanager
def rehearsing(
    compiled: Compiled,
    environ: Mapping[str, str],
    *,
    store: Path | None = None,
    services: Mapping[str, Stub] | None = None,
    urls: Mapping[str, Stub] | None = None,
) -> Iterator[Rehearsal]:
    """The gateway of a configuration, started here. Raises EnvironmentFailure where it would not start."""
    gateway = compiled.plan
    known = {
        name: Step(step.policy, step.role, step.waits, "".join(services_of(step, gateway)[:1]))
        for name, step in steps(gateway).items()
    }
    waits = {check.variable: check.waits for step in steps(gateway).values() for check in checks(step.condition)}
    with loaded(compiled, environ) as artifact:
        try:
            rehearsal = Rehearsal(
                artifact,
                steps=known,
                checks=waits,
                services=services,
                urls=urls,
                store=store,
                secrets=list(secrets_of(gateway, environ)),
            )
            with rehearsal:
                yield rehearsal
        except StoreError as error:
            raise EnvironmentFailure(str(error)) from None


def store_of(path: Path, given: Path | None) -> Path | None:
    """The store that a rehearsal is to copy: the one that is given, else the one that `egc run` would use.

    None where there is none. Raises EnvironmentFailure where none is in the directory that is given.
    """
    if given is not None:
        if not holds_store(given):
            raise EnvironmentFailure(f"there is no store in {given}")
        return given
    directory = path if path.is_dir() else path.parent
    usual = Path(os.environ.get("EGC_DATA") or directory / "data")
    return usual if holds_store(usual) else None


def compiled_here(path: Path, environ: Mapping[str, str], *, eg_compat: bool) -> Compiled:
    """The configuration as `egc run` compiles it."""
    return compile_project(path, environ, eg_compat=eg_compat, serving=True)


def origin(url: str) -> str:
    """Scheme and host of a URL, for sentences."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"
