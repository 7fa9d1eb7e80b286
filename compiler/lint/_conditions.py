"""What conditions say of the requests of an endpoint, as far as its host, path and methods already tell."""

from collections.abc import Iterator
from dataclasses import dataclass

from egc.compiler.ecmascript import Node
from egc.compiler.languages import Beyond, starting, text, within
from egc.compiler.plan import Check, Condition, Fixed, Pattern, Pipeline, Route, Setting, Step
from egc.compiler.requests import EVERY_METHOD, Requests, every_host, every_target, taken
from egc.compiler.review import Review

_CORE = "egc.runtime.conditions."
_LOOKS_AT = {
    "method": "method",
    "hostMatch": "host",
    "pathExact": "url",
    "pathMatch": "url",
    "pathmatch": "url",
    "regexpmatch": "url",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition of a step that the endpoints of its pipeline decide already.

    Arguments:
        pipeline, step, check: which one.
        routes: those that lead to it.
        negated: whether it stands behind a `not`.
        holds: what it says of every request, before any `not`.
    """

    pipeline: Pipeline
    step: Step
    check: Check
    routes: tuple[Route, ...]
    negated: bool
    holds: bool

    @property
    def fits(self) -> bool:
        """What it says as it stands there, behind its `not`."""
        return self.holds is not self.negated


def judged(review: Review) -> Iterator[Judged]:
    """Conditions that are the same for every request that the endpoints of their pipeline take.

    Behind a step that changes what a condition looks at, nobody can say.
    """
    leading: dict[str, list[Route]] = {}
    for route in review.plan.routes:
        if route.pipeline is not None:
            leading.setdefault(route.pipeline.variable, []).append(route)
    for pipeline in review.plan.pipelines:
        routes = tuple(leading.get(pipeline.variable, ()))
        if not routes or all(step.condition is None for step in pipeline.steps):
            continue
        boxes = [taken(route.host, route.path, route.methods) for route in routes]
        changed: set[str] = set()
        for step in pipeline.steps:
            for check, negated in _asked(step.condition, negated=False):
                looks_at = _LOOKS_AT.get(check.condition) if check.module.startswith(_CORE) else None
                if looks_at is None or looks_at in changed:
                    continue
                holds = _says(check, boxes)
                if holds is not None:
                    yield Judged(pipeline, step, check, routes, negated, holds)
            changed |= set(step.changes)


def _asked(condition: Condition | None, *, negated: bool) -> Iterator[tuple[Check, bool]]:
    """The checks of a condition, and whether each stands behind a `not`."""
    if isinstance(condition, Check):
        yield condition, negated
    elif condition is not None and not isinstance(condition, Fixed):
        for child in condition.children:
            yield from _asked(child, negated=negated is not (condition.word == "not"))


def _says(check: Check, boxes: list[Requests]) -> bool | None:
    """What a check says of every request of some classes; None where that depends, or nobody can tell."""
    try:
        wanted = fitting(check)
        if wanted is None or all(box.empty for box in boxes):
            return None
        if all((box & wanted).empty for box in boxes):
            return False
        if all(box.exact and not box.minus(wanted) for box in boxes):
            return True
    except Beyond:
        pass
    return None


def fitting(check: Check) -> Requests | None:
    """The requests of which a check holds; None where they are no matter of host, target and method.

    Raises Beyond.
    """
    arguments = {argument.keyword: argument.value for argument in check.arguments}
    hosts, targets, methods = every_host(), every_target(), EVERY_METHOD
    match check.condition:
        case "method":
            found = arguments.get("methods")
            named = found if isinstance(found, tuple) else (found,)
            if not all(isinstance(one, str) for one in named):
                return None
            methods = frozenset(one for one in named if isinstance(one, str))
        case "hostMatch":
            hosts = starting(_tree(arguments.get("pattern")))
        case "pathExact":
            path = arguments.get("path")
            if not isinstance(path, str):
                return None
            targets = text(path)
        case "pathMatch":
            targets = within(_tree(arguments.get("pattern")))
        case "regexpmatch":
            targets = within(_tree(arguments.get("match")))
        case "pathmatch":
            targets = starting(_tree(arguments.get("match")))
        case _:
            return None
    return Requests(hosts, targets, methods)


def _tree(pattern: Setting) -> Node:
    if not isinstance(pattern, Pattern) or pattern.tree is None:
        raise Beyond("the pattern is known when the gateway starts")
    return pattern.tree


def named(routes: tuple[Route, ...]) -> str:
    """The endpoints of routes in a sentence."""
    names = [f"`{name}`" for name in dict.fromkeys(route.endpoint.name for route in routes)]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
