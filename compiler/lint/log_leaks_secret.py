"""OB401: a log message with a credential in it."""

from collections.abc import Iterator

from tree_sitter import Node

from egc.compiler.branches import setting
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.javascript.scope import required, text_of
from egc.compiler.javascript.source import walk
from egc.compiler.lint._scripts import span, tree, way
from egc.compiler.plan import Pipeline, Script, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [log, key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - log: {action: {message: '${req.method} %s'}}
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="OB401",
    name="log-leaks-secret",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="A log message holds credentials: Authorization, cookies, whole headers or bodies, tokens of a query.",
    why=(
        "Logs are kept for longer, and read by more people and programs, than whatever the credential opens "
        "(OWASP ASVS 16.2.5, CWE-532). Who reads a bearer token there may use it."
    ),
    instead="Log who it was, not what proved it: `${consumer.id}` behind the authentication, `${req.path}`.",
    express_gateway="Logs it as well. The access log of egc holds no query and no header's value for this reason.",
    bad=Example(_TEXT % "${req.headers.authorization}"),
    good=Example(_TEXT % "${req.path}"),
)

_HEADERS = frozenset(
    ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "apikey", "api-key", "x-auth-token")
)
_FIELDS = frozenset(
    (
        *(
            "access_token",
            "refresh_token",
            "id_token",
            "token",
            "code",
            "apikey",
            "api_key",
            "key",
            "password",
            "passwd",
        ),
        *("secret", "client_secret", "client_assertion", "assertion"),
    )
)
_SAYS_LITTLE = frozenset(("length", "startsWith", "endsWith", "includes", "indexOf"))
_COMPARE = frozenset(("==", "===", "!=", "!==", "<", ">", "<=", ">=", "in", "instanceof", "!", "typeof", "void"))
_URLS = (("req", "url"), ("req", "originalUrl"))


def check(review: Review) -> Iterator[Diagnostic]:
    """What `log` writes, and what scripts write with `console`."""
    for pipeline in review.plan.pipelines:
        queries = _keys_in_query(pipeline)
        for step in pipeline.steps:
            for script in _scripts(step):
                source, root = tree(script)
                told: set[str] = set()
                for node, _ in walk(root) if root is not None else ():
                    if script.kind != "template" and not _in_call(node, "console"):
                        continue
                    what = _leak(node)
                    if not what and queries is not None and way(node) in _URLS:
                        what = "the query, where keys are taken from"
                    if what and what not in told:
                        told.add(what)
                        yield RULE.found(
                            f"this logs {what}",
                            span(script, source, node),
                            related=(Related(queries.span, "this takes keys from it"),)
                            if queries and what.startswith("the query,")
                            else (),
                            help="log who it was and not what proved it: `${consumer.id}`, `${req.path}`",
                        )


def _scripts(step: Step) -> Iterator[Script]:
    """The scripts of a step that may write into the log: the message of `log`, and what is no template."""
    for argument in (*step.arguments, *(one for check in checks(step.condition) for one in check.arguments)):
        script = argument.value
        if isinstance(script, Script) and (
            step.policy == "log" or (script.kind != "template" and "console" in script.text)
        ):
            yield script


def _keys_in_query(pipeline: Pipeline) -> Step | None:
    """A step that takes keys from the query, where callers then put them."""
    for step in pipeline.steps:
        if step.policy == "key-auth" and setting(step, "disable_query_param") is not True:
            return step
    return None


def _leak(node: Node) -> str:
    """The credential that an expression is; empty for none."""
    if node.type == "call_expression":
        called, arguments = way(required(node, "function")), required(node, "arguments").named_children
        if called in (("req", "get"), ("req", "header")) and len(arguments) == 1 and arguments[0].type == "string":
            name = text_of(arguments[0])[1:-1]
            return f"the header `{name}`" if name.lower() in _HEADERS else ""
        return ""
    names = way(node)
    if len(names) < 2 or names[0] != "req" or names[-1] in _SAYS_LITTLE or _goes_on(node) or _only_asked(node):
        return ""
    kind, rest = names[1], names[2:]
    if kind == "rawHeaders" or (kind in ("headers", "query", "body") and not rest and _in_call(node)):
        return {"query": "the whole query", "body": "the whole body"}.get(kind, "all headers")
    if kind == "headers" and rest and rest[0].lower() in _HEADERS:
        return f"the header `{rest[0]}`"
    if kind in ("query", "body") and rest and rest[-1].lower() in _FIELDS:
        return f"`{rest[-1]}` of the {kind}"
    return ""


def _only_asked(node: Node) -> bool:
    """Whether nothing of a value is shown but whether it is there, or what it compares to."""
    inner = node
    while (outer := inner.parent) is not None and outer.type != "template_substitution":
        operator = getattr(outer.child_by_field_name("operator"), "type", "")
        if outer.type == "ternary_expression" and outer.child_by_field_name("condition") == inner:
            return True
        if operator in _COMPARE or (operator == "&&" and outer.child_by_field_name("left") == inner):
            return True
        inner = outer
    return False


def _goes_on(node: Node) -> bool:
    """Whether a node is only the beginning of the way to a member."""
    parent = node.parent
    return (
        parent is not None
        and parent.type in ("member_expression", "subscript_expression")
        and parent.child_by_field_name("object") == node
    )


def _in_call(node: Node, of: str = "") -> bool:
    """Whether a node is in the arguments of a call, of a function of `of` if that is given.

    Text is made of an object only there: between `${` and `}` it is `[object Object]`.
    """
    inner = node
    while inner.parent is not None:
        if inner.type == "arguments" and inner.parent.type == "call_expression":
            called = way(required(inner.parent, "function"))
            if called[:1] == (of or "JSON",) or called[:1] == ("console",):
                return True
        inner = inner.parent
    return False
