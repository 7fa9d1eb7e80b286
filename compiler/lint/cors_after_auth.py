"""SC106: `cors` behind a policy that refuses preflights, which carry no credentials."""

from collections.abc import Iterator

from egc.compiler.branches import Access, setting
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Fix, Related
from egc.compiler.lint._written import Written, moved, written
from egc.compiler.plan import Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC106",
    name="cors-after-auth",
    severity="error",
    confidence="proven",
    fix="safe",
    summary="Preflights are refused before they come to `cors`: browsers send them without credentials.",
    why="""\
A browser asks with OPTIONS, and without credentials, whether a page may send the request (Fetch, section 4.8). The \
policy in front of `cors` answers 401, so the page never sends it. Refusals of other requests lack the headers of \
`cors` too: the page cannot read why.""",
    instead="Write `cors` in front of the policies that authenticate.",
    express_gateway="Does the same (its issues 333 and 932).",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [cors, key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - cors: {action: {origin: 'https://app.example.com'}}  # <--
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [cors, key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - cors: {action: {origin: 'https://app.example.com'}}
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    steps = {(one.pipeline.variable, one.step.variable): one for one in written(review)}
    told: set[str] = set()
    for access in review.accesses:
        cors, route = access.step, access.route
        if access.outcome != "answered" or cors is None or cors.policy != "cors" or cors.variable in told:
            continue
        guard = next((proof.step for proof in access.authentication if _surely(proof.step, access)), None)
        if route is None or route.pipeline is None or guard is None:
            continue
        told.add(cors.variable)
        mine = steps.get((route.pipeline.variable, cors.variable))
        other = steps.get((route.pipeline.variable, guard.variable))
        yield RULE.found(
            f"preflights never reach `cors`: `{guard.policy}` refuses them, for they carry no credentials",
            cors.span,
            related=(Related(guard.span, "they are refused here"),),
            help=f"move `cors` before `{guard.policy}`",
            witness=f"{access.witness} -> 401" if access.witness else "",
            fix=_fix(review, mine, other) if mine and other else None,
        )


def _surely(guard: Step, access: Access) -> bool:
    """Whether a step refuses every preflight of these: no condition may spare them that nobody can read."""
    asked = {check.variable for check in checks(guard.condition)}
    opaque = any(not fact.known and fact.check.variable in asked for fact in access.facts)
    return setting(guard, "pass_through") is False and not opaque


def _fix(review: Review, mine: Written, other: Written) -> Fix | None:
    edits = moved(review, mine, other)
    return Fix(f"move `cors` before `{other.step.policy}`", edits, safe=True) if edits else None
