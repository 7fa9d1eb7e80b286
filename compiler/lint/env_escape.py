"""EN604: `$${NAME}`, which is no escape."""

import re
from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._typed import typed
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
            headers: {X-Region: '%s'}
"""

RULE = Rule(
    code="EN604",
    name="env-escape",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="`$${NAME}` is neither the variable nor the text `${NAME}`",
    why=(
        "In other tools two dollars are how one writes a dollar. Here `$${REGION}` stays as it is, with both dollars "
        "and the braces: the variable is not filled in, and the service gets a text that nobody meant."
    ),
    instead="Write `${REGION}` for the value of the variable. The bare text `${REGION}` cannot be written.",
    bad=Example(_TEXT % "$${REGION}"),
    good=Example(_TEXT % "${REGION:-eu}"),
    express_gateway="Leaves it as it is, too (D8).",
)

_DOUBLED = re.compile(r"\$\$\{[A-Za-z0-9_]+(?::-[^}\n]*)?\}", re.ASCII)


def check(review: Review) -> Iterator[Diagnostic]:
    """Values that hold a doubled dollar in front of a name in braces; in JavaScript that is a dollar and a value."""
    for found in typed(review):
        texts = [part for part in found.scalar.parts or (found.scalar.value,) if isinstance(part, str)]
        doubled = next((hit for text in texts if (hit := _DOUBLED.search(text))), None)
        if doubled is not None and not found.script:
            yield RULE.found(
                f"`{doubled[0]}` stays as it is, with both dollars: this is no escape",
                found.scalar.span,
                help=f"write {doubled[0][1:]} for the value of the variable",
            )
