"""SC106: preflights that are refused before they come to cors."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import ENDPOINT, KEY_AUTH, PROXY, pipeline

NAME = "cors-after-auth"
CORS = "- cors: {action: {origin: 'https://app.example.com'}}\n"


def test_it_shows_a_preflight() -> None:
    (one,) = found(NAME, pipeline(KEY_AUTH + CORS + PROXY))
    assert one.span.line == 12
    assert one.witness.startswith("OPTIONS http://api.example.com/orders")
    assert one.fix is not None
    assert one.fix.safe


@pytest.mark.parametrize(
    "steps",
    [
        CORS + KEY_AUTH + PROXY,
        KEY_AUTH.replace("}}", ", passThrough: true}}") + CORS + PROXY,
        "- key-auth:\n    condition: {name: not, condition: {name: method, methods: [OPTIONS]}}\n" + CORS + PROXY,
        "- key-auth:\n    condition: {name: expression, expression: \"req.method !== 'OPTIONS'\"}\n" + CORS + PROXY,
        CORS + KEY_AUTH + CORS + PROXY,
        KEY_AUTH + "- cors: {action: {origin: false}}\n" + PROXY,
    ],
)
def test_preflights_that_come_to_an_answer_are_fine(steps: str) -> None:
    assert found(NAME, pipeline(steps)) == []


def test_an_endpoint_that_takes_no_preflights_has_another_finding() -> None:
    posts = ENDPOINT.replace("}", ", methods: [POST]}")
    assert found(NAME, pipeline(KEY_AUTH + CORS + PROXY, endpoint=posts)) == []


def test_a_guard_of_some_paths_refuses_their_preflights() -> None:
    guard = (
        "- key-auth:\n    condition: {name: pathExact, path: /orders/secret}\n    action: {disableQueryParam: true}\n"
    )
    (one,) = found(NAME, pipeline(guard + CORS + PROXY))
    assert "/orders/secret" in one.witness
