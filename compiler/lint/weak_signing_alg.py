"""OA308: access tokens that whoever can verify them can also make."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._keys import names
from egc.compiler.lint._oauth2 import entry, under
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="OA308",
    name="weak-signing-alg",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="Access tokens for others are signed with a shared secret: whoever can verify them can make them too.",
    why="""\
`HS256` and its like have one key for both. Each service that verifies the tokens by itself must have it, and with it \
signs tokens of any user with any scope (RFC 8725 section 3.5, RFC 9068 section 2.1). `audience` says that there are \
such services; where it is not written, and this gateway may be the only one to verify, it is only remarked.""",
    instead="Write `algorithm: RS256` or `ES256` with a private key, and give the others the public one.",
    express_gateway="Does the same; `HS256` is its default too.",
    bad=Example(
        gateway="""\
http: {port: 8080, hostname: localhost}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2:
          action:
            jwt:
              secretOrPublicKey: ${JWT_KEY}
              audience: orders
              algorithms: [HS256]
              checkCredentialExistence: false
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
accessTokens:
  tokenType: jwt
  secretOrPrivateKey: ${JWT_KEY}
  algorithm: HS256  # <--
  audience: orders
""",
    ),
    good=Example(
        gateway="""\
http: {port: 8080, hostname: localhost}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2:
          action:
            jwt:
              secretOrPublicKey: ${JWT_PUBLIC_KEY}
              audience: orders
              algorithms: [RS256]
              checkCredentialExistence: false
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
accessTokens:
  tokenType: jwt
  secretOrPrivateKey: ${JWT_PRIVATE_KEY}
  algorithm: RS256
  audience: orders
""",
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    server = review.plan.authorization
    if server is None or not any(argument.keyword == "access_tokens" for argument in server.arguments):
        return
    algorithm = next((name for name, _ in names(under(review, "accessTokens", "algorithm"))), "HS256")
    if not algorithm.startswith("HS"):
        return
    place = entry(review, "accessTokens", "algorithm") or entry(review, "accessTokens", "tokenType")
    shared = entry(review, "accessTokens", "audience") is not None
    yield RULE.found(
        f"access tokens are signed with `{algorithm}`: whoever can verify them can make them too",
        server.span if place is None else place.value.span,
        severity="warning" if shared else "info",
        confidence="proven" if shared else "heuristic",
        help="write `algorithm: RS256` with a private key, and give the services the public one",
    )
