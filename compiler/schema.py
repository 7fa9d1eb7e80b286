"""JSON Schema over a located tree: values coerced as Express Gateway's validator did, every error with its place."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from egc.compiler.accepts import Test, test
from egc.compiler.diagnostics import Fix, Related, Report, Span
from egc.compiler.mends import below_the_first, dropped, under_own_dashes
from egc.compiler.node import Entry, Mapping, Node, Regexp, Scalar, Sequence, plain
from egc.compiler.scalars import DECIMAL, FLOAT
from egc.compiler.spelling import meant

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = dict[str, Any]

WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}
STEP = frozenset(("condition", "action"))
"""What a step of a pipeline holds."""
SCALARS = frozenset(("string", "number", "integer", "boolean"))

MOST_ERRORS = 200
"""Errors of one file, and unknown keys of one mapping, that are told; what has more is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """A node of the tree, the entry that it is the value of (None for items and the root), and the way to it."""

    node: Node
    entry: Entry | None
    path: tuple[str | int, ...]

    @property
    def span(self) -> Span:
        """The node's place; for a value that is left empty, its key's."""
        empty = isinstance(self.node, Scalar) and self.node.value is None and not self.node.parts
        return self.entry.key.span if empty and self.entry is not None else self.node.span

    @property
    def head(self) -> Span:
        """The place that stands for a whole mapping: its key, or its first line."""
        if self.entry is not None:
            return self.entry.key.span
        if isinstance(self.node, Mapping) and self.node.entries:
            return self.node.entries[0].key.span
        return self.node.span

    @property
    def label(self) -> str:
        """What the value is called in a message."""
        if self.entry is not None:
            return f"`{self.entry.name}`"
        return "this" if self.path else "the configuration"


SCHEMAS = Path(__file__).parents[1] / "schemas"
"""Where the schemas are: beside this package, which is never a zip (`importlib.resources` takes 5 ms to load)."""

Unknown = Callable[[Found, Entry, list[str]], None]
"""Told of a key that a schema does not know: where it stands, the entry, and the keys that are known there."""


@cache
def load(name: str) -> Schema | None:
    """The schema of that name below `schemas` (`policies/proxy`), or None where there is none."""
    file = SCHEMAS / f"{name}.json"
    if not file.is_file():
        return None
    schema: Schema = json.loads(file.read_text(encoding="utf-8"))
    return schema


