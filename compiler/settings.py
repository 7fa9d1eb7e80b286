"""Values of the configuration as settings of the plan: typed as their schema says, variables kept as look-ups."""

import math
import re
from collections.abc import Iterator
from collections.abc import Mapping as Environment
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from egc.compiler.diagnostics import Report, Span
from egc.compiler.model import text
from egc.compiler.node import Mapping, Node, Regexp, Scalar, Sequence, Variable
from egc.compiler.plan import Argument, Lookup, Plain, Script, Setting, Table
from egc.compiler.schema import WORDS
from egc.compiler.variables import looks_secret

if TYPE_CHECKING:
    from egc.compiler.catalogue import Catalogue
    from egc.compiler.names import Names

Kind = Literal["text", "number", "integer", "port", "flag", "url"]

_KINDS: dict[str, Kind] = {"string": "text", "number": "number", "integer": "integer", "boolean": "flag"}
_JSON: dict[Kind, str] = {
    "text": "string",
    "url": "string",
    "flag": "boolean",
    "number": "number",
    "integer": "integer",
    "port": "integer",
}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1024)
def snake(name: str) -> str:
    """The Python name of a setting: `stripPath` is `strip_path`."""
    return _WORD_START.sub("_", name).replace("-", "_").lower()


def _built_in() -> "Catalogue":
    from egc.compiler.catalogue import built_in

    return built_in()


@dataclass(slots=True)
class Values:
    """Turns nodes into settings and text. `known` are the policies and conditions that there are.

    `resolved` gathers the variables that were fixed at build time, `scripts` the JavaScript that is to be compiled.
    """

    environ: Environment[str, str]
    report: Report
    known: "Catalogue" = field(default_factory=_built_in)
    resolved: dict[str, str] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)
    owner: str = ""
    place: Span | None = None
    _variables: "Names | None" = None

    @contextmanager
    def naming(self, owner: str, variables: "Names", place: Span | None = None) -> Iterator[None]:
        """Within this, settings belong to `owner`, the object of the module that stands at `place` of the file.

        Scripts are named after it.
        """
        before = self.owner, self.place, self._variables
        self.owner, self.place, self._variables = owner, place, variables
        try:
            yield
        finally:
            self.owner, self.place, self._variables = before

    def shape(self, scalar: Scalar) -> str:
        """The text of a value that shapes the program: a path, a host, a name. Its variables are resolved here."""
        for part in scalar.parts:
            if isinstance(part, Variable) and part.name not in scalar.missing:
                self.resolved[part.name] = self.environ.get(part.name, part.default or "")
        if scalar.missing:
            self.report.error(
                "EN601",
                "unset-variable",
                f"the variable {scalar.missing[0]} is not set, and this is filled in when the gateway is built",
                scalar.span,
                help=f"set {scalar.missing[0]}, or give a default: ${{{scalar.missing[0]}:-value}}",
            )
        if isinstance(scalar.value, Regexp | date):
            self.wrong(scalar.span, ["string"])
        return text(scalar)

    def setting(self, node: Node, schema: dict[str, Any], name: str = "") -> Setting:
        """A value of the type that the schema names, coerced as Express Gateway's validator did (D17).

        Arguments:
            name: what the value is called, for the names of scripts in it.
        """
        types = _types(schema)
        if isinstance(node, Scalar) and isinstance(schema.get("x-egc"), str):
            return self.prose(node) if schema["x-egc"] == "prose" else self.script(node, schema["x-egc"], name)
        if isinstance(node, Mapping):
            if types and "object" not in types:
                self.wrong(node.span, types)
                return None
            known = _object(schema)
            return Table(
                tuple(
                    (entry.name, self.setting(entry.value, known(entry.name), f"{name}_{entry.name}")) for entry in node
                )
            )
        if isinstance(node, Sequence):
            if types and "array" not in types:
                self.wrong(node.span, types)
                return None
            return tuple(self.setting(item, _items(schema), name) for item in node)
        kind = self._kind(schema, types)
        if node.parts and kind is not None and not _choices(schema):
            return self.lookup(node, kind)
        if node.parts:
            self.shape(node)
        return self._plain(node, types)

    def lookup(self, scalar: Scalar, kind: Kind, *, divisor: int = 1) -> Setting:
        """A look-up at start for a value with variables, else the value itself."""
        if not scalar.parts:
            value = self._plain(scalar, [_JSON[kind]])
            return value / divisor if divisor != 1 and isinstance(value, int | float) else value
        parts = tuple(part if isinstance(part, str) else (part.name, part.default) for part in scalar.parts)
        only = scalar.parts[0]
        if len(parts) == 1 and isinstance(only, Variable) and only.default is not None and not fits(only.default, kind):
            self.wrong(scalar.span, [_JSON[kind]])
        return Lookup(kind, parts, divisor)

    def prose(self, scalar: Scalar) -> Setting:
        """A text for people only: a variable that is missing in it opens nothing, and leaves `null` (D7)."""
        for name in scalar.missing:
            message = f"the variable {name} is not set: the text says `null` in its place"
            self.report.warning("EN601", "unset-variable", message, scalar.span, help=f"give a default: ${{{name}:-}}")
        parts = tuple(
            Variable(part.name, "null") if isinstance(part, Variable) and part.default is None else part
            for part in scalar.parts
        )
        return self.lookup(replace(scalar, parts=parts), "text")

    def script(self, scalar: Scalar, kind: Literal["expression", "template", "program"], name: str) -> Setting:
        """JavaScript: a script of the module, or the value itself where it is nothing but a plain value.

        Variables are filled in before it is parsed, as in Express Gateway; where the whole is text in quotes, they stay
        variables.
        """
        from egc.compiler import scripts

        if kind == "template" and scalar.parts:
            scalar = scripts.without_context(scalar, self.environ)
        known, value = scripts.constant(scalar, text(scalar), kind)
        if known:
            return value
        assert self._variables is not None  # noqa: S101 - scripts are settings of steps and conditions
        variable = self._variables.make(f"{self.owner}_{name}", "script")
        for part in scalar.parts:
            if isinstance(part, Variable) and looks_secret(part.name):
                message = f"the value of {part.name} becomes a part of gateway.py, for whoever reads that to see"
                help = f"where the whole value is a text, write it in one pair of quotes: '${{{part.name}}}'"
                self.report.warning("EN605", "secret-in-script", message, scalar.span, help=help)
        script = Script(variable, kind, self.shape(scalar), scalar.span)
        self.scripts.append(script)
        return script

    def arguments(self, values: Mapping | None, properties: dict[str, Any]) -> tuple[Argument, ...]:
        """The properties in the order of the schema: as written, or their defaults, or left out."""
        arguments = []
        for name, schema in properties.items():
            node = values.get(name) if values is not None else None
            if node is not None and not _left_empty(node, schema):
                arguments.append(Argument(snake(name), self.setting(node, schema, snake(name)), node.span))
            elif "default" in schema:
                arguments.append(Argument(snake(name), from_json(schema["default"]), None))
        return tuple(arguments)

    def _kind(self, schema: dict[str, Any], types: list[str]) -> Kind | None:
        if schema.get("format") in ("uri", "url"):
            return "url"
        return next((_KINDS[name] for name in types if name in _KINDS), None if types else "text")

    def _plain(self, scalar: Scalar, types: list[str]) -> Plain:
        value = scalar.value
        if isinstance(value, Regexp | date) or (isinstance(value, float) and not math.isfinite(value)):
            self.wrong(scalar.span, types or ["string"])
            return None
        if not types or any(_is(value, name) for name in types):
            return int(value) if isinstance(value, float) and types and "number" not in types else value
        for name in types:
            found, result = _coerced(value, text(scalar), name)
            if found:
                return result
        self.wrong(scalar.span, types)
        return None

    def wrong(self, span: Span, types: list[str]) -> None:
        """Report a value that has none of these JSON types."""
        wanted = " or ".join(WORDS.get(name, name) for name in types)
        self.report.error("CO124", "wrong-type", f"this should be {wanted}", span)


