"""RT101: every request of an endpoint is taken by one before it."""

from collections.abc import Iterator

from egc.compiler.branches import AUTHORIZATION_PAGES, AUTHORIZATION_SERVER
from egc.compiler.diagnostics import Diagnostic, Fix, Related
from egc.compiler.languages import Beyond
from egc.compiler.lint._moves import before
from egc.compiler.lint._overlaps import Meeting, alike, ends, goes, key, reached
from egc.compiler.paths import ANY
from egc.compiler.plan import Route
from egc.compiler.requests import admitted, taken
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_HEAD = """\
http: {port: 8080}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
  archive: {url: 'http://localhost:3001'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
  archive:
    apiEndpoints: [archive]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: archive, proxyTimeout: 5000}}
apiEndpoints:
"""

RULE = Rule(
    code="RT101",
    name="shadowed-endpoint",
    severity="error",
    confidence="proven",
    fix="unsafe",
    summary="every request of an endpoint is taken by an endpoint before it",
    why=(
        "The gateway asks the endpoints in the order of the file, and a pipeline that always answers ends the search. "
        "An endpoint whose hosts, paths and methods all belong to earlier ones never sees a request: its policies, "
        "authentication and limits included, protect nothing, and its service is never called."
    ),
    instead=(
        "Write the more specific endpoint first, or narrow the one before it. Where both do the same, remove the one "
        "that is never reached."
    ),
    bad=Example(_HEAD + "  orders: {host: '*', paths: '/orders*'}\n  archive: {host: '*', paths: /orders/archive}\n"),
    good=Example(_HEAD + "  archive: {host: '*', paths: /orders/archive}\n  orders: {host: '*', paths: '/orders*'}\n"),
    express_gateway=(
        "The same order and the same silence: nothing tells that an endpoint is never asked. Hosts are grouped by "
        "their text in the order in which each first appears, so that the place of a host's first endpoint counts for "
        "all of that host."
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Endpoints, and single paths of one, that never decide about a request."""
    routes = review.plan.routes
    found = reached(review)
    lost = [route for route in routes if key(route) not in found and _decides(route)]
    if not lost:
        return
    gone = {key(route) for route in lost}
    takers: dict[tuple[object, ...], list[Meeting]] = {}
    for meeting in review.meetings:
        if key(meeting.second) in gone and ends(meeting.first):
            takers.setdefault(key(meeting.second), []).append(meeting)
    whole: set[str] = set()
    for route in lost:
        if route.endpoint.variable in whole:
            continue
        others = [one for one in routes if one.endpoint is route.endpoint]
        if all(key(one) in gone for one in others):
            whole.add(route.endpoint.variable)
        by = [one for one in takers.get(key(route), []) if one.first.endpoint is not route.endpoint]
        if by and all(one.first.host.text == ANY != route.host.text for one in by):
            continue  # which wildcard-host-first tells
        if by:
            yield _shadowed(review, route, by, entirely=route.endpoint.variable in whole)
        elif _of_the_authorization_server(review, route):
            yield RULE.found(
                f"`{route.endpoint.name}` never sees a request: the authorization server of the gateway answers these",
                route.span,
                help="choose another path; these are taken wherever the policy `oauth2` is listed",
                witness=f"GET http://localhost{route.path.text} -> the authorization server",
            )


def _decides(route: Route) -> bool:
    """Whether there would be a row for the route, did a request reach it."""
    try:
        if taken(route.host, route.path, route.methods).empty:
            return False  # no request is like that, which validation tells
    except Beyond:
        return False
    return route.pipeline is not None and ends(route)  # in no pipeline: unused-endpoint


def _shadowed(review: Review, route: Route, by: list[Meeting], *, entirely: bool) -> Diagnostic:
    whole = [one for one in by if one.hosts.around and one.paths.around and _methods(one)]
    by = whole[:1] or by
    first = by[0].first
    what = f"`{route.endpoint.name}`" if entirely else f"the path `{route.path.text}` of `{route.endpoint.name}`"
    names = " and ".join(dict.fromkeys(f"`{one.first.endpoint.name}`" for one in by[:3]))
    if all(one.first.endpoint.name == route.endpoint.name for one in by):
        what = f"this definition of `{route.endpoint.name}`" if entirely else what
        names = "another definition of it" if entirely else f"another definition of `{route.endpoint.name}`"
    come, take = ("comes", "takes") if len(by) == 1 or names.startswith("another") else ("come", "take")
    same = all(alike(one.first, route) for one in by)
    witness = by[0].witness() or next((found for one in by if (found := one.witness())), None)
    # Moved, it must not shadow the others in its turn.
    same_again = any(one.first_inside and admitted(one.first.methods) <= admitted(route.methods) for one in by)
    edits = None if same_again or not entirely else before(review, route, first)
    return RULE.found(
        f"{what} never sees a request: {names} {come} first and {take} them all",
        route.span,
        severity="warning" if same or not entirely else "error",
        related=tuple(Related(one.first.span, "this takes them") for one in by[:3]),
        help="both do the same: one of them can go"
        if same
        else "tell them apart by their hosts, paths or methods"
        if same_again
        else "write the more specific endpoint first",
        witness=f"{witness} -> {goes(first)}" if witness else "",
        fix=Fix(f"move `{route.endpoint.name}` before `{first.endpoint.name}`", edits, safe=False) if edits else None,
    )


def _methods(meeting: Meeting) -> bool:
    return admitted(meeting.second.methods) <= admitted(meeting.first.methods)


def _of_the_authorization_server(review: Review, route: Route) -> bool:
    paths = (*AUTHORIZATION_SERVER, *AUTHORIZATION_PAGES)
    return review.plan.authorization is not None and route.path.text.lower().rstrip("/") in paths
