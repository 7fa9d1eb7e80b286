"""Routes that cannot meet, seen without automata."""

import re
from typing import TypeAlias

from egc.compiler.paths import ANY
from egc.compiler.plan import Route

Place: TypeAlias = tuple[str, str]
"""The one host that a route takes, or `*`; and what all of its paths begin with, as far as that is plain to see."""

_PLAIN = re.compile(r"[\w~%/-]*", re.ASCII)
_MAYBE = ("?", "*", "{")
"""What makes the character before it one that need not be there."""


def place(route: Route) -> Place:
    """Where a route is."""
    host = route.host.text.lower() if route.host.regex is None else ANY
    text = route.path.text
    if route.path.sensitive or "|" in text:
        return host, ""
    found = _PLAIN.match(text)
    prefix = found[0] if found else ""
    if text[len(prefix) : len(prefix) + 1] in _MAYBE:
        prefix = prefix[:-1]
    return host, prefix.rstrip("/").lower()


def may_meet(one: Place, other: Place) -> bool:
    """Whether two places may have a request in common."""
    if one[0] != other[0] and ANY not in (one[0], other[0]):
        return False
    return one[1].startswith(other[1]) or other[1].startswith(one[1])
