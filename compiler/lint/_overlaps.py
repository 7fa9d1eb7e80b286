"""Which routes meet: some request would be taken by both, did the other not come first.

What a path says plainly is compared as text; languages are asked only where that leaves a doubt, and not too often.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from egc.compiler.ecmascript import read
from egc.compiler.languages import Beyond, Language, whole
from egc.compiler.paths import ANY
from egc.compiler.plan import PathPattern, Route
from egc.compiler.requests import Request, Requests, admitted, hosts, paths, taken
from egc.compiler.review import Review

MOST_DOUBTS = 100
"""How many pairs of patterns are compared as languages; what is beyond is not told of."""

_SEGMENT = re.compile(r"(?![.]{1,2}\Z)[\w~%@.-]+", re.ASCII)
_BEGINNING = re.compile(r"[\w~%/-]*", re.ASCII)
_PARAMETER = re.compile(r":\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a path pattern says plainly.

    Arguments:
        segments: between the slashes, in lower case; None for a parameter, which takes any one segment.
        open: whether anything may follow.
        plain: whether that is all that the pattern says.
        prefix: what its paths begin with, in lower case. A `pathRegex` without `^` may match further on, too; nobody
            means that, and it is no overlap that one would want to be told.
    """

    segments: tuple[str | None, ...]
    open: bool
    plain: bool
    prefix: str


def outline(path: PathPattern) -> Outline:
    """The outline of a pattern."""
    if path.text == ANY and not path.sensitive:
        return Outline((), open=True, plain=True, prefix="")
    prefix = _prefix(path)
    if path.sensitive or not path.text.startswith("/") or "|" in path.text:
        return Outline((), open=True, plain=False, prefix=prefix)
    found: list[str | None] = []
    segments = path.text.removesuffix("/").split("/")[1:]
    for place, segment in enumerate(segments, 1):
        if _SEGMENT.fullmatch(segment) or (path.tree is None and segment not in (".", "..")):
            found.append(segment.lower())
        elif _PARAMETER.fullmatch(segment):
            found.append(None)
        elif segment == "*" and place == len(segments):
            return Outline(tuple(found), open=True, plain=path.text.endswith("*"), prefix=prefix)
        else:
            # A mark of repetition may reach back to the slash before it.
            return Outline(tuple(found[:-1]), open=True, plain=False, prefix=prefix)
    return Outline(tuple(found), open=False, plain=True, prefix=prefix)


def _prefix(path: PathPattern) -> str:
    text = path.text.removeprefix("^").replace("\\/", "/") if path.sensitive else path.text
    if "|" in text:
        return ""
    found = _BEGINNING.match(text)
    prefix = found[0] if found else ""
    if text[len(prefix) : len(prefix) + 1] in ("?", "*", "+", "{") and (
        path.sensitive or not text.startswith("*", len(prefix))
    ):
        prefix = prefix[:-1]
    return prefix.rstrip("/").lower()


