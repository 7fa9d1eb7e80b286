"""RT102: the host `*` stands before a host that is named, on paths that both take."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix, Related
from egc.compiler.lint._moves import before
from egc.compiler.lint._overlaps import alike, ends, goes, key, reached
from egc.compiler.paths import ANY
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_HEAD = """\
http: {port: 8080}
serviceEndpoints:
  public: {url: 'http://localhost:3000'}
  internal: {url: 'http://localhost:3001'}
policies: [key-auth, proxy]
pipelines:
  public:
    apiEndpoints: [public]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: public, proxyTimeout: 5000}}
  internal:
    apiEndpoints: [internal]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: internal, proxyTimeout: 5000}}
apiEndpoints:
"""

RULE = Rule(
    code="RT102",
    name="wildcard-host-first",
    severity="warning",
    confidence="proven",
    fix="unsafe",
    summary="an endpoint for any host comes before one for a named host and takes its requests",
    why=(
        "Hosts are asked in the order in which each first appears in the file. `*`, or no host at all, takes every "
        "host: what is written for a named host behind it on the same paths is served by the wrong pipeline, with the "
        "wrong policies and the wrong service. It is an error where nothing is left to the named host."
    ),
    instead="Write the endpoints of named hosts first and the one for any host last.",
    bad=Example(
        _HEAD + "  public: {host: '*', paths: /reports}\n  internal: {host: b.example, paths: [/reports, /audit]}\n"
    ),
    good=Example(
        _HEAD + "  internal: {host: b.example, paths: [/reports, /audit]}\n  public: {host: '*', paths: /reports}\n"
    ),
    express_gateway=(
        "The same: a request for b.example is served by the pipeline of `*`, without a message (seen in 1.16.11)."
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Routes of a named host that one for any host comes before."""
    routes = review.plan.routes
    if all(route.host.text == ANY for route in routes):
        return
    found = reached(review)
    told: set[str] = set()
    for meeting in review.meetings:
        first, second = meeting.first, meeting.second
        if first.host.text != ANY or second.host.text == ANY or second.endpoint.variable in told:
            continue
        if not ends(first) or alike(first, second):
            continue
        if meeting.paths.within and not meeting.paths.around:
            continue  # `/health` on every host, before all that one host has
        witness = meeting.witness()
        if witness is None:
            continue
        told.add(second.endpoint.variable)
        mine = [route for route in routes if route.endpoint is second.endpoint]
        lost = not any(key(route) in found for route in mine)
        edits = before(review, second, first)
        fix = Fix(f"move `{second.endpoint.name}` before `{first.endpoint.name}`", edits, safe=False) if edits else None
        rest = "it never sees a request" if lost else "it never sees these requests"
        yield RULE.found(
            f"`{first.endpoint.name}` takes any host and comes before `{second.endpoint.name}`: {rest}",
            second.span,
            severity="error" if lost else "warning",
            related=(Related(first.span, "this takes every host"),),
            help="write the endpoints of named hosts first",
            witness=f"{witness} -> {goes(first)}",
            fix=fix,
        )
