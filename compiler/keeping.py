"""The plan of an artifact, kept beside its module, so that the reviewer can say what the artifact does.

Text only: nothing of it is ever run. It says no more than the module: what the module does not hold (steps that never
run, services that nothing reaches, values of variables) is left out, and it belongs to that module by its digest.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin, get_type_hints

from egc.compiler import ecmascript, plan
from egc.compiler.diagnostics import Span
from egc.compiler.paths import host_pattern, host_regex, path_pattern, path_regex
from egc.compiler.regexes import Untranslatable

VERSION = 1

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Unkept(Exception):
    """What was kept is no plan of this module; the text says why."""


def keep(gateway: plan.Gateway, module: str, *, lines: bool = True) -> str:
    """The text of plan.json.

    Arguments:
        gateway: the plan.
        module: the text of gateway.py.
        lines: whether places are kept.
    """
    used = {
        taken.name
        for pipeline in gateway.pipelines
        for step in pipeline.steps
        for taken in step.positional
        if isinstance(taken, plan.Reference)
    }
    shown = replace(
        gateway,
        pipelines=tuple(replace(pipeline, skipped=()) for pipeline in gateway.pipelines),
        services=tuple(service for service in gateway.services if service.variable in used),
        functions=(),
        resolved_variables=(),
    )
    written = {
        "version": VERSION,
        "module": sha256(module.encode()).hexdigest(),
        "plan": _Writer(lines).value(shown),
    }
    return json.dumps(written, separators=(",", ":"), allow_nan=False) + "\n"


def kept(data: bytes, module: bytes) -> plan.Gateway:
    """The plan that was kept.

    Arguments:
        data: of plan.json.
        module: of gateway.py.

    Raises Unkept.
    """
    try:
        written = json.loads(data)
    except (ValueError, RecursionError):
        raise Unkept("plan.json is not what egc wrote") from None
    if not isinstance(written, dict) or written.get("version") != VERSION:
        raise Unkept("plan.json is of another version of egc")
    if written.get("module") != sha256(module).hexdigest():
        raise Unkept("gateway.py is not the module that plan.json belongs to: it was changed after it was built")
    try:
        found = _Reader().value(written.get("plan"), plan.Gateway)
    except RecursionError:
        raise Unkept("plan.json is nested too deep") from None
    assert isinstance(found, plan.Gateway)  # noqa: S101 - what was asked for
    return found


@cache
def _classes() -> Mapping[str, type]:
    """What a plan is made of, by name; trees of patterns have names of their own."""
    found: dict[str, type] = {}
    for prefix, module in (("", plan), ("js.", ecmascript)):
        for name, value in vars(module).items():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                found[f"{prefix}{name}"] = value
    return found


@cache
def _names() -> Mapping[type, str]:
    return {value: name for name, value in _classes().items()}


@cache
def _fields(kind: type) -> tuple[tuple[Field[Any], Any], ...]:
    """The fields of a class with their types."""
    hints = get_type_hints(kind)
    return tuple((field, hints[field.name]) for field in fields(kind))


@cache
def _setting() -> Any:
    return get_type_hints(plan.Argument)["value"]


class _Writer:
    """Turns a plan into JSON: an object is a list of its class and its fields, a tuple is under `t`."""

    def __init__(self, lines: bool) -> None:
        self._lines = lines

    def value(self, value: object) -> Json:
        match value:
            case Span():
                return self._span(value)
            case tuple():
                return {"t": [self.value(one) for one in value]}
            case plan.Route():
                parts = (value.host, value.path, value.methods, value.endpoint.variable)
                last = value.pipeline.variable if value.pipeline else None
                return ["Route", *(self.value(one) for one in (*parts, last, value.span))]
            case str() | int() | float() | bool() | None:
                return value
        kind = type(value)
        return [_names()[kind], *(self.value(getattr(value, each.name)) for each, _ in self._written(kind))]

    def _span(self, span: Span) -> Json:
        numbers = (span.line, span.column, span.end_line, span.end_column) if self._lines else (1, 1, 1, 1)
        return [span.file, *numbers]

    @staticmethod
    def _written(kind: type) -> Iterator[tuple[Field[Any], Any]]:
        # The trees of hosts and paths are spelled anew from their texts.
        derived = kind in (plan.HostPattern, plan.PathPattern)
        return ((each, hint) for each, hint in _fields(kind) if not (derived and each.name == "tree"))


class _Reader:
    """Turns JSON into a plan; whatever is not of the type that its place has raises Unkept."""

    def __init__(self) -> None:
        self._endpoints: dict[str, plan.Endpoint] = {}
        self._pipelines: dict[str, plan.Pipeline] = {}

    def value(self, written: Any, hint: Any) -> Any:
        """A value of a type."""
        if isinstance(hint, ForwardRef):
            # `Setting` holds itself.
            hint = _setting()
        origin = get_origin(hint)
        if origin in (Union, UnionType):
            return self._one_of(written, get_args(hint))
        if origin is Literal:
            if written in get_args(hint):
                return written
        elif origin is tuple or hint is tuple:
            return self._tuple(written, get_args(hint))
        elif hint is Span:
            return _span(written)
        elif hint in (str, int, float, bool):
            if type(written) is hint or (hint is float and type(written) is int):
                return written
        elif hint is NoneType:
            if written is None:
                return None
        elif hint in _names() or any(issubclass(kind, hint) for kind in _names()):
            return self._object(written, hint)
        raise Unkept("plan.json holds something that no plan holds")

    def _one_of(self, written: Any, hints: tuple[Any, ...]) -> Any:
        for hint in hints:
            try:
                return self.value(written, hint)
            except Unkept:
                continue
        raise Unkept("plan.json holds something that no plan holds")

    def _tuple(self, written: Any, hints: tuple[Any, ...]) -> tuple[Any, ...]:
        items = written.get("t") if isinstance(written, dict) and len(written) == 1 else None
        if not isinstance(items, list):
            raise Unkept("plan.json holds something that is no list where one should be")
        if len(hints) == 2 and hints[1] is Ellipsis:
            return tuple(self.value(item, hints[0]) for item in items)
        if len(hints) != len(items):
            raise Unkept("plan.json holds a list of another length")
        return tuple(self.value(item, hint) for item, hint in zip(items, hints, strict=True))

    def _object(self, written: Any, hint: type) -> Any:
        name = written[0] if isinstance(written, list) and written else None
        kind = _classes().get(name) if isinstance(name, str) else None
        if kind is None or not issubclass(kind, hint):
            raise Unkept(f"plan.json holds something that is no {hint.__name__}")
        if kind is plan.Route:
            return self._route(written[1:])
        about = tuple(_Writer._written(kind))
        if len(about) != len(written) - 1:
            raise Unkept(f"plan.json holds a {kind.__name__} with other parts")
        made = kind(**{each.name: self.value(one, hint) for (each, hint), one in zip(about, written[1:], strict=True)})
        if isinstance(made, plan.HostPattern | plan.PathPattern):
            return _with_tree(made)
        if isinstance(made, plan.Endpoint):
            self._endpoints[made.variable] = made
        elif isinstance(made, plan.Pipeline):
            self._pipelines[made.variable] = made
        return made

    def _route(self, parts: list[Any]) -> plan.Route:
        if len(parts) != 6:
            raise Unkept("plan.json holds a Route with other parts")
        host, path, methods, endpoint, pipeline, span = parts
        found = self._endpoints.get(endpoint) if isinstance(endpoint, str) else None
        last = self._pipelines.get(pipeline) if isinstance(pipeline, str) else None
        if found is None or (last is None and pipeline is not None):
            raise Unkept("plan.json holds a Route that leads nowhere")
        return plan.Route(
            self.value(host, plan.HostPattern),
            self.value(path, plan.PathPattern),
            self.value(methods, tuple[str, ...] | None),
            found,
            last,
            _span(span),
        )


def _span(written: Any) -> Span:
    if isinstance(written, list) and len(written) == 5:
        file, *numbers = written
        if isinstance(file, str) and all(type(number) is int and number > 0 for number in numbers):
            return Span(file, *numbers)
    raise Unkept("plan.json holds something that is no place")


def _with_tree(pattern: plan.HostPattern | plan.PathPattern) -> plan.HostPattern | plan.PathPattern:
    """A pattern with the tree that its text gives; it must be the same pattern."""
    makers = (
        (host_pattern, host_regex)
        if isinstance(pattern, plan.HostPattern)
        else (path_regex if pattern.sensitive else path_pattern,)
    )
    for make in makers:
        try:
            found: plan.HostPattern | plan.PathPattern = make(pattern.text)
        except Untranslatable:
            continue
        if found == pattern:
            return found
    raise Unkept("plan.json holds a pattern that this version of egc reads otherwise")
