"""SC116: patterns that an engine which tries one way after the other may hold for long. They run on RE2 here."""

from collections.abc import Iterator

from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic
from egc.compiler.plan import Pattern, Setting
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC116",
    name="regex-redos",
    severity="info",
    confidence="heuristic",
    fix="none",
    summary="A pattern could hold an engine that tries one way after the other for long; it runs on RE2 here.",
    why="""\
Nobody can hold this gateway by it. Every pattern of a configuration is either proven to take a time in proportion to \
the text, or is run by RE2, which never goes back; one that neither can do does not compile (CO117 invalid-pattern). \
Where other programs take the same pattern, an Express Gateway too, `(a+)+` on 24 characters costs half a second, and \
twice as much for each further one (CWE-1333).""",
    instead="Say it without a repetition inside of a repetition: `a+` for `(a+)+`.",
    express_gateway="Tries one way after the other, so that one request can hold the whole gateway.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders:
    host: api.example.com
    pathRegex: ^/(a+)+$  # <--
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
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
  orders:
    host: api.example.com
    pathRegex: ^/a+$
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
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

_MESSAGE = "an engine that tries one way after the other could take long for this pattern; here it runs on RE2"


def check(review: Review) -> Iterator[Diagnostic]:
    written = dict(zip((one.variable for one in review.plan.endpoints), review.model.definitions, strict=True))
    for route in review.plan.routes:
        if route.path.linear:
            yield RULE.found(_MESSAGE, route.span)
        if route.host.linear:
            host = written[route.endpoint.variable].host_regex or written[route.endpoint.variable].host
            yield RULE.found(_MESSAGE, host.span if host is not None else route.endpoint.span)
    for pipeline in review.plan.pipelines:
        for step in pipeline.steps:
            for argument in (*step.arguments, *(one for each in checks(step.condition) for one in each.arguments)):
                if _linear(argument.value):
                    yield RULE.found(_MESSAGE, argument.span or step.span)


def _linear(value: Setting) -> bool:
    if isinstance(value, tuple):
        return any(map(_linear, value))
    return isinstance(value, Pattern) and value.linear
