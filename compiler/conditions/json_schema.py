"""Lowering of the condition `json-schema`: its schema is checked, its expressions compiled, its references followed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from egc.compiler.conditions import ConditionKind
from egc.compiler.diagnostics import Span
from egc.compiler.model import text
from egc.compiler.node import Mapping, Node, Regexp, Scalar, Sequence
from egc.compiler.plan import Argument, Made, Setting, Table
from egc.compiler.regexes import Untranslatable, safe
from egc.compiler.schema import MOST_ERRORS, Checker
from egc.compiler.settings import Values, from_json

FORMATS = frozenset(
    (
        *("date", "time", "date-time", "uri", "uri-reference", "uri-template", "url", "email", "hostname"),
        *("ipv4", "ipv6", "uuid", "json-pointer", "json-pointer-uri-fragment", "relative-json-pointer"),
    )
)
"""Formats that the gateway can check."""

_ONE = ("additionalItems", "contains", "additionalProperties", "propertyNames", "if", "then", "else", "not")
_LISTS = ("allOf", "anyOf", "oneOf")
_BY_NAME = ("definitions", "properties", "patternProperties", "dependencies")
_POSITION = re.compile("0|[1-9][0-9]*", re.ASCII)


def lower(kind: ConditionKind, condition: Mapping, values: Values) -> tuple[Argument, ...]:
    """The arguments of a JsonSchema."""
    others = {name: schema for name, schema in kind.properties.items() if name != "schema"}
    arguments = values.arguments(condition, others)
    node = condition.get("schema")
    if not isinstance(node, Mapping):
        return arguments
    return (Argument("schema", embedded(node, values), node.span), *arguments)


def embedded(node: Mapping, values: Values) -> Made:
    """A JSON Schema of the configuration as a Schema; what is wrong with it is reported."""
    before = len(values.report)
    definition = _json(node, values)
    _check(node, definition, values)
    reader = _Reader(values, definition)
    if len(values.report) == before:
        reader.read(node, "", "")
        reader.follow(node)
    patterns: dict[str, Setting] = dict(sorted(reader.patterns.items()))
    return Made(
        "Schema",
        "egc.runtime.json_schema",
        (from_json(reader.root), *([Table(tuple(patterns.items()))] if patterns else [])),
        (),
    )


def _check(node: Mapping, definition: Any, values: Values) -> None:
    """Report what makes the schema none of draft 7."""
    from jsonschema import Draft7Validator

    meta = dict(Draft7Validator.META_SCHEMA)
    checker = Checker(node, meta, values.report, lambda found, entry, known: None, None)
    for count, error in enumerate(Draft7Validator(meta).iter_errors(definition)):
        if count == MOST_ERRORS:
            break
        checker.tell(error)


def _json(node: Node, values: Values) -> Any:
    """The schema as plain data; its variables are filled in when the gateway is built."""
    if isinstance(node, Mapping):
        return {entry.name: _json(entry.value, values) for entry in node}
    if isinstance(node, Sequence):
        return [_json(item, values) for item in node]
    if node.parts:
        values.shape(node)
    if isinstance(node.value, Regexp):
        values.wrong(node.span, ["string"])
        return None
    return node.value if node.value is None or isinstance(node.value, str | int | float) else text(node)


@dataclass(slots=True)
class _Reader:
    """Reads a schema: its expressions become patterns, its references pointers from its root.

    `bases` are pointers to the subschemas that have a URI of their own; `known` are pointers to those that were read.
    """

    values: Values
    root: Any
    patterns: dict[str, Setting] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    references: list[tuple[dict[str, Any], str, Span]] = field(default_factory=list)

    def read(self, node: Node, pointer: str, base: str) -> None:
        """Read a subschema and those inside of it. `base` is the URI that its references are relative to."""
        if not isinstance(node, Mapping) or pointer in self.known:
            return
        self.known.add(pointer)
        schema = _at(self.root, pointer)
        identifier = schema.get("$id", schema.get("id"))
        if isinstance(identifier, str):
            base = urljoin(base, identifier)
            self.bases.setdefault(base.removesuffix("#"), pointer)
        reference = node.get("$ref")
        if isinstance(reference, Scalar):
            self.references.append((schema, urljoin(base, str(schema["$ref"])), reference.span))
        for name in ("pattern", "format"):
            written = node.get(name)
            if isinstance(written, Scalar):
                self.text(name, str(schema[name]), written.span)
        by_regex = node.get("patternProperties")
        for entry in by_regex if isinstance(by_regex, Mapping) else ():
            self.text("pattern", entry.name, entry.key.span)
        for inner, step in _inner(node):
            self.read(inner, pointer + step, base)

    def text(self, keyword: str, written: str, span: Span) -> None:
        """A `pattern` or a `format`."""
        report = self.values.report
        if keyword == "format":
            if written not in FORMATS:
                message = f"there is no format `{written}` in JSON Schema that the gateway can check"
                report.error("CO111", "invalid-embedded-schema", message, span)
            return
        try:
            self.patterns[written] = safe(written)
        except Untranslatable as error:
            report.error("CO117", "invalid-pattern", f"this pattern does not compile: {error}", span)

    def follow(self, node: Mapping) -> None:
        """Make every reference a pointer from the root; also those in what is only reached by reference."""
        while self.references:
            schema, uri, span = self.references.pop()
            pointer = self.target(uri)
            found = _node_at(node, pointer) if pointer is not None else None
            if pointer is None or not isinstance(found, Mapping | Scalar):
                what = f"`$ref` leads to `{schema['$ref']}`, which is not in this schema"
                help = "" if uri.startswith("#") else "schemas are not fetched: copy it below `definitions`"
                self.values.report.error("CO111", "invalid-embedded-schema", what, span, help=help)
                continue
            schema["$ref"] = "#" + pointer
            self.read(found, pointer, urldefrag(uri)[0])

    def target(self, uri: str) -> str | None:
        """The pointer to what a URI names, or None."""
        if uri.removesuffix("#") in self.bases:
            return self.bases[uri.removesuffix("#")]
        document, fragment = urldefrag(uri)
        fragment = unquote(fragment)
        start = self.bases.get(document) if document else ""
        return None if start is None or (fragment and not fragment.startswith("/")) else start + fragment


def _inner(node: Mapping) -> Iterator[tuple[Node, str]]:
    """The subschemas of a schema, and how to get to them."""
    for entry in node:
        step = "/" + _escaped(entry.name)
        if entry.name in _ONE or (entry.name == "items" and isinstance(entry.value, Mapping)):
            yield entry.value, step
        elif (entry.name in _LISTS or entry.name == "items") and isinstance(entry.value, Sequence):
            yield from ((item, f"{step}/{index}") for index, item in enumerate(entry.value))
        elif entry.name in _BY_NAME and isinstance(entry.value, Mapping):
            yield from ((inner.value, f"{step}/{_escaped(inner.name)}") for inner in entry.value)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _at(root: Any, pointer: str) -> Any:
    for step in _steps(pointer):
        root = root[int(step)] if isinstance(root, list) else root[step]
    return root


def _node_at(node: Node, pointer: str) -> Node | None:
    found: Node | None = node
    for step in _steps(pointer):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, Sequence) and _POSITION.fullmatch(step) and int(step) < len(found):
            found = found.items[int(step)]
        else:
            return None
    return found
