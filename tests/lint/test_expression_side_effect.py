"""EX704 and CO110: conditions that change something, and conditions that other spellings of a path get around."""

import pytest

from tests.lint.configurations import found

TEXT = """
apiEndpoints:
  api: {paths: %s}
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
policies: [proxy, log, key-auth, expression, terminate]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - %s
      - proxy: {action: {serviceEndpoint: s}}
"""


def changes(script: str) -> list[str]:
    step = f"terminate: {{condition: {{name: expression, expression: '{script}'}}}}"
    return [one.message for one in found("expression-side-effect", TEXT % ("/a", step))]


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ('req.method = "GET"', "this changes `req.method`"),
        ("req.a += 1", "this changes `req.a`"),
        ("egContext.seen++", "this changes `egContext.seen`"),
        ("delete req.headers.host", "this changes `req.headers.host`"),
        ("count = 1", "this changes `count`"),
        ("res.send(1)", "`res.send` sends the answer"),
        ('res.setHeader("a", "b")', "`res.setHeader` changes the answer"),
    ],
)
def test_a_condition_that_changes_something_is_told(script: str, what: str) -> None:
    assert changes(script) == [f"a condition should change nothing: {what}"]


@pytest.mark.parametrize(
    "script",
    [
        'req.method === "GET"',
        "var a = 1; a += 2; a > 1",
        "[1, 2].map(x => { let y = x; y++; return y }).length",
        'res.get("a") == 1',
        "({a: 1}).a == req.query.a",
    ],
)
def test_a_condition_with_variables_of_its_own_is_fine(script: str) -> None:
    assert changes(script) == []


def test_a_message_that_assigns_is_told_at_its_place() -> None:
    (one,) = found("expression-side-effect", TEXT % ("/a", "log: {action: {message: 'at ${req.a = 1}'}}"))
    assert (one.span.line, one.span.column) == (11, 39)


def test_the_policy_expression_is_there_to_change_things() -> None:
    assert found("expression-side-effect", TEXT % ("/a", "expression: {action: {jscode: 'req.a = 1'}}")) == []


@pytest.mark.parametrize("paths", ["[/a, /A]", "[/a, /a/]", "['/a/:x', '/A/:x/']", "[/a, /a]"])
def test_a_path_that_is_another_one_is_told_as_info(paths: str) -> None:
    (one,) = found("implicit-path-semantics", TEXT % (paths, "log: {action: {message: x}}"))
    assert one.severity == "info"


@pytest.mark.parametrize("paths", ["[/a, /b]", "[/a, '/a/*']", "['/a/:x', '/a/:y/z']"])
def test_other_paths_are_fine(paths: str) -> None:
    assert found("implicit-path-semantics", TEXT % (paths, "log: {action: {message: x}}")) == []


@pytest.mark.parametrize("condition", ["{name: pathExact, path: /admin}", "{name: pathMatch, pattern: ^/admin}"])
@pytest.mark.parametrize("step", ["key-auth: {condition: %s}", "terminate: {condition: %s}"])
def test_a_guard_that_another_spelling_gets_around_is_a_warning(condition: str, step: str) -> None:
    (one,) = found("implicit-path-semantics", TEXT % ("'*'", step % condition))
    assert one.severity == "warning"
    assert one.witness.startswith("GET http://localhost/")
    assert one.witness.endswith("does not run")


@pytest.mark.parametrize(
    "step",
    [
        "log: {condition: {name: pathExact, path: /admin}, action: {message: x}}",
        "key-auth: {condition: {name: method, methods: GET}}",
        "key-auth: {condition: {name: pathMatch, pattern: '(?:[aA][dD][mM][iI][nN])'}}",
    ],
)
def test_a_condition_that_guards_nothing_or_heeds_no_case_is_fine(step: str) -> None:
    assert found("implicit-path-semantics", TEXT % ("'*'", step)) == []
