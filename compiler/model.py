"""The configuration as it was written, typed: sections, endpoint definitions, pipelines and their steps.

Reads every form that Express Gateway took (D36-D45, D74, D104-D110) into one. Says nothing of what names mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from egc.compiler.diagnostics import Report, Span
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition of an apiEndpoint; a list under one name gives several of that name (D83).

    `written` holds its keys as they are in the file, also those that routing does not know (D84, D119).
    """

    name: str
    host: Scalar | None
    host_regex: Scalar | None
    paths: tuple[Scalar, ...]
    path_regex: Scalar | None
    methods: tuple[Scalar, ...] | None
    scopes: tuple[Scalar, ...]
    written: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ServiceEndpoint:
    """A serviceEndpoint with one URL or several (D33)."""

    name: str
    urls: tuple[Scalar, ...]
    proxy_options: Mapping | None
    span: Span


@dataclass(frozen=True, slots=True)
class Action:
    """One step: a policy, its parameters and its condition."""

    policy: Scalar
    parameters: Mapping | None
    condition: Mapping | None
    span: Span


@dataclass(frozen=True, slots=True)
class PipelineText:
    """A pipeline: the names of its endpoints and its steps in order."""

    name: str
    endpoints: tuple[Scalar, ...]
    actions: tuple[Action, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Section:
    """A top-level section and the place of its key."""

    values: Mapping
    span: Span


@dataclass(frozen=True, slots=True)
class Model:
    """Both files. `system` is empty where there is none."""

    listeners: tuple[tuple[str, Section], ...]
    definitions: tuple[Definition, ...]
    services: tuple[ServiceEndpoint, ...]
    policies: tuple[Scalar, ...]
    pipelines: tuple[PipelineText, ...]
    system: Mapping
    span: Span


def read(gateway: Node, system: Node | None, report: Report) -> Model:
    """The model of two located trees. What has the wrong shape is reported and left out."""
    nothing = Span(gateway.span.file, 1, 1, 1, 1)
    root = _Shapes(report).mapping(gateway) or Mapping((), gateway.span)
    shapes = _Shapes(report)
    listeners = []
    for name in ("http", "https", "admin"):
        entry = root.entry(name)
        values = shapes.mapping(entry.value) if entry else None
        if entry and values is not None:
            listeners.append((name, Section(values, entry.key.span)))
    return Model(
        tuple(listeners),
        tuple(_definitions(root, shapes)),
        tuple(_services(root, shapes)),
        tuple(shapes.scalars(root.get("policies"))),
        tuple(_pipelines(root, shapes)),
        (shapes.mapping(system) if system is not None else None) or Mapping((), nothing),
        gateway.span,
    )


Kind = TypeVar("Kind", Mapping, Scalar, Sequence)


@dataclass(frozen=True, slots=True)
class _Shapes:
    """Asks nodes to be of a kind. Validation has told most of it; what reaches here is told too."""

    report: Report

    def mapping(self, node: Node | None) -> Mapping | None:
        return self._kind(node, Mapping, "a mapping")

    def scalar(self, node: Node | None) -> Scalar | None:
        return self._kind(node, Scalar, "a single value")

    def scalars(self, node: Node | None) -> Iterator[Scalar]:
        """The members of a list, or the one value that stands in its place (D42, D390)."""
        if isinstance(node, Scalar):
            if not empty(node):
                yield node
            return
        for item in self._kind(node, Sequence, "a list") or ():
            scalar = self.scalar(item)
            if scalar is not None:
                yield scalar

    def _kind(self, node: Node | None, kind: type[Kind], word: str) -> Kind | None:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return None
        if isinstance(node, kind):
            return node
        self.report.error("CO124", "wrong-type", f"this should be {word}", node.span)
        return None


def empty(scalar: Scalar) -> bool:
    """Whether a value stands for none: null or the empty string, but not a variable that is missing (D445)."""
    return not scalar.missing and (scalar.value is None or scalar.value == "")


def text(scalar: Scalar) -> str:
    """The value as JavaScript spells it in a string."""
    value = scalar.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _definitions(root: Mapping, shapes: _Shapes) -> Iterator[Definition]:
    endpoints = shapes.mapping(root.get("apiEndpoints"))
    if endpoints is None:
        legacy = root.entry("apiEndpoint") if root.get("apiEndpoints") is None else None
        if legacy:
            # D41: wrapped into a list, so that its name is its index.
            endpoints = Mapping((Entry(Scalar("0", legacy.key.span), legacy.value),), legacy.value.span)
    for entry in endpoints or ():
        several = isinstance(entry.value, Sequence)
        for node in entry.value if isinstance(entry.value, Sequence) else (entry.value,):
            values = shapes.mapping(node)
            if values is not None:
                yield _definition(entry.name, values, values.span if several else entry.key.span, shapes)


def _definition(name: str, values: Mapping, span: Span, shapes: _Shapes) -> Definition:
    paths = [path for path in shapes.scalars(values.get("paths")) if not empty(path)]
    paths = paths or [path for path in shapes.scalars(values.get("path")) if not empty(path)]
    methods = values.get("methods")

    def given(key: str) -> Scalar | None:
        scalar = shapes.scalar(values.get(key))
        return None if scalar is None or empty(scalar) else scalar

    return Definition(
        name,
        given("host"),
        given("hostRegex"),
        tuple(paths),
        given("pathRegex"),
        None if methods is None else tuple(shapes.scalars(methods)),
        tuple(shapes.scalars(values.get("scopes"))),
        tuple(values),
        span,
    )


def _services(root: Mapping, shapes: _Shapes) -> Iterator[ServiceEndpoint]:
    for entry in shapes.mapping(root.get("serviceEndpoints")) or ():
        values = shapes.mapping(entry.value)
        if values is None:
            continue
        node = values.get("url") or values.get("urls")
        options = shapes.mapping(values.get("proxyOptions"))
        yield ServiceEndpoint(entry.name, tuple(shapes.scalars(node)), options, entry.key.span)


def _pipelines(root: Mapping, shapes: _Shapes) -> Iterator[PipelineText]:
    node = root.get("pipelines")
    if node is None or (isinstance(node, Scalar) and node.value is None):
        legacy = root.entry("pipeline")
        node = Sequence((legacy.value,), legacy.value.span) if legacy else None
    if isinstance(node, Sequence):
        for index, item in enumerate(node):
            values = shapes.mapping(item)
            if values is not None:
                named = shapes.scalar(values.get("name"))
                span = values.entries[0].key.span if values.entries else values.span
                yield _pipeline(text(named) if named and not empty(named) else str(index), values, span, shapes)
        return
    for entry in shapes.mapping(node) or ():
        values = shapes.mapping(entry.value)
        if values is not None:
            yield _pipeline(entry.name, values, entry.key.span, shapes)


def _pipeline(name: str, values: Mapping, span: Span, shapes: _Shapes) -> PipelineText:
    endpoints = tuple(shapes.scalars(values.get("apiEndpoints"))) or tuple(shapes.scalars(values.get("apiEndpoint")))
    node = values.get("policies") or values.get("policy")
    actions: list[Action] = []
    if isinstance(node, Sequence):
        for item in node:
            entry = shapes.mapping(item)
            # D110: of several policies under one dash only the first runs.
            for policy in entry.entries[:1] if entry is not None else ():
                actions += _actions(policy, shapes)
    elif node is not None:
        # D390: the documentation shows a mapping; each of its keys is an entry.
        for policy in shapes.mapping(node) or ():
            actions += _actions(policy, shapes)
    return PipelineText(name, endpoints, tuple(actions), span)


def _actions(policy: Entry, shapes: _Shapes) -> Iterator[Action]:
    """The steps of one entry: none written is one step with defaults (D105, D106)."""
    node = policy.value
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        yield Action(policy.key, None, None, policy.key.span)
    for item in items:
        step = None if isinstance(item, Scalar) else shapes.mapping(item)
        if step is None:
            yield Action(policy.key, None, None, policy.key.span)
            continue
        span = policy.key.span if len(items) == 1 or not step.entries else step.entries[0].key.span
        action = step.get("action")
        parameters = None if isinstance(action, Sequence) else shapes.mapping(action)
        yield Action(policy.key, parameters, shapes.mapping(step.get("condition")), span)