def fits(value: str, kind: Kind) -> bool:
    """Whether the text of a default can be what `kind` wants."""
    if kind in ("text", "url"):
        return True
    if kind == "flag":
        return value in ("true", "false")
    if kind == "number":
        return bool(_NUMBER.fullmatch(value)) and math.isfinite(float(value))
    return value.isascii() and value.lstrip("+-").isdecimal() and len(value) <= 18


def from_json(value: Any) -> Setting:
    """A default of a schema as a setting."""
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    if isinstance(value, dict):
        return Table(tuple((name, from_json(item)) for name, item in value.items()))
    assert value is None or isinstance(value, str | int | float | bool)  # noqa: S101 - JSON holds nothing else
    return value


def _types(schema: dict[str, Any]) -> list[str]:
    """The JSON types that a schema allows, in order; empty for any."""
    found: list[str] = []
    if isinstance(schema.get("type"), list):
        found += schema["type"]
    elif "type" in schema:
        found.append(schema["type"])
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += [name for name in _types(branch) if name not in found]
    return found


def _choices(schema: dict[str, Any]) -> bool:
    return "enum" in schema or "const" in schema


def _branch(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The part of a schema that speaks of one JSON type."""
    branches = (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))
    return next((branch for branch in branches if name in _types({"type": branch.get("type", [])})), schema)


def _items(schema: dict[str, Any]) -> dict[str, Any]:
    items = _branch(schema, "array").get("items", {})
    return items if isinstance(items, dict) else {}


def _object(schema: dict[str, Any]) -> Any:
    branch = _branch(schema, "object")
    other = branch.get("additionalProperties", {})
    return lambda name: branch.get("properties", {}).get(name, other if isinstance(other, dict) else {})


def _left_empty(node: Node, schema: dict[str, Any]) -> bool:
    """Whether a key without a value stands for its default: what is no scalar cannot be made of null."""
    types = _types(schema)
    if not isinstance(node, Scalar) or node.value is not None or node.parts:
        return False
    return bool(types) and not set(types) & {"string", "number", "integer", "boolean", "null"}


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if name == "number":
        return isinstance(value, int | float)
    return isinstance(value, str) if name == "string" else value is None and name == "null"


def _coerced(value: object, spelled: str, name: str) -> tuple[bool, Plain]:
    if name == "string":
        return True, spelled
    if name == "null":
        return value in ("", 0, False), None
    if name == "boolean":
        known: dict[object, bool] = {"true": True, "false": False, 1: True, 0: False, None: False}
        return value in known, known.get(value)
    if name in ("number", "integer"):
        if value is None or isinstance(value, bool):
            return True, int(value or 0)
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            number = float(value)
            if number.is_integer() and abs(number) < 2**53:
                return True, int(number)
            return name == "number" and math.isfinite(number), number
    return False, None
