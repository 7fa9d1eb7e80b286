"""SC118: passThrough, and who asks behind it."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "pass-through-unchecked"
PASSING = "- basic-auth: {action: {passThrough: true}}\n"


def test_it_stands_at_the_option() -> None:
    (one,) = found(NAME, pipeline(PASSING + PROXY))
    assert one.span.line == 11
    assert one.span.column == PASSING.index("true") + 7
    assert "without credentials" in one.witness


@pytest.mark.parametrize(
    "behind",
    [
        KEY_AUTH + PROXY,
        "- terminate:\n    condition: {name: anonymous}\n    action: {statusCode: 401}\n" + PROXY,
        "- proxy:\n    condition: {name: authenticated}\n    action: {serviceEndpoint: backend}\n",
        "- proxy:\n    condition: {name: anonymous}\n    action: {serviceEndpoint: backend}\n",
        "- proxy:\n    condition: {name: not, condition: {name: anonymous}}\n    action: {serviceEndpoint: backend}\n",
    ],
)
def test_whoever_asks_later_is_enough(behind: str) -> None:
    assert found(NAME, pipeline(PASSING + behind)) == []


def test_a_limit_for_known_callers_asks_nobody_to_be_known() -> None:
    limit = "- rate-limit:\n    condition: {name: authenticated}\n    action: {max: 5, delayMs: 0}\n"
    assert len(found(NAME, pipeline(PASSING + limit + PROXY))) == 1


def test_an_endpoint_for_everybody_may_call_them_by_name() -> None:
    public = "orders: {host: api.example.com, paths: '/orders*', public: true}"
    assert found(NAME, pipeline(PASSING + PROXY, endpoint=public)) == []


def test_it_is_told_once_and_not_as_an_open_endpoint_too() -> None:
    two = "orders: {host: api.example.com, paths: '/orders*'}\nitems: {host: api.example.com, paths: '/items*'}"
    text = pipeline(PASSING + PROXY, endpoint=two)
    assert len(found(NAME, text)) == 1
    assert found("unauthenticated-endpoint", text) == []
