"""SC112: credentials that are taken from the query of a URL."""

from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic, Edit, Fix
from egc.compiler.lint._written import Written, with_parameter, written
from egc.compiler.node import Scalar
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC112",
    name="credential-in-query",
    severity="warning",
    confidence="proven",
    fix="unsafe",
    summary="A credential is taken from the query of the URL: `key-auth` unless told otherwise, `jwtExtractor: query`.",
    why="""\
URLs are written down where headers are not: in the history of browsers, in the logs of proxies and of the service, \
which gets the query as it came, and in Referer (RFC 9700 section 4.3.2, RFC 6750 section 5.3). The gateway's own log \
leaves the query out. Bearer tokens of `oauth2` are never taken from there.""",
    instead="Write `disableQueryParam: true`, or `jwtExtractor: authBearer`, and have callers send the header.",
    express_gateway="Takes keys from the query unless `disableQueryParam` is set, and tokens of `oauth2` always.",
    bad=Example(
        gateway="""\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth:  # <--
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
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)


def check(review: Review) -> Iterator[Diagnostic]:
    for step in written(review, "key-auth"):
        if setting(step.step, "disable_query_param") is not False:
            continue
        field = step.entry("apiKeyField")
        only = setting(step.step, "disable_headers") is True
        yield RULE.found(
            "`key-auth` takes keys from the query too" if not only else "`key-auth` takes keys from the query alone",
            (field.key.span if field else step.action.span),
            help="write `disableQueryParam: true`" if not only else "take `disableHeaders` out as well",
            fix=None if only else _fix(review, step),
        )
    for step in written(review, "jwt"):
        found = step.entry("jwtExtractor")
        if found is not None and isinstance(found.value, Scalar) and found.value.value == "query":
            message = "`jwt` takes its token from the query"
            yield RULE.found(message, found.value.span, help="write `jwtExtractor: authBearer`")


def _fix(review: Review, step: Written) -> Fix | None:
    found = step.parameters.entry("disableQueryParam") if step.parameters is not None else None
    if found is None:
        edit = with_parameter(review, step, "disableQueryParam", "true")
    elif isinstance(found.value, Scalar) and found.value.value is False and not found.value.parts:
        edit = Edit(found.value.span, "true")
    else:
        edit = None
    return Fix("take keys from the header alone", (edit,), safe=False) if edit else None
