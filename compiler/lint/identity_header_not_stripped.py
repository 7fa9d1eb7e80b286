"""SC117: headers that say who the caller is, and that callers can fill themselves."""

import re
from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Related
from egc.compiler.identity import ASSIGNED, CONSUMER
from egc.compiler.lint._text import text_of
from egc.compiler.lint._written import Written, reached, written
from egc.compiler.mends import way
from egc.compiler.node import Mapping, Sequence
from egc.compiler.plan import Pipeline, Reference, Script, Setting, Step, Table
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC117",
    name="identity-header-not-stripped",
    severity="error",
    confidence="heuristic",
    fix="safe",
    summary="A service learns from a header who is calling, and another pipeline lets callers fill that header.",
    why="""\
`eg-consumer-id` is never taken from a caller, and what a pipeline fills from the consumer under a condition, or by a \
script, is taken away before its first step. Another pipeline to the same service, which does not fill the header, \
hands on what the caller has written there, and the service cannot tell one from the other (CWE-290). A guess: it may \
be that the service looks at the header for some paths only. Where a script of the same pipeline also reads the header \
it stays, and that is no guess.""",
    instead="Take it away in front of `proxy`: `request-transformer: {action: {headers: {remove: [x-user]}}}`.",
    express_gateway="Hands such headers on everywhere, `eg-consumer-id` too where nobody is authenticated.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
  catalogue: {host: api.example.com, paths: '/catalogue*', public: true}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, request-transformer, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - request-transformer: {action: {headers: {add: {x-user: consumer.username}}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
  catalogue:
    apiEndpoints: [catalogue]
    policies:
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}  # <--
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
  catalogue: {host: api.example.com, paths: '/catalogue*', public: true}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, request-transformer, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - request-transformer: {action: {headers: {add: {x-user: consumer.username}}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
  catalogue:
    apiEndpoints: [catalogue]
    policies:
      - request-transformer: {action: {headers: {remove: [x-user]}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)

_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


def check(review: Review) -> Iterator[Diagnostic]:
    believed: dict[str, dict[str, Step]] = {}
    used = reached(review)
    pipelines = [pipeline for pipeline in review.plan.pipelines if pipeline.variable in used]
    for pipeline in pipelines:
        for proxy in _proxies(pipeline):
            for name, step in _filled(pipeline, proxy).items():
                believed.setdefault(_service(proxy), {}).setdefault(name, step)
    if not believed:
        return
    steps = {(one.pipeline.variable, one.step.variable): one for one in written(review, "proxy")}
    for pipeline in pipelines:
        for proxy in _proxies(pipeline):
            mine, safe = _filled(pipeline, proxy), _handled(pipeline, proxy)
            others = believed.get(_service(proxy), {})
            for name in sorted({*others} - {*mine} - safe):
                yield RULE.found(
                    f"callers can fill `{name}` themselves here, and `{_service_name(review, proxy)}` is told by it "
                    f"who is calling",
                    proxy.span,
                    related=(Related(others[name].span, "elsewhere the gateway fills it for the same service"),),
                    help=f"remove `{name}` from the request before `proxy`",
                    fix=_fix(review, steps.get((pipeline.variable, proxy.variable)), name),
                )
            for name in sorted({*mine} - safe):
                yield RULE.found(
                    f"callers can fill `{name}` themselves: this step does not always set it, and a script reads it",
                    mine[name].span,
                    confidence="proven",
                    related=(Related(proxy.span, "the service gets it here"),),
                    help=f"remove `{name}` from the request in front of it",
                )


def _proxies(pipeline: Pipeline) -> Iterator[Step]:
    """The steps that hand requests to a service."""
    return (step for step in pipeline.steps if step.policy == "proxy" and _service(step))


def _service(step: Step) -> str:
    found = step.positional[0] if step.positional else None
    return found.name if isinstance(found, Reference) else ""


def _service_name(review: Review, step: Step) -> str:
    return next(one.name for one in review.plan.services if one.variable == _service(step))


def _filled(pipeline: Pipeline, proxy: Step) -> dict[str, Step]:
    """The headers, in lower case, that steps in front of a proxy fill from the consumer."""
    found: dict[str, Step] = {}
    for step in _before(pipeline, proxy):
        if step.policy == "expression":
            script = setting(step, "jscode")
            if isinstance(script, Script) and CONSUMER.search(script.text):
                for assigned in ASSIGNED.finditer(script.text):
                    found.setdefault((assigned[1] or assigned[2]).lower(), step)
        for name, value in _added(step):
            if isinstance(value, Script) and CONSUMER.search(value.text):
                found.setdefault(name.lower(), step)
    return found


def _handled(pipeline: Pipeline, proxy: Step) -> set[str]:
    """The headers that do not come from the caller: taken away first, or always set or removed by a step."""
    found = {*pipeline.identity, "eg-consumer-id"}
    for step in _before(pipeline, proxy):
        if step.condition is None:
            found |= {name.lower() for name, _ in _added(step)}
            found |= {name.lower() for name in _removed(step)}
    fixed = setting(proxy, "headers")
    return found | ({name.lower() for name, _ in fixed.entries} if isinstance(fixed, Table) else set())


def _before(pipeline: Pipeline, proxy: Step) -> tuple[Step, ...]:
    return pipeline.steps[: pipeline.steps.index(proxy)]


def _added(step: Step) -> tuple[tuple[str, Setting], ...]:
    """The headers that a step sets, with their values."""
    if step.policy == "headers":
        prefix, table = setting(step, "headers_prefix") or "", setting(step, "forward_headers")
        return tuple((f"{prefix}{name}", value) for name, value in table.entries) if isinstance(table, Table) else ()
    added = _of(step, "add")
    return added.entries if isinstance(added, Table) else ()


def _removed(step: Step) -> tuple[str, ...]:
    removed = _of(step, "remove")
    return tuple(name for name in removed if isinstance(name, str)) if isinstance(removed, tuple) else ()


def _of(step: Step, key: str) -> Setting:
    headers = setting(step, "headers") if step.policy == "request-transformer" else None
    return dict(headers.entries).get(key) if isinstance(headers, Table) else None


def _fix(review: Review, proxy: Written | None, name: str) -> Fix | None:
    """A step in front of `proxy` that removes the header; only where `request-transformer` may be used."""
    listed = any(policy.value == "request-transformer" for policy in review.model.policies)
    if proxy is None or not listed or not _NAME.fullmatch(name):
        return None
    text = text_of(review.project.gateway)
    around = list(way(review.project.gateway.tree, proxy.action.policy.span))
    item = next((node for node in reversed(around) if isinstance(node, Mapping)), None)
    place = around.index(item) if item is not None else 0
    if item is None or item.entries[0].key.span != proxy.action.policy.span or place == 0:
        return None
    start = text.start(item.span)
    lead = text.text[text.line_start(start) : start]
    if not isinstance(around[place - 1], Sequence) or lead.strip() != "-":
        return None
    inserted = f"request-transformer: {{action: {{headers: {{remove: ['{name}']}}}}}}\n{lead}"
    return Fix(f"remove `{name}` from the request", (Edit(text.edit(start, start, "").span, inserted),), safe=True)
