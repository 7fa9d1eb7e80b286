"""SC111: `jwt` that takes tokens which were made for somebody else."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._written import written
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC111",
    name="jwt-no-audience-issuer",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="`jwt` asks for no audience and no issuer: a token that was made for another API opens this one.",
    why="""\
A key signs more than the tokens for this API: those for other APIs of the same issuer, for other clients, for another \
purpose (RFC 8725 sections 3.8 and 3.9). With a set of keys of an identity provider the audience is what tells them \
apart. Where `sub` must be a credential of this gateway (`checkCredentialExistence`), fewer tokens fit.""",
    instead="Write `audience`, what `aud` must hold, and `issuer`, what `iss` must be.",
    express_gateway="Does the same.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [jwt, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - jwt:  # <--
          action:
            jwksUri: https://login.example.com/keys
            algorithms: [RS256]
            checkCredentialExistence: false
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
policies: [jwt, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - jwt:
          action:
            jwksUri: https://login.example.com/keys
            audience: https://orders.example.com/
            issuer: https://login.example.com/
            algorithms: [RS256]
            checkCredentialExistence: false
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    for step in written(review, "jwt"):
        if step.action.policy.value == "oauth2":
            continue  # whoever has the key of this gateway's own tokens is this gateway
        remote, audience, issuer = step.entry("jwksUri"), step.entry("audience"), step.entry("issuer")
        if audience is not None or (issuer is not None and remote is None):
            continue
        if remote is not None:
            what = "audience" if issuer is not None else "audience and no issuer"
            message = f"this `jwt` asks for no {what}: a token of the same provider for another API opens this one"
        else:
            message = "this `jwt` asks for no audience and no issuer: any token that the key signed opens it"
        yield RULE.found(message, step.action.span, help="write `audience` and `issuer` below `action`")
