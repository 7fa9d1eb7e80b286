"""SC101: whoever reaches a service without being asked."""

from egc.compiler.lint import Selection
from tests.lint.configurations import found
from tests.lint.pipelines import ENDPOINT, KEY_AUTH, PROXY, pipeline

NAME = "unauthenticated-endpoint"


def test_one_finding_for_an_endpoint_with_a_request_that_shows_it() -> None:
    (one,) = found(NAME, pipeline(PROXY))
    assert one.span.line == 3
    assert one.witness.startswith("GET http://api.example.com/orders")
    assert one.witness.endswith("without credentials")


def test_it_is_a_warning_and_an_error_where_all_is_strict() -> None:
    (one,) = found(NAME, pipeline(PROXY), select=Selection(min_severity="info"))
    assert one.severity == "warning"
    assert [one.severity for one in found(NAME, pipeline(PROXY))] == ["error"]


def test_an_endpoint_for_everybody_says_so() -> None:
    public = "orders: {host: api.example.com, paths: '/orders*', public: true}"
    assert found(NAME, pipeline(PROXY, endpoint=public)) == []
    assert found(NAME, pipeline(PROXY, endpoint=public.replace("true", "false"))) != []


def test_one_way_that_is_open_is_enough() -> None:
    open_way = (
        "- proxy:\n    condition: {name: pathExact, path: /orders/health}\n    action: {serviceEndpoint: backend}\n"
    )
    (one,) = found(NAME, pipeline(open_way + KEY_AUTH + PROXY))
    assert "/orders/health" in one.witness


def test_a_condition_that_leaves_requests_out_leaves_them_open() -> None:
    half = "- key-auth:\n    condition: {name: method, methods: [POST]}\n    action: {disableQueryParam: true}\n"
    (one,) = found(NAME, pipeline(half + PROXY))
    assert "POST" not in one.witness


def test_what_the_gateway_answers_itself_reaches_nobody() -> None:
    assert found(NAME, pipeline("- terminate: {action: {statusCode: 200}}\n")) == []


def test_a_proxy_for_callers_with_a_certificate_is_guarded() -> None:
    step = "- proxy:\n    condition: {name: tlsClientAuthenticated}\n    action: {serviceEndpoint: backend}\n"
    assert found(NAME, pipeline(step)) == []


def test_a_script_that_may_refuse_makes_it_a_remark() -> None:
    script = "- expression: {action: {jscode: \"if (!req.headers['x-key']) { res.sendStatus(401) }\"}}\n"
    (one,) = found(NAME, pipeline(script + PROXY), select=Selection(min_severity="info"))
    assert (one.severity, one.confidence) == ("info", "heuristic")


def test_scopes_that_nobody_looks_at_are_told() -> None:
    scoped = ENDPOINT.replace("}", ", scopes: [read]}")
    (one,) = found(NAME, pipeline(PROXY, endpoint=scoped))
    assert "nobody looks at its scopes" in one.message


TWO = """
apiEndpoints:
  orders: {host: api.example.com, paths: /orders}
  billing: {host: api.example.com, paths: /billing}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  first:
    apiEndpoints: [orders, billing]
    policies:
      - proxy: {action: {serviceEndpoint: backend}}
"""


def test_a_gateway_that_asks_nobody_has_one_finding_that_stands_with_no_endpoint() -> None:
    (one,) = found(NAME, TWO)
    assert (one.span.line, [related.span.line for related in one.related]) == (8, [3, 4])
    assert one.message.startswith("no pipeline asks who is calling: requests of `orders`")
    assert one.witness.startswith("GET http://api.example.com/orders")


def test_what_is_open_beside_what_is_guarded_is_told_endpoint_by_endpoint() -> None:
    third = "  third: {paths: /third}\nserviceEndpoints:"
    guarded = (
        "  last:\n    apiEndpoints: [third]\n    policies:\n"
        "      - key-auth:\n      - proxy: {action: {serviceEndpoint: backend}}\n"
    )
    assert [one.span.line for one in found(NAME, TWO.replace("serviceEndpoints:", third) + guarded)] == [3, 4]


def test_an_endpoint_for_everybody_is_not_counted() -> None:
    (one,) = found(NAME, TWO.replace("paths: /orders", "paths: /orders, public: true"))
    assert (one.span.line, one.message) == (4, "requests of `billing` reach `backend` without authentication")
