"""SC107: secrets that stand in the configuration itself."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Edit, Fix
from egc.compiler.lint._credentials import Credential, Variables, credentials
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC107",
    name="secret-in-config",
    severity="error",
    confidence="heuristic",
    fix="unsafe",
    summary="A secret stands in the configuration itself, or as the default of a variable.",
    why="""\
Whoever reads the repository, its history, a backup or a log of the build has it, and it cannot be changed without a \
new build (CWE-798). A value that is written out becomes a part of gateway.py. A guess: by the key, by how such \
secrets begin, by how random the text is. The value is not shown.""",
    instead="Write `${NAME}`, set the variable where the gateway runs, and make a new secret: this one is known.",
    express_gateway="Took variables too, but put their text into the file before it was read as YAML.",
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
            secretOrPublicKey: pbvFmzoQ7nW3cYxT9rKdLs5hGqJ2uEa8  # <--
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


def check(review: Review) -> Iterator[Diagnostic]:
    variables = Variables(review)
    for found in credentials(review):
        if found.is_default or found.path[:1] == ("session",):
            continue  # SC108 tells of what everybody knows; nobody reads the section `session`
        name = variables.name(found)
        what = f"looks like {found.what}" if found.what else "looks like a secret"
        place = f"the default of the variable in `{found.key}`" if found.node.parts else f"the value of `{found.key}`"
        yield RULE.found(
            f"{place} {what}: whoever reads this file has it",
            found.node.span,
            help=_help(found, name),
            fix=_fix(found, name),
        )


def _help(found: Credential, name: str) -> str:
    if found.node.parts:
        return "leave the default away, and set the variable where the gateway runs"
    if found.kind == "script":
        return f"write '\"${{{name}}}\"' with both pairs of quotes, and set {name} where the gateway runs"
    return f"write ${{{name}}}, set {name} where the gateway runs, and make a new secret: this one is known"


def _fix(found: Credential, name: str) -> Fix | None:
    if found.node.parts or found.kind in ("script", "other"):
        return None
    edit = Edit(found.node.span, f"${{{name}}}")
    return Fix(f"take it from the variable {name}, which must be set then", (edit,), safe=False)
