"""PF501: bodies that are read whole before anybody else sees a byte of them."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Span
from egc.compiler.lint._reached import reached
from egc.compiler.plan import Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, request-transformer, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - request-transformer: {action: {%s: {remove: [internal]}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="PF501",
    name="body-buffered",
    severity="info",
    confidence="proven",
    fix="none",
    summary="A step reads whole bodies, which are streamed otherwise.",
    why=(
        "JSON and forms are kept in memory until their last byte is there. Those of more than 100 KiB are refused with "
        "413 on their way to the service; answers of the service are changed up to 1 MiB."
    ),
    instead="Leave bodies to the service where large ones are meant to pass; headers are changed without reading them.",
    express_gateway="Reads them as well, with the same limit of 100 KiB for requests.",
    bad=Example(_TEXT % "body"),
    good=Example(_TEXT % "headers"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Steps that read bodies: transformers with `body`, and `json-schema` conditions."""
    witnesses = None
    for pipeline in review.plan.pipelines:
        for step in pipeline.steps:
            for span, what, refuses in _reading(step):
                witnesses = reached(review, "POST") if witnesses is None else witnesses
                witness = witnesses.get(step.variable)
                yield RULE.found(
                    f"{what}: JSON{' and forms are' if refuses else ' is'} no longer streamed",
                    span,
                    witness=f"{witness} with a JSON body of 101 KiB -> 413" if witness and refuses else "",
                )


def _reading(step: Step) -> Iterator[tuple[Span, str, bool]]:
    """The places of a step that have it read bodies, and whether those are the caller's."""
    for check in checks(step.condition):
        if check.condition == "json-schema" and check.module.startswith("egc.runtime.conditions."):
            yield check.span, "`json-schema` reads whole bodies", True
    if step.policy in ("request-transformer", "response-transformer") and setting(step, "body") is not None:
        asked = step.policy == "request-transformer"
        span = next((one.span for one in step.arguments if one.keyword == "body" and one.span), step.span)
        yield span, f"`body` of `{step.policy}` reads whole {'bodies' if asked else 'answers'}", asked
