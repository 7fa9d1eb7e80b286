"""JSON Schema, draft 7, as Ajv 6 checks it with `coerceTypes` and `useDefaults` (D144): values are changed in place."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egc.runtime.formats import FORMATS
from egc.runtime.patterns import Pattern
from egc.runtime.store import Json

MOST_CHECKS = 200_000
"""How many values are checked against a schema each; alternatives inside of alternatives multiply."""

Definition = Mapping[str, Any] | bool
_Holder = dict[Any, Any] | list[Any]
_Check = Callable[["_Run", _Holder, Any], str | None]
"""Checks what a container holds at a key, and may put another value there; returns what is wrong, or None."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_RADIX = re.compile("0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)
_LONGEST = 256
_COUNTED = {"Length": "characters", "Items": "items", "Properties": "properties"}
_NAMES = {"object": dict, "array": list, "string": str}


class TooMuch(Exception):
    """A value that takes more than MOST_CHECKS checks, or is nested too deeply to be checked."""


class _Run:
    """One validation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_CHECKS


class Schema:
    """A schema, ready to be asked.

    Arguments:
        definition: the schema. `$ref` is `#` or a JSON Pointer behind it, into this schema.
        patterns: each regular expression of the schema, as it is written there, compiled.
    """

    def __init__(self, definition: Mapping[str, Any], patterns: Mapping[str, Pattern] | None = None) -> None:
        self._root: Definition = _listed(definition)
        self._patterns = dict(patterns or {})
        self._by_pointer: dict[str, list[_Check]] = {}
        self._check = self._compiled(self._root, fills=True)

    def wrong(self, value: Json) -> str | None:
        """What is wrong with a value, in Ajv's words, or None.

        Values inside of it are coerced where the schema's types want it, and defaults filled in. Raises TooMuch.
        """
        try:
            found = self._check(_Run(), [value], 0)
        except RecursionError:
            raise TooMuch from None
        return None if found is None else f"data{found}"

    # ---- Making checks

    def _compiled(self, schema: Definition, *, fills: bool) -> _Check:
        """The check of a schema. `fills`: whether defaults are filled in; alternatives do not."""
        if isinstance(schema, bool):
            return _anything if schema else _nothing
        checks = list(self._checks(schema, fills))
        if not checks:
            return _anything

        def check(run: _Run, holder: _Holder, key: Any) -> str | None:
            run.left -= 1
            if run.left < 0:
                raise TooMuch
            for one in checks:
                found = one(run, holder, key)
                if found is not None:
                    return found
            return None

        return check

    def _referred(self, reference: str) -> _Check:
        pointer = reference.removeprefix("#")
        known = self._by_pointer.get(pointer)
        if known is None:
            known = self._by_pointer[pointer] = []
            target: Any = self._root
            for step in pointer.split("/")[1:]:
                name = step.replace("~1", "/").replace("~0", "~")
                target = target[int(name)] if isinstance(target, list) else target[name]
            known.append(self._compiled(target, fills=True))
        checks = known
        return lambda run, holder, key: checks[0](run, holder, key)

    def _checks(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        """In the order in which Ajv goes: the type, what it says of the type, and what holds for all types."""
        if "type" in schema:
            yield _typed(schema["type"])
        if "$ref" in schema:
            # Beside it nothing else counts (draft 7, section 8.3), but Ajv looks at the type.
            yield self._referred(schema["$ref"])
            return
        for group in (self._of_numbers, self._of_texts, self._of_lists, self._of_objects, self._of_all):
            yield from group(schema, fills)

    def _of_numbers(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        bounds: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
            ("maximum", "<=", lambda value, bound: value <= bound),
            ("minimum", ">=", lambda value, bound: value >= bound),
            ("exclusiveMaximum", "<", lambda value, bound: value < bound),
            ("exclusiveMinimum", ">", lambda value, bound: value > bound),
        )
        for keyword, sign, holds in bounds:
            if keyword in schema:
                yield _on(_is_number, holds, schema[keyword], f" should be {sign} {schema[keyword]}")
        if "multipleOf" in schema:
            yield _on(_is_number, _is_multiple, schema["multipleOf"], f" should be multiple of {schema['multipleOf']}")

    def _of_texts(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        yield from _sizes(schema, "Length", str)
        if "pattern" in schema:
            program = self._patterns[schema["pattern"]]
            said = f' should match pattern "{schema["pattern"]}"'
            yield _on(_is_text, lambda value, _: program.search(value) is not None, None, said)
        if "format" in schema:
            has_format = FORMATS[schema["format"]]
            yield _on(_is_text, lambda value, _: has_format(value), None, f' should match format "{schema["format"]}"')

    def _of_lists(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        items = schema.get("items")
        if fills and isinstance(items, list):
            yield _append(items)
        yield from _sizes(schema, "Items", list)
        if schema.get("uniqueItems"):
            said = " should NOT have duplicate items"
            yield _on(_is_list, lambda value, _: len({_frozen(item) for item in value}) == len(value), None, said)
        if isinstance(items, list):
            yield self._tuple(schema, items, fills)
        elif items is not None:
            each = self._compiled(items, fills=fills)
            yield _all_items(lambda run, value: _first(each, run, value, range(len(value)), "[{}]"))
        if "contains" in schema:
            inner = self._compiled(schema["contains"], fills=False)
            yield _all_items(
                lambda run, value: (
                    None
                    if any(inner(run, value, index) is None for index in range(len(value)))
                    else " should contain a valid item"
                )
            )

    def _tuple(self, schema: Mapping[str, Any], items: list[Definition], fills: bool) -> _Check:
        each = [self._compiled(item, fills=fills) for item in items]
        more = schema.get("additionalItems", True)
        others = self._compiled(more, fills=fills)

        def check(run: _Run, value: list[Any]) -> str | None:
            if more is False and len(value) > len(each):
                return f" should NOT have more than {len(each)} items"
            for index, one in enumerate(each[: len(value)]):
                found = one(run, value, index)
                if found is not None:
                    return f"[{index}]{found}"
            return _first(others, run, value, range(len(each), len(value)), "[{}]")

        return _all_items(check)

    def _of_objects(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        properties: Mapping[str, Definition] = schema.get("properties", {})
        defaults = {
            name: inner["default"]
            for name, inner in properties.items()
            if fills and isinstance(inner, Mapping) and "default" in inner
        }
        if defaults:
            yield _fill(defaults)
        yield from _sizes(schema, "Properties", dict)
        if "required" in schema:
            yield _required(schema["required"])
        if "propertyNames" in schema:
            named = self._compiled(schema["propertyNames"], fills=False)
            yield _all_members(
                lambda run, value: (
                    None
                    if all(named(run, [name], 0) is None for name in list(value))
                    else " should have valid property names"
                )
            )
        if {"properties", "patternProperties", "additionalProperties"} & set(schema):
            yield self._members(schema, properties, fills)
        for name, needed in schema.get("dependencies", {}).items():
            inner = _required(needed) if isinstance(needed, list) else self._compiled(needed, fills=fills)
            yield _when_present(name, inner)

    def _members(self, schema: Mapping[str, Any], properties: Mapping[str, Definition], fills: bool) -> _Check:
        more = schema.get("additionalProperties", True)
        named = {name: self._compiled(inner, fills=fills) for name, inner in properties.items()}
        matched = [
            (self._patterns[regex], self._compiled(inner, fills=fills))
            for regex, inner in schema.get("patternProperties", {}).items()
        ]
        others = None if more is True else self._compiled(more, fills=fills)

        def check(run: _Run, value: dict[Any, Any]) -> str | None:
            if others is not None:
                for name in list(value):
                    if name not in named and not any(program.search(name) for program, _ in matched):
                        if more is False:
                            return " should NOT have additional properties"
                        found = others(run, value, name)
                        if found is not None:
                            return f"['{name}']{found}"
            for name, one in named.items():
                if name in value and (found := one(run, value, name)) is not None:
                    return f".{name}{found}"
            for program, one in matched:
                for name in list(value):
                    if program.search(name) and (found := one(run, value, name)) is not None:
                        return f"['{name}']{found}"
            return None

        return _all_members(check)

    def _of_all(self, schema: Mapping[str, Any], fills: bool) -> Iterator[_Check]:
        if "const" in schema:
            constant = _frozen(schema["const"])
            yield lambda run, holder, key: None if _frozen(holder[key]) == constant else " should be equal to constant"
        if "enum" in schema:
            allowed = {_frozen(value) for value in schema["enum"]}
            yield (
                lambda run, holder, key: (
                    None if _frozen(holder[key]) in allowed else " should be equal to one of the allowed values"
                )
            )
        if "not" in schema:
            negated = self._compiled(schema["not"], fills=False)
            yield lambda run, holder, key: " should NOT be valid" if negated(run, holder, key) is None else None
        if "anyOf" in schema:
            yield _any_of([self._compiled(inner, fills=False) for inner in schema["anyOf"]])
        if "oneOf" in schema:
            yield _one_of([self._compiled(inner, fills=False) for inner in schema["oneOf"]])
        yield from (self._compiled(inner, fills=fills) for inner in schema.get("allOf", ()))
        if "if" in schema and {"then", "else"} & set(schema):
            asked = self._compiled(schema["if"], fills=False)
            then = self._compiled(schema.get("then", True), fills=fills)
            otherwise = self._compiled(schema.get("else", True), fills=fills)
            yield (
                lambda run, holder, key: (
                    then(run, holder, key) if asked(run, holder, key) is None else otherwise(run, holder, key)
                )
            )


# ---- Checks


def _anything(run: _Run, holder: _Holder, key: Any) -> str | None:
    return None


def _nothing(run: _Run, holder: _Holder, key: Any) -> str | None:
    return " boolean schema is false"


def _on(kind: Callable[[Any], bool], holds: Callable[[Any, Any], bool], bound: Any, said: str) -> _Check:
    """A check of values of one kind."""

    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        value = holder[key]
        return said if kind(value) and not holds(value, bound) else None

    return check


def _sizes(schema: Mapping[str, Any], word: str, kind: type) -> Iterator[_Check]:
    """maxLength, minItems and their like."""
    more, fewer = ("be longer", "be shorter") if word == "Length" else ("have more", "have fewer")
    for keyword, comparison, holds in (
        (f"max{word}", more, lambda value, bound: len(value) <= bound),
        (f"min{word}", fewer, lambda value, bound: len(value) >= bound),
    ):
        if keyword in schema:
            said = f" should NOT {comparison} than {schema[keyword]} {_COUNTED[word]}"
            yield _on(lambda value: isinstance(value, kind), holds, schema[keyword], said)


def _typed(types: str | list[str]) -> _Check:
    """The types that a value may have; a scalar of another one is made one of them, where that can be (D144)."""
    names = [types] if isinstance(types, str) else types
    said = f" should be {','.join(names)}"

    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        value = holder[key]
        if any(_has_type(value, name) for name in names):
            return None
        for name in names:
            for coerced in _coerced(value, name):
                holder[key] = coerced
                return None
        return said

    return check


def _has_type(value: Any, name: str) -> bool:
    if name in _NAMES:
        return isinstance(value, _NAMES[name])
    if name == "null":
        return value is None
    if name == "boolean":
        return isinstance(value, bool)
    return _is_number(value) and (name == "number" or value == math.floor(value))


def _coerced(value: Any, name: str) -> Iterator[Json]:
    """The value of a type that Ajv takes a scalar of another type for: one or none."""
    if isinstance(value, dict | list):
        return
    if name == "string":
        yield "" if value is None else str(value).lower() if isinstance(value, bool) else _number_text(value)
    elif name in ("number", "integer"):
        if value is None or isinstance(value, bool):
            yield int(value or 0)
        elif isinstance(value, str):
            number = _number(value)
            if number is not None and (name == "number" or number == math.floor(number)):
                yield number
    elif name == "boolean":
        if value in ("false", 0, None):
            yield False
        elif value in ("true", 1):
            yield True
    elif name == "null" and (value == "" or value is False or (_is_number(value) and value == 0)):
        yield None


def _number_text(value: float) -> str:
    return str(int(value)) if value == math.floor(value) and abs(value) < 1e21 else str(value)


def _number(text: str) -> float | int | None:
    """What JavaScript's Number makes of a text, unless it is empty; None for what is no finite number."""
    stripped = text.strip()
    if not text:
        return None
    if not stripped:
        return 0
    if _RADIX.fullmatch(stripped) and len(stripped) < _LONGEST:
        return int(stripped, 0)
    if not _NUMBER.fullmatch(stripped):
        return None
    number = float(stripped)
    if not math.isfinite(number):
        return None
    return int(number) if number == math.floor(number) and abs(number) < 2**53 else number


