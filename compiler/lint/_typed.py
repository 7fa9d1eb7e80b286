"""The single values of a configuration, each with what its schema says about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from egc.compiler.catalogue import Catalogue, built_in
from egc.compiler.diagnostics import Report
from egc.compiler.node import Mapping, Node, Scalar, Sequence
from egc.compiler.review import Review
from egc.compiler.schema import Checker, Schema, load
from egc.compiler.source import Source

_TEXT = frozenset(("string",))


@dataclass(frozen=True, slots=True)
class Typed:
    """A value.

    Arguments:
        source: the file that it stands in.
        name: the key that holds it, or the list that it is in.
        scalar: the value.
        types: what the schema allows, as JSON calls it; empty for anything.
        script: whether it is JavaScript.
    """

    source: Source
    name: str
    scalar: Scalar
    types: tuple[str, ...]
    script: bool

    @property
    def is_text(self) -> bool:
        """Whether it is meant to be text and nothing else."""
        return not self.script and self.types == ("string",)


def typed(review: Review) -> Iterator[Typed]:
    """The values of gateway.config and of system.config for which there is a schema."""
    known = built_in()
    yield from _Walk(review.project.gateway, _schema("gateway"), known).values()
    if review.project.system is not None:
        yield from _Walk(review.project.system, _schema("system"), known).values()


def _schema(name: str) -> Schema:
    return load(name) or {}


class _Walk:
    def __init__(self, source: Source, schema: Schema, known: Catalogue) -> None:
        self._source = source
        self._schema = schema
        self._known = known
        # By the identity of a schema: those of policies are kept, and the others held here.
        self._children: dict[tuple[int, str, str], Schema] = {}
        self._types: dict[int, tuple[tuple[str, ...], bool]] = {}

    def values(self) -> Iterator[Typed]:
        yield from self._below(self._source.tree, self._schema, self._schema, "")
        tree = self._source.tree
        if not isinstance(tree, Mapping):
            return
        for section in ("pipelines", "pipeline"):
            found = tree.get(section)
            inner = [entry.value for entry in found] if isinstance(found, Mapping) else []
            for pipeline in (*inner, *(found.items if isinstance(found, Sequence) else ()), found):
                if isinstance(pipeline, Mapping):
                    yield from self._policies(pipeline.get("policies") or pipeline.get("policy"))

    def _policies(self, node: Node | None) -> Iterator[Typed]:
        for item in node.items if isinstance(node, Sequence) else (node,):
            for policy in item if isinstance(item, Mapping) else ():
                for step in policy.value.items if isinstance(policy.value, Sequence) else (policy.value,):
                    if isinstance(step, Mapping):
                        yield from self._step(policy.name, step)

    def _step(self, name: str, step: Mapping) -> Iterator[Typed]:
        policy, action = self._known.policies.get(name), step.get("action")
        if policy is not None and action is not None:
            yield from self._below(action, policy.schema, policy.schema, name)
        yield from self._condition(step.get("condition"))

    def _condition(self, node: Node | None) -> Iterator[Typed]:
        name = node.get("name") if isinstance(node, Mapping) else None
        kind = self._known.conditions.get(str(name.value)) if isinstance(name, Scalar) else None
        if kind is None or not isinstance(node, Mapping):
            return
        if not kind.joins:
            yield from self._below(node, kind.schema, kind.schema, kind.name)
            return
        for key in ("conditions", "condition"):
            inner = node.get(key)
            for item in inner.items if isinstance(inner, Sequence) else (inner,):
                yield from self._condition(item)

    def _below(self, node: Node, schema: Schema, whole: Schema, name: str) -> Iterator[Typed]:
        if isinstance(node, Mapping):
            for entry in node:
                inner = self._child(schema, whole, "object", entry.name)
                if inner:
                    yield from self._below(entry.value, inner, whole, entry.name)
        elif isinstance(node, Sequence):
            inner = self._child(schema, whole, "array", "")
            for item in node if inner else ():
                yield from self._below(item, inner, whole, name)
        else:
            types, script = self._about(schema, whole)
            yield Typed(self._source, name, node, types, script)

    def _child(self, schema: Schema, whole: Schema, kind: str, name: str) -> Schema:
        key = (id(schema), kind, name)
        if key not in self._children:
            checker = self._checker(whole)
            self._children[key] = checker.deref(checker.child(checker.deref(schema), kind, name))
        return self._children[key]

    def _about(self, schema: Schema, whole: Schema) -> tuple[tuple[str, ...], bool]:
        if id(schema) not in self._types:
            found = self._checker(whole).types(schema)
            types = tuple(one for one in found if one not in ("null", "object", "array"))
            self._types[id(schema)] = types, schema.get("x-egc") in ("expression", "template", "program")
        return self._types[id(schema)]

    def _checker(self, whole: Schema) -> Checker:
        return Checker(self._source.tree, whole, Report(), lambda found, entry, known: None, None)
