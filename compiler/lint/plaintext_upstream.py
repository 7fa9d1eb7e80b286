"""SC114: credentials that leave for another network without TLS."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._urls import Url, url_of, urls
from egc.compiler.lint._written import written
from egc.compiler.node import Scalar
from egc.compiler.plan import Step, Table
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC114",
    name="plaintext-upstream",
    severity="warning",
    confidence="heuristic",
    fix="none",
    summary="Requests with credentials go to a service by `http://`, and its name is one of the public network.",
    why="""\
`Authorization`, cookies and `eg-consumer-id` go along, and the answer comes back, for everybody on the way to read \
and to change (RFC 6750 section 5.3). A guess: names without a dot, private addresses and endings such as `.internal` \
are taken for a network of your own.""",
    instead="Write `https://`.",
    express_gateway="Does the same.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://orders.example.com'}  # <--
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'https://orders.example.com'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    carrying: dict[str, Step] = {}
    for access in review.accesses:
        if access.outcome == "proxied" and access.service is not None and access.step is not None:
            credential = access.authentication[0].step if access.authentication else _own(access.step)
            if credential is not None:
                carrying.setdefault(access.service.variable, credential)
    for variable, found in urls(review).items():
        step = carrying.get(variable)
        for url in found if step is not None else ():
            if step is not None and _is_open(url):
                yield RULE.found(
                    f"credentials go to `{url.host}` in the clear",
                    url.span,
                    related=(Related(step.span, "requests have credentials here"),),
                    help="write `https://`",
                )
    for introspection in written(review, "oauth2-introspect"):
        entry = introspection.entry("endpoint")
        place = url_of(entry.value) if entry is not None and isinstance(entry.value, Scalar) else None
        if place is not None and _is_open(place):
            message = f"access tokens, and the gateway's own credential, go to `{place.host}` in the clear"
            yield RULE.found(message, place.span, help="write `https://`")


def _is_open(url: Url) -> bool:
    return url.scheme == "http" and not url.is_near


def _own(step: Step) -> Step | None:
    """The step itself, if it sends a credential of the gateway's own."""
    headers = setting(step, "headers")
    names = {name.lower() for name, _ in headers.entries} if isinstance(headers, Table) else set()
    return step if setting(step, "auth") is not None or names & {"authorization", "cookie", "x-api-key"} else None
