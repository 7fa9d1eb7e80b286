"""RT107: requests that nothing answers, and pipelines that stand before others on purpose."""

import pytest

from egc.compiler.diagnostics import Diagnostic
from tests.lint.configurations import found

TEXT = """
apiEndpoints:
  one: {paths: '/one*'}
  all: {paths: '*'}
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
policies: [proxy, log, cors, terminate, key-auth, expression, rewrite]
pipelines:
  first:
    apiEndpoints: [one]
    policies: [%s]
  last:
    apiEndpoints: [%s]
    policies: [{proxy: {action: {serviceEndpoint: s}}}]
"""
LOG = "{log: {action: {message: hello}}}"


def told(steps: str, last: str = "") -> list[Diagnostic]:
    text = TEXT % (steps, last)
    if not last:
        text = text.replace("  all: {paths: '*'}\n", "")
    return found("pipeline-never-answers", text)


@pytest.mark.parametrize("steps", ["", LOG, "{key-auth: }", "{cors: }", f"{LOG}, {{cors: }}"])
def test_a_pipeline_without_a_step_that_answers_is_an_error(steps: str) -> None:
    (one,) = told(steps)
    assert one.severity == "error"
    assert one.witness == "GET http://localhost/one -> 404 behind the last step"


@pytest.mark.parametrize("steps", ["", LOG])
def test_a_pipeline_before_one_that_answers_is_fine(steps: str) -> None:
    assert told(steps, "all") == []


@pytest.mark.parametrize(
    "steps",
    [
        "{proxy: {action: {serviceEndpoint: s}}}",
        "{terminate: }",
        "{expression: {action: {jscode: 'res.send(1)'}}}",
        "{proxy: [{condition: {name: method, methods: GET}, action: {serviceEndpoint: s}},"
        " {condition: {name: not, condition: {name: method, methods: GET}}, action: {serviceEndpoint: s}}]}",
    ],
)
def test_what_always_answers_is_fine(steps: str) -> None:
    assert told(steps) == []


def test_an_endpoint_in_no_pipeline_answers_for_nobody() -> None:
    (one,) = found("pipeline-never-answers", TEXT % (LOG, ""))
    assert one.severity == "error"


def test_requests_that_no_condition_takes_are_a_warning_with_one_of_them() -> None:
    (one,) = told("{proxy: {condition: {name: pathExact, path: /one/a}, action: {serviceEndpoint: s}}}")
    assert (one.severity, one.witness) == ("warning", "GET http://localhost/one -> 404 behind the last step")


def test_nobody_knows_what_an_expression_leaves() -> None:
    steps = (
        "{proxy: [{condition: {name: expression, expression: req.query.a === '1'}, action: {serviceEndpoint: s}},"
        " {condition: {name: expression, expression: req.query.a !== '1'}, action: {serviceEndpoint: s}}]}"
    )
    assert told(steps) == []
