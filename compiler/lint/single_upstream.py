"""RL206: a way of balancing with nothing to balance."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._written import written
from egc.compiler.plan import Reference
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {%s}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000, strategy: round-robin}}
"""

RULE = Rule(
    code="RL206",
    name="single-upstream",
    severity="info",
    confidence="proven",
    fix="none",
    summary="A `proxy` says how requests are spread over its service's URLs, of which there is only one.",
    why="Whoever reads `strategy` takes the service for one with several URLs. There is nothing to spread.",
    instead="Give the service `urls`, or take `strategy` out.",
    bad=Example(_TEXT % "url: 'http://localhost:3000'"),
    good=Example(_TEXT % "urls: ['http://localhost:3000', 'http://localhost:3001']"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Proxies with a `strategy` whose service has one URL, or the same one several times."""
    services = {service.variable: service for service in review.plan.services}
    for one in written(review, "proxy"):
        strategy = one.entry("strategy")
        names = [setting.name for setting in one.step.positional if isinstance(setting, Reference)]
        service = next((services[name] for name in names if name in services), None)
        if strategy is None or service is None or len(set(service.urls)) != 1:
            continue
        yield RULE.found(
            f"`strategy` has no effect: `{service.name}` has one URL",
            strategy.key.span,
            related=(Related(service.span, "one URL"),),
            help="give the service `urls`, or take `strategy` out",
        )
