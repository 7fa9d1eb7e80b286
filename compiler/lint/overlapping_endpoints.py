"""RT103: two endpoints take a part of each other's requests, and only their order says which does."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._overlaps import Meeting, alike, ends, goes, key, reached
from egc.compiler.paths import ANY
from egc.compiler.requests import admitted
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  customer: {host: '*', paths: '/customers/:id'}
  newest: {host: '*', paths: %s}
serviceEndpoints:
  customers: {url: 'http://localhost:3000'}
  reports: {url: 'http://localhost:3001'}
policies: [key-auth, proxy]
pipelines:
  customer:
    apiEndpoints: [customer]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: customers, proxyTimeout: 5000}}
  newest:
    apiEndpoints: [newest]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: reports, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RT103",
    name="overlapping-endpoints",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="two endpoints take some of the same requests, and neither is the more specific one",
    why=(
        "Requests that both endpoints take go to whichever comes first in the file. Where one is plainly the exception "
        "of the other, that is how exceptions are written, and nothing is said. Here each takes requests that the "
        "other does not, so that nobody who reads the second one sees that a part of it is served elsewhere, and "
        "moving entries about changes who is asked for credentials."
    ),
    instead=(
        "Give each its own paths or methods, or add an endpoint for what both take, in front of both, that says which "
        "pipeline serves it."
    ),
    bad=Example(_TEXT % "'/:kind/newest'"),
    good=Example(_TEXT % "'/reports/newest'"),
    express_gateway="The same order, without a message (issues 611, 622 and 964).",
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Endpoints of which an earlier one takes a part."""
    if len(review.plan.routes) < 2:
        return
    found = reached(review)
    told: dict[str, list[Meeting]] = {}
    for meeting in review.meetings:
        first, second = meeting.first, meeting.second
        if first.endpoint.name == second.endpoint.name or _is_order(meeting) or alike(first, second):
            continue
        known = told.setdefault(first.endpoint.variable, [])
        if ends(first) and key(second) in found and all(one.second.endpoint is not second.endpoint for one in known):
            known.append(meeting)
    for meetings in told.values():
        yield from _told(meetings)


def _told(meetings: list[Meeting]) -> Iterator[Diagnostic]:
    """One finding for all endpoints of which the same one takes a part."""
    shown = next(((one, request) for one in meetings if (request := one.witness())), None)
    if shown is None:
        return
    meeting, request = shown
    first, second = meeting.first, meeting.second
    others = [one for one in meetings if one is not meeting]
    more = f", and of {len(others)} more endpoint{'s' * (len(others) > 1)}" if others else ""
    yield RULE.found(
        f"`{second.endpoint.name}` and `{first.endpoint.name}` take some of the same requests;"
        f" `{first.endpoint.name}` comes first and gets them{more}",
        second.span,
        related=(
            Related(first.span, "this takes them"),
            *(Related(one.second.span, "it takes some of these, too") for one in others[:3]),
        ),
        help="give each its own paths, or say in an endpoint before both who gets these",
        witness=f"{request} -> {goes(first)}",
    )


def _is_order(meeting: Meeting) -> bool:
    """Whether the order is as one would write it, or another rule's matter."""
    first, second = meeting.first, meeting.second
    if meeting.first_inside or (first.host.text == ANY != second.host.text):
        return True
    if first.path.text.startswith(("*/", "/*/")):
        return True  # `*/favicon.ico`: an exception by how paths end
    if meeting.hosts.within and not meeting.hosts.around:
        return True  # the named host, then all the others
    inside = meeting.hosts.around and meeting.paths.around
    return inside and admitted(second.methods) <= admitted(first.methods)
