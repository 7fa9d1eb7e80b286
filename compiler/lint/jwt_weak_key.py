"""SC110: keys of JSON web tokens that are too short for their algorithm, or that one of the algorithms cannot use."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._keys import FAMILIES, TokenKey, token_keys
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC110",
    name="jwt-weak-key",
    severity="error",
    confidence="proven",
    fix="none",
    summary="The key of JSON web tokens is too short to resist a search: a secret below 32 bytes, RSA below 2048 bits.",
    why="""\
Whoever has one token can try keys on their own machine, as fast as it goes, and sign tokens once one fits. A secret \
must be as long as the hash of the algorithm (RFC 7518 section 3.2), RSA have 2048 bits (section 3.3). What a variable \
or a file holds is not looked at. One key for algorithms of two kinds lets nobody in here, for the key decides \
(RFC 8725 section 3.1): that some of those listed never count is only remarked.""",
    instead="Draw a secret, `openssl rand -base64 48`, or make a pair of keys, and take it from a variable or a file.",
    express_gateway="""\
Takes any key. With algorithms of two kinds, the text of a public key was a secret for HS256, so that anybody could \
sign (row jwt-pem).""",
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
      - jwt:
          action:
            secretOrPublicKey: t7Bq-horse  # <--
            audience: orders
            issuer: https://login.example.com/
            algorithms: [HS256]
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
            secretOrPublicKey: ${JWT_KEY}
            audience: orders
            issuer: https://login.example.com/
            algorithms: [HS256]
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)

_RSA = 2048
_HASHES = {"HS256": 256, "HS384": 384, "HS512": 512}


def check(review: Review) -> Iterator[Diagnostic]:
    for key in token_keys(review):
        family, bits = key.bits
        names = [name for name, _ in key.algorithms]
        needed = min((_HASHES[name] for name in names if name in _HASHES), default=256)
        if family == "secret" and bits < needed:
            yield RULE.found(
                f"this secret is shorter than {needed // 8} bytes: whoever has one token can find it by trying",
                key.node.span,
                help=f"draw one, `openssl rand -base64 {needed // 8 * 3 // 2}`, and write a variable in its place",
            )
        elif family == "RSA" and 0 < bits < _RSA:
            yield RULE.found(f"this RSA key has {bits} bits, and needs {_RSA}", key.node.span, help="make a new pair")
        yield from _mixed(key)


def _mixed(key: TokenKey) -> Iterator[Diagnostic]:
    families = dict.fromkeys(FAMILIES.get(name, "") for name, _ in key.algorithms)
    family = key.bits[0]
    if len(families) < 2 and (not family or family in families or not families):
        return
    if not family:
        _, node = key.algorithms[0]
        message = "one key cannot be for algorithms of two kinds: those that it is not made for never count"
        yield RULE.found(message, node.span, severity="info")
        return
    for name, node in key.algorithms:
        if FAMILIES.get(name) != family:
            yield RULE.found(f"`{name}` never counts: the key is not made for it", node.span, severity="info")
