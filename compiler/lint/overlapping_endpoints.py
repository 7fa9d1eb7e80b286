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
    told: set[str] = set()
    for meeting in review.meetings:
        first, second = meeting.first, meeting.second
        if second.endpoint.variable in told or first.endpoint.name == second.endpoint.name:
            continue
        if _is_order(meeting) or alike(first, second) or not ends(first) or key(second) not in found:
            continue
        witness = meeting.witness()
        if witness is None:
            continue
        told.add(second.endpoint.variable)
        yield RULE.found(
            f"`{second.endpoint.name}` and `{first.endpoint.name}` take some of the same requests;"
            f" `{first.endpoint.name}` comes first and gets them",
            second.span,
            related=(Related(first.span, "this takes them"),),
            help="give each its own paths, or say in an endpoint before both who gets these",
            witness=f"{witness} -> {goes(first)}",
        )


def _is_order(meeting: Meeting) -> bool:
    """Whether the order is as one would write it, or another rule's matter."""
    first, second = meeting.first, meeting.second
    if meeting.first_inside or (first.host.text == ANY != second.host.text):
        return True
    if meeting.hosts.within and not meeting.hosts.around:
        return True  # the named host, then all the others
    inside = meeting.hosts.around and meeting.paths.around
    return inside and admitted(second.methods) <= admitted(first.methods)
