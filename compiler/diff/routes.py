"""Requests that two gateways treat differently: the rows of one against those of the other.

Rows with the same requests, the same conditions and the same deeds are the same requests on both sides, so only what
is left is compared. Routes that are the same and cannot meet one that is not are left out before anything is worked
out, for automata cost more than texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

from egc.compiler.branches import AUTHORIZATION_PAGES, AUTHORIZATION_SERVER, setting
from egc.compiler.diff.changes import TIGHTER, WEAKER, Change, Delta
from egc.compiler.diff.literals import EVERYWHERE, Place, around, holds, may_meet, place
from egc.compiler.diff.meaning import COUNTER, Key, Meaning, box, host, path
from egc.compiler.diff.rows import Row, wanders
from egc.compiler.diff.steps import compare
from egc.compiler.diff.told import told, way
from egc.compiler.languages import Beyond
from egc.compiler.plan import Gateway, Route, Step
from egc.compiler.requests import Request, Requests, taken

_UNLIKELY = ("/", "/nothing-here", "/a/b/c/d/e")
"""Targets that few routes take."""

MAX_PARTS = 64
"""Into how many classes the requests that no route takes may be cut before nobody counts any more."""


@dataclass(slots=True)
class _Seen:
    """What is known of one change so far."""

    witness: str = ""
    was: str = ""
    now: str = ""
    certain: bool = False
    requests: dict[str, None] = field(default_factory=dict)


def changes(before: Meaning, after: Meaning) -> Iterator[Change]:
    """What is answered otherwise, each with a request that shows it."""
    ours, theirs, counted = _reduced(before, after)
    found: dict[Delta, _Seen] = {}
    if ours is not None and theirs is not None:
        one, other = Meaning(ours), Meaning(theirs)
        for old, new in _pairs(one, other):
            deltas = compare(old, new)
            if not deltas and not (old.access.limits and new.access.limits):
                continue
            meet = _meet(old, new)
            if meet is None:
                continue
            witness, exact = meet
            for delta in deltas:
                _add(found.setdefault(delta, _Seen()), old, new, witness, exact and delta.certain)
            counted += _likes(one, other, old.access.limits, new.access.limits)
        for delta, witness in _offers(one, other):
            found.setdefault(delta, _Seen(str(witness), certain=True))
    for delta in _shared(counted):
        found.setdefault(delta, _Seen(certain=True))
    for delta, seen in found.items():
        if not _covered(delta, found):
            yield Change(delta, seen.witness, seen.was, seen.now, tuple(seen.requests), seen.certain)


def _add(seen: _Seen, old: Row, new: Row, witness: Request | None, certain: bool) -> None:
    if witness is not None and (not seen.witness or (certain and not seen.certain)):
        seen.witness, seen.was, seen.now = str(witness), told(old), told(new)
    elif not seen.was:
        seen.was, seen.now = told(old), told(new)
    seen.certain = seen.certain or (certain and witness is not None)
    for row in (old, new):
        seen.requests.update((way(route), None) for route in _concerned(row, witness))
        if row.access.route is not None:
            break


def _concerned(row: Row, witness: Request | None) -> Iterator[Route]:
    """The routes that a request of a row is a matter of: the one that decides, or those it has gone through."""
    if row.access.route is not None:
        yield row.access.route
    elif witness is not None and row.access.outcome in ("allow", "fell through"):
        for route, (there, claim) in zip(row.meaning.gateway.routes, row.meaning.claims, strict=True):
            if holds(there, witness) and witness in claim:
                yield route


def _covered(delta: Delta, found: Iterable[Delta]) -> bool:
    """Whether a condition that differs without consequence has consequences elsewhere."""
    return (
        delta.kind == "condition-changed"
        and delta.classes == ("neutral",)
        and any(
            other.classes != ("neutral",) and (other.before, other.after) == (delta.before, delta.after)
            for other in found
        )
    )


# ---- Which routes matter


Counters = list[tuple[Step, Step]]
"""Steps that count the same requests, before and after."""


def _reduced(before: Meaning, after: Meaning) -> tuple[Gateway | None, Gateway | None, Counters]:
    """Both gateways without the routes that cannot show a difference; None for both where all are the same."""
    ours, theirs = before.gateway, after.gateway
    partners = _partners(before, after)
    changed: list[Place] = []
    changed += (place(route) for index, route in enumerate(ours.routes) if index not in partners)
    back = {other: one for one, other in partners.items()}
    changed += (place(route) for index, route in enumerate(theirs.routes) if index not in back)
    changed += _swapped(ours.routes, theirs.routes, partners)
    changed += _server(before, after)
    counted = [
        pair
        for one, other in partners.items()
        for pair in _counting(before, after, ours.routes[one], theirs.routes[other])
    ]
    if not changed:
        return None, None, counted
    if any(wanders(pipeline) for gateway in (ours, theirs) for pipeline in gateway.pipelines):
        return ours, theirs, counted
    kept = {index for index, route in enumerate(ours.routes) if index not in partners or _near(route, changed)}
    beside = {index for index, route in enumerate(theirs.routes) if index not in back or back[index] in kept}
    return (
        replace(ours, routes=tuple(route for index, route in enumerate(ours.routes) if index in kept)),
        replace(theirs, routes=tuple(route for index, route in enumerate(theirs.routes) if index in beside)),
        counted,
    )


def _near(route: Route, changed: Sequence[Place]) -> bool:
    own = place(route)
    return any(may_meet(own, other) for other in changed)


def _partners(before: Meaning, after: Meaning) -> dict[int, int]:
    """Which route of the one side is which of the other, by their keys and how often each has come before."""
    waiting: dict[tuple[Key, int], int] = {}
    times: Counter[Key] = Counter()
    for index, key in enumerate(after.table):
        waiting[key, times[key]] = index
        times[key] += 1
    times.clear()
    found = {}
    for index, key in enumerate(before.table):
        partner = waiting.get((key, times[key]))
        times[key] += 1
        if partner is not None:
            found[index] = partner
    return found


def _swapped(ours: Sequence[Route], theirs: Sequence[Route], partners: dict[int, int]) -> Iterator[Place]:
    """Routes that may take the same requests and have changed their order."""
    order = list(partners.items())
    if all(one[1] < other[1] for one, other in pairwise(order)):
        return
    places = {index: place(ours[index]) for index in partners}
    for position, (index, partner) in enumerate(order):
        for other, beside in order[position + 1 :]:
            if beside < partner and may_meet(places[index], places[other]):
                yield places[index]
                yield places[other]


def _server(before: Meaning, after: Meaning) -> Iterator[Place]:
    """The paths of the authorization server, where its answers have another place."""

    def grants(meaning: Meaning) -> Key:
        server = meaning.gateway.authorization
        if server is None:
            return None
        return next((meaning.argument(one) for one in server.arguments if one.keyword == "grants"), "")

    if grants(before) != grants(after):
        yield from (("*", start) for start in (*AUTHORIZATION_SERVER, *AUTHORIZATION_PAGES))


# ---- Rows that are left


def _pairs(one: Meaning, other: Meaning) -> Iterator[tuple[Row, Row]]:
    """Pairs of rows that may have a request in common and need not do the same."""
    ours, theirs = _rows(one), _rows(other)
    keys, others = {_key(row) for row in ours}, {_key(row) for row in theirs}
    mine = [(row, _is_left(row, others), row.access.exact) for row in ours]
    beside = [(row, _is_left(row, keys), row.access.exact) for row in theirs]
    beside = [one for one in beside if one[1] or not one[2]] if all(exact for _, _, exact in mine) else beside
    for old, left, sure in mine:
        for new, also, certain in beside if left or not sure else ():
            # The requests of an exact row whose like is on the other side have all gone there.
            if not (left and also) and not (left and not certain) and not (also and not sure):
                continue
            if not may_meet(old.place, new.place) or _has_like(old, new) or _has_like(new, old):
                continue
            if old.meets(new):
                yield old, new


def _has_like(row: Row, other: Row) -> bool:
    """Whether the other row is what no route takes or answers, and a route of its gateway keeps all that the row's
    route takes."""
    route = row.access.route
    if route is None or not row.access.exact:
        return False
    if other.access.outcome == "no route":
        return box(route) in other.meaning.boxes
    return other.access.outcome == "fell through" and not other.wandered and box(route) in other.meaning.ending


def _rows(meaning: Meaning) -> list[Row]:
    """The rows of a gateway; what a plugin answers is compared by its settings and its code."""
    found = []
    for access in meaning.accesses:
        if access.outcome == "allow":
            parts = (replace(access, requests=(part,), exact=part.exact) for part in access.requests)
            found += [Row(one, meaning, _around(one.requests[0], meaning)) for one in parts]
        elif access.outcome != "plugin":
            found.append(Row(access, meaning, place(access.route) if access.route is not None else EVERYWHERE))
    return found


def _around(part: Requests, meaning: Meaning) -> Place:
    """Where the requests are that are answered with the methods of routes: a request of them shows which routes."""
    try:
        shown = part.witness()
    except Beyond:
        shown = None
    if shown is None or not part.exact:
        return EVERYWHERE
    return around(there for there, claim in meaning.claims if holds(there, shown) and shown in claim)


def _key(row: Row) -> Key:
    return frozenset(row.access.requests), frozenset(row.asked.items()), row.done


def _is_left(row: Row, others: set[Key]) -> bool:
    """Whether a row has no like on the other side. What no route takes says no requests: it is never known."""
    return row.access.outcome == "no route" or _key(row) not in others


# ---- Requests of two rows


def _meet(old: Row, new: Row) -> tuple[Request | None, bool] | None:
    """A request of both rows, and whether it is sure that both have one; None where they have none."""
    exact = old.access.exact and new.access.exact and old.answers == new.answers and not (old.passes or new.passes)
    unknown = False
    likely = _likely(old, new)
    if likely is not None:
        return likely, exact
    for part in _common(old, new):
        try:
            witness = part.witness()
        except Beyond:
            unknown = True
            continue
        if witness is not None:
            return witness, exact and part.exact
    return (None, False) if unknown else None


def _likely(old: Row, new: Row) -> Request | None:
    """A request that one side takes and no route of the other, if one of those that come to mind is."""
    row, meaning = (new, old.meaning) if old.access.outcome == "no route" else (old, new.meaning)
    if "no route" not in (old.access.outcome, new.access.outcome) or row.access.outcome == "no route":
        return None
    claims = list(_claims(meaning, row.place))
    names = [Request(method, "localhost", target) for method in ("GET", "OPTIONS") for target in _UNLIKELY]
    for request in (row.access.witness, *names):
        if request is None or any(request in claim for claim in claims):
            continue
        held = [part for part in row.access.requests if request in part]
        if any(part.exact for part in held) or (held and _is_alone(row, request)):
            return request
    return None


def _is_alone(row: Row, request: Request) -> bool:
    """Whether no row of the gateway that ends elsewhere holds a request of this one: as every request is in a row, it
    comes here even if the row is inexact."""
    own = row.access
    others = (one for one in row.meaning.accesses if one.route is not own.route or one.outcome != own.outcome)
    return not any(request in part for one in others for part in one.requests)


def _common(old: Row, new: Row) -> Iterator[Requests]:
    if old.access.outcome == "no route" and new.access.outcome == "no route":
        return
    if old.access.outcome == "no route":
        yield from _untaken(new, old.meaning)
    elif new.access.outcome == "no route":
        yield from _untaken(old, new.meaning)
    else:
        for part in old.access.requests:
            for other in new.access.requests:
                if part.methods & other.methods:
                    yield part & other


def _untaken(row: Row, meaning: Meaning) -> Iterator[Requests]:
    """The requests of a row that no route of another gateway takes."""
    parts = list(row.access.requests)
    for claim in _claims(meaning, row.place):
        if not parts:
            return
        left: list[Requests] = []
        for part in parts:
            try:
                left += part.minus(claim)
            except Beyond:
                left.append(replace(part, exact=False))
        parts = left if len(left) <= MAX_PARTS else [replace(part, exact=False) for part in parts]
    yield from parts


def _claims(meaning: Meaning, here: Place) -> Iterator[Requests]:
    """What a gateway takes near a place: by its routes, by what it answers to OPTIONS, by the authorization server.

    Those of the very place come first: what they leave nothing of need not be cut by the others.
    """
    near = [(there, claim) for there, claim in meaning.claims if may_meet(here, there)]
    for _, claim in sorted(near, key=lambda one: one[0] != here):
        yield claim
    for access in meaning.accesses:
        if access.outcome == "authorization server":
            yield from access.requests


# ---- What OPTIONS is answered with


def _offers(one: Meaning, other: Meaning) -> Iterator[tuple[Delta, Request]]:
    """Requests that both sides answer with the methods of their routes, but not with the same ones (D81)."""
    ours, theirs = ([route for route in each.gateway.routes if _offered(route)] for each in (one, other))
    keys, others = ([(host(route.host), path(route.path), route.methods) for route in each] for each in (ours, theirs))
    if keys == others:
        return
    differ = [(route, True) for route, key in zip(ours, keys, strict=True) if key not in others]
    differ += [(route, False) for route, key in zip(theirs, others, strict=True) if key not in keys]
    if not differ:
        # The same ones in another order: the list is in that order.
        differ = [(route, True) for route, key, beside in zip(ours, keys, others, strict=False) if key != beside]
    allowed, beside = ([row for row in _rows(each) if row.access.outcome == "allow"] for each in (one, other))
    for route, ours_only in differ:
        box = taken(route.host, route.path, ("OPTIONS",))
        here = place(route)
        for part, also in product(_parts(allowed, here), _parts(beside, here)):
            try:
                witness = (box & part & also).witness()
            except Beyond:
                continue
            if witness is not None:
                message = "OPTIONS is answered with other methods in `Allow`"
                like = next((one for one in (theirs if ours_only else ours) if _takes(one) == _takes(route)), None)
                own, its = route.endpoint.span, None if like is None else like.endpoint.span
                before, after = (own, its) if ours_only else (its, own)
                yield Delta("answer-changed", ("neutral",), message, before, after), witness
                break


def _takes(route: Route) -> Key:
    return host(route.host), path(route.path)


def _offered(route: Route) -> bool:
    return route.methods is not None and "OPTIONS" not in route.methods


def _parts(rows: Iterable[Row], here: Place) -> list[Requests]:
    return [part for row in rows if may_meet(row.place, here) for part in row.access.requests]


# ---- Counters


def _counting(before: Meaning, after: Meaning, one: Route, other: Route) -> Iterator[tuple[Step, Step]]:
    if one.pipeline is not None and other.pipeline is not None:
        limits = ([step for step in each.steps if step.role == "limits"] for each in (one.pipeline, other.pipeline))
        yield from _likes(before, after, *limits)


def _likes(
    before: Meaning, after: Meaning, ours: Sequence[Step], theirs: Sequence[Step]
) -> Iterator[tuple[Step, Step]]:
    """Steps that count the same requests in the same way, before and after."""
    left = list(theirs)
    for step in ours:
        like = next((other for other in left if before.step(step) == after.step(other)), None)
        if like is not None:
            left.remove(like)
            yield step, like


def _shared(counted: Iterable[tuple[Step, Step]]) -> Iterator[Delta]:
    """Requests that were counted together and no longer are, or the other way round (D427)."""
    pairs = dict.fromkeys((setting(one, COUNTER), setting(other, COUNTER)) for one, other in counted)
    steps = {(setting(one, COUNTER), setting(other, COUNTER)): (one, other) for one, other in counted}
    split = Counter(one for one, _ in pairs)
    joined = Counter(other for _, other in pairs)
    for pair in pairs:
        one, other = steps[pair]
        if split[pair[0]] > 1:
            message = f"`{other.policy}` counts requests apart that were counted together"
            yield Delta("limit-changed", WEAKER, message, one.span, other.span)
        if joined[pair[1]] > 1:
            message = f"`{other.policy}` counts requests together that were counted apart"
            yield Delta("limit-changed", TIGHTER, message, one.span, other.span)
