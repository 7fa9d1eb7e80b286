"""Classes of requests in words: what a row says, whichever form shows it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from egc.compiler.access.words import condition, limit, written
from egc.compiler.branches import AUTHORIZATION_PAGES, AUTHORIZATION_SERVER, BROWSER_GRANTS, Access, setting
from egc.compiler.diagnostics import Span
from egc.compiler.plan import Gateway, Lookup, Reference, Service, Step
from egc.compiler.requests import EVERY_METHOD, METHODS, Request

EMPTY: Mapping[str, str] = MappingProxyType({})

CERTIFIED = "tlsClientAuthenticated"
"""The condition that holds for callers who have shown a TLS certificate which was verified."""

NOWHERE = ("no pipeline", "fell through", "no route", "allow")
"""Outcomes of requests that come to nothing: 404, or a list of methods."""

REFUSED = 400
"""The first status that refuses."""

_OF_NO_ROUTE = {
    "no route": "every other path",
    "authorization server": "paths of the authorization server",
    "allow": "paths of endpoints that do not take OPTIONS",
    "plugin": "routes of the plugin's own code",
    "fell through": "paths whose pipelines did not answer",
}
_STATUS = {"no pipeline": 404, "fell through": 404, "no route": 404}


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, a proof or a limit of a row: what it says, and where the configuration says so."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Proof:
    """What the caller must show, and the scopes that it must have. `policy` names the step that asks for it."""

    policy: str
    scopes: tuple[str, ...]
    span: Span

    @property
    def text(self) -> str:
        """What it says in one word, scopes in brackets."""
        return f"{self.policy} [{', '.join(self.scopes)}]" if self.scopes else self.policy


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was asked, and what it said. `known`: host, path and method of the request say it already."""

    text: str
    holds: bool
    known: bool
    span: Span

    @property
    def words(self) -> str:
        """The condition, with `not` where it did not hold."""
        return self.text if self.holds else f"not {self.text}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service and its URLs as they are written."""

    service: str
    urls: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """One class of requests.

    Arguments:
        access: what it says in words.
        host, path: the patterns of its route; of requests without a route, which those are.
        methods: the methods of the class; empty for all of them.
        endpoint: its name, empty where there is none.
        pipelines: names of those that the requests come through; the last one decides.
        policies: of the steps that run, in order; those that may run or not end with `?`.
        proofs: what the caller must show; empty where nobody need be anybody.
        conditions: on the way.
        limits: steps that count the request, and refuse those that are too many.
        outcome: what comes of it.
        upstream: which service is reached.
        curl: a command that sends the witness; empty without one.
    """

    access: Access
    host: str
    path: str
    methods: tuple[str, ...]
    endpoint: str
    pipelines: tuple[str, ...]
    policies: tuple[str, ...]
    proofs: tuple[Proof, ...]
    conditions: tuple[Condition, ...]
    limits: tuple[Part, ...]
    outcome: str
    upstream: Upstream | None
    curl: str

    @property
    def pipeline(self) -> str:
        """The names of its pipelines; empty where there is none."""
        return ", ".join(self.pipelines)

    @property
    def method_words(self) -> str:
        """The methods as people say them."""
        return methods_in_words(self.methods)

    @property
    def open(self) -> bool:
        """Whether it comes to something although nobody has asked the caller who they are."""
        return is_open(self.access) and not is_nowhere(self.access)

    @property
    def exact(self) -> bool:
        """Whether all requests of the class end so, and whether they do is known when the gateway is built."""
        return self.access.exact and (self.upstream is None or self.access.service is not None)


def is_open(access: Access) -> bool:
    """Whether nobody has asked who the caller is: no policy, and no TLS certificate either."""
    return not access.authentication and not any(
        fact.holds and fact.check.condition == CERTIFIED for fact in access.facts
    )


def is_nowhere(access: Access) -> bool:
    """Whether such requests come to nothing: no step answers, or one refuses (a status of 400 or more)."""
    refused = access.outcome == "answered" and access.status is not None and access.status >= REFUSED
    return refused or access.outcome in NOWHERE


def services(access: Access, gateway: Gateway) -> tuple[Service, ...]:
    """The services that the requests reach, or may: a policy of a plugin that is given a service may call it."""
    if access.service is not None:
        return (access.service,)
    given = {one.name for one in access.step.positional if isinstance(one, Reference)} if access.step else set()
    return tuple(service for service in gateway.services if service.variable in given)


def rows(accesses: Iterable[Access], gateway: Gateway, sources: Mapping[str, str] = EMPTY) -> tuple[Row, ...]:
    """Classes of requests in words, in their order. `sources`: texts of files by name, to quote from."""
    front = _front(gateway)
    lines = {name: text.split("\n") for name, text in sources.items()}
    pipelines = {step.variable: pipeline.name for pipeline in gateway.pipelines for step in pipeline.steps}
    return tuple(_row(access, gateway, pipelines, front, lines) for access in accesses)


