"""RL204: a key of a limit that requests share who have none."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._reached import reached
from egc.compiler.lint._scripts import holes, span, tree, way
from egc.compiler.lint._written import routes, written
from egc.compiler.plan import Pipeline, Script
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, rate-limit, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - rate-limit: {action: {max: 100, delayMs: 0, rateLimitBy: '%s'}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RL204",
    name="rate-limit-key-missing",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="The key of a `rate-limit` is put together from parts, of which one may be missing.",
    why=(
        "A part that a request does not have becomes the word `undefined` in the key. All requests without it are "
        "counted together then: one caller uses up the limit of all others, and there is no limit of their own."
    ),
    instead=(
        "Count by what every request has, such as `${req.ip}` or, behind authentication, `${consumer.id}`; or say with "
        "`||` what counts where the part is missing."
    ),
    express_gateway=(
        "Also shares one counter among requests for which the whole key is undefined. There egc counts by address."
    ),
    bad=Example(_TEXT % "tenant ${req.headers.tenant}"),
    good=Example(_TEXT % "tenant ${req.headers.tenant || req.ip}"),
)

_MAY_LACK = frozenset(("headers", "query", "params", "body", "cookies"))


def check(review: Review) -> Iterator[Diagnostic]:
    """Keys with text or several expressions, of which one is a plain member that requests may lack."""
    for one in written(review, "rate-limit"):
        key = setting(one.step, "rate_limit_by")
        if not isinstance(key, Script) or one.step not in one.pipeline.steps:
            continue
        parts, text = holes(key)
        if len(parts) < 2 and not text:
            continue
        source, _ = tree(key)
        always = {"headers": {"host"}, "params": _parameters(review, one.pipeline)}
        for part in parts:
            names = way(part)
            if (
                len(names) != 3
                or names[0] != "req"
                or names[1] not in _MAY_LACK
                or names[2].lower() in always.get(names[1], ())
            ):
                continue
            shown, kind = ".".join(names), "path has no" if names[1] == "params" else "request has no"
            witness = reached(review).get(one.step.variable)
            yield RULE.found(
                f"`{shown}` is `undefined` where a {kind} `{names[2]}`: all those requests are counted together",
                span(key, source, part),
                help=f"write `${{{shown} || req.ip}}`, or count by what every request has",
                witness=f"{witness}, without `{names[2]}` -> one count with all others without" if witness else "",
            )


def _parameters(review: Review, pipeline: Pipeline) -> set[str]:
    """The parameters that every path has which leads into a pipeline."""
    found = [{name.lower() for name in route.path.names} for route in routes(review, pipeline)]
    return set.intersection(*found) if found else set()
