"""RT108: a condition that no request of its endpoints meets."""

from collections.abc import Iterator

from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.languages import Beyond
from egc.compiler.lint._conditions import Judged, fitting, judged, named
from egc.compiler.lint._overlaps import sample
from egc.compiler.plan import Check, Pipeline, Route, Step
from egc.compiler.requests import Request, taken
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*', methods: %s}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, rate-limit, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - rate-limit:
          condition: {name: method, methods: POST}
          action: {max: 10, windowMs: 60000, delayAfter: 0, rateLimitBy: '${consumer.id}'}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RT108",
    name="condition-never-true",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="a condition contradicts the endpoints of its pipeline, or the steps before it",
    why=(
        "The step behind such a condition never runs. If it is an authentication or a limit, it protects nothing, and "
        "whoever reads the file believes that it does. Paths of conditions are compared to the letter and with the "
        "query, paths of endpoints without regard to case, so that `/Orders` is one of the second and not of the first."
    ),
    instead="Let the endpoint take what the condition asks for, or correct the condition, or remove the step.",
    bad=Example(_TEXT % "[GET]"),
    good=Example(_TEXT % "[GET, POST]"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Conditions that say no to every request."""
    told: set[str] = set()
    for found in judged(review):
        if not found.fits:
            told.add(found.step.variable)
            yield _contradiction(found)
    yield from _fixed(review)
    yield from _after_the_others(review, told)


def _contradiction(found: Judged) -> Diagnostic:
    whole = f"`{found.step.policy}` never runs" if found.check is found.step.condition or found.negated else ""
    always = "holds for every request" if found.negated else "holds for no request"
    effect = f", so {whole}" if whole else ""
    request = sample(found.routes[0])
    return RULE.found(
        f"`{found.check.condition}` {always} of {named(found.routes)}{effect}",
        found.check.span,
        related=tuple(Related(route.span, "these requests arrive here") for route in found.routes[:3]),
        witness=f"{request} -> the condition {'holds' if found.negated else 'does not hold'}" if request else "",
    )


def _fixed(review: Review) -> Iterator[Diagnostic]:
    """Steps that were left out when the gateway was built."""
    for text, pipeline in zip(review.model.pipelines, review.plan.pipelines, strict=True):
        kept = {step.span for step in (*pipeline.steps, *pipeline.skipped)}
        for action in text.actions:
            if action.condition is not None and action.span not in kept:
                name = action.condition.entry("name")
                request = next((sample(one) for one in review.plan.routes if one.pipeline is pipeline), None)
                yield RULE.found(
                    f"`{action.policy.value}` never runs: its condition is never met, whatever is asked",
                    name.value.span if name else action.condition.span,
                    severity="info",
                    help="remove the step, or the condition if it was for a trial",
                    witness=f"{request} -> `{action.policy.value}` does not run" if request else "",
                )


def _after_the_others(review: Review, told: set[str]) -> Iterator[Diagnostic]:
    """Steps that no way through their pipeline leads to, though other steps of it are reached."""
    seen = {step.variable for row in review.accesses for step in (*row.steps, *row.possible)}
    for pipeline in review.plan.pipelines:
        if not any(step.variable in seen for step in pipeline.steps):
            continue
        for step in pipeline.steps:
            if step.condition is not None and step.variable not in seen | told:
                why, related = _reason(pipeline, step)
                yield RULE.found(
                    f"`{step.policy}` never runs: {why}",
                    step.condition.span,
                    related=related,
                    witness=_passed_by(review, pipeline, step),
                )


def _passed_by(review: Review, pipeline: Pipeline, step: Step) -> str:
    """A request that the condition of a step was written for, and what becomes of it instead."""
    routes = [one for one in review.plan.routes if one.pipeline is pipeline]
    for route in routes:
        request = _meeting(route, step)
        if request is not None:
            answer = next((one.step for one in review.accesses if any(request in box for box in one.requests)), None)
            place = (
                f"`{answer.policy}` in line {answer.span.line} answers" if answer else f"`{step.policy}` does not run"
            )
            return f"{request} -> {place}"
    request = next(filter(None, map(sample, routes)), None)
    return f"{request} -> `{step.policy}` does not run" if request else ""


def _meeting(route: Route, step: Step) -> Request | None:
    """A request of a route that meets the condition of a step; None where nobody can tell one."""
    try:
        wanted = fitting(step.condition) if isinstance(step.condition, Check) else None
        return None if wanted is None else (taken(route.host, route.path, route.methods) & wanted).witness()
    except Beyond:
        return None


def _reason(pipeline: Pipeline, step: Step) -> tuple[str, tuple[Related, ...]]:
    before = pipeline.steps[: pipeline.steps.index(step)]
    asks = {one.condition for one in checks(step.condition)}
    if "authenticated" in asks and not any(one.role == "authenticates" for one in before):
        return "no step before it says who is calling", ()
    proof = next((one for one in before if one.role == "authenticates" and one.condition is None), None)
    if "anonymous" in asks and proof is not None:
        return "nobody is anonymous behind an authentication", (Related(proof.span, "who is not known ends here"),)
    answering = [one for one in before if one.answers != "never"]
    related = tuple(Related(one.span, "this answers first") for one in answering[-3:])
    return "every request that meets its condition has been answered before", related
