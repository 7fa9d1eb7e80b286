"""RT101: which endpoints never see a request, and which only look like that."""

import pytest

from egc.compiler.requests import Request
from tests.lint.configurations import found

REST = """
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
  t: {url: 'http://localhost:3001'}
policies: [proxy, log, terminate]
pipelines:
  first:
    apiEndpoints: [first]
    policies: [%s]
  second:
    apiEndpoints: [second]
    policies: [{proxy: {action: {serviceEndpoint: t}}}]
"""
PROXY = "{proxy: {action: {serviceEndpoint: s}}}"


def shadowed(first: str, second: str, steps: str = PROXY) -> list[str]:
    text = f"apiEndpoints:\n  first: {{{first}}}\n  second: {{{second}}}\n" + REST % steps
    return [f"{one.severity} {one.span.line} {one.witness}" for one in found("shadowed-endpoint", text)]


@pytest.mark.parametrize(
    ("first", "second", "witness"),
    [
        ("paths: '/a*'", "paths: /a/b", "GET http://localhost/a/b"),
        ("paths: /a", "paths: /A/", "GET http://localhost/a"),
        ("paths: '/:x/:y'", "paths: '/a/:z'", "GET http://localhost/a/a"),
        ("paths: '/:x'", "pathRegex: '^/[a-z]+$'", "GET http://localhost/a"),
        ("paths: '*', methods: [GET, POST]", "paths: /a, methods: POST", "POST http://localhost/a"),
        ("host: '*.example.com', paths: /a", "host: api.example.com, paths: /a", "GET http://api.example.com/a"),
    ],
)
def test_an_endpoint_all_of_whose_requests_are_taken_is_an_error(first: str, second: str, witness: str) -> None:
    assert shadowed(first, second) == [f"error 3 {witness} -> endpoint `first`, pipeline `first`"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("paths: /a", "paths: '/a*'"),
        ("paths: '/a/*'", "paths: /a"),
        ("paths: '/a*', methods: [GET]", "paths: /a"),
        ("paths: '/a*', host: a.example", "paths: /a, host: b.example"),
        ("paths: '/:x'", "paths: '/a/:z'"),
        ("pathRegex: '^/a'", "paths: /a"),
    ],
)
def test_an_endpoint_that_keeps_a_request_is_fine(first: str, second: str) -> None:
    assert shadowed(first, second) == []


def test_a_pipeline_that_may_fall_through_shadows_nothing() -> None:
    conditional = "{proxy: [{condition: {name: expression, expression: req.query.a}, action: {serviceEndpoint: s}}]}"
    assert shadowed("paths: '/a*'", "paths: /a", conditional) == []
    assert shadowed("paths: '/a*'", "paths: /a", "{log: {action: {message: hello}}}") == []


def test_conditions_that_leave_nothing_over_shadow() -> None:
    both = (
        "{proxy: [{condition: {name: method, methods: GET}, action: {serviceEndpoint: s}}]},"
        "{terminate: {action: {statusCode: 405}}}"
    )
    assert len(shadowed("paths: '/a*'", "paths: /a", both)) == 1


def test_two_endpoints_may_shadow_together() -> None:
    text = """
apiEndpoints:
  reading: {paths: /a, methods: [GET, HEAD]}
  writing: {paths: /a, methods: [POST]}
  second: {paths: /a, methods: [GET, POST]}
""" + (REST % PROXY).replace("[first]", "[reading, writing]")
    (one,) = found("shadowed-endpoint", text)
    assert one.message == "`second` never sees a request: `reading` and `writing` come first and take them all"
    assert [related.span.line for related in one.related] == [3, 4]


def test_one_lost_path_of_several_is_a_warning_at_that_path() -> None:
    assert shadowed("paths: ['/a*']", "paths: [/b, /a/c]") == [
        "warning 3 GET http://localhost/a/c -> endpoint `first`, pipeline `first`"
    ]


def test_an_endpoint_in_no_pipeline_shadows_and_is_itself_told_as_unused() -> None:
    text = "apiEndpoints:\n  first: {paths: '/a*'}\n  second: {paths: /a}\n" + REST % PROXY
    (one,) = found("shadowed-endpoint", text.replace("apiEndpoints: [first]", "apiEndpoints: []"))
    assert one.witness == "GET http://localhost/a -> endpoint `first`: 404"
    assert found("shadowed-endpoint", text.replace("apiEndpoints: [second]", "apiEndpoints: []")) == []


def test_paths_of_the_authorization_server_are_its_own() -> None:
    text = "apiEndpoints:\n  first: {paths: /x}\n  second: {paths: /oauth2/token, methods: POST}\n" + REST % PROXY
    (one,) = found("shadowed-endpoint", text.replace("policies: [proxy,", "policies: [oauth2, proxy,"))
    assert "authorization server" in one.message
    assert found("shadowed-endpoint", text) == []


def test_the_witness_is_a_request_of_both() -> None:
    text = "apiEndpoints:\n  first: {paths: '/a/:x*'}\n  second: {paths: '/a/b/:c'}\n" + REST % PROXY
    (one,) = found("shadowed-endpoint", text)
    assert str(Request("GET", "localhost", "/a/b/a")) == one.witness.partition(" -> ")[0]


def test_of_two_definitions_of_one_name_with_other_scopes_the_second_is_lost() -> None:
    first = "first:\n    - {paths: /a/:id}\n    - {paths: /a/:id, scopes: [admin]}"
    twice = f"apiEndpoints:\n  {first}\n  second: {{paths: /b}}\n"
    (one,) = found("shadowed-endpoint", twice + REST % PROXY)
    assert (
        one.message
        == "this definition of `first` never sees a request: another definition of it comes first and takes them all"
    )
    assert (one.severity, one.span.line) == ("error", 4)
