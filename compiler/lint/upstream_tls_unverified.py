"""SC113: a service whose certificate nobody looks at."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Related
from egc.compiler.lint._urls import urls
from egc.compiler.lint._written import written
from egc.compiler.node import Entry, Mapping, Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC113",
    name="upstream-tls-unverified",
    severity="error",
    confidence="proven",
    fix="unsafe",
    summary="`secure: false`: the gateway takes any certificate for that of the service.",
    why="""\
Whoever is on the way, or answers for the name, can be the service: they read the requests with the credentials in \
them, and write the answers (CWE-295).""",
    instead="Take `secure: false` out; for a certificate of your own authority write `target: {caFile: ...}`.",
    express_gateway="Does the same.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'https://orders.internal.example.com'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000, secure: false}}  # <--
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'https://orders.internal.example.com'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000, target: {caFile: /etc/ssl/internal.pem}}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    known = urls(review)
    told: set[object] = set()
    for step in written(review, "proxy"):
        service = step.step.positional[0] if step.step.positional else None
        found = known.get(getattr(service, "name", ""))
        argument = next((one for one in step.step.arguments if one.keyword == "secure"), None)
        if found is None or argument is None or argument.value is not False or argument.span in told:
            continue
        secured = next((url for url in found if url.scheme == "https"), None)
        if secured is None and setting(step.step, "follow_redirects") is not True:
            continue  # there is no certificate to look at
        told.add(argument.span)
        places = [step.parameters, *(one.proxy_options for one in review.model.services)]
        deprecated = step.parameters.get("proxyOptions") if step.parameters is not None else None
        if isinstance(deprecated, Mapping):
            places.append(deprecated)
        entries: list[Entry] = [entry for place in places if place is not None for entry in place]
        node = next((entry.value for entry in entries if entry.key.span == argument.span), None)
        fixed = isinstance(node, Scalar) and not node.parts
        yield RULE.found(
            "the certificate of the service is not verified: whoever is on the way can be the service",
            argument.span if argument.span else step.step.span,
            related=(Related(secured.span, "this is the service"),) if secured else (),
            help="take it out; for a certificate of your own authority write `target: {caFile: ...}`",
            fix=Fix("verify it", (Edit(node.span, "true"),), safe=False) if node is not None and fixed else None,
        )
