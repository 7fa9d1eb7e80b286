"""How much of a configuration tests have been through: endpoints, their methods, and both sides of each condition."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from egc.compiler import Compiled
from egc.compiler.access.words import condition
from egc.compiler.cli._lines import Line, place
from egc.compiler.cli._rehearsing import checks
from egc.compiler.cli._traced import source_lines
from egc.compiler.diagnostics import Span
from egc.runtime.rehearsal import Ask, Asked, Began, Happened

ANY = "any method"
_ENDPOINT = "requested"
_SIDES = {True: "holds", False: "does not hold"}


@dataclass(slots=True)
class Item:
    """Something with parts that tests can go through: an endpoint, or a condition."""

    kind: str
    text: str
    span: Span
    parts: dict[str, bool]

    @property
    def covered(self) -> int:
        """How many parts tests have been through."""
        return sum(self.parts.values())

    @property
    def missing(self) -> list[str]:
        """The parts that no test has been through."""
        return [part for part, seen in self.parts.items() if not seen]


@dataclass(slots=True)
class Coverage:
    """All of them, in the order of the configuration."""

    items: list[Item]

    @property
    def total(self) -> int:
        """How many parts there are."""
        return sum(len(item.parts) for item in self.items)

    @property
    def covered(self) -> int:
        """How many of them tests have been through."""
        return sum(item.covered for item in self.items)

    @property
    def percent(self) -> float:
        """The same in percent; all of nothing is 100."""
        return 100.0 * self.covered / self.total if self.total else 100.0

    def lines(self) -> Iterator[Line]:
        """A table for people."""
        yield Line()
        yield Line("Coverage", tone="head")
        width = max((len(f"{item.kind} {item.text}") for item in self.items), default=0)
        for item in self.items:
            name = f"{item.kind} {item.text}"
            missing = f"  never: {', '.join(item.missing)}" if item.missing else ""
            text = f"{name.ljust(min(width, 48))}  {item.covered}/{len(item.parts)}{missing}"
            yield Line(text, item.span, tone="" if item.missing else "dim")
        yield Line(f"{self.covered} of {self.total} parts: {self.shown}", tone="head")

    @property
    def shown(self) -> str:
        """The percentage, never rounded up to 100."""
        percent = int(self.percent * 10) / 10
        return f"{percent:g} %"

    def data(self, root: str) -> dict[str, object]:
        """The same as data."""
        return {
            "percent": round(self.percent, 2),
            "covered": self.covered,
            "total": self.total,
            "items": [
                {
                    "kind": item.kind,
                    "name": item.text,
                    "covered": [part for part, seen in item.parts.items() if seen],
                    "missing": item.missing,
                    **place(item.span, root),
                }
                for item in self.items
            ],
        }


def coverage(compiled: Compiled, seen: Iterable[tuple[Ask, Happened]]) -> Coverage:
    """What requests have been through."""
    gateway = compiled.plan
    endpoints: dict[str, Item] = {}
    for route in gateway.routes:
        name = route.endpoint.name
        item = endpoints.setdefault(name, Item("endpoint", name, route.endpoint.span, {_ENDPOINT: False}))
        for method in route.methods or (ANY,):
            item.parts[method] = False
    conditions: dict[str, Item] = {}
    lines = source_lines(compiled)
    for pipeline in gateway.pipelines:
        for step in pipeline.steps:
            for check in checks(step.condition):
                parts = dict.fromkeys(_SIDES.values(), False)
                conditions[check.variable] = Item("condition", condition(check, lines), check.span, parts)
    for ask, happened in seen:
        taken = {event.route for event in happened.events if isinstance(event, Began)}
        if happened.route is not None:
            taken.add(happened.route)
        for number in taken:
            route = gateway.routes[number]
            item = endpoints[route.endpoint.name]
            item.parts[_ENDPOINT] = True
            for method in route.methods or (ANY,):
                if method in (ask.method, ANY) or (method == "GET" and ask.method == "HEAD"):
                    item.parts[method] = True
        for event in happened.events:
            if isinstance(event, Asked) and event.held is not None:
                conditions[event.check].parts[_SIDES[event.held]] = True
    return Coverage([*endpoints.values(), *conditions.values()])
