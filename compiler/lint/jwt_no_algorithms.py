"""SC109: `jwt` without a list of algorithms. The key decides here, so that nobody gets in by it."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix
from egc.compiler.lint._keys import TokenKey, names
from egc.compiler.lint._written import Written, literal, with_parameter, written
from egc.compiler.node import Mapping, Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC109",
    name="jwt-no-algorithms",
    severity="info",
    confidence="proven",
    fix="unsafe",
    summary="`jwt` does not say which algorithms count: all that the key is made for.",
    why="""\
The key decides here, never the token (RFC 8725 section 3.1): a public key in PEM verifies no HS256, `none` is no \
algorithm, and a set of keys holds no shared secrets. What is left is that tokens count which were signed in another \
way than the one that was agreed on, as PS512 with a key for RS256.""",
    instead="Write `algorithms: [RS256]`, or what the issuer signs with.",
    express_gateway="Took whatever the token named, of those that its library allowed for the key (its issue 999).",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [jwt, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - jwt:  # <--
          action:
            secretOrPublicKey: ${JWT_SECRET}
            audience: orders
            issuer: https://login.example.com/
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [jwt, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - jwt:
          action:
            algorithms: [HS256]
            secretOrPublicKey: ${JWT_SECRET}
            audience: orders
            issuer: https://login.example.com/
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    for step in written(review, "jwt"):
        listed = step.entry("algorithms")
        if listed is not None and any(names(listed.value)):
            continue
        yield RULE.found(
            "this `jwt` does not list `algorithms`: all that its key is made for count",
            step.action.span,
            help="list those that the issuer signs with",
            fix=_fix(review, step) if listed is None else None,
        )


def _fix(review: Review, step: Written) -> Fix | None:
    algorithm = _algorithm(review, step)
    edit = with_parameter(review, step, "algorithms", f"[{algorithm}]") if algorithm else None
    return Fix(f"take {algorithm} only", (edit,), safe=False) if edit else None


def _algorithm(review: Review, step: Written) -> str:
    """The algorithm that tokens are most likely signed with; empty where nobody can tell."""
    found = step.entry("secretOrPublicKey")
    if step.action.policy.value == "oauth2":
        tokens = review.model.system.get("accessTokens")
        said = literal(tokens.get("algorithm")) if isinstance(tokens, Mapping) else None
        return said or "HS256"
    if found is None or not isinstance(found.value, Scalar):
        return ""
    family, bits = TokenKey(found.value, literal(found.value), ()).bits
    if family == "EC":
        return {256: "ES256", 384: "ES384", 521: "ES512"}.get(bits, "")
    named = " ".join(part.name for part in found.value.parts if not isinstance(part, str)).upper()
    if not family and "SECRET" in named and "PUBLIC" not in named:
        family = "secret"
    return {"secret": "HS256", "RSA": "RS256", "Ed": "EdDSA"}.get(family, "")
