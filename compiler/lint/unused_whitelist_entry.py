"""CO108: a policy in the list at the top that no pipeline uses."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix
from egc.compiler.lint._text import text_of
from egc.compiler.mends import without_item
from egc.compiler.model import text
from egc.compiler.node import Mapping, Sequence
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies:
  - key-auth
%s  - proxy
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="CO108",
    name="unused-whitelist-entry",
    severity="info",
    confidence="proven",
    fix="safe",
    summary="a policy that `policies` allows and no pipeline uses",
    why=(
        "The list at the top says which policies a pipeline may use. What no pipeline uses can go from it: then the "
        "list tells a reader at a glance what the gateway does, and a step that somebody adds by mistake does not "
        "start. `oauth2` is never told of: its place in the list is what turns the authorization server on."
    ),
    instead="Remove the line.",
    bad=Example(_TEXT % "  - jwt\n"),
    good=Example(_TEXT % ""),
    express_gateway="Loads every policy of the list and says nothing.",
)

_ACTS_BY_ITSELF = frozenset(("oauth2",))


def check(review: Review) -> Iterator[Diagnostic]:
    """Names of the list that are in no pipeline."""
    used = {text(action.policy) for pipeline in review.model.pipelines for action in pipeline.actions}
    source = review.project.gateway
    root = source.tree
    held = root.get("policies") if isinstance(root, Mapping) else None
    for scalar in review.model.policies:
        name = text(scalar)
        if name in used | _ACTS_BY_ITSELF:
            continue
        edit = without_item(text_of(source), held, scalar) if isinstance(held, Sequence) else None
        yield RULE.found(
            f"no pipeline uses the policy `{name}`",
            scalar.span,
            fix=Fix(f"remove `{name}`", (edit,), safe=True) if edit else None,
        )
