"""RL203: a limit that stands behind what it should protect."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Fix, Related
from egc.compiler.lint._reached import reached
from egc.compiler.lint._scripts import reads
from egc.compiler.lint._written import Written, moved, written
from egc.compiler.plan import Script, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2-introspect, rate-limit, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
%s      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""

_INTROSPECTION = """\
      - oauth2-introspect:
          action: {endpoint: 'https://auth.example.com/introspect', authorization_value: '${INTROSPECTION}'}
"""

_LIMIT = """\
      - rate-limit: {action: {max: 100, delayMs: 0}}
"""

_ENVIRON = {"INTROSPECTION": "Basic Z2F0ZXdheQ=="}

RULE = Rule(
    code="RL203",
    name="rate-limit-after-expensive",
    severity="info",
    confidence="proven",
    fix="unsafe",
    summary="A `rate-limit` by address stands behind a step that asks another server, or that reads whole bodies.",
    why=(
        "It counts only what that step lets through. Whoever sends wrong tokens, each a new one, is never counted, and "
        "has the gateway ask the authorization server every time; whoever sends large bodies has them read first."
    ),
    instead=(
        "Move a limit by address in front. One that counts by consumer belongs behind the authentication: keep that, "
        "and add one by address before it."
    ),
    bad=Example(_TEXT % (_INTROSPECTION + _LIMIT), environ=_ENVIRON),
    good=Example(_TEXT % (_LIMIT + _INTROSPECTION), environ=_ENVIRON),
)

_OF_THE_CALLER = frozenset(
    ("ip", "ips", "hostname", "headers", "host", "method", "path", "url", "originalUrl", "query", "params", "protocol")
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Limits that need nothing of the steps before them, and have an expensive one there."""
    witnesses = None
    before: list[Written] = []
    for one in written(review):
        if before and before[-1].pipeline is not one.pipeline:
            before = []
        expensive = next(((other, why) for other in before if (why := _costs(other.step))), None)
        if one.step.policy == "rate-limit" and expensive is not None and _needs_nothing(one.step):
            other, why = expensive
            witnesses = reached(review) if witnesses is None else witnesses
            witness = witnesses.get(one.step.variable)
            edits = moved(review, one, other)
            yield RULE.found(
                f"`rate-limit` counts only what `{other.step.policy}` lets through, which {why}",
                one.step.span,
                related=(Related(other.step.span, why),),
                help="move it in front",
                witness=f"{witness} -> not counted, if `{other.step.policy}` refuses it" if witness else "",
                fix=Fix(f"move `rate-limit` in front of `{other.step.policy}`", edits, safe=False) if edits else None,
            )
        before.append(one)


def _costs(step: Step) -> str:
    """What a step does for every request that is expensive; empty for nothing."""
    if step.policy == "oauth2-introspect":
        return "asks the authorization server for each token that it does not know"
    body = step.policy == "request-transformer" and setting(step, "body") is not None
    if body or any(check.condition == "json-schema" for check in checks(step.condition)):
        return "reads whole bodies"
    return ""


def _needs_nothing(step: Step) -> bool:
    """Whether a limit always counts, and by what every request has."""
    if step.condition is not None:
        return False
    key = setting(step, "rate_limit_by")
    if not isinstance(key, Script):
        return key is None
    return all(
        read.way[0] == "req"
        and len(read.way) > 1
        and read.way[1] in _OF_THE_CALLER
        and "eg-consumer-id" not in read.way
        for read in reads(key)
    )
