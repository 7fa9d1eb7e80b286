"""OA306: scopes of endpoints that no credential can hold, and those that are likely misspelt."""

import re
from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Related
from egc.compiler.lint._text import text_of
from egc.compiler.model import text
from egc.compiler.node import Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule
from egc.compiler.spelling import distance

RULE = Rule(
    code="OA306",
    name="undeclared-scope",
    severity="error",
    confidence="heuristic",
    fix="unsafe",
    summary="An endpoint asks for a scope that no credential can hold, or that is likely another one, misspelt.",
    why="""\
Scopes are compared letter by letter, and must all be held: whoever has `orders:read` does not get into an endpoint \
that asks for `order:read`. Which scopes there are is kept in the store; the configuration alone shows a scope that \
differs in one letter, in case or in a separator from one that is used more often, which is a guess, and one that no \
token can carry, which is not: a blank or a quotation mark parts them (RFC 6749 section 3.3).""",
    instead="Spell the scope as elsewhere; write several as a list.",
    express_gateway="Does the same: the endpoint answers 401 or 403 to everybody.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*', scopes: ['orders:read']}
  invoices: {host: api.example.com, paths: '/invoices*', scopes: ['orders:read']}
  archive: {host: api.example.com, paths: '/archive*', scopes: ['orders:raed']}  # <--
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders, invoices, archive]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*', scopes: ['orders:read']}
  invoices: {host: api.example.com, paths: '/invoices*', scopes: ['orders:read']}
  archive: {host: api.example.com, paths: '/archive*', scopes: ['orders:read']}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders, invoices, archive]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_PLAIN = re.compile(r"[A-Za-z][\w./-]*(?::[\w./-]+)*", re.ASCII)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SHORTEST = 4
"""Letters of a word that one letter more or less does not make another one."""


def check(review: Review) -> Iterator[Diagnostic]:
    used: dict[str, list[Scalar]] = {}
    for definition in review.model.definitions:
        for node in dict.fromkeys(definition.scopes):
            if not node.missing:
                used.setdefault(text(node), []).append(node)
    for scope, places in used.items():
        if not _TOKEN.fullmatch(scope):
            for node in dict.fromkeys(places):
                yield _impossible(scope, node)
        elif len(places) == 1:
            likely = next((other for other in used if len(used[other]) > 1 and _alike(scope, other)), None)
            if likely is not None:
                yield _misspelt(review, scope, places[0], likely, used[likely][0])


def _impossible(scope: str, node: Scalar) -> Diagnostic:
    several = [word for word in re.split(r"[\s,]+", scope) if word]
    return RULE.found(
        f"no token can carry the scope `{scope}`: nobody gets in",
        node.span,
        confidence="proven",
        help=f"write them as a list: [{', '.join(several)}]"
        if len(several) > 1
        else "write letters, digits and `:._-`",
    )


def _misspelt(review: Review, scope: str, node: Scalar, likely: str, other: Scalar) -> Diagnostic:
    written = text_of(review.project.gateway).at(node.span)
    plain = written.strip("'\"") == scope and _PLAIN.fullmatch(likely) is not None
    return RULE.found(
        f"no other endpoint asks for `{scope}`, and several for `{likely}`",
        node.span,
        related=(Related(other.span, "it is spelt so here"),),
        help=f"did you mean `{likely}`?",
        fix=Fix(f"ask for `{likely}`", (Edit(node.span, written.replace(scope, likely)),), safe=False)
        if plain
        else None,
    )


def _alike(scope: str, other: str) -> bool:
    """Whether two scopes differ in case, in separators, or in one letter of a word, but for its last ones.

    `user` and `users`, `v1` and `v2`, `role-a` and `role-b` are different scopes.
    """
    if scope == other:
        return False
    one, two = _SEPARATORS.split(scope.lower()), _SEPARATORS.split(other.lower())
    if "".join(one) == "".join(two):
        return True
    if len(one) != len(two):
        return False
    differing = [(mine, its) for mine, its in zip(one, two, strict=True) if mine != its]
    if len(differing) != 1:
        return False
    mine, its = differing[0]
    if min(len(mine), len(its)) < _SHORTEST or distance(mine, its) > 1 or not (mine + its).isalpha():
        return False
    shorter, longer = sorted((mine, its), key=len)
    return not longer.startswith(shorter) and mine[:-1] != its[:-1]
