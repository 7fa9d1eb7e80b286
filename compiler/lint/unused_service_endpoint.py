"""CO107: a serviceEndpoint that nothing sends requests to."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix
from egc.compiler.lint._text import text_of
from egc.compiler.mends import mentioned, without_entry
from egc.compiler.model import text
from egc.compiler.node import Mapping, Node, Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
%spolicies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="CO107",
    name="unused-service-endpoint",
    severity="warning",
    confidence="proven",
    fix="safe",
    summary="a serviceEndpoint that no policy names",
    why=(
        "Either it is left over, and its URL, perhaps with what nobody should know about the inner network, is kept "
        "for nothing; or a `proxy` that should name it names another one, and requests go to the wrong service."
    ),
    instead="Remove it, or name it where it was meant.",
    bad=Example(_TEXT % "  payments: {url: 'http://localhost:3001'}\n"),
    good=Example(_TEXT % ""),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Services whose name no pipeline says."""
    said: set[str] = set()
    for pipeline in review.model.pipelines:
        for action in pipeline.actions:
            if action.parameters is not None:
                said |= set(_values(action.parameters))
    source = review.project.gateway
    named = mentioned([source.tree], "serviceEndpoint")
    for service in review.model.services:
        if service.name in said:
            continue
        edit = without_entry(text_of(source), source.tree, service.span) if service.name not in named else None
        yield RULE.found(
            f"no policy names the serviceEndpoint `{service.name}`",
            service.span,
            fix=Fix(f"remove `{service.name}`", (edit,), safe=True) if edit else None,
        )


def _values(node: Node) -> Iterator[str]:
    """Every value below a node: a policy of a plugin may call the parameter that names a service anything."""
    if isinstance(node, Scalar):
        yield text(node)
    elif isinstance(node, Mapping):
        for entry in node:
            yield from _values(entry.value)
    else:
        for item in node:
            yield from _values(item)
