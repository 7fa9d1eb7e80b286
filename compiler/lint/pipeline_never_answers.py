"""RT107: requests that go through a pipeline, and nothing answers them."""

from collections.abc import Iterable, Iterator

from egc.compiler.branches import Access
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.languages import Beyond
from egc.compiler.lint._overlaps import key
from egc.compiler.plan import Pipeline, Route, Step
from egc.compiler.requests import Request, Requests, taken
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
%s"""

_PROXY = "      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}\n"

RULE = Rule(
    code="RT107",
    name="pipeline-never-answers",
    severity="error",
    confidence="proven",
    fix="none",
    summary="requests run through a pipeline and no step of it answers them: 404 after all the work",
    why=(
        "A pipeline answers by `proxy`, `terminate`, a redirect or an `expression` that sends something. One without "
        "such a step, or one whose answering steps are all under conditions that do not hold, does its work and then "
        "leaves the request to the endpoints behind it; where none takes it, the caller gets 404. It is a warning "
        "where some requests of the endpoint are answered and others are not."
    ),
    instead=(
        "End the pipeline with a `proxy` or `terminate` that has no condition. Where the endpoint should take less, "
        "say so in its `paths` and `methods`, so that others are turned away before any work is done."
    ),
    bad=Example(_TEXT % ""),
    good=Example(_TEXT % _PROXY),
    express_gateway="The same 404, `Cannot GET /orders`, as if no endpoint had taken the request (issues 828 and 992).",
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Pipelines behind which a request is left over."""
    leading: dict[str, list[Route]] = {}
    for route in review.plan.routes:
        if route.pipeline is not None:
            leading.setdefault(route.pipeline.variable, []).append(route)
    fallen = [row for row in review.accesses if row.outcome == "fell through" or _ends_nowhere(row)]
    for pipeline in review.plan.pipelines:
        routes = leading.get(pipeline.variable, [])
        if not fallen or not routes:
            continue
        silent = not any(_may_answer(step) for step in pipeline.steps)
        if silent:
            request = next((found for row in fallen if (found := _left(row, pipeline, routes))), None)
            if request is not None and not _goes_on(review, pipeline, routes):
                yield RULE.found(
                    f"no step of the pipeline `{pipeline.name}` ever answers: its requests get 404 in the end",
                    pipeline.span,
                    related=tuple(Related(route.span, "these requests run through it") for route in routes[:3]),
                    help="end it with `proxy` or `terminate`",
                    witness=f"{request} -> 404 behind the last step",
                )
            continue
        row = next((row for row in fallen if _proven(row, pipeline)), None)
        if row is not None and row.witness is not None:
            yield RULE.found(
                f"the pipeline `{pipeline.name}` leaves some requests without an answer: they get 404 in the end",
                pipeline.span,
                severity="warning",
                related=tuple(
                    Related(fact.check.span, f"this {'holds' if fact.holds else 'does not hold'}")
                    for fact in row.facts[:3]
                ),
                help="end it with a `proxy` or `terminate` that has no condition, or let the endpoint take less",
                witness=f"{row.witness} -> 404 behind the last step",
            )


def _ends_nowhere(row: Access) -> bool:
    """Whether requests went through a pipeline, and then to an endpoint that is in none."""
    return row.outcome == "no pipeline" and bool(row.steps or row.possible)


def _may_answer(step: Step) -> bool:
    """Whether what the step is for is to answer: a preflight is `cors`'s, all the rest is not."""
    return step.answers != "never" and step.policy != "cors"


def _proven(row: Access, pipeline: Pipeline) -> bool:
    """Whether requests of a row certainly are left over, the pipeline being the only one that they went through."""
    own = {step.variable for step in pipeline.steps}
    went = {step.variable for step in (*row.steps, *row.possible)}
    asked = {check for step in pipeline.steps for check in _variables(step)}
    facts = {fact.check.variable for fact in row.facts}
    if not went | facts or not went <= own or not facts <= asked or not row.exact:
        return False
    # A script, or a policy of a plugin, may have answered.
    return all(one.known for one in row.facts) and not any(step.answers == "maybe" for step in _but_cors(row.steps))


def _but_cors(steps: Iterable[Step]) -> Iterator[Step]:
    return (step for step in steps if step.policy != "cors")


def _variables(step: Step) -> Iterator[str]:
    return (check.variable for check in checks(step.condition))


def _goes_on(review: Review, pipeline: Pipeline, routes: list[Route]) -> bool:
    """Whether others answer for the pipeline: it stands before them on purpose, to log or to change requests."""
    steps = {step.variable for step in pipeline.steps}
    if steps:
        return any(
            row.route is not None
            and row.route.pipeline is not None
            and row.route.pipeline is not pipeline
            and steps & {step.variable for step in (*row.steps, *row.possible)}
            for row in review.accesses
        )
    own = {key(route) for route in routes}
    return any(key(one.first) in own and key(one.second) not in own for one in review.meetings)


def _left(row: Access, pipeline: Pipeline, routes: list[Route]) -> Request | None:
    """A request of a row that went through a pipeline in which nothing answers."""
    steps = {step.variable for step in pipeline.steps}
    went = {step.variable for step in (*row.steps, *row.possible)}
    if steps and not steps & went:
        return None
    for route in routes:
        box = taken(route.host, route.path, route.methods)
        for part in row.requests:
            found = _both(part, box)
            if found is not None:
                return found
    return None


def _both(part: Requests, box: Requests) -> Request | None:
    try:
        return (part & box).witness()
    except Beyond:
        return None
