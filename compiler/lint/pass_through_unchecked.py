"""SC118: a policy that lets everybody on, and nothing behind it that asks whether they are somebody."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._written import public
from egc.compiler.lint.unauthenticated_endpoint import chosen
from egc.compiler.plan import Script
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC118",
    name="pass-through-unchecked",
    severity="error",
    confidence="proven",
    fix="none",
    summary="`passThrough` lets callers without credentials on, and nothing behind it asks who they are.",
    why="""\
With `passThrough: true` a missing or a wrong credential is no reason to refuse. The request reaches the service all \
the same, without `eg-consumer-id`, and scopes are not looked at (row D154).""",
    instead="""\
Put a step with the condition `authenticated` or `anonymous` behind it, or another policy that authenticates and lets \
nobody on; or take `passThrough` out. Where everybody may and is only to be called by name, write `public: true` in \
the endpoint.""",
    express_gateway="Does the same.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true, passThrough: true}}  # <--
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
policies: [key-auth, proxy, terminate]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true, passThrough: true}}
      - terminate:
          condition: {name: anonymous}
          action: {statusCode: 401, message: Sign up for a key}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    known = public(review)
    told: set[str] = set()
    for access in review.accesses:
        if access.outcome != "proxied" or access.route is None or access.step is None or access.service is None:
            continue
        if access.authentication or access.route.endpoint.variable in known or chosen(access):
            continue
        for step in access.steps:
            if step.role != "authenticates" or step.variable in told:
                continue
            told.add(step.variable)
            scripts = any(isinstance(argument.value, Script) for one in access.steps for argument in one.arguments)
            opaque = scripts or any(not fact.known for fact in access.facts)
            place = next((each.span for each in step.arguments if each.keyword == "pass_through"), None)
            yield RULE.found(
                f"`{step.policy}` lets everybody on, and nothing behind it asks whether the caller is somebody",
                place or step.span,
                confidence="heuristic" if opaque or not access.exact else "proven",
                related=(Related(access.step.span, f"it reaches `{access.service.name}` here"),),
                help="answer those with the condition `anonymous`, or write `public: true` in the endpoint",
                witness=f"{access.witness} -> `{access.service.name}`, without credentials" if access.witness else "",
            )
