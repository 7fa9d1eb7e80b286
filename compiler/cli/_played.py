"""Tests as they are played: each request in its turn, and what is not as it should be."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from egc.compiler import Compiled
from egc.compiler.cases import Case, Cases, Expected, Reply, Sending
from egc.compiler.cli._rehearsing import (
    BadRequest,
    concealed,
    concealed_header,
    no_such,
    read_caller,
    read_request,
    shown_request,
    steps,
)
from egc.compiler.cli._traced import segments, status_line
from egc.compiler.diagnostics import Span
from egc.runtime.rehearsal import Ask, Asked, Caller, Happened, NoSuchCaller, Ran, Rehearsal, Stub

LONGEST = 200
"""Characters of a value that are told."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as it should be.

    Arguments:
        words: what, with what was expected and what came.
        span: where the test file says so.
        decided, place: what the gateway did instead, and where the configuration says so.
    """

    request: str
    words: str
    span: Span
    decided: str = ""
    place: Span | None = None


@dataclass(slots=True)
class Played:
    """A test and what came of it. `seen` are all requests with what happened."""

    case: Case
    file: Path
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    seen: list[tuple[Ask, Happened]] = field(default_factory=list)


def play(compiled: Compiled, rehearsal: Rehearsal, cases: Cases, file: Path, tell: Callable[[], None]) -> list[Played]:
    """Play all tests of a file. `tell` is called before each."""
    found = []
    for case in cases.cases:
        tell()
        found.append(_played(compiled, rehearsal, cases, case, file))
    return found


def unreadable(cases: Cases) -> Iterator[tuple[Span, str]]:
    """What is wrong with the requests and callers of a file, as far as its reader does not know."""
    for case in cases.cases:
        for sending in case.sendings:
            try:
                _request(sending)
            except BadRequest as error:
                yield sending.span, str(error)
            try:
                _caller(sending)
            except BadRequest as error:
                yield sending.caller_span, str(error)


def _request(sending: Sending) -> Ask:
    lines = [f"{name}: {value}" for name, value in sending.headers]
    return read_request(sending.request, lines, sending.body, sending.address, certified=sending.certified)


def _caller(sending: Sending) -> Caller | None:
    return None if sending.caller is None else read_caller(sending.caller, sending.scopes, sending.by)


def _stubs(replies: dict[str, Reply]) -> dict[str, Stub]:
    return {name: Stub(reply.status, reply.headers, reply.body, reply.fails) for name, reply in replies.items()}


def _played(compiled: Compiled, rehearsal: Rehearsal, cases: Cases, case: Case, file: Path) -> Played:
    rehearsal.forget()
    rehearsal.stubs.services = _stubs({**cases.services, **case.services})
    rehearsal.stubs.urls = _stubs({**cases.urls, **case.urls})
    played = Played(case, file)
    started = time.perf_counter()
    for sending in case.sendings:
        ask = _request(sending)
        for turn in range(sending.times):
            try:
                happened = rehearsal.ask(ask, _caller(sending))
            except NoSuchCaller as error:
                words = no_such(error, sending.caller or "")
                played.failures.append(Failure(shown_request(ask), words, sending.caller_span))
                break
            played.seen.append((ask, happened))
            failures = list(_failures(compiled, sending, ask, happened, turn))
            played.failures += failures
            if failures:
                break
    played.seconds = time.perf_counter() - started
    return played


def _failures(compiled: Compiled, sending: Sending, ask: Ask, happened: Happened, turn: int) -> Iterator[Failure]:
    which = f" (number {turn + 1} of {sending.times})" if sending.times > 1 else ""
    decided, place = decision(compiled, happened)
    for expected in sending.expected:
        words = differs(compiled, expected, happened)
        if words:
            yield Failure(shown_request(ask) + which, words, expected.span, decided, place)


def decision(compiled: Compiled, happened: Happened) -> tuple[str, Span | None]:
    """What decided about the request, in a few words, and where the configuration says so."""
    gateway = compiled.plan
    if not happened.status:
        return "; ".join(happened.notes) or "there was no answer", None
    last = next((event for event in reversed(happened.events) if isinstance(event, Ran | Asked)), None)
    if happened.reason == "fell_through":
        began = [gateway.routes[one.route] for one, _ in segments(happened)]
        return "no step answers", began[-1].span if began else None
    if isinstance(last, Ran):
        step = steps(gateway)[last.step]
        because = f", {last.reason.replace('_', ' ')}" if last.reason else ""
        if last.outcome == "called":
            failed = f", which fails: {happened.reason.replace('_', ' ')}" if happened.reason else ""
            return f"{step.policy} asks {happened.service}{failed}", step.span
        if last.outcome == "failed":
            return f"{step.policy} fails: {concealed(last.reason, happened.secrets)}", step.span
        return f"{step.policy} answers with {status_line(last.status)}{because}", step.span
    if happened.route is not None:
        route = gateway.routes[happened.route]
        return f"apiEndpoint {route.endpoint.name} is in no pipeline", route.span
    if happened.reserved:
        return "the authorization server answers", gateway.authorization.span if gateway.authorization else None
    return f"no endpoint is asked: {(happened.reason or 'answered ahead of them').replace('_', ' ')}", None


def differs(compiled: Compiled, expected: Expected, happened: Happened) -> str:
    """How something is not as expected; empty where it is."""
    what, value = expected.what, expected.value
    if what == "status":
        statuses = value if isinstance(value, tuple) else ()
        if any(fnmatchcase(str(happened.status), one.replace("x", "?")) for one in statuses):
            return ""
        return f"status: expected {' or '.join(statuses)}, got {happened.status or 'no answer'}"
    if what in ("endpoint", "pipeline", "service"):
        return _differ(what, value, outcome(compiled, happened)[what], happened)
    if what == "contains":
        text = happened.body.decode("utf-8", "replace")
        return "" if str(value) in text else f"body: expected it to contain {_told(value)}, got {_told(text, happened)}"
    prefix = "sent " if what.startswith("sent ") else ""
    if prefix and not happened.sent:
        return f"{what}: expected {_told(value)}, and nothing was sent to a service"
    if what in ("sent method", "sent url"):
        sent = happened.sent[-1]
        return _differ(what, value, sent.method if what == "sent method" else sent.url, happened)
    headers = happened.sent[-1].headers if prefix else happened.headers
    body = happened.sent[-1].body if prefix else happened.body
    if what == f"{prefix}header":
        return _header(prefix, expected, headers, happened)
    text = body.decode("utf-8", "replace")
    if what == f"{prefix}body":
        return _differ(what, value, text, happened)
    try:
        got = json.loads(text)
    except ValueError:
        return f"{prefix}json: expected {_told(value)}, got what is no JSON: {_told(text, happened)}"
    return "" if got == value else f"{prefix}json: expected {_told(value)}, got {_told(got, happened)}"


def _header(prefix: str, expected: Expected, headers: Sequence[tuple[str, str]], happened: Happened) -> str:
    found = [value for name, value in headers if name == expected.name]
    got = ", ".join(found) if found else None
    if got == expected.value or (expected.value is True and got is not None):
        return ""
    if got is not None:
        got = concealed_header(expected.name, got, happened.secrets)
    wanted = "one" if expected.value is True else _told(expected.value)
    return f"{prefix}header {expected.name}: expected {wanted}, got {_told(got, happened)}"


def _differ(what: str, expected: object, got: object, happened: Happened) -> str:
    return "" if expected == got else f"{what}: expected {_told(expected)}, got {_told(got, happened)}"


def _told(value: object, happened: Happened | None = None) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    text = concealed(text, happened.secrets if happened is not None else ())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def outcome(compiled: Compiled, happened: Happened) -> dict[str, str | None]:
    """Endpoint, pipeline and service that a request has met."""
    route = None if happened.route is None else compiled.plan.routes[happened.route]
    return {
        "endpoint": None if route is None else route.endpoint.name,
        "pipeline": None if route is None or route.pipeline is None else route.pipeline.name,
        "service": happened.service or None,
    }
