"""Endpoints moved within the file, where their order decides."""

from egc.compiler.diagnostics import Edit
from egc.compiler.lint._text import text_of
from egc.compiler.mends import is_flow, moved
from egc.compiler.node import Entry, Mapping
from egc.compiler.plan import Route
from egc.compiler.review import Review


def before(review: Review, route: Route, other: Route) -> tuple[Edit, ...] | None:
    """The edits that make a route's endpoint come before another route, or None where they would not be a plain move.

    Hosts come in the order in which each first appears: before another host, the entry goes before that host's first.
    """
    goal = other
    if other.host.text != route.host.text:
        goal = next(one for one in review.plan.routes if one.host.text == other.host.text)
    source = review.project.gateway
    text = text_of(source)
    root = source.tree
    endpoints = root.get("apiEndpoints") if isinstance(root, Mapping) else None
    if not isinstance(endpoints, Mapping) or is_flow(text, endpoints):
        return None
    mine, its = _entry(endpoints, route), _entry(endpoints, goal)
    if mine is None or its is None or mine is its:
        return None
    return moved(text, mine.key.span, mine.value.span, its.key.span)


def _entry(endpoints: Mapping, route: Route) -> Entry | None:
    """The entry that is the definition of a route; None for one of several under a name."""
    return next((entry for entry in endpoints if entry.key.span == route.endpoint.span), None)
