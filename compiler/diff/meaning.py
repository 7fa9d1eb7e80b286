"""What parts of a plan mean, as keys: equal keys do the same, whatever they are called and wherever they stand."""

import re
from collections.abc import Hashable, Iterable, Iterator
from functools import cache, cached_property
from typing import TypeAlias

from egc.compiler.branches import Access, accesses
from egc.compiler.conditions.lowering import checks
from egc.compiler.diff.literals import Place, place
from egc.compiler.plan import (
    Argument,
    Check,
    Condition,
    Endpoint,
    Fixed,
    Gateway,
    HostPattern,
    Joined,
    Lookup,
    Made,
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
from egc.compiler.policies import policies
from egc.compiler.requests import Requests, taken
from egc.compiler.settings import from_json, snake

Key: TypeAlias = Hashable

COUNTER = "counter"
CORE = "egc.runtime."
_ASSIGNS = re.compile(r"(?<![=!<>])=(?![=>])|\+\+|--|\bdelete\b")
_PARAMETERS = re.compile(r"param|\[")
_MANY = ("methods", "grants", "allowed_headers", "exposed_headers", "allowed_hosts", "algorithms")
"""Arguments whose lists have no order."""


class Meaning:
    """The keys of one gateway's parts. `services` and `plugins` are by the name of their variable."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.services = {service.variable: service for service in gateway.services}
        self._plugins = {plugin.variable: plugin for plugin in gateway.plugins}
        self._steps: dict[str, Key] = {}
        self._pipelines: dict[str, Key] = {}
        self._led: dict[str, tuple[Route, ...]] = {}
        self.holders = {step.variable: pipeline for pipeline in gateway.pipelines for step in pipeline.steps}
        """The pipeline that each step is in."""

    # ---- Settings

    def setting(self, value: Setting) -> Key:
        """The key of a setting."""
        match value:
            case Lookup():
                return "lookup", value.kind, value.parts, value.divisor
            case Reference():
                return self._object(value.name)
            case Script():
                return "script", value.kind, value.text
            case Pattern():
                return "pattern", value.regex, value.ignore_case
            case Table():
                entries = [(name, self.setting(entry)) for name, entry in value.entries]
                return "table", frozenset(entries) if _unordered(value) else tuple(entries)
            case Made():
                inner = tuple(map(self.setting, value.positional))
                return "made", value.module, value.class_name, inner, self.arguments(value.arguments)
            case tuple():
                return "list", *map(self.setting, value)
            case _:
                # True is not 1 here, and 1 is 1.0.
                return isinstance(value, bool), value

    def argument(self, argument: Argument) -> Key:
        """The key of an argument's value."""
        if argument.keyword in _MANY and isinstance(argument.value, tuple):
            return "any of", frozenset(map(self.setting, argument.value))
        return self.setting(argument.value)

    def arguments(self, arguments: Iterable[Argument]) -> Key:
        """The key of arguments; one that is written does the same as the default that it says."""
        return frozenset((one.keyword, self.argument(one)) for one in arguments if one.value is not None)

    def _object(self, name: str) -> Key:
        service, plugin = self.services.get(name), self._plugins.get(name)
        if service is not None:
            return self.service(service)
        if plugin is not None:
            # What its code does is compared where its files are.
            return "plugin", plugin.name, plugin.module, plugin.class_name
        return "object", name

    def service(self, service: Service) -> Key:
        """The key of a service: where it is, not what it is called."""
        return "service", tuple(map(self.setting, service.urls)), self.arguments(service.arguments)

    # ---- Steps

    def step(self, step: Step) -> Key:
        """The key of a step, its condition apart. A counter that egc named is the step's own."""
        found = self._steps.get(step.variable)
        if found is None:
            arguments = [
                one
                for one in step.arguments
                if (one.keyword != COUNTER or one.span is not None) and not is_default(step, one)
            ]
            taken = tuple(map(self.setting, step.positional))
            found = self._steps[step.variable] = (step.module, step.class_name, taken, self.arguments(arguments))
        return found

    def condition(self, condition: Condition | None) -> Key:
        """The key of a condition; what is asked first may fail first, so the order counts."""
        match condition:
            case None:
                return None
            case Fixed():
                return condition.holds
            case Check():
                return self.check(condition)
            case Joined():
                return condition.word, *map(self.condition, condition.children)

    def check(self, check: Check) -> Key:
        """The key of a check."""
        return check.module, check.class_name, self.arguments(check.arguments)

    # ---- Routes

    def pipeline(self, pipeline: Pipeline | None) -> Key:
        """The key of a pipeline."""
        if pipeline is None:
            return None
        found = self._pipelines.get(pipeline.variable)
        if found is None:
            steps = tuple((self.condition(step.condition), self.step(step)) for step in pipeline.steps)
            found = self._pipelines[pipeline.variable] = (steps, frozenset(pipeline.identity))
        return found

    def route(self, route: Route) -> Key:
        """The key of a route: which requests it would take, and what it does with them."""
        steps = route.pipeline.steps if route.pipeline else ()
        methods = None if route.methods is None else tuple(route.methods)
        return host(route.host), path(route.path), methods, self.pipeline(route.pipeline), self.context(route, steps)

    def led_to(self, pipeline: Pipeline) -> tuple[Route, ...]:
        """The routes of a pipeline."""
        if not self._led:
            for route in self.gateway.routes:
                if route.pipeline is not None:
                    name = route.pipeline.variable
                    self._led[name] = (*self._led.get(name, ()), route)
        return self._led.get(pipeline.variable, ())

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """Every class of requests and what comes of it."""
        return accesses(self.gateway)

    @cached_property
    def claims(self) -> tuple[tuple[Place, Requests], ...]:
        """What each route keeps from those behind it, OPTIONS included; and where."""
        return tuple(
            (place(route), taken(route.host, route.path, route.methods and (*route.methods, "OPTIONS")))
            for route in self.gateway.routes
        )

    @cached_property
    def boxes(self) -> frozenset[Key]:
        """Which requests each route takes if nothing before it does."""
        return frozenset(map(box, self.gateway.routes))

    @cached_property
    def ending(self) -> frozenset[Key]:
        """Which requests each route takes that no request leaves without an answer."""
        return frozenset(box(route) for route in self.gateway.routes if not (route.pipeline and falls(route.pipeline)))

    @cached_property
    def table(self) -> tuple[Key, ...]:
        """The key of all routes in their order."""
        return tuple(map(self.route, self.gateway.routes))

    def context(self, route: Route, steps: Iterable[Step]) -> Key:
        """What steps see of the route that led to them."""
        found: list[Key] = []
        steps = tuple(steps)
        texts = [script.text for step in steps for script in scripts(step)]
        foreign = any(not module.startswith(CORE) for step in steps for module in _modules(step))
        if foreign or any(step.role == "authenticates" for step in steps):
            found.append(("scopes", frozenset(route.endpoint.scopes)))
        if foreign or any("apiEndpoint" in text for text in texts):
            found.append(("endpoint", self._endpoint(route.endpoint)))
        if foreign or any(_PARAMETERS.search(text) for text in texts):
            found.append(("parameters", path(route.path), route.path.names))
        if foreign or any("route" in text for text in texts):
            found.append(("route", route.path.text))
        if foreign or any(argument.keyword == "strip_path" for step in steps for argument in _on(step)):
            found.append(("strip", route.path.strip, path(route.path)))
        return tuple(found)

    def _endpoint(self, endpoint: Endpoint) -> Key:
        return endpoint.name, endpoint.scopes, self.setting(endpoint.properties)


def is_default(step: Step, argument: Argument) -> bool:
    """Whether an argument says no more than what a step does without it, as the schema of its policy says."""
    defaults = _defaults(step.policy) if step.module.startswith(CORE) else {}
    if argument.keyword not in defaults:
        return False
    known = defaults[argument.keyword]
    return type(known) is type(argument.value) and known == argument.value


@cache
def _defaults(policy: str) -> dict[str, Setting]:
    known = policies().get(policy)
    properties = known.properties if known is not None else {}
    return {snake(name): from_json(about["default"]) for name, about in properties.items() if "default" in about}


def host(pattern: HostPattern) -> Key:
    """The key of a host pattern."""
    return pattern.text.lower() if pattern.regex is None else ("regex", pattern.regex, pattern.linear)


def falls(pipeline: Pipeline) -> bool:
    """Whether a request may leave a pipeline without an answer."""
    return not (pipeline.steps and pipeline.steps[-1].ends)


def box(route: Route) -> Key:
    """The key of which requests a route takes if nothing before it does."""
    return host(route.host), path(route.path), None if route.methods is None else frozenset(route.methods)


def path(pattern: PathPattern) -> Key:
    """The key of a path pattern: a literal one is taken in any case, with a slash behind it or not (D77)."""
    if pattern.regex is None:
        return pattern.text.lower().removesuffix("/")
    return "regex", pattern.regex, pattern.sensitive


def scripts(step: Step) -> Iterator[Script]:
    """The scripts of a step and of its condition."""
    for arguments in (step.arguments, *(check.arguments for check in checks(step.condition))):
        yield from _scripts(argument.value for argument in arguments)


def _scripts(settings: Iterable[Setting]) -> Iterator[Script]:
    for value in settings:
        match value:
            case Script():
                yield value
            case Table():
                yield from _scripts(entry for _, entry in value.entries)
            case Made():
                yield from _scripts(value.positional)
                yield from _scripts(argument.value for argument in value.arguments)
            case tuple():
                yield from _scripts(value)


def _modules(step: Step) -> Iterator[str]:
    yield step.module
    yield from (check.module for check in checks(step.condition))


def _on(step: Step) -> Iterator[Argument]:
    return (argument for argument in step.arguments if argument.value not in (False, None))


def _unordered(table: Table) -> bool:
    """Whether the order of a table's keys means nothing: no name takes another's place, no script sees another's."""
    names = [name.lower() for name, _ in table.entries]
    texts = [value.lower() for _, value in table.entries if isinstance(value, str)]
    if len(set(names)) < len(names) or set(texts) & set(names):
        return False
    inside = list(_scripts(entry for _, entry in table.entries))
    return len(inside) < 2 or not any(_ASSIGNS.search(script.text) for script in inside)
