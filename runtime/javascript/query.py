"""`req.query`: a query string as the package qs 6 reads it, which is what Express uses (D98).

`a[]=1` and a repeated name make lists, `a[b]=1` objects, five levels deep; at most 1,000 parameters.
"""

import re
from urllib.parse import unquote

from egc.runtime.javascript.values import MISSING, Array, Missing, Object, Value, units

_DEPTH = 5
_PARAMETERS = 1000
_ARRAY_LIMIT = 20
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_RESERVED = frozenset(
    (
        *("__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__"),
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
        *("valueOf",),
    )
)
"""Names of members of every object, which a caller cannot set."""


def parse_query(text: str) -> Object:
    """The object for a query string, without its `?`."""
    flat: dict[str, list[Value] | Value] = {}
    for part in text.split("&", _PARAMETERS)[:_PARAMETERS]:
        if not part:
            continue
        closing = part.find("]=")
        at = part.find("=") if closing < 0 else closing + 1
        name, value = (part, "") if at < 0 else (part[:at], part[at + 1 :])
        name, decoded = _decoded(name), _decoded(value)
        if not name:
            continue
        listed: Value = Array([decoded]) if "[]=" in part else decoded
        if name in flat:
            before = flat[name]
            flat[name] = _merged_values(before if not isinstance(before, list) else Array(list(before)), listed)
        else:
            flat[name] = listed
    result = Object()
    for name, found in flat.items():
        if not isinstance(found, list):
            _place(result, name, found)
    return _compact(result)


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return units(text)
    try:
        return units(unquote(text, errors="strict"))
    except UnicodeDecodeError:
        return text


def _merged_values(before: Value, value: Value) -> Array:
    first = before.values() if isinstance(before, Array) else [before]
    second = value.values() if isinstance(value, Array) else [value]
    return Array([*first, *second])


def _place(result: Object, name: str, value: Value) -> None:
    """Put a value where a name like `a[b][]` says."""
    start = name.find("[")
    parent = name if start < 0 else name[:start]
    keys: list[str] = []
    if parent:
        if parent in _RESERVED:
            return
        keys.append(parent)
    rest = name[len(parent) :]
    at = 0
    while len(keys) - bool(parent) < _DEPTH:
        found = _BRACKETS.search(rest, at)
        if found is None:
            break
        if found[1] in _RESERVED:
            return
        keys.append(found[0])
        at = found.end()
    remaining = _BRACKETS.search(rest, at)
    if remaining is not None:
        keys.append(f"[{rest[remaining.start() :]}]")
    if not keys:
        return
    leaf: Value = value
    for index in range(len(keys) - 1, 0, -1):
        leaf = _wrapped(keys[index], leaf)
    first = keys[0][1:-1] if keys[0].startswith("[") else keys[0]
    existing = result.own(first)
    result.put(first, leaf if isinstance(existing, Missing) else _merged(existing, leaf))


def _wrapped(key: str, leaf: Value) -> Value:
    inner = key[1:-1] if key.startswith("[") and key.endswith("]") else key
    if key == "[]":
        return Array(list(leaf.values())) if isinstance(leaf, Array) else Array([leaf])
    if (
        inner.isdecimal()
        and inner.isascii()
        and str(int(inner)) == inner
        and int(inner) <= _ARRAY_LIMIT
        and key != inner
    ):
        made = Array([])
        made.put(inner, leaf)
        return made
    return Object({inner: leaf})


def _merged(target: Value, source: Value) -> Value:
    """qs's merge: lists are joined, objects laid over each other."""
    if not isinstance(source, Object):
        if isinstance(target, Array):
            return Array([*target.items, source])
        if isinstance(target, Object):
            if isinstance(source, str) and source not in _RESERVED:
                target.put(source, True)
            return target
        return Array([target, source])
    if not isinstance(target, Object):
        return Array([target, *(source.items if isinstance(source, Array) else [source])])
    if isinstance(target, Array) and isinstance(source, Array):
        items = list(target.items)
        for index, item in enumerate(source.items):
            if isinstance(item, Missing):
                continue
            there = items[index] if index < len(items) else None
            if index < len(items) and not isinstance(there, Missing):
                if isinstance(there, Object) and isinstance(item, Object):
                    items[index] = _merged(there, item)
                else:
                    items.append(item)
            else:
                while len(items) <= index:
                    items.append(MISSING)
                items[index] = item
        return Array(items)
    if isinstance(target, Array):
        target = Object({str(at): item for at, item in enumerate(target.items) if not isinstance(item, Missing)})
    for key in source.names():
        value = source.get(key)
        existing = target.own(key)
        target.put(key, value if isinstance(existing, Missing) else _merged(existing, value))
    return target


def _compact(value: Object) -> Object:
    """Lists without their holes."""
    if isinstance(value, Array):
        value.items = [item for item in value.items if not isinstance(item, Missing)]
        children: list[Value | Missing] = list(value.items)
    else:
        children = list(value.properties.values())
    for child in children:
        if isinstance(child, Object):
            _compact(child)
    return value
