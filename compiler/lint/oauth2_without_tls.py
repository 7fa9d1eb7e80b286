"""OA309: the authorization server on plain HTTP."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._oauth2 import serves, under
from egc.compiler.lint._urls import is_loopback
from egc.compiler.lint._written import is_empty, literal
from egc.compiler.node import Sequence
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="OA309",
    name="oauth2-without-tls",
    severity="error",
    confidence="heuristic",
    fix="none",
    summary="Passwords, codes and tokens go over plain HTTP, and nothing says that a proxy in front ends TLS.",
    why="""\
`/login`, `/oauth2/authorize` and `/oauth2/token` answer on every listener. Without TLS everybody on the way reads \
passwords, client secrets and tokens (RFC 6749 sections 1.6, 3.1 and 3.2, RFC 9700 section 2.6), and cookies are not \
`Secure`. A guess: there may be a proxy that ends TLS, but then the gateway must be told, or it takes every caller for \
one of plain HTTP. Where no pipeline uses `oauth2`, no token opens anything, and this is only remarked.""",
    instead="""\
Name the proxy in `http.trustedProxies`, or its URL in `oauth2.issuer`; have `https` instead of `http`; or listen on \
localhost.""",
    express_gateway="Does the same.",
    bad=Example(
        gateway="""\
http: {port: 8080}  # <--
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
""",
    ),
    good=Example(
        gateway="""\
http: {port: 8080, trustedProxies: [10.0.0.0/8]}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
""",
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    server = review.plan.authorization
    issuer = literal(under(review, "oauth2", "issuer")) or ""
    section = next((section for name, section in review.model.listeners if name == "http"), None)
    if server is None or section is None or issuer.startswith("https://"):
        return
    host, proxies = section.values.get("hostname"), section.values.get("trustedProxies")
    if proxies is not None and not is_empty(proxies) and not (isinstance(proxies, Sequence) and not proxies.items):
        return
    if host is not None and not is_empty(host) and is_loopback(literal(host) or ""):
        return
    secured = any(listener.name == "https" for listener in review.plan.listeners)
    served = serves(review)
    yield RULE.found(
        "passwords and tokens go over plain HTTP" + (" here, although there is `https` too" if secured else ""),
        section.span,
        severity=None if served else "info",
        related=(Related(server.span, "this brings the authorization server"),),
        help="name the proxy that ends TLS in `trustedProxies`, or have `https` alone"
        if served
        else "no pipeline uses `oauth2`: take it out of `policies`, and there is no authorization server",
        witness="POST /oauth2/token -> client secrets and tokens, over plain HTTP",
    )