def _required(names: list[str]) -> _Check:
    def check(run: _Run, value: dict[Any, Any]) -> str | None:
        missing = next((name for name in names if name not in value), None)
        return None if missing is None else f" should have required property '{missing}'"

    return _all_members(check)


def _fill(defaults: dict[str, Any]) -> _Check:
    def check(run: _Run, value: dict[Any, Any]) -> str | None:
        for name, default in defaults.items():
            if name not in value:
                value[name] = _copied(default)
        return None

    return _all_members(check)


def _append(items: list[Definition]) -> _Check:
    """Defaults of the items that are not there, up to the first that has none."""

    def check(run: _Run, value: list[Any]) -> str | None:
        for item in items[len(value) :]:
            if not isinstance(item, Mapping) or "default" not in item:
                break
            value.append(_copied(item["default"]))
        return None

    return _all_items(check)


def _when_present(name: str, inner: _Check) -> _Check:
    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        value = holder[key]
        return inner(run, holder, key) if isinstance(value, dict) and name in value else None

    return check


def _any_of(inner: list[_Check]) -> _Check:
    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        if any(one(run, holder, key) is None for one in inner):
            return None
        return " should match some schema in anyOf"

    return check


def _one_of(inner: list[_Check]) -> _Check:
    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        met = 0
        for one in inner:
            met += one(run, holder, key) is None
            if met > 1:
                break
        return None if met == 1 else " should match exactly one schema in oneOf"

    return check


