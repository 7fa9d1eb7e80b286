"""Observers around the objects of a gateway's module: what was asked, what ran, and what it made of the request.

They stand where the module's functions look their steps and conditions up, so that the functions are as they were
emitted, and nobody pays for this in production.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Answered, Exchange
from egc.runtime.log import AccessLog
from egc.runtime.rehearsal.callers import Caller
from egc.runtime.rehearsal.network import Stubs
from egc.runtime.rehearsal.records import Asked, Began, Event, Ran, Step
from egc.runtime.routing import Route
from egc.runtime.upstream import Call

Runs = Callable[[Exchange], Any]


class Watch:
    """All observers of one gateway.

    Arguments:
        module: its module, whose objects are replaced.
        routes: of the gateway.
        steps, checks: the names of the objects; of a check, whether it waits.
        stubs: are told which service is asked.

    `events` and `service` are of the request that runs. While `seeking` is set, a request ends at the first step by
    which that caller could show who it is, or, where it has done so to steps before (`satisfied`), at the first that
    refuses it; the step is named `found` then, and nothing is counted.
    """

    def __init__(
        self,
        module: ModuleType,
        routes: Sequence[Route],
        *,
        steps: Mapping[str, Step],
        checks: Mapping[str, bool],
        stubs: Stubs,
    ) -> None:
        self.events: list[Event] = []
        self.service = ""
        self.counted = False
        self.seeking: Caller | None = None
        self.satisfied: frozenset[str] = frozenset()
        self.found = ""
        self.steps: dict[str, Any] = {name: getattr(module, name) for name in steps}
        self._stubs = stubs
        for name, step in steps.items():
            setattr(module, name, self._step(name, step))
        for name, waits in checks.items():
            setattr(module, name, self._check(name, waits, getattr(module, name)))
        for index, route in enumerate(routes):
            self._route(index, route)

    def begin(self, caller: Caller | None = None, satisfied: frozenset[str] = frozenset()) -> None:
        """Another request comes; with a caller, one that seeks."""
        self.satisfied = satisfied
        self.events = []
        self.service = ""
        self.seeking = caller
        self.found = ""

    def _route(self, index: int, route: Route) -> None:
        awaits, decides = route.awaits, route.decides
        if awaits is None and decides is None:
            return

        async def begin(x: Exchange) -> Answer | Call | None:
            self.events.append(Began(index, x.url, dict(x.params)))
            try:
                if awaits is not None:
                    return await awaits(x)
                return decides(x) if decides is not None else None
            finally:
                # It has been told with the step that wanted it; nobody waits for it here.
                x.delay = 0.0

        route.awaits, route.decides = begin, None

    def _check(self, name: str, waits: bool, check: Runs) -> Runs:
        @contextmanager
        def failing() -> Iterator[None]:
            try:
                yield
            except Exception as error:
                self.events.append(Asked(name, None, sentence(error)))
                raise

        async def awaited(x: Exchange) -> Any:
            with failing():
                held = await check(x)
            self.events.append(Asked(name, bool(held)))
            return held

        def plain(x: Exchange) -> Any:
            with failing():
                held = check(x)
            self.events.append(Asked(name, bool(held)))
            return held

        return awaited if waits else plain

    def _step(self, name: str, about: Step) -> Runs:
        step: Runs = self.steps[name]

        async def awaited(x: Exchange) -> Any:
            if self._is_left_out(name, about):
                return None
            with self._running(name, about, x) as results:
                results.append(await step(x))
            return results[0]

        def plain(x: Exchange) -> Any:
            if self._is_left_out(name, about):
                return None
            with self._running(name, about, x) as results:
                results.append(step(x))
            return results[0]

        return awaited if about.waits else plain

    def _is_left_out(self, name: str, about: Step) -> bool:
        """Whether a step does not run because this is no request but a look for who is asked."""
        if self.seeking is None:
            return False
        if not self.satisfied and self._could_ask(about):
            self.found = name
            raise Refused(401, "", reason="rehearsal")
        return about.role == "limits"

    def _could_ask(self, about: Step) -> bool:
        return self.seeking is not None and about.role == "authenticates" and self.seeking.fits(about.policy)

    @contextmanager
    def _running(self, name: str, about: Step, x: Exchange) -> Iterator[list[Any]]:
        before = _State(x)
        results: list[Any] = []
        self.counted |= about.role == "limits"
        try:
            yield results
        except Refused as error:
            if name not in self.satisfied and self._could_ask(about):
                self.found = name
            self.events.append(before.ran(name, x, "refused", error.status, error.reason))
            raise
        except Answered as error:
            self.events.append(before.ran(name, x, "answered", error.answer.status, error.answer.reason))
            raise
        except Exception as error:
            self.events.append(before.ran(name, x, "failed", 0, sentence(error)))
            raise
        outcome = results[0]
        if isinstance(outcome, Call):
            self.service = self._stubs.service = about.service or name
            self.events.append(before.ran(name, x, "called"))
        elif isinstance(outcome, Answer):
            self.events.append(before.ran(name, x, "answered", outcome.status, outcome.reason))
        else:
            self.events.append(before.ran(name, x))


class _State:
    """What a step may change, as it was before."""

    def __init__(self, x: Exchange) -> None:
        self._headers = list(x.headers)
        self._told = list(x.response_headers)
        self._url = x.url
        self._method = x.method
        self._body = x.body
        self._parsed = x.parsed
        self._consumer = x.consumer
        self._delay = x.delay
        self._hooks = len(x.hooks or ()) + len(x.transforms or ())

    def ran(self, name: str, x: Exchange, outcome: Any = "passed", status: int = 0, reason: str = "") -> Ran:
        """The record of the step, by what is different now."""
        names = {name for name, _ in x.headers}
        body = x.body is not self._body and self._body is not None
        return Ran(
            name,
            outcome,
            status,
            reason,
            added=_text(field for field in x.headers if field not in self._headers),
            removed=tuple(dict.fromkeys(name.decode("latin-1") for name, _ in self._headers if name not in names)),
            told=_text(field for field in x.response_headers if field not in self._told),
            url=x.url if x.url != self._url else "",
            method=x.method if x.method != self._method else "",
            body=body,
            consumer=x.consumer.id if x.consumer is not None and x.consumer is not self._consumer else "",
            delay=x.delay - self._delay,
            later=len(x.hooks or ()) + len(x.transforms or ()) > self._hooks,
        )


def _text(fields: Iterator[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)


def sentence(error: Exception) -> str:
    """What went wrong, in a line."""
    text = str(error) or type(error).__name__
    return " ".join(text.split())


class Listening(AccessLog):
    """The access log of a rehearsal: it writes nothing, and keeps what the last request was logged as."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Another request comes."""
        self.exchange: Exchange | None = None
        self.reason = ""
        self.lines: list[str] = []

    def entry(self, x: Exchange, status: int, sent: int, seconds: float, reason: str) -> None:
        """The end of a request."""
        self.exchange = x
        self.reason = reason

    def add(self, line: str) -> None:
        """A message of a policy or condition."""
        self.lines.append(line)

    def flush(self) -> None:
        """Nothing is written."""
