"""SC108: secrets that everybody knows, for they stand in templates, documentation and tutorials."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint._credentials import DEFAULTS, Credential, credentials
from egc.compiler.lint._written import literal
from egc.compiler.node import Mapping
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC108",
    name="default-secret",
    severity="error",
    confidence="proven",
    fix="none",
    summary="A secret is one that everybody knows: of a template, a documentation or a tutorial.",
    why="""\
Such words are tried first; who knows the key of JSON web tokens signs their own (CWE-1392, RFC 8725 section 3.5). \
Of what the templates of Express Gateway brought, `cipherKey: sensitiveKey` and `secret: keyboard cat`, nothing \
depends here, so that is only remarked: secrets are kept as digests, and login sessions need no secret. Tokens and \
cookies of an Express Gateway that still runs can be forged by them.""",
    instead="Draw a secret of 32 bytes, `openssl rand -base64 32`, and write `${NAME}` in its place.",
    express_gateway="Ships with `cipherKey: sensitiveKey` and `secret: keyboard cat`, in each of its templates.",
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
            secretOrPublicKey: your-256-bit-secret  # <--
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

_WITHOUT_EFFECT = {
    ("crypto", "cipherKey"): "only tokens that an Express Gateway made are kept by it, and anybody can read those",
    ("session", "secret"): "sessions need no secret here, and those of an Express Gateway can be forged by it",
}


def check(review: Review) -> Iterator[Diagnostic]:
    for found in credentials(review):
        if found.is_default and found.path not in _WITHOUT_EFFECT:
            yield _told(found)
    system = review.model.system
    for (section, key), why in _WITHOUT_EFFECT.items():
        holder = system.get(section)
        node = holder.get(key) if isinstance(holder, Mapping) else None
        if node is not None and (literal(node) or "").strip().lower() in DEFAULTS:
            message = f"`{key}` is the one of the templates of Express Gateway: {why}"
            help = "leave it out once nothing of Express Gateway is left"
            yield RULE.found(message, node.span, severity="info", help=help)


def _told(found: Credential) -> Diagnostic:
    place = f"the default of the variable in `{found.key}`" if found.node.parts else f"`{found.key}`"
    if found.is_file_name:
        message = f"{place} is the name of a file, not what is in it: anybody can guess that, and sign tokens with it"
        return RULE.found(message, found.node.span, help=f"write `{found.key}File`")
    effect = "anybody can sign tokens with it" if found.kind == "key" else "it is among the first that are tried"
    return RULE.found(
        f"{place} is a secret that everybody knows: {effect}",
        found.node.span,
        help="draw one, `openssl rand -base64 32`, and write a variable in its place",
    )
