"""SC101: requests that reach a service although nobody has asked who is calling."""

import re
from collections.abc import Iterator
from dataclasses import replace

from egc.compiler.branches import Access, setting
from egc.compiler.diagnostics import Diagnostic, Related, Span
from egc.compiler.lint._written import public
from egc.compiler.node import Mapping
from egc.compiler.plan import Script, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC101",
    name="unauthenticated-endpoint",
    severity="warning",
    strict="error",
    confidence="proven",
    fix="none",
    summary="Requests of an endpoint reach a service although nobody has asked who is calling.",
    why="""\
Every way through the pipeline counts, those that a condition opens included: whoever takes one needs no credential \
(OWASP API2:2023). A step of a plugin or a script that may refuse does not count as authentication; where there is \
one, this is a guess. A gateway in which no pipeline authenticates has one finding for all its endpoints.""",
    instead="Authenticate before `proxy` on every way, or write `public: true` in the endpoint where all may.",
    express_gateway="Serves such requests as well; nothing tells.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}  # <--
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
  catalogue: {host: api.example.com, paths: '/catalogue*', public: true}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
  catalogue:
    apiEndpoints: [catalogue]
    policies:
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)

_REFUSES = re.compile(r"\bres\b")


_NAMED = 5
"""How many endpoints one finding names as related places."""


def check(review: Review) -> Iterator[Diagnostic]:
    found = list(_open(review))
    certain = [one for one in found if one.severity != "info"]
    if len(certain) < 2 or _authenticates(review):
        yield from found
        return
    # Where nobody is ever asked, that is one decision. It stands with no endpoint, so that what excuses one of them
    # does not excuse them all.
    first, *others = sorted(certain, key=lambda one: one.span)
    more = f"{len(others)} more endpoint{'s' if len(others) > 1 else ''}"
    yield replace(
        first,
        message=f"no pipeline asks who is calling: {first.message}, and so do those of {more}",
        span=_pipelines(review) or first.span,
        related=tuple(Related(one.span, "anybody may send these requests") for one in (first, *others)[:_NAMED]),
        help="authenticate before `proxy`, or write `public: true` in the endpoints that everybody may call",
    )
    yield from (one for one in found if one.severity == "info")


def _pipelines(review: Review) -> Span | None:
    """Where the pipelines begin."""
    tree = review.project.gateway.tree
    entry = (tree.entry("pipelines") or tree.entry("pipeline")) if isinstance(tree, Mapping) else None
    return None if entry is None else entry.key.span


def _authenticates(review: Review) -> bool:
    """Whether any step of any pipeline asks who is calling, or may."""
    steps = [step for pipeline in review.plan.pipelines for step in (*pipeline.steps, *pipeline.skipped)]
    return any(
        step.role == "authenticates" or not step.module.startswith("egc.runtime.policies.") for step in steps
    ) or any(chosen(access) for access in review.accesses)


def _open(review: Review) -> Iterator[Diagnostic]:
    """The endpoints that are open, each with the way through that shows it."""
    known = public(review)
    told: set[str] = set()
    # What is certain goes first: one finding is enough for an endpoint.
    for access in sorted(review.accesses, key=lambda one: (_guarded(one) is not None, not one.exact)):
        if access.route is None or access.step is None or access.service is None:
            continue
        endpoint = access.route.endpoint
        if access.outcome != "proxied" or endpoint.variable in known or endpoint.variable in told:
            continue
        if access.authentication or chosen(access) or any(step.role == "authenticates" for step in access.steps):
            continue
        told.add(endpoint.variable)
        guard = _guarded(access)
        scopes = ", and nobody looks at its scopes" if endpoint.scopes else ""
        message = f"requests of `{endpoint.name}` reach `{access.service.name}` without authentication{scopes}"
        yield RULE.found(
            message,
            endpoint.span,
            severity="info" if guard else None,
            confidence="heuristic" if guard or not access.exact else "proven",
            related=(
                *(
                    [Related(guard.span, f"if `{guard.policy}` refuses callers, say so: `public: true`")]
                    if guard
                    else []
                ),
                Related(access.step.span, "it is proxied here"),
            ),
            help="authenticate before `proxy`, or write `public: true` in the endpoint if everybody may",
            witness=f"{access.witness} -> `{access.service.name}`, without credentials" if access.witness else "",
        )


def chosen(access: Access) -> bool:
    """Whether the step that proxies asks itself who is calling: then it is meant for whom it takes.

    A client certificate is as good as a credential.
    """
    asked = {
        fact.check.variable
        for fact in access.facts
        if fact.check.condition in ("authenticated", "anonymous")
        or (fact.check.condition == "tlsClientAuthenticated" and fact.holds)
    }
    certified = any(fact.check.condition == "tlsClientAuthenticated" and fact.holds for fact in access.facts)
    return certified or (access.step is not None and bool(asked & set(_checks(access.step))))


def _checks(step: Step) -> Iterator[str]:
    from egc.compiler.conditions.lowering import checks

    return (check.variable for check in checks(step.condition))


def _guarded(access: Access) -> Step | None:
    """A step in front that may refuse callers in a way that nobody knows."""
    for step in access.steps:
        if step is access.step or step.answers == "never":
            continue
        if not step.module.startswith("egc.runtime.policies."):
            return step
        script = setting(step, "jscode")
        if isinstance(script, Script) and _REFUSES.search(script.text):
            return step
    return None
