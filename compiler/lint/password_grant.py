"""OA304: the grant `password`."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._oauth2 import grants
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="OA304",
    name="password-grant",
    severity="error",
    confidence="proven",
    fix="none",
    summary="The password grant is on: apps ask people for the password that they have here.",
    why="""\
The app gets the password itself, may keep it, and people learn to type it wherever they are asked; no second factor \
and no consent comes in between (RFC 9700 section 2.4: must not be used).""",
    instead="Take `password` out of `oauth2.grants`: a code for people, `client_credentials` for programs.",
    express_gateway="Has it on, always. Where an Express Gateway configuration lists no grants, OA311 says so.",
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
oauth2:
  grants:
    - authorization_code
    - password  # <--
    - refresh_token
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
oauth2:
  grants:
    - authorization_code
    - refresh_token
""",
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    for name, node in grants(review):
        if name == "password":
            yield RULE.found(
                "the grant `password` is on", node.span, help="take it out: `authorization_code` with PKCE"
            )