def check(tree: Node, schema: Schema, report: Report, unknown: Unknown, *, entry: Entry | None = None) -> None:
    """Report what in `tree` the schema does not allow.

    Arguments:
        entry: the entry that the tree is the value of, where it is a part of a file.
        unknown: decides what a key means that the schema does not know.
    """
    known = _known(schema)
    checker = Checker(tree, schema, report, unknown, entry, known)
    value = checker.coerced(tree, schema)
    if known.test(value):
        return
    from jsonschema import Draft7Validator

    for count, error in enumerate(Draft7Validator(schema).iter_errors(value)):
        if count == MOST_ERRORS:
            break
        checker.tell(error)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is worked out once for a schema: its test, and the alternatives and types of its parts, by their ids.

    Each part is kept beside, so that no other one gets its id.
    """

    schema: Schema
    test: Test
    branches: dict[int, tuple[Schema, list[Schema]]] = field(default_factory=dict)
    types: dict[int, tuple[Schema, list[str]]] = field(default_factory=dict)


_KNOWN: dict[int, _Known] = {}
_MOST_KNOWN = 256
_ANY: Schema = {}


def _known(schema: Schema) -> _Known:
    """What is known of a schema."""
    found = _KNOWN.get(id(schema))
    if found is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        found = _KNOWN[id(schema)] = _Known(schema, test(schema))
    return found


@dataclass(frozen=True, slots=True)
class Checker:
    """Tells the errors of one tree against one schema."""

    tree: Node
    schema: Schema
    report: Report
    unknown: Unknown
    entry: Entry | None
    known: _Known | None = None

    # ---- Schemas

    def deref(self, schema: Schema) -> Schema:
        """A schema with its `$ref` followed; ours point into their own file only."""
        while "$ref" in schema:
            name = schema["$ref"].removeprefix("#").removeprefix("/definitions/")
            schema = self.schema["definitions"][name] if name else self.schema
        return schema

    def branches(self, schema: Schema) -> list[Schema]:
        """A schema and its alternatives."""
        known = self.known.branches if self.known else {}
        if id(schema) in known:
            return known[id(schema)][1]
        found = [schema]
        for keyword in ("allOf", "anyOf", "oneOf"):
            found += [branch for raw in schema.get(keyword, ()) for branch in self.branches(self.deref(raw))]
        known[id(schema)] = schema, found
        return found

    def types(self, schema: Schema) -> list[str]:
        """The types that a schema allows, in its order; empty for any. What holds a variable may be any text."""
        known = self.known.types if self.known else {}
        if id(schema) in known:
            return known[id(schema)][1]
        found: dict[str, None] = {}
        for branch in self.branches(schema):
            if "pattern" not in branch:
                named = branch.get("type", [])
                found |= dict.fromkeys([named] if isinstance(named, str) else named)
        known[id(schema)] = schema, list(found)
        return known[id(schema)][1]

    def child(self, schema: Schema, kind: str, name: str) -> Schema:
        """The schema of a member of a mapping or a list."""
        for branch in self.branches(schema):
            if kind == "array":
                inner = branch.get("items")
            else:
                inner = branch.get("properties", {}).get(name, branch.get("additionalProperties"))
            if isinstance(inner, dict):
                return self.deref(inner)
        return _ANY

    # ---- Values

    def coerced(self, node: Node, schema: Schema) -> object:
        """The tree as plain data, its leaves of the type that the schema wants where they can be (D17)."""
        if isinstance(node, Mapping):
            return {e.name: self.coerced(e.value, self.child(schema, "object", e.name)) for e in node}
        if isinstance(node, Sequence):
            inner = self.child(schema, "array", "")
            return [self.coerced(item, inner) for item in node]
        types = self.types(schema)
        if isinstance(node.value, Regexp) and schema.get("x-egc") == {"regexp": True}:
            return types[0]  # text, as far as JSON goes
        if node.missing and types and not SCALARS & set(types):
            return "a variable"
        return coerce(node.value, types)

    def find(self, path: Iterable[str | int]) -> Found:
        """The node at the end of a path."""
        way = tuple(path)
        found: Node = self.tree
        entry = self.entry
        for step in way:
            entry = None
            if isinstance(found, Mapping):
                entry = found.entry(str(step))
                assert entry is not None  # noqa: S101 - the path comes from this tree
                found = entry.value
            elif isinstance(found, Sequence):
                found = found.items[int(step)]
        return Found(found, entry, way)

    # ---- Errors

    def tell(self, error: "ValidationError") -> None:
        """Report one error of the validator."""
        found = self.find(error.absolute_path)
        schema = as_schema(error.schema)
        if isinstance(found.node, Scalar) and found.node.missing and SCALARS & set(self.types(schema)):
            return  # it is looked up when the gateway starts
        if "errorMessage" in schema and error.validator in ("anyOf", "oneOf", "type"):
            self.wrong(found, f"should be {schema['errorMessage']}")
        elif error.validator in ("anyOf", "oneOf"):
            self.alternatives(error, found)
        else:
            teller = getattr(self, f"tell_{str(error.validator).lstrip('$').lower()}", None)
            if teller is None:
                self.wrong(found, f"is not allowed: {error.message}")
            else:
                teller(error.validator_value, found)

    def alternatives(self, error: "ValidationError", found: Found) -> None:
        """Tell what is wrong with the one alternative that was meant: the one of the value's own kind."""
        kind = kind_of(found.node)
        raw: list[Schema] = cast(list[Schema], error.validator_value)
        if all(set(branch) == {"required"} for branch in raw):
            self.one_of(tuple(branch["required"][0] for branch in raw), error.validator == "oneOf", found)
            return
        for index, branch in enumerate(raw):
            choices = self.deref(branch).get("enum", ())
            if kind == "string" and "type" not in self.deref(branch) and any(isinstance(one, str) for one in choices):
                self.tell_enum(choices, found)
                return
            if kind in self.types(self.deref(branch)):
                for inner in error.context or ():
                    if inner.relative_schema_path[0] == index:
                        self.tell(inner)
                return
        self.tell_type(self.types(as_schema(error.schema)), found)

    def one_of(self, keys: tuple[str, ...], only: bool, found: Found) -> None:
        """Keys of which one must be there."""
        if not isinstance(found.node, Mapping):
            return  # which is told as the error that it is
        names = " or ".join(f"`{key}`" for key in keys)
        given = [key for key in keys if found.node.entry(key)]
        if len(given) > 1 and only:
            message = f"{found.label} has {names.replace(' or ', ' and ')}; it takes one of them"
            self.report.error("CO112", "url-and-urls", message, found.head, fix=self.one_less(found.node))
        elif not given:
            self.report.error("CO141", "missing-property", f"{found.label} needs {names}", found.head)

    def one_less(self, node: Mapping) -> Fix | None:
        """The fix for a `url` that is among the `urls` beside it."""
        single, several = node.entry("url"), node.get("urls")
        values = [item.value for item in several if isinstance(item, Scalar)] if isinstance(several, Sequence) else []
        if single is None or not isinstance(single.value, Scalar) or single.value.value not in values:
            return None
        return dropped(self.report, single.key.span, "remove `url`, which is in `urls` too", safe=True)

    def wrong(self, found: Found, what: str, *, help: str = "") -> None:
        """Report a value."""
        self.report.error("CO142", "wrong-value", f"{found.label} {what}", found.span, help=help)

    def tell_type(self, allowed: str | list[str], found: Found) -> None:
        names = [allowed] if isinstance(allowed, str) else [name for name in allowed if name != "null"]
        wanted = " or ".join(WORDS[name] for name in names)
        message = f"{found.label} should be {wanted}, not {describe(found.node)}"
        if kind_of(found.node) == "null" and not is_variable(found.node):
            if not found.path and found.entry is None:
                message = "there is nothing in this file"
            elif found.entry is None:
                message = "this item of the list is empty"
        self.report.error("CO124", "wrong-type", message, found.span, help=advice(found, names))

    def tell_required(self, names: list[str], found: Found) -> None:
        entries = found.node.entries if isinstance(found.node, Mapping) else ()
        for name in names:
            if all(entry.name != name for entry in entries):
                near = next((entry for entry in entries if meant(entry.name, [name])), None)
                self.report.error(
                    "CO141",
                    "missing-property",
                    f"{found.label} needs `{name}`",
                    found.head,
                    related=(Related(near.key.span, f"is `{name}` meant here?"),) if near else (),
                )

    def tell_additionalproperties(self, allowed: object, found: Found) -> None:
        schema = self.at(found.path)
        known = [name for branch in self.branches(schema) for name in branch.get("properties", {})]
        entries = found.node.entries if isinstance(found.node, Mapping) else ()
        for entry in islice((entry for entry in entries if entry.name not in known), MOST_ERRORS):
            self.unknown(found, entry, known)

    def at(self, path: tuple[str | int, ...]) -> Schema:
        """The schema that holds at the end of a path."""
        schema = self.schema
        for step in path:
            schema = self.child(schema, "array" if isinstance(step, int) else "object", str(step))
        return schema

    def tell_enum(self, allowed: list[object], found: Found) -> None:
        names = [str(value) for value in allowed]
        value = str(found.node.value) if isinstance(found.node, Scalar) else ""
        self.wrong(found, f"should be {' or '.join(f'`{name}`' for name in names)}", help=meant(value, names))

    def tell_maxproperties(self, most: int, found: Found) -> None:
        keys = [entry.name for entry in found.node] if isinstance(found.node, Mapping) else []
        dropped = ", ".join(f"`{key}`" for key in keys[1:])
        # Express Gateway looked at the first entry of a pipeline only, and at none in a list of pipelines (D20, D35).
        checked = found.path[-1:] == (0,) and isinstance(found.path[1], str)
        tell = self.report.error if checked else self.report.stricter
        message = f"an entry holds one policy; Express Gateway runs only `{keys[0]}` of these and drops {dropped}"
        help, fix = "write each policy under its own dash", None
        if all(key.removeprefix("-") in STEP for key in keys[1:]):
            dashed = any(key.startswith("-") for key in keys[1:])
            help = f"indent {dropped} further, below `{keys[0]}`"
            if dashed:
                help = f"write {dropped} without the dash and indented further, below `{keys[0]}`"
            if isinstance(found.node, Mapping):
                fix = below_the_first(self.report, found.node)
        elif isinstance(found.node, Mapping) and not STEP.intersection(key.removeprefix("-") for key in keys):
            fix = under_own_dashes(self.report, found.node)
        tell("CO101", "policy-entry-many-keys", message, found.head, help=help, fix=fix)

    def tell_minproperties(self, least: int, found: Found) -> None:
        if found.entry is not None:
            self.wrong(found, "is an empty mapping")
            return
        self.report.error("CO125", "empty-policy", "this names no policy", found.span)

    def tell_minitems(self, least: int, found: Found) -> None:
        self.wrong(found, "is an empty list")

    def tell_uniqueitems(self, wanted: bool, found: Found) -> None:
        seen = set()
        for item in found.node if isinstance(found.node, Sequence) else ():
            value = item.value if isinstance(item, Scalar) else None
            if value in seen:
                self.report.error("CO142", "wrong-value", f"`{value}` is in this list twice", item.span)
            seen.add(value)

    def tell_minimum(self, least: float, found: Found) -> None:
        self.wrong(found, f"should be {least} or more")

    def tell_maximum(self, most: float, found: Found) -> None:
        self.wrong(found, f"should be {most} or less")

    def tell_exclusiveminimum(self, least: float, found: Found) -> None:
        self.wrong(found, f"should be more than {least}")


