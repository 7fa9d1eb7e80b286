"""RL201: a proxy whose time-out nobody has chosen."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix
from egc.compiler.lint._reached import reached
from egc.compiler.lint._written import Written, with_parameter, written
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

DEFAULT = 120
"""Seconds that egc waits for a byte of the service where no time-out is set."""

SUGGESTED = "30000"

_TEXT = """\
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
      - proxy: {action: {serviceEndpoint: backend%s}}
"""

RULE = Rule(
    code="RL201",
    name="no-timeout",
    # Nothing waits for ever here, so that it is no more than advice.
    severity="info",
    confidence="proven",
    fix="unsafe",
    summary="A `proxy` sets no time-out of its own.",
    why=(
        "A service that hangs holds each caller for two minutes then, and with them connections and memory of both "
        "sides: one slow service can take a gateway down (the reason for circuit breakers and bulkheads)."
    ),
    instead="Set `proxyTimeout` to what the slowest good answer takes, in milliseconds.",
    express_gateway=(
        "Waits as long as the operating system does, and answers 502. egc gives up after 120 seconds without a byte "
        "and answers 504; WebSockets and server-sent events may be silent for an hour."
    ),
    bad=Example(_TEXT % ""),
    good=Example(_TEXT % ", proxyTimeout: 5000"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Proxies that reach a service and say neither `proxyTimeout` nor `timeout`."""
    witnesses = None
    for one in written(review, "proxy"):
        if not one.step.positional or one.step not in one.pipeline.steps or _says(one):
            continue
        witnesses = reached(review) if witnesses is None else witnesses
        witness = witnesses.get(one.step.variable)
        edit = with_parameter(review, one, "proxyTimeout", SUGGESTED)
        yield RULE.found(
            f"nobody has said how long this `proxy` waits: {DEFAULT} seconds count",
            one.step.span,
            help="set `proxyTimeout`, in milliseconds",
            witness=f"{witness} -> 504 after {DEFAULT} seconds, if the service does not answer" if witness else "",
            fix=Fix(f"wait {SUGGESTED} ms at most", (edit,), safe=False) if edit else None,
        )


def _says(one: Written) -> bool:
    """Whether a step or its service sets a time-out; 0 is none."""
    return any(argument.keyword in ("proxy_timeout", "timeout") and argument.value for argument in one.step.arguments)