class Relation(NamedTuple):
    """Whether two languages meet, whether the first is within the second, and whether it is around it."""

    meets: bool
    within: bool
    around: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two routes that both take some request; the first comes before the second. A slash at the end does not count."""

    first: Route
    second: Route
    hosts: Relation
    paths: Relation

    @property
    def first_inside(self) -> bool:
        """Whether every host and path of the first is one of the second."""
        return self.hosts.within and self.paths.within

    def requests(self) -> Requests:
        """What both take, but for what a slash at the end alone makes both take."""
        both = taken(self.first.host, self.first.path, self.first.methods) & taken(
            self.second.host, self.second.path, self.second.methods
        )
        return Requests(both.hosts, both.targets & ~_slash_at_the_end(), both.methods, both.exact)

    def witness(self) -> Request | None:
        """A request that both take; None where nobody can tell one."""
        try:
            both = self.requests()
            return both.witness() if both.exact else None
        except Beyond:
            return None


@cache
def _slash_at_the_end() -> Language:
    return whole(read(r"[^?]+\/(\?[^]*)?"))


class Doubts:
    """Compares patterns as languages, a bounded number of times."""

    def __init__(self) -> None:
        self._left = MOST_DOUBTS

    def ask(self, one: Language, other: Language) -> Relation:
        """The relation of two languages.

        Raises Beyond, also where enough has been asked.
        """
        self._left -= 1
        if self._left < 0:
            raise Beyond("enough has been asked")
        if (one & other).empty:
            return Relation(False, False, False)
        if one == other:
            return Relation(True, True, True)
        return Relation(True, one <= other, other <= one)


def meetings(routes: Sequence[Route]) -> Iterator[Meeting]:
    """The pairs of routes that meet, by the second and then by the first of them."""
    doubts = Doubts()
    outlines = [outline(route.path) for route in routes]
    methods = [admitted(route.methods) for route in routes]
    for second, route in enumerate(routes):
        for first in range(second):
            if _apart(outlines[first], outlines[second]) or not methods[first] & methods[second]:
                continue
            try:
                host = _hosts(routes[first], route, doubts)
                if not host.meets:
                    continue
                path = _paths(routes[first].path, route.path, outlines[first], outlines[second], doubts)
            except Beyond:
                continue
            if path.meets:
                yield Meeting(routes[first], route, host, path)


def _apart(one: Outline, other: Outline) -> bool:
    """Whether no path can be of both, seen from their plain segments; a slash at the end does not count."""
    if any(a != b for a, b in zip(one.segments, other.segments, strict=False) if a is not None and b is not None):
        return True
    if not (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)):
        return True
    short, long = sorted((one, other), key=lambda each: len(each.segments))
    if len(short.segments) < len(long.segments):
        return not short.open
    # `/a` and `/a/*` have only `/a/` in common.
    return bool(short.segments) and one.plain and other.plain and one.open != other.open


def _within(one: Outline, other: Outline) -> bool:
    """Whether every path of one plain pattern is one of the other."""
    if len(other.segments) > len(one.segments) or (one.open and not other.open):
        return False
    if not other.open and len(one.segments) > len(other.segments):
        return False
    return all(b is None or a == b for a, b in zip(one.segments, other.segments, strict=False))


def _paths(one: PathPattern, other: PathPattern, plain: Outline, other_plain: Outline, doubts: Doubts) -> Relation:
    if plain.plain and other_plain.plain:
        return Relation(True, _within(plain, other_plain), _within(other_plain, plain))
    every = whole(read(r"\/([^]*[^/])?"))
    return doubts.ask(paths(one) & every, paths(other) & every)


def _hosts(one: Route, other: Route, doubts: Doubts) -> Relation:
    if one.host.text == ANY or other.host.text == ANY:
        return Relation(True, other.host.text == ANY, one.host.text == ANY)
    if one.host.text == other.host.text:
        return Relation(True, True, True)
    if one.host.tree is None and other.host.tree is None:
        same = one.host.text.lower() == other.host.text.lower()
        return Relation(same, same, same)
    return doubts.ask(hosts(one.host), hosts(other.host))


# ---- What becomes of a route


def ends(route: Route) -> bool:
    """Whether whatever the route takes goes no further (D99): its pipeline always answers, or it is in none (D44)."""
    return route.pipeline is None or any(step.ends for step in route.pipeline.steps)


def alike(one: Route, other: Route) -> bool:
    """Whether it makes no difference which of two routes takes a request."""
    return one.pipeline is other.pipeline and set(one.endpoint.scopes) == set(other.endpoint.scopes)


def key(route: Route) -> tuple[object, ...]:
    """What tells a route from others."""
    return route.endpoint.variable, route.path.text, route.host.text, route.methods


def reached(review: Review) -> set[tuple[object, ...]]:
    """The keys of the routes that decide about some request."""
    return {key(row.route) for row in review.accesses if row.route is not None}


def goes(route: Route) -> str:
    """What becomes of what a route takes, for a witness."""
    return f"endpoint `{route.endpoint.name}`" + (f", pipeline `{route.pipeline.name}`" if route.pipeline else ": 404")


def sample(route: Route) -> Request | None:
    """A request that a route takes, if nothing before it does; None where nobody can tell one."""
    try:
        return taken(route.host, route.path, route.methods).witness()
    except Beyond:
        return None
