"""What happened to a request, in the order in which it happened, with the places that say so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from egc.compiler import Compiled
from egc.compiler.access.words import condition
from egc.compiler.cli._lines import Line, place
from egc.compiler.cli._nowhere import why
from egc.compiler.cli._rehearsing import checks, concealed, concealed_header, shown_request, steps
from egc.compiler.plan import Check, Pipeline, Step
from egc.runtime.rehearsal import Ask, Asked, Began, Happened, Ran, Sent
from egc.runtime.routing import Route as Running

LONGEST_BODY = 2000
"""Characters of an answer's body that are shown."""

NOWHERE = ("no_route", "no_pipeline", "fell_through")
"""Reasons that say that nothing takes a request."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A request and what has come of it.

    Arguments:
        caller: who was calling, in words; empty for nobody in particular.
        routes: of the gateway.
    """

    compiled: Compiled
    ask: Ask
    caller: str
    happened: Happened
    routes: Sequence[Running]

    @property
    def is_taken(self) -> bool:
        """Whether anything but a 404 of the gateway's own answers."""
        return bool(self.happened.status) and self.happened.reason not in NOWHERE

    # ---- For people

    def lines(self) -> Iterator[Line]:
        """All of it."""
        happened = self.happened
        as_whom = f" as {self.caller}" if self.caller else ""
        yield Line(shown_request(self.ask) + as_whom, tone="head")
        yield Line()
        yield from self._decisions()
        for number, sent in enumerate(happened.fetched):
            if not number:
                yield Line()
            yield Line(f"The gateway asks for itself: {sent.method} {self._concealed(sent.url)}")
        for sent in happened.sent:
            yield Line()
            yield Line(f"{sent.method} {self._concealed(sent.url)}", tone="head")
            yield from self._fields(sent.headers)
            if sent.body:
                yield Line(f"({len(sent.body)} bytes of body)", depth=1, tone="dim")
        yield Line()
        yield from self._answer()
        if happened.unasked:
            yield Line()
            yield Line(f"No step on the way asks who is calling: {self.caller} makes no difference.", tone="dim")
        for number, note in enumerate(happened.notes):
            if not number:
                yield Line()
            yield Line(self._concealed(note), tone="dim")

    def _decisions(self) -> Iterator[Line]:
        happened, gateway = self.happened, self.compiled.plan
        if happened.reserved:
            yield Line("the gateway's own authorization server answers, ahead of all endpoints")
            return
        for began, events in segments(happened):
            route = gateway.routes[began.route]
            pipeline = route.pipeline
            name = pipeline.name if pipeline else ""
            yield Line(f"apiEndpoint {route.endpoint.name} takes it, pipeline {name}", route.span, tone="")
            for key, value in began.parameters.items():
                yield Line(f":{key} is {self._concealed(value)}", depth=1, tone="dim")
            if pipeline is not None:
                yield from self._pipeline(pipeline, events)
        if happened.reason == "no_pipeline" and happened.route is not None:
            route = gateway.routes[happened.route]
            yield Line(f"apiEndpoint {route.endpoint.name} takes it, and is in no pipeline", route.span, tone="bad")
        elif happened.reason == "no_route":
            yield from why(self.ask, gateway, self.routes)
        elif happened.reason == "fell_through":
            yield Line("no step answered, and no other endpoint takes it", tone="bad")
        elif not happened.events:
            yield Line(self._elsewhere())

    def _elsewhere(self) -> str:
        if self.happened.reason:
            return f"refused before any endpoint is asked: {_spoken(self.happened.reason)}"
        if self.ask.method == "OPTIONS" and self.happened.header("allow"):
            return "OPTIONS is answered with the methods of the endpoints that have this path"
        return "code of a plugin answers, ahead of all endpoints"

    def _pipeline(self, pipeline: Pipeline, events: Sequence[Asked | Ran]) -> Iterator[Line]:
        asked = {event.check: event for event in events if isinstance(event, Asked)}
        ran = {event.step: event for event in events if isinstance(event, Ran)}
        ended = False
        for step in pipeline.steps:
            if ended:
                yield Line(f"{step.policy}: not reached", step.span, 1, "dim")
                continue
            for check in checks(step.condition):
                if check.variable in asked:
                    yield self._condition(check, asked[check.variable])
                    ended |= asked[check.variable].held is None
            event = ran.get(step.variable)
            if event is not None:
                yield from self._step(step, event)
                ended |= event.outcome != "passed"
            elif not ended:
                yield Line(f"{step.policy}: left out, its condition does not hold", step.span, 1, "dim")

    def _condition(self, check: Check, event: Asked) -> Line:
        text = condition(check, source_lines(self.compiled))
        if event.held is None:
            return Line(f"if {text}: fails, {self._concealed(event.reason)}", check.span, 1, "bad")
        return Line(f"if {text}: {'holds' if event.held else 'does not hold'}", check.span, 1)

    def _step(self, step: Step, event: Ran) -> Iterator[Line]:
        if event.outcome == "passed":
            words, tone = ("counted" if step.role == "limits" else "done"), "good"
            if step.role == "authenticates":
                words = f"passed, the caller is {event.consumer}" if event.consumer else "passed, as nobody"
            yield Line(f"{step.policy}: {self._concealed(words)}", step.span, 1, "good" if tone else "")
        elif event.outcome == "called":
            yield Line(f"{step.policy}: asks {self.happened.service}", step.span, 1, "good")
        elif event.outcome == "failed":
            yield Line(f"{step.policy}: fails, {self._concealed(event.reason)}", step.span, 1, "bad")
        else:
            because = f", {_spoken(event.reason)}" if event.reason else ""
            verb = "refuses" if event.outcome == "refused" else "answers"
            text = f"{step.policy}: {verb} with {status_line(event.status)}{because}"
            yield Line(text, step.span, 1, "bad" if event.status >= 400 else "good")
        if event.method or event.url:
            yield Line(f"the request is now {event.method or self.ask.method} {self._concealed(event.url)}", depth=2)
        for name in event.removed:
            yield Line(f"- {name}", depth=2, tone="dim")
        for name, value in event.added:
            yield Line(f"+ {name}: {self._shown(name, value)}", depth=2, tone="dim")
        if event.body:
            yield Line("the request has another body", depth=2, tone="dim")
        for name, value in event.told:
            yield Line(f"will answer with {name}: {self._shown(name, value)}", depth=2, tone="dim")
        if event.later:
            yield Line("will see the response", depth=2, tone="dim")
        if event.delay:
            yield Line(f"would wait for {event.delay:g} s", depth=2)

    def _answer(self) -> Iterator[Line]:
        happened = self.happened
        if not happened.status:
            yield Line("No answer.", tone="bad")
            return
        source = f", from the stub of {happened.service}" if happened.sent and not happened.reason else ""
        because = f" ({_spoken(happened.reason)})" if happened.reason else ""
        yield Line(f"{status_line(happened.status)}{source}{because}", tone="head")
        yield from self._fields(happened.headers)
        text = self.body()
        if text:
            yield Line()
            for line in text.splitlines():
                yield Line(self._concealed(line) or " ", depth=1)

    def body(self) -> str:
        """The body as text, cut where it is long."""
        text = self.happened.body.decode("utf-8", "replace")
        return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}…"

    def _fields(self, fields: Sequence[tuple[str, str]]) -> Iterator[Line]:
        for name, value in fields:
            yield Line(f"{name}: {self._shown(name, value)}", depth=1, tone="dim")

    def _shown(self, name: str, value: str) -> str:
        return concealed_header(name, value, self.happened.secrets)

    def _concealed(self, text: str) -> str:
        return concealed(text, self.happened.secrets)

    # ---- For programs

    def data(self) -> dict[str, object]:
        """All of it."""
        happened = self.happened
        return {
            "schema_version": 1,
            "request": {
                "method": self.ask.method,
                "url": shown_request(self.ask).partition(" ")[2],
                "as": self.caller or None,
            },
            "events": list(self._events()),
            "fetched": [self._sent(sent) for sent in happened.fetched],
            "upstream": [{"service": happened.service, **self._sent(sent)} for sent in happened.sent],
            "answer": {
                "status": happened.status or None,
                "reason": happened.reason or None,
                "headers": [[name, self._shown(name, value)] for name, value in happened.headers],
                "body": self._concealed(self.body()),
            },
            "notes": [self._concealed(note) for note in happened.notes],
        }

    def _events(self) -> Iterator[dict[str, object]]:
        gateway, root = self.compiled.plan, self.compiled.report.root
        planned = steps(gateway)
        asked = {check.variable: check for step in planned.values() for check in checks(step.condition)}
        for event in self.happened.events:
            if isinstance(event, Began):
                route = gateway.routes[event.route]
                yield {
                    "event": "route",
                    "endpoint": route.endpoint.name,
                    "pipeline": route.pipeline.name if route.pipeline else None,
                    "parameters": {name: self._concealed(value) for name, value in event.parameters.items()},
                    **place(route.span, root),
                }
            elif isinstance(event, Asked):
                check = asked[event.check]
                yield {
                    "event": "condition",
                    "condition": condition(check, source_lines(self.compiled)),
                    "holds": event.held,
                    **({"reason": self._concealed(event.reason)} if event.reason else {}),
                    **place(check.span, root),
                }
            else:
                step = planned[event.step]
                yield {
                    "event": "step",
                    "policy": step.policy,
                    "outcome": event.outcome,
                    "status": event.status or None,
                    "reason": self._concealed(event.reason) or None,
                    "headers_added": [[name, self._shown(name, value)] for name, value in event.added],
                    "headers_removed": list(event.removed),
                    "response_headers": [[name, self._shown(name, value)] for name, value in event.told],
                    "url": self._concealed(event.url) or None,
                    "caller": event.consumer or None,
                    "delay": event.delay,
                    **place(step.span, root),
                }

    def _sent(self, sent: Sent) -> dict[str, object]:
        return {
            "method": sent.method,
            "url": self._concealed(sent.url),
            "headers": [[name, self._shown(name, value)] for name, value in sent.headers],
        }


def segments(happened: Happened) -> Iterator[tuple[Began, list[Asked | Ran]]]:
    """The events of each pipeline that was begun."""
    began: Began | None = None
    events: list[Asked | Ran] = []
    for event in happened.events:
        if isinstance(event, Began):
            if began is not None:
                yield began, events
            began, events = event, []
        else:
            events.append(event)
    if began is not None:
        yield began, events


def source_lines(compiled: Compiled) -> Mapping[str, list[str]]:
    """The lines of the files of a configuration, by name."""
    return {name: text.split("\n") for name, text in compiled.report.sources.items()}


def status_line(status: int) -> str:
    """A status and its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _spoken(reason: str) -> str:
    return reason.replace("_", " ")
