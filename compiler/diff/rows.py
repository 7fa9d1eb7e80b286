"""Rows of `accesses` with what they mean, so that those of two gateways can be held against each other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from egc.compiler.branches import Access, changed_by, may_answer
from egc.compiler.conditions.lowering import checks
from egc.compiler.diff.literals import EVERYWHERE, Place, may_meet, place
from egc.compiler.diff.meaning import CORE, Key, Meaning, falls, host, path
from egc.compiler.plan import Check, Pipeline, Route, Step

ADDRESSES = frozenset(("url", "method", "host"))
"""Parts of a request that routes look at."""


@dataclass(frozen=True)
class Row:
    """A class of requests and what its gateway does with them.

    Arguments:
        access: the class.
        meaning: the keys of its gateway.
        place: where its requests are, as far as that is plain to see.
    """

    access: Access
    meaning: Meaning
    place: Place = EVERYWHERE

    @cached_property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """The pipelines that run, in order."""
        holders = self.meaning.holders
        found = {holders[step.variable].variable: holders[step.variable] for step in self._all}
        if self._last is not None:
            found.pop(self._last.variable, None)
            found[self._last.variable] = self._last
        return tuple(found.values())

    @property
    def _last(self) -> Pipeline | None:
        return self.access.route.pipeline if self.access.route else None

    @property
    def _all(self) -> tuple[Step, ...]:
        return *self.access.steps, *self.access.possible

    @cached_property
    def line(self) -> tuple[Step, ...]:
        """All steps of the pipelines, those that do not run included."""
        return tuple(step for pipeline in self.pipelines for step in pipeline.steps)

    @cached_property
    def ran(self) -> frozenset[str]:
        """The variables of the steps that run."""
        return frozenset(step.variable for step in self.access.steps)

    @cached_property
    def maybe(self) -> frozenset[str]:
        """The variables of the steps that may run."""
        return frozenset(step.variable for step in self.access.possible) - self.ran

    @cached_property
    def wandered(self) -> bool:
        """Whether some pipeline may have made another request of it for the routes behind."""
        return any(map(wanders, self.meaning.gateway.pipelines))

    @cached_property
    def scopes(self) -> dict[str, tuple[str, ...]]:
        """The scopes that each step asks for which the caller must satisfy."""
        return {proof.step.variable: proof.scopes for proof in self.access.authentication}

    @property
    def kind(self) -> str:
        """What comes of it, as far as the caller sees it."""
        return "nothing" if self.access.outcome in ("no route", "fell through") else self.access.outcome

    @cached_property
    def served(self) -> bool:
        """Whether the caller gets something."""
        if self.kind == "answered":
            return self.access.status is None or self.access.status < 400
        return self.kind not in ("nothing", "no pipeline")

    @cached_property
    def done(self) -> Key:
        """The key of what becomes of the requests: rows of the same one answer alike."""
        ran = [
            (
                step.variable in self.ran or self.meaning.condition(step.condition),
                self.meaning.step(step),
                None if step.variable not in self.scopes else frozenset(self.scopes[step.variable]),
            )
            for step in self.line
            if step.variable in self.ran or step.variable in self.maybe
        ]
        ends = None if self.access.step is None else self.meaning.step(self.access.step)
        return self.kind, ends, tuple(ran), tuple(self._surroundings()), self._unsure()

    def _surroundings(self) -> Iterator[Key]:
        """What the pipelines see of their routes, and take from the request before they begin."""
        for pipeline in self.pipelines:
            steps = [step for step in pipeline.steps if step.variable in self.ran or step.variable in self.maybe]
            routes: tuple[Route, ...]
            if self._last is not None and pipeline.variable == self._last.variable and self.access.route:
                routes = (self.access.route,)
            else:
                routes = tuple(route for route in self.meaning.led_to(pipeline) if self._beside(route))
            yield frozenset(self.meaning.context(route, steps) for route in routes)
            yield frozenset(pipeline.identity)

    def _beside(self, route: Route) -> bool:
        """Whether requests may have gone through a route before they came to this one's."""
        return self.access.route is None or may_meet(place(route), place(self.access.route))

    def _unsure(self) -> Key:
        """Where the class does not say which requests come here: all that decides it instead."""
        if self.access.exact:
            return None
        route = self.access.route
        found: list[Key] = [self.meaning.pipeline(pipeline) for pipeline in self.pipelines]
        if route is not None:
            found += [host(route.host), path(route.path)]
        if any(wanders(pipeline) for pipeline in self.pipelines if pipeline is not self._last):
            found.append(self.meaning.table)
        return tuple(found)

    @cached_property
    def asked(self) -> dict[Key, bool]:
        """What was asked that only the request can tell, and what it said.

        A condition is asked anew where steps in front of it have changed the request. Whether the caller satisfied a
        step that lets others pass is such a question, too.
        """
        holders = {check.variable: place for place, step in enumerate(self.line) for check in checks(step.condition)}
        found: dict[Key, bool] = {}
        times: Counter[Key] = Counter()
        for fact in self.access.facts:
            if fact.known:
                continue
            steps = () if _of_connection(fact.check) else self._before(holders.get(fact.check.variable, 0))
            key = (self.meaning.check(fact.check), steps)
            found[(*key, times[key])] = fact.holds
            times[key] += 1
        for index, step in enumerate(self.line):
            if step.role == "authenticates" and step.variable in self.ran:
                passes = any(one.keyword == "pass_through" and one.value is not False for one in step.arguments)
                if passes:
                    found[("satisfied", step.module, sum(one.module == step.module for one in self.line[:index]))] = (
                        step.variable in self.scopes
                    )
        return found

    @cached_property
    def opaque(self) -> dict[Key, Check]:
        """The conditions that only the request can tell, by their keys."""
        return {self.meaning.check(fact.check): fact.check for fact in self.access.facts if not fact.known}

    @cached_property
    def answers(self) -> dict[Key, frozenset[bool]]:
        """What conditions that only the request can tell have said, wherever they were asked; and whether scripts and
        steps of plugins that may answer have."""
        found: dict[Key, frozenset[bool]] = {}
        for fact in self.access.facts:
            if not fact.known:
                key = self.meaning.check(fact.check)
                found[key] = found.get(key, frozenset()) | {fact.holds}
        for step in self._opaque_steps():
            key = ("answers", self.meaning.step(step))
            found[key] = found.get(key, frozenset()) | {step == self.access.step}
        return found

    @cached_property
    def passes(self) -> bool:
        """Whether its requests go by a script or a step of a plugin that may answer: perhaps it answers all of them."""
        return any(step != self.access.step for step in self._opaque_steps())

    def _opaque_steps(self) -> Iterator[Step]:
        """The steps of which only the request can tell whether they answer."""
        for step in self.access.steps:
            opaque = step.policy == "expression" or not step.module.startswith(CORE)
            if opaque and step.answers == "maybe" and may_answer(step):
                yield step

    def _before(self, place: int) -> Key:
        """The steps in front of a place of the line that may have changed the request."""
        return tuple(
            (self.meaning.step(step), None if step.variable in self.ran else self.meaning.condition(step.condition))
            for step in self.line[:place]
            if changed_by(step) and (step.variable in self.ran or step.variable in self.maybe)
        )

    def meets(self, other: "Row") -> bool:
        """Whether one request may have the answers of both to all that was asked."""
        return all(other.asked.get(key, holds) is holds for key, holds in self.asked.items())


def _of_connection(check: Check) -> bool:
    """Whether a condition looks at what no step can change."""
    return check.module.startswith(CORE) and check.condition == "tlsClientAuthenticated"


def wanders(pipeline: Pipeline) -> bool:
    """Whether a request may leave a pipeline without an answer and be another one to the routes behind it."""
    return falls(pipeline) and any(ADDRESSES & changed_by(step) for step in pipeline.steps)
