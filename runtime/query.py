"""Parameters of a query that hold a credential: one value, or nothing where that is not sure."""

import re
from urllib.parse import parse_qsl

_NESTED = re.compile(r"([^\[\]]*)((?:\[[^\[\]]*\])*)")


def single(query: str, name: str) -> str | None:
    """The value of the parameter of that name; None where it is absent or repeated."""
    found = [value for key, value in _pairs(query) if key == name]
    return found[0] if len(found) == 1 else None


def member(query: str, place: str) -> str | None:
    """The text at `a[b]` of a query that is read as nested objects (D167); None where it is absent or a list (D173).

    As in Express Gateway, a text at `a` is taken for `a[b]` too.
    """
    if not query:
        return None
    path = place.replace("]", "").split("[")
    found = []
    for key, value in _pairs(query):
        # A plain name, which most are.
        way = [key] if "[" not in key else _path(key)
        if way == path[: len(way)]:
            found.append(value)
        elif way[: len(path)] == path:
            # A list or an object stands there.
            return None
    return found[0] if len(found) == 1 and found[0] else None


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _path(key: str) -> list[str]:
    match = _NESTED.fullmatch(key)
    return [key] if match is None else [match[1], *match[2][1:-1].split("][")]
