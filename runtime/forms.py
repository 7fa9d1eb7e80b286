"""Forms: names with brackets as nested values, and back. As qs 6.16 reads them and form-urlencoded writes them."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote_to_bytes

from egc.runtime.store import Json

DEPTH = 32
PARAMETERS = 1000
LIST_INDEX = 100

_BRACKETS = re.compile("%5[BbDd]")
_CODED = re.compile(r"[%+\[\]]")
_BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")
_INDEX = re.compile("0|[1-9][0-9]{0,15}", re.ASCII)
_SEGMENT = re.compile(r"[\[\]]")
_LEFT_ALONE = "-_."


class TooMany(Exception):
    """More parameters than are read."""


class TooDeep(Exception):
    """More brackets in a name than are read."""


class _Array:
    """A list while it grows: holes cost nothing. `conflict` marks one that was made of a value and a mapping."""

    __slots__ = ("conflict", "items", "length")

    def __init__(self, *values: "_Node") -> None:
        self.items: dict[int, _Node] = dict(enumerate(values))
        self.length = len(values)
        self.conflict = -1

    def put(self, index: int, value: "_Node") -> None:
        self.items[index] = value
        self.length = max(self.length, index + 1)

    def append(self, value: "_Node") -> None:
        self.put(self.length, value)

    def values(self) -> "Iterator[_Node]":
        return (self.items[index] for index in sorted(self.items))

    def as_object(self) -> "_Object":
        found = _Object()
        found.items = {str(index): self.items[index] for index in sorted(self.items)}
        return found


class _Object:
    """A mapping while it grows. `last` is the greatest index of one that was a list and became too long, else -1."""

    __slots__ = ("conflict", "items", "last")

    def __init__(self) -> None:
        self.items: dict[str, _Node] = {}
        self.last = -1
        self.conflict = -1


_Node = str | _Array | _Object


def parse(
    text: str,
    *,
    depth: int = DEPTH,
    parameters: int = PARAMETERS,
    list_index: int | None = None,
    strict: bool = True,
) -> dict[str, Json]:
    """The values of a form or a query (`extended` in Express): `a[b]=1&c[]=2&c[]=3`.

    Arguments:
        depth: brackets in a name that count; more raise TooDeep, or are part of the last name if not `strict`.
        parameters: how many are read; more raise TooMany, or are left out if not `strict`.
        list_index: the index from which on `a[9]=` makes a mapping of a list; None for as many as there are
            parameters, at least LIST_INDEX, as the parser of bodies has it.
    """
    if strict and text.count("&") >= parameters:
        raise TooMany
    if _CODED.search(text) is None:
        parts = text.split("&")[:parameters]
        plain: dict[str, Json] = {name: value for name, _, value in [part.partition("=") for part in parts]}
        if len(plain) == len(parts):
            # Nothing to decode, to nest or to combine.
            plain.pop("", None)
            plain.pop("__proto__", None)
            return plain
    if "%5" in text:
        text = _BRACKETS.sub(lambda found: "[" if found[0] in ("%5B", "%5b") else "]", text)
    parts = text.split("&")[:parameters]
    limit = max(LIST_INDEX, len(parts)) if list_index is None else list_index
    flat: dict[str, _Node] = {}
    for part in parts:
        name, value = _pair(part)
        flat[name] = _combined(flat[name], value, limit) if name in flat else value
    if "[" not in text:
        return {name: _plain(leaf) for name, leaf in flat.items() if name and name != "__proto__"}
    found = _Object()
    for name, leaf in flat.items():
        if name:
            _merge(found, _nested(_segments(name, depth, strict), leaf, limit), limit)
    return {name: _plain(value) for name, value in found.items.items()}


def serialise(values: dict[str, Json]) -> str:
    """A form of values: lists by index, mappings by name, as in `x%5By%5D=2` (D308)."""
    return "&".join(part for name, value in values.items() if (part := _field(name, value)))


# ---- Reading


def _pair(part: str) -> tuple[str, str]:
    end = part.find("]=")
    at = part.find("=") if end < 0 else end + 1
    return (_decoded(part), "") if at < 0 else (_decoded(part[:at]), _decoded(part[at + 1 :]))


def _decoded(text: str) -> str:
    """decodeURIComponent of a text in which `+` is a space; the text itself where that fails."""
    text = text.replace("+", " ")
    if "%" not in text or _BROKEN.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _segments(name: str, depth: int, strict: bool) -> list[str]:
    """`a[b][c[]]` as `a`, `[b]`, `[c[]]`."""
    opened = name.find("[")
    if opened < 0 or depth <= 0:
        return [name]
    segments = [name[:opened]] if opened else []
    for _ in range(depth):
        closed = _closing(name, opened)
        if closed < 0:
            return [*segments, f"[{name[opened:]}]"]
        segments.append(name[opened : closed + 1])
        opened = name.find("[", closed + 1)
        if opened < 0:
            return segments
    if strict:
        raise TooDeep
    return [*segments, f"[{name[opened:]}]"]


def _closing(name: str, opened: int) -> int:
    level = 0
    for found in _SEGMENT.finditer(name, opened):
        level += 1 if found[0] == "[" else -1
        if not level:
            return found.start()
    return -1


def _nested(segments: list[str], leaf: _Node, limit: int) -> _Node:
    """The leaf inside of what its name says it is inside of."""
    for segment in reversed(segments):
        bracketed = segment.startswith("[") and segment.endswith("]") and len(segment) > 1
        name = segment[1:-1] if bracketed else segment
        if segment == "[]":
            if not (isinstance(leaf, _Object) and leaf.last >= 0):
                leaf = _combined(_Array(), leaf, limit)
            continue
        if bracketed and _INDEX.fullmatch(name) and int(name) < limit:
            array = _Array()
            array.put(int(name), leaf)
            leaf = array
            continue
        outer = _Object()
        if bracketed and _INDEX.fullmatch(name):
            outer.last = int(name)
        if name != "__proto__":
            outer.items[name] = leaf
        leaf = outer
    return leaf


def _combined(one: _Node, other: _Node, limit: int) -> _Node:
    """Both as one list; too long a list becomes a mapping."""
    if isinstance(one, _Object) and one.last >= 0:
        more = other if isinstance(other, _Array) else _Array(other)
        one.items |= {str(one.last + 1 + index): value for index, value in more.items.items()}
        one.last += more.length
        return one
    both = _Array()
    for part in (one, other):
        more = part if isinstance(part, _Array) else _Array(part)
        both.items |= {both.length + index: value for index, value in more.items.items()}
        both.length += more.length
    return _bounded(both, limit)


def _bounded(array: _Array, limit: int) -> _Array | _Object:
    if array.length <= limit:
        return array
    found = array.as_object()
    found.last = array.length - 1
    return found


def _merge(target: _Node, source: _Node, limit: int) -> _Node:
    """What two parameters say of one name."""
    if isinstance(source, str):
        return _with_text(target, source, limit) if source else target
    if isinstance(target, str):
        if isinstance(source, _Object) and source.last >= 0:
            shifted = _Object()
            shifted.items = {"0": target} | {str(int(name) + 1): value for name, value in source.items.items()}
            shifted.last = source.last + 1
            return shifted
        return _combined(_Array(target), source, limit)
    if isinstance(target, _Array):
        if isinstance(source, _Array):
            return _merged_lists(target, source, limit)
        conflict = target.length - 1 if target.conflict >= 0 else -1
        target = target.as_object()
        target.conflict = conflict
    items = source.items if isinstance(source, _Object) else source.as_object().items
    for name, value in items.items():
        target.items[name] = _merge(target.items[name], value, limit) if name in target.items else value
        if isinstance(source, _Object) and source.last >= 0 and target.last < 0:
            target.last = max([source.last, *(int(key) for key in target.items if _INDEX.fullmatch(key))])
        if _INDEX.fullmatch(name):
            if target.last >= 0:
                target.last = max(target.last, int(name))
            if target.conflict >= 0:
                target.conflict = max(target.conflict, int(name))
    return target


def _merged_lists(target: _Array, source: _Array, limit: int) -> _Node:
    for index in sorted(source.items):
        item = source.items[index]
        if index not in target.items:
            target.put(index, item)
        elif not isinstance(item, str) and not isinstance(target.items[index], str):
            target.items[index] = _merge(target.items[index], item, limit)
        else:
            target.append(item)
    return _bounded(target, limit)


def _with_text(target: _Node, text: str, limit: int) -> _Node:
    if isinstance(target, str):
        return _bounded(_Array(target, text), limit)
    if isinstance(target, _Array):
        if target.length >= limit:
            found = target.as_object()
            found.last = target.length
            found.items[str(found.last)] = text
            return found
        target.append(text)
        return target
    if target.last >= 0:
        target.last += 1
        target.items[str(target.last)] = text
    elif target.conflict >= 0:
        target.conflict += 1
        target.items[str(target.conflict)] = text
    else:
        both = _Array(target, text)
        both.conflict = 1
        return both
    return target


def _plain(node: _Node) -> Json:
    if isinstance(node, str):
        return node
    if isinstance(node, _Array):
        return [_plain(value) for value in node.values()]
    return {name: _plain(value) for name, value in node.items.items()}


# ---- Writing


def _field(name: str, value: Json) -> str:
    if isinstance(value, list):
        if not value:
            return _encoded(f"{name}[]")
        parts = [_field(f"{name}[{index}]", item) for index, item in enumerate(value)]
    elif isinstance(value, dict):
        parts = [_field(f"{name}[{key}]", item) for key, item in value.items()]
    else:
        return f"{_encoded(name)}={_encoded(_text(value))}"
    return "&".join(part for part in parts if part)


def _text(value: Json) -> str:
    """A value as JavaScript writes it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _encoded(text: str) -> str:
    return quote(text, safe=_LEFT_ALONE, errors="replace").replace("~", "%7E").replace("%20", "+")
