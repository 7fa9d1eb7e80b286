"""The JSON Schemas of the two files for editors: one document each, draft-07, that refers to nothing outside itself.

The policies and conditions that there are, those of plugins included, are in it with their parameters; what Express
Gateway did with a key is shown beside its description. A variable may stand for any value that is no text.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from egc.compiler.catalogue import Catalogue
from egc.compiler.schema import Schema, load

File = Literal["gateway", "system"]

OWN_WORDS = frozenset(("x-egc", "x-express-gateway", "$id", "$schema"))
"""Keywords that are not handed out: ours, and those that would make parts of the document documents of their own."""

VARIABLE: Schema = {
    "title": "Environment variable",
    "description": "A value that holds an environment variable: ${NAME}, or ${NAME:-default}.",
    "type": "string",
    "pattern": r"\$\{[A-Za-z0-9_]+(:-[^}]*)?\}",
}
NOT_READ = {"type": ["null", "string", "number", "boolean"]}
_NO_TEXT = frozenset(("integer", "number", "boolean"))


def document(file: File, known: Catalogue) -> Schema:
    """The schema of gateway.config.yml or system.config.yml. `known` says what a configuration may name."""
    root = load(file)
    assert root is not None  # noqa: S101 - shipped with the compiler
    found = _Copy("#/definitions/").of(root)
    definitions = found.setdefault("definitions", {})
    definitions["variable"] = VARIABLE
    if file == "gateway":
        for name, schema in _parts(known):
            copy = _Copy(f"#/definitions/{name}.", f"#/definitions/{name}").of(schema)
            definitions |= {f"{name}.{inner}": one for inner, one in copy.pop("definitions", {}).items()}
            definitions[name] = copy
        _policies(definitions, known)
        _conditions(definitions, known)
        found["properties"]["policies"]["items"] = {"type": "string", "enum": list(known.policies)}
    else:
        found["properties"]["plugins"]["properties"] = dict(_plugins(known))
    return {"$schema": "http://json-schema.org/draft-07/schema#", **found}


def modeline(data: bytes, reference: str) -> bytes:
    """A file with a line at its top that tells editors its schema; the rest stays as it is, byte for byte.

    Arguments:
        data: the file; a line that it has already is exchanged.
        reference: where the schema is: a URL, or a path from the file.
    """
    mark = b"\xef\xbb\xbf"
    start = mark if data.startswith(mark) else b""
    rest = data[len(start) :]
    first, end, behind = rest.partition(b"\n")
    newline = b"\r\n" if first.endswith(b"\r") else b"\n"
    if first.lstrip(b"# ").startswith(b"yaml-language-server:") and first.startswith(b"#"):
        rest = behind if end else b""
    return start + b"# yaml-language-server: $schema=" + reference.encode() + newline + rest


def kind_of(file: Path) -> File | None:
    """Which of the two files a file is, by its name; None for others, and for JSON, which takes no comment."""
    for kind in ("gateway", "system"):
        if file.name in (f"{kind}.config.yml", f"{kind}.config.yaml"):
            return "gateway" if kind == "gateway" else "system"
    return None


def _parts(known: Catalogue) -> Iterator[tuple[str, Schema]]:
    for policy in known.policies.values():
        yield f"policy.{policy.name}", policy.schema
    for condition in known.conditions.values():
        yield f"condition.{condition.name}", condition.schema


def _policies(definitions: dict[str, Any], known: Catalogue) -> None:
    """Each policy with its own steps; another name than these is no policy."""
    step = definitions["step"]
    properties = {}
    for name, policy in known.policies.items():
        own = definitions[f"policy.{name}"]
        if "patternProperties" not in own:
            own.setdefault("additionalProperties", False)
        one = {
            **step,
            "properties": {
                **step["properties"],
                "action": {"description": own["description"], "anyOf": [_ref(f"policy.{name}"), {"type": "null"}]},
            },
        }
        definitions[f"step.{name}"] = one
        properties[name] = {
            **_described(policy.schema),
            "anyOf": [_ref(f"step.{name}"), {"type": "array", "items": _ref(f"step.{name}")}, NOT_READ],
        }
    definitions["policy"] |= {"properties": properties, "additionalProperties": False}
    jwt = definitions.get("policy.oauth2", {}).get("patternProperties", {}).get("^jwt$")
    if jwt is not None and "jwt" in known.policies:
        del definitions["policy.oauth2"]["patternProperties"]
        definitions["policy.oauth2"]["properties"]["jwt"] = _ref("policy.jwt")
        definitions["policy.oauth2"]["additionalProperties"] = False


def _conditions(definitions: dict[str, Any], known: Catalogue) -> None:
    """Each condition with its own parameters, chosen by its name; those that junctions join are conditions again."""
    names = {"name": {"title": "Name", "description": "Which condition.", "enum": list(known.conditions)}}
    for name, kind in known.conditions.items():
        own = definitions[f"condition.{name}"]
        own["properties"] = {"name": {"const": name, "description": own["description"]}, **own.get("properties", {})}
        own["additionalProperties"] = False
        if kind.joins:
            for parameter in ("conditions", "condition"):
                inner = own["properties"].get(parameter)
                if inner is not None:
                    own["properties"][parameter] = _joined(inner)
    definitions["condition"] = {
        "title": "Condition",
        "description": "When the step runs.",
        "type": "object",
        "required": ["name"],
        "properties": names,
        "allOf": [
            {"if": {"properties": {"name": {"const": name}}, "required": ["name"]}, "then": _ref(f"condition.{name}")}
            for name in known.conditions
        ],
    }
    for name in ("step", *(f"step.{policy}" for policy in known.policies)):
        definitions[name]["properties"] = {**definitions[name]["properties"], "condition": _ref("condition")}


def _joined(schema: Schema) -> Schema:
    """A parameter that holds conditions: one, or a list of them."""
    said: Schema = {word: schema[word] for word in ("title", "description", "markdownDescription") if word in schema}
    if "items" in schema:
        return {**said, **{word: schema[word] for word in schema if word != "items"}, "items": _ref("condition")}
    return {**said, "allOf": [_ref("condition")]}


def _plugins(known: Catalogue) -> Iterator[tuple[str, Schema]]:
    """The settings of each plugin that a configuration names."""
    for plugin in known.plugins:
        own = _Copy("#/definitions/").of(plugin.schema)
        package = {"title": "Package", "description": "The dotted name of its Python module.", "type": "string"}
        yield plugin.name, {**own, "properties": {"package": package, **own.get("properties", {})}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _described(schema: Schema) -> Schema:
    """What an editor shows of a schema: what it says, and how Express Gateway was."""
    said: Schema = {word: schema[word] for word in ("title", "description") if word in schema}
    old = schema.get("x-express-gateway", "")
    if old and old != "The same.":
        said["markdownDescription"] = f"{schema['description']}\n\n*Express Gateway:* {old}"
    return said


class _Copy:
    """Copies a schema into the document.

    Arguments:
        definitions: what the references to its definitions begin with there.
        whole: what a reference to the whole of it becomes.
    """

    def __init__(self, definitions: str, whole: str = "#") -> None:
        self._definitions = definitions
        self._whole = whole

    def of(self, schema: Mapping[str, Any]) -> Schema:
        """One schema with those inside of it."""
        found: Schema = _described(dict(schema))
        for word, value in schema.items():
            if word == "$ref":
                found[word] = self._reference(value)
            elif word in ("properties", "patternProperties", "definitions"):
                found[word] = {name: self._inner(inner) for name, inner in value.items()}
            elif word in ("allOf", "anyOf", "oneOf"):
                found[word] = [self._inner(inner) for inner in value]
            elif word in ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"):
                found[word] = self._many(value)
            elif word not in OWN_WORDS and word not in found:
                found[word] = value
        return found

    def _many(self, value: Any) -> Any:
        return [self._inner(inner) for inner in value] if isinstance(value, list) else self._inner(value)

    def _inner(self, schema: Any) -> Any:
        """A schema inside of another: a variable may stand for a value that is no text."""
        if not isinstance(schema, dict):
            return schema
        found = self.of(schema)
        named = found.get("type")
        types = frozenset([named] if isinstance(named, str) else named or ())
        if not types & _NO_TEXT or "string" in types:
            return found
        said = {word: found.pop(word) for word in _SAID if word in found}
        return {**said, "anyOf": [found, {"$ref": "#/definitions/variable"}]}

    def _reference(self, pointer: str) -> str:
        if pointer == "#":
            return self._whole
        return pointer.replace("#/definitions/", self._definitions, 1)


_SAID: Iterable[str] = ("title", "description", "markdownDescription", "default", "examples", "errorMessage")