def _row(
    access: Access, gateway: Gateway, pipelines: Mapping[str, str], front: str, lines: Mapping[str, list[str]]
) -> Row:
    route = access.route
    ran = dict.fromkeys(pipelines[step.variable] for step in access.steps)
    last = (route.pipeline.name,) if route and route.pipeline else ()
    named = (*(name for name in ran if name not in last), *last)
    reached = services(access, gateway)
    proofs = [Proof(one.step.policy, one.scopes, one.step.span) for one in access.authentication]
    proofs += [
        Proof("TLS certificate", (), fact.check.span)
        for fact in access.facts
        if fact.holds and fact.check.condition == CERTIFIED
    ]
    return Row(
        access,
        route.host.text if route else "*",
        route.path.text if route else _OF_NO_ROUTE.get(access.outcome, ""),
        _methods(access),
        route.endpoint.name if route else "",
        named,
        (*(step.policy for step in access.steps), *(f"{step.policy}?" for step in access.possible)),
        tuple(proofs),
        tuple(
            Condition(condition(fact.check, lines), fact.holds, fact.known, fact.check.span) for fact in access.facts
        ),
        tuple(Part(limit(step), step.span) for step in access.limits),
        _outcome(access),
        Upstream(reached[0].name, tuple(map(written, reached[0].urls)), reached[0].span) if reached else None,
        curl(access, front),
    )


def authorization_paths(gateway: Gateway) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The paths of the authorization server and their methods."""
    server = gateway.authorization
    grants = next((one.value for one in server.arguments if one.keyword == "grants"), ()) if server else ()
    yield from AUTHORIZATION_SERVER.items()
    if isinstance(grants, tuple) and any(grant in BROWSER_GRANTS for grant in grants):
        yield from AUTHORIZATION_PAGES.items()


def _methods(access: Access) -> tuple[str, ...]:
    found = frozenset[str]().union(*(part.methods for part in access.requests))
    return () if not found or found >= EVERY_METHOD else tuple(method for method in METHODS if method in found)


def methods_in_words(methods: tuple[str, ...]) -> str:
    """`any`, `GET HEAD`, `any but OPTIONS`."""
    if not methods:
        return "any"
    lacking = [method for method in METHODS if method not in methods]
    return f"any but {' '.join(lacking)}" if len(lacking) < len(methods) else " ".join(methods)


def _outcome(access: Access) -> str:
    status = access.status if access.status is not None else _STATUS.get(access.outcome)
    deciding = f" by {access.step.policy}" if access.step is not None and access.outcome != "proxied" else ""
    return f"{access.outcome}{deciding}{f' ({status})' if status is not None else ''}"


# ---- Witnesses as commands


def curl(access: Access, front: str) -> str:
    """A command for a shell that sends the witness to the gateway on this machine, with places for credentials."""
    request = access.witness
    if request is None:
        return ""
    words = ["curl", "-i"]
    words += ["--globoff"] if any(mark in request.target for mark in "[]{}") else []
    words += ["--path-as-is"] if "/." in request.target else []
    words += ["--head"] if request.method == "HEAD" else [] if request.method == "GET" else ["-X", request.method]
    scheme, _, port = front.partition(":")
    words += ["--connect-to", f"::localhost:{port}"] if port else []
    quoted = [shlex.quote(word) for word in words]
    for proof in access.authentication:
        quoted += _credential(proof.step)
    return " ".join([*quoted, shlex.quote(f"{scheme}://{request.host or 'localhost'}{request.target}")])


def _credential(step: Step) -> list[str]:
    """Arguments of curl with a variable of the shell where a credential goes, for where policies look by default."""
    if step.policy == "basic-auth":
        return ["-u", '"$NAME:$PASSWORD"']
    if step.policy in ("oauth2", "oauth2-introspect"):
        return ["-H", '"Authorization: Bearer $TOKEN"']
    if step.policy == "jwt" and setting(step, "jwt_extractor") in (None, "authBearer"):
        return ["-H", '"Authorization: Bearer $TOKEN"']
    own = setting(step, "api_key_header"), setting(step, "api_key_header_scheme")
    if step.policy == "key-auth" and own in ((None, None), ("Authorization", "apiKey")):
        return ["-H", '"Authorization: apiKey $KEY"']
    return []


def _front(gateway: Gateway) -> str:
    """Scheme and port of the listener that takes requests: `http:8080`; `http:` where only the start says it."""
    for name in ("http", "https"):
        for listener in gateway.listeners:
            if listener.name == name:
                port = next((one.value for one in listener.arguments if one.keyword == "port"), None)
                return f"{name}:{_port(port)}"
    return "http:"


def _port(port: object) -> str:
    if isinstance(port, Lookup) and len(port.parts) == 1 and not isinstance(port.parts[0], str):
        port = port.parts[0][1]
    return str(port) if isinstance(port, int | str) and str(port).isdecimal() and int(port) else ""


def chosen(
    accesses: Iterable[Access],
    gateway: Gateway,
    *,
    upstreams: frozenset[str] = frozenset(),
    endpoints: frozenset[str] = frozenset(),
    unauthenticated: bool = False,
) -> tuple[Access, ...]:
    """The classes that somebody asks for.

    Arguments:
        upstreams: names of services that they reach, or may; none for all classes.
        endpoints: names of endpoints that they belong to; none for all classes.
        unauthenticated: only those that come to something although nobody has asked who the caller is.
    """
    through: dict[str, set[str]] = {}
    for route in gateway.routes:
        for step in route.pipeline.steps if route.pipeline else ():
            through.setdefault(step.variable, set()).add(route.endpoint.name)

    def of_endpoint(access: Access) -> bool:
        if access.route is not None:
            return access.route.endpoint.name in endpoints
        return any(through.get(step.variable, set()) & endpoints for step in access.steps)

    return tuple(
        access
        for access in accesses
        if (not upstreams or upstreams & {service.name for service in services(access, gateway)})
        and (not endpoints or of_endpoint(access))
        and (not unauthenticated or (is_open(access) and not is_nowhere(access)))
    )


def witness_text(request: Request | None) -> str:
    """A witness on one line, empty for none."""
    return "" if request is None else str(request)
