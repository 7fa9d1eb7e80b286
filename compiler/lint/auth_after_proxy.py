"""SC102: a policy that authenticates behind every `proxy` that it should guard."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix, Related
from egc.compiler.lint._written import Written, moved, written
from egc.compiler.plan import Pipeline, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC102",
    name="auth-after-proxy",
    severity="error",
    confidence="proven",
    fix="unsafe",
    summary="A policy that authenticates stands behind every `proxy` of its pipeline, and guards none.",
    why="""\
Policies run in the order in which they are written. What `proxy` takes has been answered before anybody is asked who \
they are: the policy only refuses requests that nobody would have answered.""",
    instead="Write the policy that authenticates in front of `proxy`.",
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
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
      - key-auth: {action: {disableQueryParam: true}}  # <--
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
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    steps = {(one.pipeline.variable, one.step.variable): one for one in written(review)}
    for pipeline in review.plan.pipelines:
        found = _unguarded(pipeline)
        if found is None:
            continue
        proxy, guards = found
        for guard in guards:
            mine = steps.get((pipeline.variable, guard.variable))
            other = steps.get((pipeline.variable, proxy.variable))
            yield RULE.found(
                f"`{guard.policy}` guards nothing: it stands behind every `proxy` of `{pipeline.name}`",
                guard.span,
                related=(Related(proxy.span, "requests are proxied here, whoever sends them"),),
                help=f"move `{guard.policy}` before `proxy`",
                witness=_witness(review, proxy),
                fix=_fix(review, mine, other) if mine and other else None,
            )


def _unguarded(pipeline: Pipeline) -> tuple[Step, list[Step]] | None:
    """The first step that proxies, and those that authenticate only behind the last one."""
    steps = [*pipeline.steps, *pipeline.skipped]
    proxies = [index for index, step in enumerate(steps) if step.policy == "proxy"]
    guards = [index for index, step in enumerate(steps) if step.role == "authenticates"]
    if not proxies or not guards or guards[0] < proxies[0]:
        return None
    last = next((index for index in proxies if steps[index].ends), proxies[-1])
    if guards[0] < last or (any(_may_serve(step) for step in steps[guards[0] :]) and not steps[last].ends):
        return None
    return steps[proxies[0]], [steps[index] for index in guards]


def _may_serve(step: Step) -> bool:
    """Whether a step may answer with more than the gateway itself has to say."""
    return step.answers != "never" and not step.module.startswith("egc.runtime.policies.")


def _witness(review: Review, proxy: Step) -> str:
    for access in review.accesses:
        if access.step is not None and access.step.variable == proxy.variable and access.witness and access.service:
            return f"{access.witness} -> `{access.service.name}`, without credentials"
    return ""


def _fix(review: Review, mine: Written, other: Written) -> Fix | None:
    edits = moved(review, mine, other)
    return Fix(f"move `{mine.step.policy}` before `proxy`", edits, safe=False) if edits else None
