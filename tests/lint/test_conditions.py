"""RT108 and RT109: conditions that their endpoints decide already."""

import pytest

from egc.compiler.diagnostics import Diagnostic
from tests.lint.configurations import found

TEXT = """
apiEndpoints:
  api: {%s}
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
policies: [proxy, log, terminate, key-auth, expression]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      %s
      - proxy: {action: {serviceEndpoint: s}}
"""
NEVER, ALWAYS = "condition-never-true", "condition-always-true"


def told(name: str, endpoint: str, condition: str, before: str = "") -> list[Diagnostic]:
    step = f"- log: {{condition: {{{condition}}}, action: {{message: hello}}}}"
    return found(name, TEXT % (endpoint, f"{before}\n      {step}" if before else step))


@pytest.mark.parametrize(
    ("endpoint", "condition"),
    [
        ("paths: /a, methods: [GET]", "name: method, methods: POST"),
        ("paths: /a, methods: [GET]", "name: method, methods: [POST, PUT]"),
        ("paths: /a", "name: pathExact, path: /b"),
        ("paths: '/a/*'", "name: pathMatch, pattern: '^/b'"),
        ("host: a.example, paths: /a", "name: hostMatch, pattern: b.example"),
        ("host: a.example", "name: hostMatch, pattern: '*.a.example'"),
        ("paths: /a", "name: not, condition: {name: pathMatch, pattern: '^/'}"),
    ],
)
def test_a_contradiction_is_told_with_a_request(endpoint: str, condition: str) -> None:
    (one,) = told(NEVER, endpoint, condition)
    assert one.severity == "warning"
    assert one.witness
    assert told(ALWAYS, endpoint, condition) == []


@pytest.mark.parametrize(
    ("endpoint", "condition"),
    [
        ("paths: /a, methods: [POST]", "name: method, methods: [POST, PUT]"),
        ("paths: '/a/*'", "name: pathMatch, pattern: '^/[aA]/'"),
        ("paths: /a, methods: [POST]", "name: not, condition: {name: method, methods: GET}"),
        ("paths: /a", "name: always"),
        ("paths: /a", "name: not, condition: {name: never}"),
    ],
)
def test_a_condition_without_effect_is_told(endpoint: str, condition: str) -> None:
    (one,) = told(ALWAYS, endpoint, condition)
    assert (one.severity, one.fix is not None) == ("info", True)
    assert told(NEVER, endpoint, condition) == []


@pytest.mark.parametrize(
    ("endpoint", "condition"),
    [
        ("paths: /a, methods: [GET]", "name: method, methods: GET"),
        ("paths: /a", "name: pathExact, path: /a"),
        ("paths: /a", "name: pathMatch, pattern: '^/a'"),
        ("host: a.example", "name: hostMatch, pattern: a.example"),
        ("paths: /a", "name: expression, expression: req.query.a"),
        ("paths: /a, methods: [GET, POST]", "name: method, methods: POST"),
        ("paths: /a", "name: pathExact, path: '${WHERE:-/b}'"),
        ("paths: /a", "name: authenticated"),
    ],
)
def test_what_a_request_decides_is_fine(endpoint: str, condition: str) -> None:
    if "WHERE" not in condition:
        assert told(NEVER, endpoint, condition) == []
    assert told(ALWAYS, endpoint, condition) == []


def test_behind_a_step_that_changes_the_request_nobody_knows() -> None:
    change = "- expression: {action: {jscode: 'req.url = \"/b\"'}}"
    assert told(NEVER, "paths: /a", "name: pathExact, path: /b", change) == []
    assert len(told(NEVER, "paths: /a", "name: pathExact, path: /b")) == 1


def test_a_pipeline_of_several_endpoints_is_judged_by_all_of_them() -> None:
    text = TEXT % ("paths: /a", "- log: {condition: {name: pathExact, path: /b}, action: {message: hello}}")
    assert len(found(NEVER, text)) == 1
    assert (
        found(
            NEVER, text.replace("serviceEndpoints:", "  b: {paths: /b}\nserviceEndpoints:").replace("[api]", "[api, b]")
        )
        == []
    )


def test_never_is_told_as_info_for_it_is_meant() -> None:
    (one,) = told(NEVER, "paths: /a", "name: never")
    assert (one.severity, one.span.line) == ("info", 11)


def test_what_has_been_answered_before_never_gets_to_a_step() -> None:
    steps = """- terminate: {condition: {name: method, methods: [POST, GET]}, action: {statusCode: 405}}
      - terminate: {condition: {name: method, methods: [GET]}, action: {statusCode: 406}}"""
    (one,) = found(NEVER, TEXT % ("paths: /a", steps))
    assert (one.span.line, one.related[-1].span.line) == (12, 11)


def test_a_request_that_meets_the_condition_shows_what_answers_it_first() -> None:
    steps = """- terminate: {condition: {name: pathMatch, pattern: /photo}, action: {statusCode: 405}}
      - terminate: {condition: {name: pathMatch, pattern: '^/photos/'}, action: {statusCode: 406}}"""
    (one,) = found(NEVER, TEXT % ("paths: '/*', methods: [GET]", steps))
    assert one.witness == "GET http://localhost/photos/ -> `terminate` in line 11 answers"


def test_nobody_is_anonymous_behind_an_authentication() -> None:
    steps = """- key-auth:
      - terminate: {condition: {name: anonymous}, action: {statusCode: 401}}"""
    (one,) = found(NEVER, TEXT % ("paths: /a", steps))
    assert one.message == "`terminate` never runs: nobody is anonymous behind an authentication"
    passing = steps.replace("key-auth:", "key-auth: {action: {passThrough: true}}")
    assert found(NEVER, TEXT % ("paths: /a", passing)) == []
    (one,) = found(NEVER, TEXT % ("paths: /a", "- terminate: {condition: {name: authenticated}}"))
    assert one.message == "`terminate` never runs: no step before it says who is calling"
