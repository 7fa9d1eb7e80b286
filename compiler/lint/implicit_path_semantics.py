"""CO110: endpoints mind neither case nor a slash at the end of a path; what is written relies on that or forgets it."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.languages import Beyond
from egc.compiler.lint._conditions import fitting
from egc.compiler.plan import Check, Route, Step
from egc.compiler.requests import Request, taken
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: %s}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="CO110",
    name="implicit-path-semantics",
    severity="info",
    confidence="proven",
    fix="none",
    summary="what is written counts on case or on a slash at the end of a path, where an endpoint minds neither",
    why=(
        "The path `/orders` of an endpoint takes `/Orders` and `/orders/` too. Two paths that differ in nothing else "
        "are one. Conditions compare to the letter: an authentication, a limit or a refusal under `pathExact: /admin` "
        "does not run for `/Admin`, and the service may well treat the two alike. That is a warning."
    ),
    instead=(
        "Write each path once. Give what needs an authentication an endpoint of its own, or put the authentication in "
        "front without a condition."
    ),
    bad=Example(_TEXT % "[/orders, /orders/]"),
    good=Example(_TEXT % "[/orders, '/orders/*']"),
    express_gateway="The same semantics, Express's defaults, and the same gap between endpoints and conditions.",
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Paths that are one, and conditions that other spellings of a path get around."""
    yield from _twice(review)
    for pipeline in review.plan.pipelines:
        routes = [route for route in review.plan.routes if route.pipeline is pipeline]
        changed = False
        for step in pipeline.steps:
            if isinstance(step.condition, Check) and not changed and _guards(step):
                yield from _spelled_otherwise(step, step.condition, routes)
            changed = changed or "url" in step.changes


def _twice(review: Review) -> Iterator[Diagnostic]:
    known: dict[tuple[str, str], Route] = {}
    for route in review.plan.routes:
        if route.path.sensitive:
            continue
        plain = route.path.text.lower().rstrip("/")
        first = known.setdefault((route.endpoint.variable, plain), route)
        if first is not route:
            same = "it is given twice" if first.path.text == route.path.text else f"`{first.path.text}` takes it too"
            yield RULE.found(
                f"`{route.path.text}` adds nothing: {same}",
                route.span,
                related=(Related(first.span, "this path is the same"),),
            )


def _guards(step: Step) -> bool:
    """Whether it matters that a step runs for every spelling of a path."""
    return step.role in ("authenticates", "limits") or step.policy == "terminate"


def _spelled_otherwise(step: Step, check: Check, routes: list[Route]) -> Iterator[Diagnostic]:
    if check.condition not in ("pathExact", "pathMatch"):
        return
    for route in routes:
        try:
            found = _around(check, route)
        except Beyond:
            continue
        if found is not None:
            yield RULE.found(
                f"`{check.condition}` compares to the letter and the endpoint does not: `{step.policy}` does not run"
                f" for `{found.target}`",
                check.span,
                severity="warning",
                related=(Related(route.span, "this takes other spellings, too"),),
                witness=f"{found} -> `{step.policy}` does not run",
            )
            return


def _around(check: Check, route: Route) -> Request | None:
    """Another spelling of a request that meets a condition: the endpoint takes it, the condition does not hold.

    Raises Beyond.
    """
    box, wanted = taken(route.host, route.path, route.methods), fitting(check)
    request = (box & wanted).witness() if wanted is not None and box.exact else None
    if request is None or wanted is None:
        return None
    path, mark, query = request.target.partition("?")
    for other in (f"{path}/" if not path.endswith("/") else path, path.upper(), path.title()):
        changed = Request(request.method, request.host, other + mark + query)
        if changed in box and changed not in wanted:
            return changed
    return None
