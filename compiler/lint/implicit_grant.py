"""OA303: the grant `implicit`."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._oauth2 import grants
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="OA303",
    name="implicit-grant",
    severity="error",
    confidence="proven",
    fix="none",
    summary="The implicit grant is on: access tokens travel in the address of a page.",
    why="""\
The token stands in the fragment of a URL, where the history, scripts of the page and whoever the page sends on find \
it, and nothing ties it to the one who asked (RFC 9700 section 2.1.2). Apps in browsers and on phones get a code with \
PKCE instead: register them with `clientType: public`.""",
    instead="Take `implicit` out of `oauth2.grants`; the app asks for `response_type=code` with a `code_challenge`.",
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
    - implicit  # <--
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
        if name == "implicit":
            yield RULE.found(
                "the grant `implicit` is on", node.span, help="take it out: `authorization_code` with PKCE"
            )