def as_schema(schema: object) -> Schema:
    """The schema of an error; ours are mappings all."""
    return schema if isinstance(schema, dict) else _ANY


def kind_of(node: Node) -> str:
    """The JSON type of a node."""
    if isinstance(node, Mapping):
        return "object"
    if isinstance(node, Sequence):
        return "array"
    if node.value is None:
        return "null"
    if isinstance(node.value, bool):
        return "boolean"
    return "string" if isinstance(node.value, str) else "number"


def is_variable(node: Node) -> bool:
    """Whether a value holds a variable."""
    return isinstance(node, Scalar) and bool(node.parts)


def advice(found: Found, names: list[str]) -> str:
    """What to write instead of a value of the wrong type, or nothing."""
    node = found.node
    if is_variable(node) and not SCALARS & set(names):
        return "a variable holds a single value, never a mapping or a list"
    if kind_of(node) == "null":
        if found.entry is None:
            return "fill it in, or remove its dash" if found.path else ""
        return "indent what belongs to it below it; an empty mapping is written `{}`" if "object" in names else ""
    if names == ["array"]:
        return "begin each with a dash" if isinstance(node, Mapping) else f"write [{plain(node)}]"
    if found.path[:1] == ("policies",) and isinstance(node, Mapping) and len(node) == 1:
        return f"write `{node.entries[0].name}` alone; what it does is said where a pipeline uses it"
    if found.entry is None and names == ["object"] and kind_of(node) == "string":
        return f"write `{plain(node)}:`"
    return "put it in quotes" if "string" in names and isinstance(node, Scalar) else ""


