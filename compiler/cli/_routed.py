"""Where a request goes as far as its method, its URL and its Host decide: no caller, no state, no script.

The gateway's own table and its own objects say it: routes are matched by it, conditions on the request are asked, and
`rewrite`, `terminate`, `cors` and `proxy` run. Of what depends on more, all ways are shown.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from egc.compiler import Compiled
from egc.compiler.access.words import condition, limit, written
from egc.compiler.branches import setting
from egc.compiler.cli._lines import Line, place
from egc.compiler.cli._nowhere import why
from egc.compiler.cli._rehearsing import concealed, services_of, shown_request
from egc.compiler.cli._traced import source_lines, status_line
from egc.compiler.plan import Check, Condition, Fixed, Pipeline, Route, Step
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.rehearsal import Artifact, Ask
from egc.runtime.rehearsal.network import Loop, Stubs
from egc.runtime.rehearsal.watching import Listening
from egc.runtime.upstream import Call

_OF_THE_REQUEST = {
    "method": "method",
    "hostMatch": "host",
    "pathExact": "url",
    "pathMatch": "url",
    "pathmatch": "url",
    "regexpmatch": "url",
}
"""Conditions that the request alone decides, with what of it they look at."""

_RUNS = ("cors", "proxy", "rewrite", "terminate")
"""Policies that look at nothing but the request: they can be tried."""

_FOUND = Answer(200, [], b"", "found")


@dataclass(slots=True)
class Way:
    """What a step does with the request.

    Arguments:
        runs: whether it runs; None where that depends on more than the request.
        depends: the conditions that decide then.
        words: what it does, in a few words.
        service, upstream: whom it asks, and by which URLs: one of several in turn.
        status: of its answer.
        unless: the steps before it that may have changed what it asks for.
    """

    step: Step
    runs: bool | None
    depends: tuple[Check, ...] = ()
    words: str = ""
    service: str = ""
    method: str = ""
    upstream: tuple[str, ...] = ()
    status: int | None = None
    unless: tuple[Step, ...] = ()


@dataclass(slots=True)
class Taken:
    """A route that takes the request, and what its steps do."""

    route: Route
    ways: list[Way] = field(default_factory=list)


@dataclass(slots=True)
class Routed:
    """All of it. `status` and `reason` are of the answer where no step gives one."""

    compiled: Compiled
    ask: Ask
    artifact: Artifact
    taken: list[Taken] = field(default_factory=list)
    reserved: bool = False
    status: int = 0
    reason: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether something answers, or at least may."""
        ends = any(way.runs is not False and (way.upstream or way.status) for one in self.taken for way in one.ways)
        if self.reason and not self.taken:
            # Refused before any endpoint was asked.
            return self.reserved
        return ends or self.reserved or self.reason not in ("no_route", "no_pipeline", "fell_through")

    # ---- For people

    def lines(self) -> Iterator[Line]:
        """All of it."""
        yield Line(shown_request(self.ask), tone="head")
        yield Line()
        if self.reserved:
            yield Line("the gateway's own authorization server answers, ahead of all endpoints")
            return
        for one in self.taken:
            route = one.route
            if route.pipeline is None:
                yield Line(f"apiEndpoint {route.endpoint.name} takes it, and is in no pipeline", route.span, tone="bad")
                continue
            yield Line(f"apiEndpoint {route.endpoint.name} takes it, pipeline {route.pipeline.name}", route.span)
            for way in one.ways:
                yield from self._way(way)
        if self.reason == "no_route":
            yield from why(self.ask, self.compiled.plan, self.artifact.app.routes)
        elif self.reason == "fell_through":
            yield Line("behind that nothing takes it: 404", tone="bad" if not self.is_taken else "")
        elif not self.taken and self.reason:
            yield Line(f"refused before any endpoint is asked: {self.reason.replace('_', ' ')}", tone="bad")
        elif not self.taken:
            yield Line(self._elsewhere())
        asked = [way for one in self.taken for way in one.ways if way.upstream]
        if asked:
            yield Line()
        for way in asked:
            depends = f", if {self._conditions(way)}" if way.runs is None else ""
            changed = f", unless {self._changers(way)} changes it" if way.unless else ""
            for number, url in enumerate(way.upstream):
                turn = " (in turn)" if number else ""
                yield Line(f"{way.method} {url}{turn}{depends}{changed}", tone="head")

    def _elsewhere(self) -> str:
        if self.ask.method == "OPTIONS":
            return "OPTIONS is answered with the methods of the endpoints that have this path"
        return "code of a plugin answers, ahead of all endpoints"

    def _way(self, way: Way) -> Iterator[Line]:
        step = way.step
        if way.runs is False:
            yield Line(f"{step.policy}: left out, its condition does not hold", step.span, 1, "dim")
            return
        when = f", if {self._conditions(way)}" if way.runs is None else ""
        yield Line(f"{step.policy}{when}: {way.words}", step.span, 1)

    def _conditions(self, way: Way) -> str:
        if not way.depends:
            return "the request comes so far"
        return " and ".join(self._asked(way.step.condition, way.depends))

    def _asked(self, whole: Condition | None, depends: tuple[Check, ...]) -> Iterator[str]:
        texts = [condition(check, source_lines(self.compiled)) for check in depends]
        if isinstance(whole, Check):
            yield from texts
        else:
            yield f"its condition holds, which depends on {', '.join(texts)}"

    def _changers(self, way: Way) -> str:
        return " or ".join(f"{step.policy} (L{step.span.line})" for step in way.unless)

    # ---- For programs

    def data(self) -> dict[str, object]:
        """All of it."""
        root = self.compiled.report.root
        return {
            "schema_version": 1,
            "request": {"method": self.ask.method, "url": shown_request(self.ask).partition(" ")[2]},
            "taken": self.is_taken,
            "status": self.status or None,
            "reason": self.reason or None,
            "routes": [
                {
                    "endpoint": one.route.endpoint.name,
                    "pipeline": one.route.pipeline.name if one.route.pipeline else None,
                    **place(one.route.span, root),
                    "steps": [self._data(way, root) for way in one.ways],
                }
                for one in self.taken
            ],
            "nearest": [line.text for line in why(self.ask, self.compiled.plan, self.artifact.app.routes)]
            if self.reason == "no_route"
            else [],
        }

    def _data(self, way: Way, root: str) -> dict[str, object]:
        lines = source_lines(self.compiled)
        return {
            "policy": way.step.policy,
            "runs": {True: "always", False: "never", None: "depends"}[way.runs],
            "depends_on": [condition(check, lines) for check in way.depends],
            "does": way.words,
            "service": way.service or None,
            "upstream": [{"method": way.method, "url": url} for url in way.upstream],
            "unless_changed_by": [{"policy": step.policy, **place(step.span, root)} for step in way.unless],
            "status": way.status,
            **place(way.step.span, root),
        }


