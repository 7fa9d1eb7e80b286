"""Whether a JSON Schema allows a value, as a function made once for each schema: what is good needs no more than that.

`jsonschema` tells what is wrong with the rest. So a test may refuse what is allowed (a number such as `1.0` for an
integer, a list whose members are no texts where they must differ), but never take what is not.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Test = Callable[[object], bool]
Schema = dict[str, Any]

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_SAID_ONLY = frozenset(
    (
        *("$schema", "$id", "$comment", "definitions", "title", "description", "default", "examples", "format"),
        *("x-egc", "x-express-gateway", "errorMessage"),
    )
)
"""Keywords that allow and forbid nothing: formats are checked by who reads the value."""

_OF_OBJECTS = frozenset(
    ("properties", "patternProperties", "additionalProperties", "required", "minProperties", "maxProperties")
)
_OF_LISTS = frozenset(("items", "minItems", "uniqueItems"))
_OF_TEXTS = frozenset(("pattern", "minLength"))
_OF_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum"))
_OF_ALL = frozenset(("type", "enum", "anyOf", "oneOf", "allOf", "$ref"))
_KNOWN = _SAID_ONLY | _OF_OBJECTS | _OF_LISTS | _OF_TEXTS | _OF_NUMBERS | _OF_ALL


class _Unknown(Exception):
    """A keyword, or a form of one, that is left to `jsonschema`."""


def test(schema: Schema) -> Test:
    """A function that tells whether a value is surely allowed; for a schema beyond what is known here, of none."""
    try:
        return _Tests(schema).of(schema)
    except _Unknown:
        return lambda value: False


class _Tests:
    """The tests of one schema and of those inside of it."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._made: dict[int, Test] = {}

    def of(self, schema: Schema | bool) -> Test:
        """The test of a subschema; one that leads to itself is met while it is made."""
        if isinstance(schema, bool):
            return lambda value: schema
        found = self._made.get(id(schema))
        if found is not None:
            return found
        self._made[id(schema)] = lambda value: self._made[id(schema)](value)
        self._made[id(schema)] = made = self._all(tuple(self._parts(schema)))
        return made

    def _all(self, parts: tuple[Test, ...]) -> Test:
        if not parts:
            return lambda value: True
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            first, second = parts
            return lambda value: first(value) and second(value)
        return lambda value: all(part(value) for part in parts)

    def _parts(self, schema: Schema) -> Iterator[Test]:
        if "$ref" in schema:
            yield self._reference(schema["$ref"])
            return
        if schema.keys() - _KNOWN:
            raise _Unknown
        if "type" in schema:
            yield _type(schema["type"])
        if "enum" in schema:
            yield _enum(schema["enum"])
        if schema.keys() & _OF_OBJECTS:
            yield self._object(schema)
        if schema.keys() & _OF_LISTS:
            yield self._list(schema)
        if schema.keys() & _OF_TEXTS:
            yield _text(schema)
        if schema.keys() & _OF_NUMBERS:
            yield _number(schema)
        if "allOf" in schema:
            yield self._all(tuple(self.of(branch) for branch in schema["allOf"]))
        if "anyOf" in schema:
            some = tuple(self.of(branch) for branch in schema["anyOf"])
            yield lambda value: any(branch(value) for branch in some)
        if "oneOf" in schema:
            yield self._one(schema["oneOf"])

    def _reference(self, pointer: str) -> Test:
        if pointer == "#":
            return self.of(self._root)
        name = pointer.removeprefix("#/definitions/")
        if name == pointer or name not in self._root.get("definitions", {}):
            raise _Unknown
        return self.of(self._root["definitions"][name])

    def _one(self, branches: list[Schema]) -> Test:
        """Of keys that may be given, one is: the only form in which a refusal, too, is certain."""
        names = tuple(branch["required"][0] for branch in branches if set(branch) == {"required"})
        if len(names) != len(branches) or any(len(branch["required"]) != 1 for branch in branches):
            raise _Unknown
        return lambda value: isinstance(value, dict) and sum(name in value for name in names) == 1

    def _object(self, schema: Schema) -> Test:
        known = {name: self.of(inner) for name, inner in schema.get("properties", {}).items()}
        other = self.of(schema.get("additionalProperties", True))
        named = [(re.compile(name), self.of(inner)) for name, inner in schema.get("patternProperties", {}).items()]
        required = tuple(schema.get("required", ()))
        least, most = schema.get("minProperties", 0), schema.get("maxProperties")

        def fits(value: object) -> bool:
            if not isinstance(value, dict):
                return True
            if len(value) < least or (most is not None and len(value) > most):
                return False
            for name in required:
                if name not in value:
                    return False
            for name, inner in value.items():
                tests = [test for pattern, test in named if pattern.search(name)] if named else ()
                if not all(test(inner) for test in tests):
                    return False
                if (name in known or not tests) and not known.get(name, other)(inner):
                    return False
            return True

        return fits

    def _list(self, schema: Schema) -> Test:
        items = schema.get("items", True)
        if isinstance(items, list):
            raise _Unknown
        item = self.of(items)
        least, unique = schema.get("minItems", 0), schema.get("uniqueItems", False)

        def fits(value: object) -> bool:
            if not isinstance(value, list):
                return True
            if len(value) < least or not all(item(one) for one in value):
                return False
            return not unique or (all(type(one) is str for one in value) and len(set(value)) == len(value))

        return fits


def _type(names: str | list[str]) -> Test:
    allowed = frozenset(kind for name in ([names] if isinstance(names, str) else names) for kind in _PYTHON[name])
    return lambda value: type(value) in allowed


def _enum(values: list[object]) -> Test:
    if not all(type(value) is str for value in values):
        raise _Unknown
    allowed = frozenset(values)
    return lambda value: type(value) is str and value in allowed


def _text(schema: Schema) -> Test:
    least = schema.get("minLength", 0)
    pattern = re.compile(schema["pattern"]) if "pattern" in schema else None

    def fits(value: object) -> bool:
        if not isinstance(value, str):
            return True
        return len(value) >= least and (pattern is None or pattern.search(value) is not None)

    return fits


def _number(schema: Schema) -> Test:
    least, most, above = (schema.get(name) for name in ("minimum", "maximum", "exclusiveMinimum"))

    def fits(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (
            (least is None or value >= least) and (most is None or value <= most) and (above is None or value > above)
        )

    return fits
