"""OA307: tokens and codes that are good for longer than they should be."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Span
from egc.compiler.lint._keys import names
from egc.compiler.lint._oauth2 import number, serves, under
from egc.compiler.lint._written import written
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="OA307",
    name="token-lifetime",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="Access tokens are good for more than an hour, or authorization codes for more than ten minutes.",
    why="""\
Whoever gets hold of a token has it for so long: a bearer token proves nothing else (RFC 6750 section 5.3). One that \
is a JSON web token cannot be revoked at all, and what `oauth2-introspect` has been told counts for `ttl` seconds, \
whatever is revoked. Ten minutes is the most for codes (RFC 6749 section 4.1.2). Refresh tokens are changed at every \
use, and one that comes twice ends all that came of it (RFC 9700 section 4.14), so that they may be good for long. \
`timeToExpiry` is milliseconds, `ttl` is seconds.""",
    instead="Write at most `timeToExpiry: 3600000` for access tokens, and let clients refresh them.",
    express_gateway="""\
Takes any. It hands the milliseconds of JSON web tokens to a library that counts seconds, so that these are good a \
thousand times as long, and does not change refresh tokens.""",
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
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
accessTokens:
  timeToExpiry: 86400000  # <--
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
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
""",
        system="""\
db: {redis: {emulate: true}}
oauth2: {grants: [authorization_code, refresh_token]}
accessTokens:
  timeToExpiry: 900000
refreshTokens:
  timeToExpiry: 1209600000
""",
    ),
)


_HOUR = 3600
_TEN_MINUTES = 600


def check(review: Review) -> Iterator[Diagnostic]:
    if review.plan.authorization is not None and serves(review):
        kind = next((name for name, _ in names(under(review, "accessTokens", "tokenType"))), "opaque")
        revoked = ", and a JSON web token cannot be revoked" if kind == "jwt" else ""
        node = under(review, "accessTokens", "timeToExpiry")
        seconds = (number(node) or 0) / 1000
        if node is not None and seconds > _HOUR:
            yield _told("access tokens are", seconds, revoked, node.span, "an hour, 3600000, is plenty")
        node = under(review, "authorizationCodes", "timeToExpiry")
        seconds = (number(node) or 0) / 1000
        if node is not None and seconds > _TEN_MINUTES:
            yield _told("authorization codes are", seconds, "", node.span, "ten minutes, 600000, is the most")
    for step in written(review, "oauth2-introspect"):
        ttl = step.entry("ttl")
        seconds = number(ttl.value) or 0 if ttl is not None else 0
        if ttl is not None and seconds > _HOUR:
            help = "write seconds: a minute, 60, is the default"
            yield _told("answers about tokens are", seconds, ", revoked or not", ttl.value.span, help)


def _told(what: str, seconds: float, more: str, span: Span, help: str) -> Diagnostic:
    return RULE.found(f"{what} good for {_spelled(seconds)}{more}", span, help=help)


def _spelled(seconds: float) -> str:
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size, 1)
            return f"{count:g} {word}{'s' * (count != 1)}"
    return f"{seconds:g} seconds"
