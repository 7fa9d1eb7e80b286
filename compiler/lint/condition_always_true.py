"""RT109: a condition that every request of its endpoints meets."""

from collections.abc import Iterator

from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Fix, Related, Span
from egc.compiler.lint._conditions import judged, named
from egc.compiler.lint._overlaps import sample
from egc.compiler.lint._text import text_of
from egc.compiler.mends import way, without_entry
from egc.compiler.model import Action
from egc.compiler.node import Entry, Mapping, Node
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*', methods: [POST]}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth:
%s      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RT109",
    name="condition-always-true",
    severity="info",
    confidence="proven",
    fix="safe",
    summary="a condition that has no effect: every request that comes here meets it",
    why=(
        "A condition says that the step is an exception. One that always holds says so where there is none, and "
        "whoever changes the endpoint later finds that it suddenly counts. That GET admits HEAD is minded: "
        "`method: GET` under an endpoint of GET is no such condition, for it says no to HEAD."
    ),
    instead="Leave the condition out.",
    bad=Example(
        _TEXT
        % """\
          condition: {name: method, methods: POST}
          action: {disableQueryParam: true}
"""
    ),
    good=Example(
        _TEXT
        % """\
          action: {disableQueryParam: true}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Conditions that say yes to every request."""
    by_span = {action.span: action for text in review.model.pipelines for action in text.actions}
    for found in judged(review):
        if found.fits:
            says = "for no request" if found.negated else "for every request"
            action = by_span.get(found.step.span)
            whole = list(checks(found.step.condition)) == [found.check]
            request = sample(found.routes[0])
            yield RULE.found(
                f"`{found.check.condition}` holds {says} of {named(found.routes)}: this condition has no effect",
                found.check.span,
                related=tuple(Related(route.span, "these requests arrive here") for route in found.routes[:3]),
                witness=f"{request} -> the step runs" if request else "",
                fix=_fix(review, action) if whole and action else None,
            )
    yield from _fixed(review)


def _fixed(review: Review) -> Iterator[Diagnostic]:
    """Conditions that were left out when the gateway was built."""
    for text, pipeline in zip(review.model.pipelines, review.plan.pipelines, strict=True):
        bare = {step.span for step in (*pipeline.steps, *pipeline.skipped) if step.condition is None}
        for action in text.actions:
            if action.condition is not None and action.span in bare:
                yield RULE.found(
                    f"the condition of `{action.policy.value}` has no effect: it holds whatever is asked",
                    _name(action.condition),
                    fix=_fix(review, action),
                )


def _name(condition: Mapping) -> Span:
    name = condition.entry("name")
    return name.value.span if name else condition.span


def _fix(review: Review, action: Action) -> Fix | None:
    if action.condition is None:
        return None
    source = review.project.gateway
    entry = _holder(source.tree, action.condition)
    edit = without_entry(text_of(source), source.tree, entry.key.span) if entry is not None else None
    return Fix("leave the condition out", (edit,), safe=True) if edit else None


def _holder(tree: Node, condition: Mapping) -> Entry | None:
    """The entry `condition` that holds a condition."""
    for node in way(tree, condition.span):
        if isinstance(node, Mapping):
            found = next((entry for entry in node if entry.value is condition), None)
            if found is not None:
                return found
    return None
