"""PF501: steps that read whole bodies."""

import pytest

from egc.runtime.exchange import BODY_LIMIT
from tests.lint.configurations import found
from tests.lint.proxied import proxied

NAME = "body-buffered"


def test_the_limit_that_is_told_is_the_one_that_counts() -> None:
    assert BODY_LIMIT == 100 * 1024


@pytest.mark.parametrize(
    ("step", "witness"),
    [
        ("request-transformer: {action: {body: {remove: [a]}}}", True),
        ("log: {condition: {name: json-schema, schema: {type: object}}, action: {message: m}}", True),
        (
            "log: {condition: {name: not, condition: {name: json-schema, schema: {}}}, action: {message: m}}",
            True,
        ),
        ("response-transformer: {action: {body: {add: {a: '1'}}}}", False),
    ],
)
def test_it_is_told(step: str, witness: bool) -> None:
    (one,) = found(NAME, proxied(step))
    assert one.witness == ("POST http://api.example.com/orders with a JSON body of 101 KiB -> 413" if witness else "")


@pytest.mark.parametrize("policy", ["request-transformer", "response-transformer"])
def test_headers_are_changed_without_reading(policy: str) -> None:
    assert found(NAME, proxied(f"{policy}: {{action: {{headers: {{remove: [a]}}}}}}")) == []
