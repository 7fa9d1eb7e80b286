"""SC119: upstreams that come of what somebody else has sent."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._written import written
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC119",
    name="ssrf-dynamic-upstream",
    severity="warning",
    confidence="heuristic",
    fix="none",
    summary="Which host the gateway asks is decided by what a service answers, or by what the caller sends.",
    why="""\
The host of a request comes from `serviceEndpoints` alone: no script, rewrite or header changes it. Two options give \
it away. With `followRedirects` the gateway goes wherever the service sends it, to addresses inside of the network \
too, and hands on what is there; a service that redirects to what the caller names makes that anybody's choice \
(CWE-918). With `toProxy` a service that is itself a proxy gets the caller's URL. `Authorization` and cookies do not \
go along to another host.""",
    instead="Leave redirects to the caller's browser, and name the host in `serviceEndpoints`.",
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
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000, followRedirects: true}}  # <--
"""
    ),
    good=Example(
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
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000, autoRewrite: true}}
"""
    ),
)

_GIVEN_AWAY = {
    "follow_redirects": "the gateway follows this service's redirects to whatever host they name",
    "to_proxy": "the caller's whole URL goes to the service, which decides by it whom it asks",
}


def check(review: Review) -> Iterator[Diagnostic]:
    told: set[object] = set()
    for step in written(review, "proxy"):
        for argument in step.step.arguments:
            if argument.keyword in _GIVEN_AWAY and argument.value is True and argument.span not in told:
                told.add(argument.span)
                yield RULE.found(_GIVEN_AWAY[argument.keyword], argument.span or step.step.span)