def routed(compiled: Compiled, artifact: Artifact, ask: Ask) -> Routed:
    """Where the request goes. The artifact is used up by it."""
    found = Routed(compiled, ask, artifact)
    app = artifact.app
    log = app.access_log = Listening()
    path = ask.target.partition("?")[0].lower()
    own = app.own_paths.get(path.removesuffix("/") if len(path) > 1 else path, frozenset())
    if ask.method in own:
        found.reserved = True
        return found
    for planned, route in zip(compiled.plan.routes, app.routes, strict=True):
        if planned.pipeline is not None:
            route.awaits, route.decides = None, _Walk(planned, planned.pipeline, found)
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": ask.body or b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    loop = Loop(Stubs())
    try:
        loop.run_until_complete(asyncio.wait_for(app(artifact.scope(ask), receive, send), 10))
    finally:
        loop.close()
    if log.reason != "found":
        found.reason = log.reason
        found.status = statuses[0] if statuses else 0
    if found.reason == "no_pipeline" and log.exchange is not None and log.exchange.route is not None:
        found.taken.append(Taken(compiled.plan.routes[log.exchange.route.index]))
    return found


class _Walk:
    """Stands in the place of a pipeline: says what its steps would do."""

    def __init__(self, route: Route, pipeline: Pipeline, routed: Routed) -> None:
        self._route = route
        self._pipeline = pipeline
        self._routed = routed

    def __call__(self, x: Exchange) -> Answer | None:
        taken = Taken(self._route)
        self._routed.taken.append(taken)
        self._changed: dict[str, list[Step]] = {}
        self._caller: bool | None = False
        self._sure = True
        for step in self._pipeline.steps:
            runs, depends = self._holds(step.condition, x)
            way = Way(step, runs if self._sure or runs is False else None, depends)
            taken.ways.append(way)
            if runs is False:
                continue
            ends = self._do(way, x)
            if ends and runs:
                return _FOUND
            may_answer = step.answers == "maybe" and (step.policy not in _RUNS or runs is None)
            self._sure = self._sure and not ends and not may_answer
        return None

    # ---- Conditions

    def _holds(self, asked: Condition | None, x: Exchange) -> tuple[bool | None, tuple[Check, ...]]:
        """Whether a condition holds; None, and the checks that decide, where the request alone does not say."""
        if asked is None:
            return True, ()
        if isinstance(asked, Fixed):
            return asked.holds, ()
        if isinstance(asked, Check):
            held = self._check(asked, x)
            return held, () if held is not None else (asked,)
        if asked.word == "not":
            held, depends = self._holds(asked.children[0], x)
            return (None if held is None else not held), depends
        ending = asked.word == "or"
        unknown: list[Check] = []
        for child in asked.children:
            held, depends = self._holds(child, x)
            if held is ending:
                return ending, ()
            unknown += depends
        return (None if unknown else not ending), tuple(unknown)

    def _check(self, check: Check, x: Exchange) -> bool | None:
        if check.condition in ("authenticated", "anonymous") and self._caller is not None:
            return self._caller is (check.condition == "authenticated")
        part = _OF_THE_REQUEST.get(check.condition)
        if part is None or part in self._changed or not check.module.startswith("egc.runtime."):
            return None
        return bool(getattr(self._routed.artifact.module, check.variable)(x))

    # ---- Steps

    def _do(self, way: Way, x: Exchange) -> bool:
        """Say what a step does, where it runs; whether that ends the request."""
        step = way.step
        own = step.module.startswith("egc.runtime.")
        if step.role == "authenticates":
            self._authenticate(way)
            return False
        if step.role == "limits":
            way.words = f"lets pass {limit(step)}" if own else "counts it"
            return False
        if own and step.policy in _RUNS:
            return self._try(way, x)
        for part in step.changes:
            self._changed.setdefault(part, []).append(step)
        may = "answers" if step.answers == "always" else "may answer" if step.answers == "maybe" else "goes on"
        changes = [part for part in step.changes if part in ("url", "method", "host")]
        way.words = may + (f", may change the {' and the '.join(changes)}" if changes else "")
        if step.answers == "always":
            way.status = 0
        return step.answers == "always"

    def _authenticate(self, way: Way) -> None:
        scopes = self._route.endpoint.scopes
        holds = f" with the scopes {', '.join(scopes)}" if scopes else ""
        through = setting(way.step, "pass_through")
        if through in (None, False):
            way.words = f"asks who is calling{holds}"
            self._caller = True if way.runs else None
        else:
            passes = "lets others pass as nobody" if through is True else f"passThrough is {written(through)}"
            way.words = f"asks who is calling{holds}, {passes}"
            self._caller = None

    def _try(self, way: Way, x: Exchange) -> bool:
        """Have a step do what it does."""
        step = way.step
        if way.runs is None and step.policy == "rewrite":
            self._changed.setdefault("url", []).append(step)
            way.words = "makes another URL of it"
            return False
        before = x.url
        run = getattr(self._routed.artifact.module, step.variable)
        try:
            outcome = run(x)
        except Refused as error:
            way.status = error.status
            way.words = f"refuses it with {status_line(error.status)}"
            return True
        if isinstance(outcome, Call):
            self._call(way, outcome, run, x)
        elif isinstance(outcome, Answer):
            way.status = outcome.status
            location = next((value.decode() for name, value in outcome.headers if name == b"location"), "")
            way.words = f"answers with {status_line(outcome.status)}" + (
                f", to {concealed(location)}" if location else ""
            )
        elif x.url != before:
            way.words = f"the URL is now {concealed(x.url)}"
        else:
            way.words = "goes on"
        return outcome is not None

    def _call(self, way: Way, call: Call, run: Any, x: Exchange) -> None:
        services = services_of(way.step, self._routed.compiled.plan)
        way.service = services[0] if services else ""
        way.words = f"asks {way.service}"
        way.method = call.method
        way.unless = tuple(dict.fromkeys([*self._changed.get("url", []), *self._changed.get("method", [])]))
        urls = next((one.urls for one in self._routed.compiled.plan.services if one.name == way.service), ())
        calls = [call, *(run(x) for _ in urls[1:])]
        way.upstream = tuple(
            concealed(f"{'https' if one.pool.target.secure else 'http'}://{one.pool.target.authority}{one.path}")
            for one in calls
        )