def describe(node: Node) -> str:
    """What a value is, in words."""
    if isinstance(node, Scalar):
        if isinstance(node.value, Regexp):
            return "a regular expression"
        if node.value is not None and not isinstance(node.value, str | int | float):
            return "a date"
        if node.value is None:
            return "a variable" if node.parts else "empty"
        return WORDS[kind_of(node)] if not isinstance(node.value, bool) else str(node.value).lower()
    return WORDS[kind_of(node)]


def coerce(value: object, types: list[str]) -> object:
    """A leaf as the first of `types` that it can be, or as it is (D17)."""
    if not types or any(matches(value, name) for name in types):
        return value
    for name in types:
        for result in coercions(value, name):
            return result
    return value


def matches(value: object, name: str) -> bool:
    """Whether a value is of a type already."""
    if isinstance(value, bool) or name == "boolean":
        return isinstance(value, bool) and name == "boolean"
    if name in ("integer", "number"):
        return isinstance(value, int) or (name == "number" and isinstance(value, float))
    return isinstance(value, str) if name == "string" else name == "null" and value is None


def coercions(value: object, name: str) -> Iterator[object]:
    """The value of another type that stands for this one: one or none."""
    if name == "string" and isinstance(value, bool | int | float):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif name == "string" and value is None:
        yield ""
    elif name in ("integer", "number"):
        if value is None or isinstance(value, bool):
            yield int(value or 0)
        elif isinstance(value, str) and (DECIMAL.fullmatch(value) or FLOAT.fullmatch(value)) and "_" not in value:
            number = float(value)
            if math.isfinite(number) and (name == "number" or number.is_integer()):
                yield int(number) if number.is_integer() else number
    elif name == "boolean" and (value is None or value in ("true", "false", 0, 1)):
        yield value in ("true", 1)
    elif name == "null" and value in ("", 0, False):
        yield None
