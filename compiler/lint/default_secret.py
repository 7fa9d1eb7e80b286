"""SC108: secrets that everybody knows, for they stand in templates, documentation and tutorials."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._credentials import DEFAULTS, Credential, credentials
from egc.compiler.lint._written import literal
from egc.compiler.node import Mapping, Node
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
depends here, so that is a warning: secrets are kept as digests, and login sessions need no secret. An Express Gateway \
that still runs by such a file gives its tokens and cookies away.""",
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
    ("crypto", "cipherKey"): "whoever gets at the store of an Express Gateway reads its tokens with it",
    ("session", "secret"): "whoever likes forges sessions of an Express Gateway with it",
}
"""What egc reads nothing from, and an Express Gateway that runs by the same file does."""


def check(review: Review) -> Iterator[Diagnostic]:
    for found in credentials(review):
        if found.is_default and found.path not in _WITHOUT_EFFECT:
            yield _told(found)
    brought = list(_brought(review.model.system))
    if brought:
        # They come together, in a file that `eg gateway create` wrote: one finding is enough.
        (section, key), node = brought[0]
        yield RULE.found(
            f"`{section}.{key}` is the one of Express Gateway's templates: {_WITHOUT_EFFECT[section, key]}",
            node.span,
            severity="warning",
            related=tuple(
                Related(other.span, f"and so is this: {_WITHOUT_EFFECT[which]}") for which, other in brought[1:]
            ),
            help="draw others for an Express Gateway that still runs; egc serves without them, "
            "and once `egc migrate` has been run they can go",
        )


def _brought(system: Mapping) -> Iterator[tuple[tuple[str, str], Node]]:
    """The secrets that came with Express Gateway's templates and that egc has no use for."""
    for section, key in _WITHOUT_EFFECT:
        holder = system.get(section)
        node = holder.get(key) if isinstance(holder, Mapping) else None
        if node is not None and (literal(node) or "").strip().lower() in DEFAULTS:
            yield (section, key), node


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
