"""MG903: a lifetime that Express Gateway read in another unit."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._oauth2 import entry
from egc.compiler.node import Mapping, Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_GATEWAY = """\
http: {port: 8080, trustedProxies: [10.0.0.0/8]}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2: {action: {jwt: {secretOrPublicKey: '${PUBLIC_KEY}', algorithms: [RS256], audience: orders}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""

_SYSTEM = """\
accessTokens:
  tokenType: jwt
  issuer: https://auth.example.com
  audience: orders
  algorithm: RS256
  secretOrPrivateKey: ${PRIVATE_KEY}
"""

_GRANTS = "oauth2: {grants: [client_credentials]}\n"

_KEYS = {"PUBLIC_KEY": "keys/public.pem", "PRIVATE_KEY": "keys/private.pem"}

RULE = Rule(
    code="MG903",
    name="eg-unit-bug",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="The lifetime of signed access tokens was read as seconds by Express Gateway; it is milliseconds.",
    why=(
        "Clients that came along are used to tokens that live a thousand times as long as the file says: 7200000 was "
        "meant as two hours and lasted 83 days. Whoever noticed may have written seconds here; as milliseconds these "
        "are gone before they are used. A configuration that lists `oauth2.grants`, which Express Gateway did not "
        "know, was written for egc: what is plainly milliseconds there is told as `info`."
    ),
    instead=(
        "Write milliseconds, list the grants, and see that clients fetch new tokens in time. Without a number tokens "
        "live 12 minutes."
    ),
    express_gateway="Passed the number to a library that counts seconds; opaque tokens lived as long as written.",
    bad=Example(_GATEWAY, _SYSTEM + "  timeToExpiry: 7200000\n", _KEYS),
    good=Example(_GATEWAY, _GRANTS + _SYSTEM, _KEYS),
)

_SHORT = 60_000
"""Milliseconds; what is less was meant as seconds."""


def check(review: Review) -> Iterator[Diagnostic]:
    """A `timeToExpiry` of access tokens that are signed."""
    server = review.plan.authorization
    tokens = review.model.system.get("accessTokens")
    if server is None or not isinstance(tokens, Mapping):
        return
    node = tokens.get("timeToExpiry")
    signed = any(argument.keyword == "access_tokens" for argument in server.arguments)
    written = any(argument.keyword == "access_ttl" and argument.span is not None for argument in server.arguments)
    if not signed or not written or not isinstance(node, Scalar):
        return
    number = _number(node)
    if number is None:
        yield RULE.found("Express Gateway read this as seconds for JSON web tokens; it is milliseconds", node.span)
        return
    here, there = _length(number / 1000), _length(number)
    message = f"tokens live {here} by this; in Express Gateway, which read it as seconds, they lived {there}"
    if number < _SHORT:
        help = f"is it milliseconds? write {int(number * 1000)} for {there}"
        yield RULE.found(message, node.span, help=help)
        return
    ours = entry(review, "oauth2", "grants") is not None
    help = "see that clients that came along fetch new tokens in time"
    yield RULE.found(message, node.span, severity="info" if ours else None, help=help)


def _number(node: Scalar) -> float | None:
    try:
        return float(str(node.value))
    except ValueError:
        return None


def _length(seconds: float) -> str:
    """A length of time as people say it."""
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size or (seconds >= size and name == "days"):
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} seconds"
