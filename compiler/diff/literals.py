"""Routes that cannot meet, seen without automata."""

import re
from collections.abc import Iterable
from itertools import takewhile
from typing import TypeAlias

from egc.compiler.paths import ANY
from egc.compiler.plan import Route
from egc.compiler.requests import Request

Place: TypeAlias = tuple[str, str]
"""The one host that a route takes, or `*`; and what all of its paths begin with, as far as that is plain to see."""

EVERYWHERE: Place = (ANY, "")

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


def around(places: Iterable[Place]) -> Place:
    """A place that holds all of these; everywhere for none."""
    found = list(places)
    hosts = {host for host, _ in found}
    first, last = min(found, default=EVERYWHERE, key=_prefix)[1], max(found, default=EVERYWHERE, key=_prefix)[1]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return hosts.pop() if len(hosts) == 1 else ANY, first[:same]


def _prefix(place: Place) -> str:
    return place[1]


def holds(place: Place, request: Request) -> bool:
    """Whether a request may be at a place."""
    return request.target.lower().startswith(place[1]) and may_meet(place, (_name(request.host), place[1]))


def _name(host: str) -> str:
    return host[: host.find("]") + 1].lower() if host.startswith("[") else host.partition(":")[0].lower()


def may_meet(one: Place, other: Place) -> bool:
    """Whether two places may have a request in common."""
    if one[0] != other[0] and ANY not in (one[0], other[0]):
        return False
    return one[1].startswith(other[1]) or other[1].startswith(one[1])
