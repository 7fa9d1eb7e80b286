"""JSON as JavaScript reads and writes it (ECMA-262 section 25.5), and Python's JSON values as a script's."""

import json
import math
from collections.abc import Mapping, Sequence

from egc.runtime.javascript.convert import integer, is_number, number, number_text, string
from egc.runtime.javascript.values import (
    MAX_LENGTH,
    UNDEFINED,
    Array,
    Boxed,
    Function,
    Object,
    Undefined,
    Value,
    Values,
    characters,
    error,
    range_error,
    type_error,
    units,
)
from egc.runtime.store import Json

MAX_DEPTH = 200


def from_json(value: Json) -> Value:
    """A value of Python's `json` as a script's."""
    if isinstance(value, str):
        return units(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict | Mapping):
        return Object({units(name): from_json(item) for name, item in value.items()})
    return Array([from_json(item) for item in value])


def to_json(value: Value) -> Json:
    """A script's value as one of Python's `json`: what JSON.stringify keeps of it; None where that is nothing."""
    found = _plain(value, 0)
    return None if isinstance(found, Undefined) else found


def _plain(value: Value, depth: int) -> "Json | Undefined":
    if depth > MAX_DEPTH:
        raise type_error("Converting circular structure to JSON")
    value = _json_value(value, "")
    if isinstance(value, str):
        return characters(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return None
        return int(value) if value == int(value) and abs(value) < 1e21 else value
    if isinstance(value, Array):
        items = [_plain(item, depth + 1) for item in value.values()]
        return [None if isinstance(item, Undefined) else item for item in items]
    if isinstance(value, Undefined | Function):
        return UNDEFINED
    made: dict[str, Json] = {}
    for name in value.names():
        item = _plain(value.get(name), depth + 1)
        if not isinstance(item, Undefined):
            made[characters(name)] = item
    return made


def _number(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def parse(source: str) -> Value:
    """JSON.parse without a reviver. Raises a SyntaxError."""
    try:
        return _read(json.loads(source, parse_constant=_refuse, parse_int=float, parse_float=float, strict=True), 0)
    except (ValueError, RecursionError):
        shown = source if len(source) < 40 else source[:37] + "..."
        raise error("SyntaxError", f'"{shown}" is not valid JSON') from None


def _refuse(word: str) -> float:
    raise ValueError(word)


def _read(value: Json, depth: int) -> Value:
    if depth > MAX_DEPTH * 5:
        raise ValueError("too deep")
    if isinstance(value, str):
        return units(value)
    if isinstance(value, dict):
        return Object({units(name): _read(item, depth + 1) for name, item in value.items()})
    if isinstance(value, list):
        return Array([_read(item, depth + 1) for item in value])
    return value  # type: ignore[return-value]  # json.loads makes nothing else


def revived(value: Value, reviver: Function) -> Value:
    """What a reviver makes of a parsed value."""
    return _revive(Object({"": value}), "", reviver)


def _revive(holder: Object, name: str, reviver: Function) -> Value:
    value = holder.get(name)
    if isinstance(value, Object):
        for inner in value.names():
            found = _revive(value, inner, reviver)
            if isinstance(found, Undefined):
                value.delete(inner)
            else:
                value.put(inner, found)
    return reviver.native(holder, (name, value))


def stringify(value: Value, replacer: Value = UNDEFINED, space: Value = UNDEFINED) -> Value:
    """JSON.stringify."""
    return _Writer(replacer, space).write(value)


def _json_value(value: Value, key: str) -> Value:
    """What `toJSON` and boxes stand for."""
    if isinstance(value, Object):
        method = value.get("toJSON")
        if isinstance(method, Function):
            value = method.native(value, (key,))
    if isinstance(value, Boxed):
        if isinstance(value.primitive, bool):
            return value.primitive
        return number(value) if is_number(value.primitive) else string(value)
    return value


class _Writer:
    """One call of JSON.stringify."""

    def __init__(self, replacer: Value, space: Value) -> None:
        self._replacer = replacer if isinstance(replacer, Function) else None
        self._names: list[str] | None = None
        if isinstance(replacer, Array):
            listed = [item for item in replacer.values() if isinstance(item, str | Boxed) or is_number(item)]
            self._names = list(dict.fromkeys(string(item) for item in listed))
        if isinstance(space, Boxed):
            space = number(space) if is_number(space.primitive) else string(space)
        if isinstance(space, str):
            self._gap = space[:10]
        else:
            self._gap = " " * int(min(10, max(0, integer(space)))) if is_number(space) else ""
        self._open: list[Object] = []
        self._size = 0

    def write(self, value: Value) -> Value:
        found = self._text(Object({"": value}), "", value, "")
        return UNDEFINED if found is None else found

    def _text(self, holder: Object, key: str, value: Value, indent: str) -> str | None:
        """The text of a value, or None where it has none."""
        if isinstance(value, Object):
            method = value.get("toJSON")
            if isinstance(method, Function):
                value = method.native(value, (key,))
        if self._replacer is not None:
            value = self._replacer.native(holder, (key, value))
        if isinstance(value, Boxed):
            primitive = value.primitive
            value = (
                primitive if isinstance(primitive, bool) else number(value) if is_number(primitive) else string(value)
            )
        if isinstance(value, str):
            return self._counted(quoted(value))
        if value is None:
            return self._counted("null")
        if isinstance(value, bool):
            return self._counted("true" if value else "false")
        if isinstance(value, int | float):
            return self._counted(number_text(value) if math.isfinite(value) else "null")
        if isinstance(value, Undefined | Function):
            return None
        if value in self._open or len(self._open) > MAX_DEPTH:
            raise type_error("Converting circular structure to JSON")
        self._open.append(value)
        found = self._array(value, indent) if isinstance(value, Array) else self._object(value, indent)
        self._open.pop()
        return found

    def _counted(self, text: str) -> str:
        self._size += len(text) + 1
        if self._size > MAX_LENGTH:
            raise range_error("Invalid string length")
        return text

    def _array(self, value: Array, indent: str) -> str:
        inner = indent + self._gap
        items = [self._text(value, str(at), item, inner) or "null" for at, item in enumerate(value.values())]
        return self._joined("[", items, "]", indent)

    def _object(self, value: Object, indent: str) -> str:
        inner = indent + self._gap
        parts = []
        for name in self._names if self._names is not None else value.names():
            text = self._text(value, name, value.get(name), inner)
            if text is not None:
                parts.append(f"{self._counted(quoted(name))}:{' ' if self._gap else ''}{text}")
        return self._joined("{", parts, "}", indent)

    def _joined(self, start: str, parts: Sequence[str], end: str, indent: str) -> str:
        if not parts:
            return start + end
        if not self._gap:
            return f"{start}{','.join(parts)}{end}"
        inner = f",\n{indent}{self._gap}"
        self._counted(inner * len(parts))
        return f"{start}\n{indent}{self._gap}{inner.join(parts)}\n{indent}{end}"


_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(value: str) -> str:
    """A string in quotes. Halves of pairs are escaped (well-formed JSON.stringify)."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    made = []
    for at, character in enumerate(value):
        code = ord(character)
        if character in _SHORT:
            made.append(_SHORT[character])
        elif code < 0x20 or (0xD800 <= code < 0xE000 and not _in_pair(value, at)):
            made.append(f"\\u{code:04x}")
        else:
            made.append(character)
    return f'"{"".join(made)}"'


def _in_pair(value: str, at: int) -> bool:
    if value[at] < "\udc00":
        return "\udc00" <= value[at + 1 : at + 2] <= "\udfff"
    return at > 0 and "\ud800" <= value[at - 1] <= "\udbff"


def parse_native(this: Value, arguments: Values) -> Value:
    """JSON.parse(text, reviver)."""
    found = parse(string(arguments[0] if arguments else UNDEFINED))
    if len(arguments) > 1 and isinstance(arguments[1], Function):
        return revived(found, arguments[1])
    return found


def stringify_native(this: Value, arguments: Values) -> Value:
    """JSON.stringify(value, replacer, space)."""
    return stringify(*arguments[:3]) if arguments else UNDEFINED
