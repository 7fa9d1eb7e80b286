"""Who can reach what: every class of requests, the steps it goes through, and what comes of it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Literal, TypeAlias

from egc.compiler.conditions.lowering import checks
from egc.compiler.ecmascript import Node
from egc.compiler.languages import Beyond, starting, text, within
from egc.compiler.paths import ANY
from egc.compiler.plan import (
    Argument,
    Check,
    Condition,
    Fixed,
    Gateway,
    HostPattern,
    Made,
    Part,
    PathPattern,
    Pattern,
    Pipeline,
    Reference,
    Route,
    Script,
    Service,
    Setting,
    Step,
    Table,
)
from egc.compiler.requests import Request, Requests, everything, first, taken

Outcome: TypeAlias = Literal[
    "proxied",
    "answered",
    "redirected",
    "no pipeline",
    "fell through",
    "no route",
    "allow",
    "authorization server",
    "plugin",
]
"""What becomes of a request. `proxied`: it reaches a service. `answered`: a step of the gateway answers. `no pipeline`:
its endpoint is in none (404). `fell through`: steps ran and none answered (404). `no route`: 404. `allow`: OPTIONS is
answered with the methods of the routes."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition that was asked on the way, and what it said.

    `known` ones are a matter of the host, the target, the method or who is calling: the class of requests says it
    already. Of others only the request itself can tell.
    """

    check: Check
    holds: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Authentication:
    """A step that the caller had to satisfy, and the scopes that it needed for that."""

    step: Step
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """A class of requests and what comes of it, once the steps on the way are satisfied.

    Arguments:
        requests: which requests these are, as classes that do not overlap.
        route: the endpoint and the pipeline that decide; None where no route does.
        facts: the conditions on the way, in the order in which they were asked.
        authentication: what the caller must be; empty where nobody need be anybody.
        limits: the steps that count the request.
        steps: all steps that run, in order, those of pipelines that fell through included.
        possible: steps that run under a condition which changes nothing of the rest of this.
        outcome: what comes of it.
        step: the step that decides; None where none does.
        service: which service is reached, if one is.
        status: of the answer, where it is known at build.
        witness: a request of the class.
        exact: whether every request of the class that satisfies the facts ends so, and none does that is not in it.
    """

    requests: tuple[Requests, ...]
    route: Route | None
    facts: tuple[Fact, ...]
    authentication: tuple[Authentication, ...]
    limits: tuple[Step, ...]
    steps: tuple[Step, ...]
    possible: tuple[Step, ...]
    outcome: Outcome
    step: Step | None
    service: Service | None
    status: int | None
    witness: Request | None
    exact: bool


MAX_STATES = 64
"""How many ways through the pipelines before one route are told apart; beyond, conditions are not told any more."""

MAX_PARTS = 32
"""Into how many classes one is cut by the routes before it; beyond, no more is cut off, and the row is inexact."""

_EVERY_PART: tuple[Part, ...] = ("url", "method", "host", "other")
_CORE = "egc.runtime.conditions."
_CONTEXT = re.compile(r"\b(egContext|params|apiEndpoint|user|consumer)\b")
"""What a script may look at that is another in each pipeline, or behind a step that authenticates."""
_ASSIGNS = re.compile(
    r"(?<![=!<>])=(?![=>])|(<<|>>)=|\+\+|--|\bdelete\b|\bassign\b|\.(push|pop|(un)?shift|splice|sort|reverse)\b"
)
"""What a script that changes something holds."""
_COMPUTED = re.compile(
    r"""\\|\[(?!\s*(?:'[\w-]+'|"[\w-]+"|[0-9]+)\s*\])|\b(?:egContext|this)\b(?!\s*\??\.\s*[A-Za-z_$]|\[)"""
)
"""What a script that may reach something without its name holds: egContext as a whole, a computed name, an escape."""
_PREFIX = re.compile(r"[\w~%/-]*", re.ASCII)
_SEGMENT = re.compile(r"[\w~%-]+", re.ASCII)
_PARAMETER = re.compile(r":\w+", re.ASCII)

AUTHORIZATION_SERVER: dict[str, tuple[str, ...]] = {
    "/oauth2/token": ("POST", "OPTIONS"),
    "/oauth2/revoke": ("POST", "OPTIONS"),
    "/.well-known/oauth-authorization-server": ("GET", "HEAD"),
}
"""What the authorization server answers before any route, with the methods."""

AUTHORIZATION_PAGES: dict[str, tuple[str, ...]] = {
    "/oauth2/authorize": ("GET",),
    "/oauth2/authorize/decision": ("POST",),
    "/login": ("GET", "HEAD", "POST"),
    "/logout": ("GET", "POST"),
    "/oauth2/style.css": ("GET", "HEAD"),
}
"""The same, where a grant begins in a browser."""

BROWSER_GRANTS = ("authorization_code", "implicit")


Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _State:
    """A request on its way: what is known of it, and what it has been through.

    `answered` holds what conditions have said that only the request can tell. `consumer` is None where nobody knows.
    `changes` counts the steps that may have changed the request, `contexts` what only egContext shows. `since` is how
    many claims there were when it left its last pipeline: later ones may take requests of `parts`.
    """

    parts: tuple[Requests, ...]
    facts: tuple[Fact, ...] = ()
    answered: tuple[tuple[Key, bool], ...] = ()
    authentication: tuple[Authentication, ...] = ()
    consumer: bool | None = False
    limits: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    possible: tuple[Step, ...] = ()
    changed: frozenset[Part] = frozenset()
    changes: int = 0
    contexts: int = 0
    since: int = 0


def accesses(gateway: Gateway) -> tuple[Access, ...]:
    """Every class of requests and what comes of it, in the order of matching.

    The class `no route` says no requests: it takes those that no other does.
    """
    return tuple(_Walk(gateway).all())


class _Walk:
    """Goes through the routes in the order in which the gateway does."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._services = {service.variable: service for service in gateway.services}
        self._rows: dict[Key, Access] = {}
        # What is taken before a route is asked, by the beginning of its paths.
        self._claims: list[tuple[str, _Start, Requests]] = []
        self._fallen: list[_State] = []

    def all(self) -> Iterator[Access]:
        self._authorization_server()
        for plugin in self._gateway.plugins:
            every = (replace(everything(), exact=False),)
            self._row(_State(every), None, "plugin", None, key=(plugin.variable,))
        for _, group in groupby(self._gateway.routes, key=lambda route: route.host.text):
            routes = tuple(group)
            for route in routes:
                self._route(route)
            self._allow(routes)
        claims = [claim for _, _, claim in self._claims]
        for state in self._fallen:
            rest = state.parts if _wanders(state) else _left(state.parts, claims[state.since :])
            if rest:
                self._row(replace(state, parts=rest), None, "fell through", None, status=404)
        for row in self._rows.values():
            parts = sorted(row.requests, key=lambda part: "GET" not in part.methods)
            witness = next(first(parts), None)
            # Without one and exact, it holds but requests that are refused before.
            if witness is not None or not row.exact:
                yield replace(row, witness=witness)
        left = self._unclaimed()
        if left is not None or _left((everything(),), [claim for _, _, claim in self._claims]):
            yield Access((), None, (), (), (), (), (), "no route", None, None, 404, left, exact=left is not None)

    # ---- Routes

    def _authorization_server(self) -> None:
        server = self._gateway.authorization
        if server is None:
            return
        grants = next((argument.value for argument in server.arguments if argument.keyword == "grants"), ())
        paths = dict(AUTHORIZATION_SERVER)
        if isinstance(grants, tuple) and any(grant in BROWSER_GRANTS for grant in grants):
            paths |= AUTHORIZATION_PAGES
        state = _State(())
        for path, methods in paths.items():
            pattern = PathPattern(path, None, (), False, "path")
            box = replace(taken(HostPattern(ANY, None), pattern, methods), methods=frozenset(methods))
            state = replace(state, parts=(*state.parts, box))
            self._claims.append((ANY, _start(pattern), box))
        self._row(state, None, "authorization server", None)

    def _route(self, route: Route) -> None:
        box = taken(route.host, route.path, route.methods)
        for state in self._arriving(route, box):
            if route.pipeline is None:
                self._row(state, route, "no pipeline", None, status=404)
            else:
                fallen = self._pipeline(route, route.pipeline, state)
                self._fallen += (replace(one, since=len(self._claims)) for one in fallen)
        if len(self._fallen) > MAX_STATES:
            self._fallen = _blurred(self._fallen)

    def _allow(self, routes: tuple[Route, ...]) -> None:
        """OPTIONS that a host's routes take with other methods only is answered with those (D81)."""
        for route in routes:
            if route.methods is None or "OPTIONS" in route.methods:
                continue
            box = taken(route.host, route.path, ("OPTIONS",))
            for state in self._arriving(route, box):
                self._row(state, None, "allow", None, status=200)

    def _arriving(self, route: Route, box: Requests) -> list[_State]:
        """What comes to a route, which claims what it takes: requests that no route has had, and fallen ones."""
        host, start = _host(route), _start(route.path)
        before = [
            (index, claim)
            for index, (name, begins, claim) in enumerate(self._claims)
            if _may_meet(host, start, name, begins)
        ]
        self._claims.append((host, start, box))
        arriving = [_State(parts)] if (parts := _left((box,), [claim for _, claim in before])) else []
        stays = []
        for state in self._fallen:
            arrived, passed = _through(state, box, [claim for index, claim in before if index >= state.since])
            arriving += arrived
            stays += passed
        self._fallen = stays
        return arriving

    def _unclaimed(self) -> Request | None:
        """A request that no route takes; None where none was found among the likeliest."""
        claims = [claim for _, _, claim in self._claims]
        targets = ("/", "/nothing-here", "/-", "/~", "/a/b/c/d/e")
        for request in (
            Request(method, host, target)
            for host in ("localhost", "nobody.invalid", "x")
            for target in targets
            for method in ("GET", "POST", "TRACE")
        ):
            if not any(request in claim for claim in claims):
                return request
        return None

    # ---- Pipelines

    def _pipeline(self, route: Route, pipeline: Pipeline, state: _State) -> list[_State]:
        """Go through the steps; what is left has fallen through."""
        states = [state]
        for step in pipeline.steps:
            following: list[_State] = []
            for one in states:
                following += self._step(route, step, one)
            states = following if len(following) <= MAX_STATES else _blurred(following)
        return states

    def _step(self, route: Route, step: Step, state: _State) -> Iterator[_State]:
        """What goes on behind a step; what it answers becomes a row."""
        if step.condition is None:
            yield from self._run(route, step, state)
        elif not _matters(step):
            yield replace(_altered(state, step), possible=(*state.possible, step))
        else:
            for one, holds in _asked(step.condition, state):
                if holds:
                    yield from self._run(route, step, one)
                else:
                    yield one

    def _run(self, route: Route, step: Step, state: _State) -> Iterator[_State]:
        state = replace(_altered(state, step), steps=(*state.steps, step))
        if step.role == "limits":
            state = replace(state, limits=(*state.limits, step))
        if step.role == "authenticates":
            passing = setting(step, "pass_through")
            if passing is not False:
                yield state
            scopes = () if setting(step, "check_scopes") is False else route.endpoint.scopes
            proof = Authentication(step, scopes)
            yield replace(state, authentication=(*state.authentication, proof), consumer=True)
        elif step.policy == "cors" and _is_core(step):
            asking, others = _split_methods(state, frozenset({"OPTIONS"}))
            goes_on = setting(step, "preflight_continue")
            if asking is not None and not _off(step) and goes_on is not True:
                status = setting(step, "options_success_status")
                self._row(asking, route, "answered", step, status=status if isinstance(status, int) else None)
                if goes_on is not False:
                    yield asking
            elif asking is not None:
                yield asking
            if others is not None:
                yield others
        elif not may_answer(step):
            yield state
        else:
            self._answer(route, step, state)
            if step.answers != "always" and setting(step, "redirect") is None:
                yield state

    def _answer(self, route: Route, step: Step, state: _State) -> None:
        if step.policy == "proxy" and _is_core(step):
            named = step.positional[0] if step.positional else None
            service = self._services.get(named.name) if isinstance(named, Reference) else None
            if service is None:
                self._row(state, route, "answered", step, status=502)
            else:
                self._row(state, route, "proxied", step, service=service)
            return
        redirect = setting(step, "redirect") if step.policy == "rewrite" else None
        status = redirect if redirect is not None else setting(step, "status_code")
        outcome: Outcome = "answered" if redirect is None else "redirected"
        self._row(state, route, outcome, step, status=status if isinstance(status, int) else None)

    # ---- Rows

    def _row(
        self,
        state: _State,
        route: Route | None,
        outcome: Outcome,
        step: Step | None,
        *,
        service: Service | None = None,
        status: int | None = None,
        key: Key = (),
    ) -> None:
        """Add a class of requests to the row of all that end the same way after the same steps."""
        row = Access(
            state.parts,
            route,
            state.facts,
            state.authentication,
            state.limits,
            state.steps,
            state.possible,
            outcome,
            step,
            service,
            status,
            None,
            exact=all(part.exact for part in state.parts),
        )
        facts = tuple((fact.check.variable, fact.holds) for fact in state.facts)
        steps = tuple(step.variable for step in (*state.steps, *state.possible))
        proofs = tuple((proof.step.variable, proof.scopes) for proof in state.authentication)
        named = route.endpoint.variable if route else ""
        place = (route.path.text, route.host.text, route.methods) if route else ()
        full = (*key, named, place, facts, steps, proofs, outcome, step.variable if step else "")
        known = self._rows.get(full)
        if known is not None:
            row = replace(row, requests=(*known.requests, *row.requests), exact=known.exact and row.exact)
        self._rows[full] = row


# ---- Steps


def setting(step: Step, keyword: str) -> Setting:
    """The value of an argument of a step, None where it has none of that name."""
    return next((argument.value for argument in step.arguments if argument.keyword == keyword), None)


def _is_core(step: Step) -> bool:
    return step.module.startswith("egc.runtime.policies.")


def _matters(step: Step) -> bool:
    """Whether what comes of a request depends on whether the step runs."""
    return bool(step.role) or may_answer(step) or "consumer" in step.changes


def may_answer(step: Step) -> bool:
    """Whether a step may answer, as far as its arguments show it."""
    if step.answers != "maybe" or not _is_core(step):
        return step.answers != "never"
    if step.policy == "rewrite":
        return setting(step, "redirect") is not None
    script = setting(step, "jscode")
    return not isinstance(script, Script) or _may_reach("res", script)


def _off(step: Step) -> bool:
    return setting(step, "origin") is False


def _altered(state: _State, step: Step) -> _State:
    """What is known of a request behind a step that may change it."""
    changes = changed_by(step)
    if not changes:
        return state
    named = "consumer" in changes and step.role != "authenticates"
    consumer = None if named or _assigns(step) or _asks_and_assigns(step) else state.consumer
    parts = changes - {"consumer"}
    return replace(
        state,
        changed=state.changed | parts,
        changes=state.changes + bool(parts),
        contexts=state.contexts + 1,
        consumer=consumer,
    )


# ---- Conditions


def _asked(condition: Condition, state: _State) -> Iterator[tuple[_State, bool]]:
    """What a condition may say of the requests of a state, and of which."""
    if isinstance(condition, Fixed):
        yield state, condition.holds
    elif isinstance(condition, Check):
        yield from _checked(condition, state)
    elif condition.word == "not":
        for one, holds in _asked(condition.children[0], state):
            yield one, not holds
    else:
        decides = condition.word == "or"
        open_states = [state]
        for child in condition.children:
            following = []
            for each in open_states:
                for one, holds in _asked(child, each):
                    if holds is decides:
                        yield one, decides
                    else:
                        following.append(one)
            open_states = following
        for one in open_states:
            yield one, not decides


def _checked(check: Check, state: _State) -> Iterator[tuple[_State, bool]]:
    name = check.condition if check.module.startswith(_CORE) else ""
    if name in ("authenticated", "anonymous") and state.consumer is not None:
        holds = state.consumer is (name == "authenticated")
        yield _with(state, check, holds, known=True), holds
        return
    try:
        narrowed = _narrowing(name, check, state)
        halves = None if narrowed is None else tuple(_nonempty(map(half, state.parts)) for half in narrowed)
    except Beyond:
        halves = None
    if halves is not None:
        for parts, holds in zip(halves, (True, False), strict=True):
            if parts:
                yield _with(replace(state, parts=parts), check, holds, known=True), holds
        return
    if _assigns(check):
        changed = state.changed | frozenset(_EVERY_PART)
        state = replace(state, changed=changed, changes=state.changes + 1, consumer=None)
    key: Key = (check.module, check.condition, *map(said, check.arguments))
    if name != "tlsClientAuthenticated":
        key = (*key, state.changes)
    if not name or any(
        _CONTEXT.search(script.text) for script in _scripts(argument.value for argument in check.arguments)
    ):
        key = (*key, state.contexts)
    known = dict(state.answered).get(key)
    for holds in (True, False) if known is None else (known,):
        one = replace(state, answered=(*state.answered, (key, holds))) if known is None else state
        yield _with(one, check, holds, known=False) if known is None else one, holds


def _scripts(settings: Iterable[Setting]) -> Iterator[Script]:
    """The scripts of some settings, however deep."""
    for value in settings:
        if isinstance(value, Script):
            yield value
        elif isinstance(value, Table):
            yield from _scripts(entry for _, entry in value.entries)
        elif isinstance(value, tuple):
            yield from _scripts(value)


def _scripts_of(owner: Step | Check) -> Iterator[Script]:
    return _scripts(argument.value for argument in owner.arguments)


def _assigns(owner: Step | Check) -> bool:
    """Whether a script of a step or a condition may change the request."""
    return any(_ASSIGNS.search(script.text) for script in _scripts_of(owner))


def _may_reach(name: str, script: Script) -> bool:
    """Whether a script can have to do with something in egContext, as far as its text shows it."""
    return re.search(rf"\b{name}\b", script.text) is not None or _COMPUTED.search(script.text) is not None


def changed_by(step: Step) -> frozenset[Part]:
    """What a step may change, its condition included, as far as the scripts show it."""
    return frozenset((*_changes(step), *(_EVERY_PART if _asks_and_assigns(step) else ())))


def _asks_and_assigns(step: Step) -> bool:
    """Whether the condition of a step may change the request."""
    return any(map(_assigns, checks(step.condition)))


def _changes(step: Step) -> Sequence[Part]:
    """What a step may change without its condition."""
    if step.policy == "expression" and _is_core(step):
        return step.changes if any(_may_reach("req", script) for script in _scripts_of(step)) else ("other",)
    return (*step.changes, *_EVERY_PART) if _assigns(step) else step.changes


def _with(state: _State, check: Check, holds: bool, *, known: bool) -> _State:
    return replace(state, facts=(*state.facts, Fact(check, holds, known)))


Half: TypeAlias = Callable[[Requests], Requests]


def _narrowing(name: str, check: Check, state: _State) -> tuple[Half, Half] | None:
    """What a condition makes of a class where it holds, and where it does not; None if the request alone can tell.

    Raises Beyond.
    """
    arguments = {argument.keyword: argument.value for argument in check.arguments}
    if name == "method" and "method" not in state.changed:
        found = arguments.get("methods")
        methods = frozenset(one for one in (found if isinstance(found, tuple) else (found,)) if isinstance(one, str))
        return (
            lambda part: replace(part, methods=part.methods & methods),
            lambda part: replace(part, methods=part.methods - methods),
        )
    if name == "hostMatch" and "host" not in state.changed:
        hosts = starting(_tree(arguments.get("pattern")))
        return (
            lambda part: replace(part, hosts=part.hosts & hosts),
            lambda part: replace(part, hosts=part.hosts - hosts),
        )
    if "url" in state.changed:
        return None
    if name == "pathExact" and isinstance(path := arguments.get("path"), str):
        targets = text(path)
    elif name == "pathMatch":
        targets = within(_tree(arguments.get("pattern")))
    elif name == "regexpmatch":
        targets = within(_tree(arguments.get("match")))
    elif name == "pathmatch":
        targets = starting(_tree(arguments.get("match")))
    else:
        return None
    return (
        lambda part: replace(part, targets=part.targets & targets),
        lambda part: replace(part, targets=part.targets - targets),
    )


def _tree(pattern: Setting) -> Node:
    """What a pattern was spelled from. Raises Beyond where nobody knows."""
    if not isinstance(pattern, Pattern) or pattern.tree is None:
        raise Beyond("the pattern is known when the gateway starts")
    return pattern.tree


def said(value: "Setting | Argument") -> object:
    """A setting without its place and without names that egc made: equal ones do the same."""
    match value:
        case Argument():
            return value.keyword, said(value.value)
        case Script():
            return value.kind, value.text
        case Pattern():
            return value.regex, value.ignore_case
        case Table():
            return tuple((name, said(entry)) for name, entry in value.entries)
        case Made():
            return value.class_name, value.module, *map(said, value.positional), *map(said, value.arguments)
        case tuple():
            return tuple(map(said, value))
        case _:
            return type(value).__name__, value


# ---- Classes of requests


def _nonempty(parts: Iterable[Requests]) -> tuple[Requests, ...]:
    """Those that hold a request. Raises Beyond."""
    return tuple(part for part in parts if not part.empty)


def _kept(parts: Iterable[Requests]) -> tuple[Requests, ...]:
    """Those that may hold a request; inexact where nobody knows."""
    found = []
    for part in parts:
        try:
            if not part.empty:
                found.append(part)
        except Beyond:
            found.append(replace(part, exact=False))
    return tuple(found)


def _left(parts: tuple[Requests, ...], claims: Sequence[Requests]) -> tuple[Requests, ...]:
    """What no claim takes."""
    if claims:
        parts = _kept(parts)
    for claim in claims:
        left: list[Requests] = []
        for part in parts:
            try:
                left += part.minus(claim)
            except Beyond:
                left.append(replace(part, exact=False))
        if len(left) > MAX_PARTS:
            return tuple(replace(part, exact=False) for part in parts)
        parts = tuple(left)
    return parts


def _wanders(state: _State) -> bool:
    """Whether routes look at what steps have made of the request."""
    return bool(state.changed & {"url", "method"})


def _through(state: _State, box: Requests, claims: Sequence[Requests]) -> tuple[list[_State], list[_State]]:
    """What of a state a route takes, and what goes by it.

    What is taken is cut off at once where the state may end with that. Else it is left to `claims`, those that were
    made since the state has fallen and may meet the route: to cut hundreds of routes from a catch-all is costly.
    """
    beginning = replace(state, contexts=state.contexts + 1)
    if _wanders(state):
        looser = tuple(replace(part, exact=False) for part in state.parts)
        inside = _kept(replace(part, hosts=part.hosts & box.hosts) for part in looser)
        return ([replace(beginning, parts=inside)] if inside else []), [replace(state, parts=looser)]
    inside = _kept(part & box for part in state.parts)
    if not inside:
        return [], [state]
    inside = _left(inside, claims)
    shown = _shown(state.parts[0])
    outside = _left(state.parts, (box,)) if shown is None or shown in box else state.parts
    return (
        [replace(beginning, parts=inside)] if inside else [],
        [replace(state, parts=outside)] if outside else [],
    )


@lru_cache(maxsize=1024)
def _shown(part: Requests) -> Request | None:
    try:
        return part.witness()
    except Beyond:
        return None


def _split_methods(state: _State, methods: frozenset[str]) -> tuple[_State | None, _State | None]:
    """The requests with one of these methods, and the others. A changed method is either."""
    if "method" in state.changed:
        looser = replace(state, parts=tuple(replace(part, exact=False) for part in state.parts))
        return looser, looser
    inside = tuple(replace(part, methods=both) for part in state.parts if (both := part.methods & methods))
    outside = tuple(replace(part, methods=rest) for part in state.parts if (rest := part.methods - methods))
    return (
        replace(state, parts=inside) if inside else None,
        replace(state, parts=outside) if outside else None,
    )


def _blurred(states: Sequence[_State]) -> list[_State]:
    """Fewer states, of which no condition is told any more; what merged ones do not share may or may not have been."""
    merged: dict[Key, _State] = {}
    for state in states:
        looser = replace(
            state,
            parts=tuple(replace(part, exact=False) for part in state.parts),
            facts=(),
            answered=(),
        )
        key = (bool(state.authentication), state.consumer, state.changed)
        merged[key] = _either(merged[key], looser) if key in merged else looser
    return list(merged.values())


def _either(one: _State, other: _State) -> _State:
    """What is known of a request that is in one of two states."""
    steps = tuple(step for step in one.steps if step in other.steps)
    every = dict.fromkeys((*one.steps, *one.possible, *other.steps, *other.possible))
    return replace(
        one,
        parts=tuple(dict.fromkeys((*one.parts, *other.parts))),
        authentication=tuple(proof for proof in one.authentication if proof in other.authentication),
        limits=tuple(step for step in one.limits if step in other.limits),
        steps=steps,
        possible=tuple(step for step in every if step not in steps),
        changes=max(one.changes, other.changes),
        contexts=max(one.contexts, other.contexts),
        # What is left out is what both have been by.
        since=max(one.since, other.since),
    )


# ---- Routes that cannot meet, seen without automata


def _host(route: Route) -> str:
    """The one host that a route takes, in lower case, or `*`."""
    return route.host.text.lower() if route.host.tree is None else ANY


@dataclass(frozen=True, slots=True)
class _Start:
    """What every path of a route begins with, as far as that is plain to see, in lower case.

    Arguments:
        segments: whole ones, between slashes; None for a parameter, which takes any that is not empty.
        partial: what the next one begins with.
        open: whether there may be a next one; otherwise there may be but a slash.
    """

    segments: tuple[str | None, ...]
    partial: str
    open: bool


_EVERY_START = _Start((), "", open=True)


@lru_cache(maxsize=4096)
def _start(path: PathPattern) -> _Start:
    text = path.text.lower()
    if "|" in text or "//" in text or not (text.startswith("/") or path.sensitive):
        return _EVERY_START
    if path.tree is None:
        return _Start(tuple(text.removesuffix("/").split("/")[1:]), "", open=False)
    if path.sensitive:
        return _cut_at(_plain(text[1:].replace("\\/", "/")).split("/")[1:]) if text.startswith("^") else _EVERY_START
    found: list[str | None] = []
    for segment in text.split("/")[1:]:
        if _PARAMETER.fullmatch(segment):
            found.append(None)
        elif _SEGMENT.fullmatch(segment):
            found.append(segment)
        elif segment == "*" or (plain := _plain(segment)):
            return _Start(tuple(found), "" if segment == "*" else plain, open=True)
        else:
            # What is not there may take the slash before it along.
            return _cut_at(found)
    return _Start(tuple(found), "", open=text.endswith("/"))


def _cut_at(segments: Sequence[str | None]) -> _Start:
    """The last segment may be the beginning of one."""
    return _Start(tuple(segments[:-1]), segments[-1] or "", open=True) if segments else _EVERY_START


def _plain(text: str) -> str:
    """The characters that a pattern begins with and that must be there."""
    found = _PREFIX.match(text)
    plain = found[0] if found else ""
    return plain[:-1] if text[len(plain) : len(plain) + 1] in ("?", "*", "{", "+") else plain


def _may_meet(host: str, path: _Start, other_host: str, other: _Start) -> bool:
    if host != other_host and ANY not in (host, other_host):
        return False
    for one, another in zip(path.segments, other.segments, strict=False):
        if one != another and one is not None and another is not None:
            return False
    if len(path.segments) == len(other.segments):
        if path.open and other.open:
            return path.partial.startswith(other.partial) or other.partial.startswith(path.partial)
        return not path.partial and not other.partial
    short, long = (path, other) if len(path.segments) < len(other.segments) else (other, path)
    following = long.segments[len(short.segments)]
    return short.open and (following is None or following.startswith(short.partial))