def _all_items(inner: Callable[[_Run, list[Any]], str | None]) -> _Check:
    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        value = holder[key]
        return inner(run, value) if isinstance(value, list) else None

    return check


def _all_members(inner: Callable[[_Run, dict[Any, Any]], str | None]) -> _Check:
    def check(run: _Run, holder: _Holder, key: Any) -> str | None:
        value = holder[key]
        return inner(run, value) if isinstance(value, dict) else None

    return check


def _first(one: _Check, run: _Run, value: _Holder, keys: Any, place: str) -> str | None:
    for key in keys:
        found = one(run, value, key)
        if found is not None:
            return place.format(key) + found
    return None


# ---- Values


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_multiple(value: float, of: float) -> bool:
    try:
        quotient = value / of
    except OverflowError:
        # A number of more digits than a float can count.
        return isinstance(of, int) and value % of == 0
    return math.isfinite(quotient) and quotient == math.floor(quotient)


def _frozen(value: Any) -> Any:
    """A value as one that can be compared and hashed as JSON compares: `true` is not 1, 1 is 1.0."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, dict):
        return (dict, frozenset((name, _frozen(inner)) for name, inner in value.items()))
    if isinstance(value, list | tuple):
        return (list, tuple(_frozen(inner) for inner in value))
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    """A schema of an emitted module, whose lists are tuples, as JSON has it."""
    if isinstance(value, Mapping):
        return {name: _listed(inner) for name, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, list | tuple) else value
