"""EN602: a variable whose value is read as another text, for it looks like a number."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._typed import typed
from egc.compiler.model import text
from egc.compiler.node import Variable
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
      - proxy:
          action:
            serviceEndpoint: orders
            proxyTimeout: 5000
            headers:
              X-Branch: %s
"""

RULE = Rule(
    code="EN602",
    name="env-changes-type",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="a variable without quotes whose value YAML reads as a number, a date or nothing, where text is meant",
    why=(
        "With BRANCH=0123 the value of `${BRANCH}` without quotes is the number 83 to whoever reads the file after the "
        "variable is filled in, and with BRANCH=1e3 it is 1000. Express Gateway does so everywhere; egc does where the "
        "value shapes what it builds (paths, hosts, names), and keeps the text where it looks the variable up at start."
    ),
    instead="Put the variable in quotes: `'${BRANCH}'` is text, whatever its value looks like.",
    bad=Example(_TEXT % "${BRANCH}", environ={"BRANCH": "0123"}),
    good=Example(_TEXT % "'${BRANCH}'", environ={"BRANCH": "0123"}),
    express_gateway="Fills variables in before the file is YAML: `pw: ${PW}` with PW=0123 is 83 (seen in 1.16.11).",
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Variables without quotes, where text is meant, that are of another type now."""
    fixed = {variable.name for variable in review.plan.resolved_variables}
    for found in typed(review):
        scalar = found.scalar
        if not found.is_text or not scalar.parts or scalar.missing or isinstance(scalar.value, str):
            continue
        if text(scalar) == scalar.filled:
            continue
        names = list(dict.fromkeys(part.name for part in scalar.parts if isinstance(part, Variable)))
        built = all(name in fixed for name in names)
        # The values themselves may be secret, and are not quoted.
        effect = (
            "egc and Express Gateway use the text of that" if built else "Express Gateway used that, egc keeps the text"
        )
        yield RULE.found(
            f"without quotes the value of {' and '.join(names)} is read as a number, a date or nothing: {effect}",
            scalar.span,
            help="put it in quotes",
        )
