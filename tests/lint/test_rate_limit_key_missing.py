"""RL204: keys that requests share who have none."""

import pytest

from tests.lint.configurations import found
from tests.lint.proxied import proxied

NAME = "rate-limit-key-missing"


def messages(by: str, paths: str = "'/orders*'") -> list[str]:
    step = f'rate-limit: {{action: {{max: 9, delayMs: 0, rateLimitBy: "{by}"}}}}'
    return [one.message for one in found(NAME, proxied(step, paths=paths))]


@pytest.mark.parametrize(
    "by",
    [
        "t ${req.headers.tenant}",
        "${req.headers.tenant}${req.ip}",
        "${req.headers['x-tenant']}-",
        "${req.query.a} ${req.ip}",
        "a${req.params.id}",
    ],
)
def test_a_part_that_may_be_missing(by: str) -> None:
    (message,) = messages(by)
    assert "is `undefined`" in message


@pytest.mark.parametrize(
    "by",
    [
        "${req.headers.tenant}",
        "t ${req.headers.tenant || req.ip}",
        "t ${req.headers.host} ${req.hostname}",
        "t ${req.ip}",
        "t ${consumer.id}",
        "t ${req.user.id}",
        "plain text",
        "${req.headers}",
    ],
)
def test_no_other_key(by: str) -> None:
    assert messages(by) == []


def test_a_parameter_that_every_path_has() -> None:
    assert messages("t ${req.params.id}", "'/orders/:id'") == []
    assert messages("t ${req.params.id}", "['/orders/:id', '/orders']") != []


def test_the_place_is_that_of_the_part() -> None:
    step = "rate-limit: {action: {max: 9, delayMs: 0, rateLimitBy: 'a ${req.headers.b}'}}"
    (one,) = found(NAME, proxied(step))
    line = proxied(step).split("\n")[one.span.line - 1]
    assert line[one.span.column - 1 : one.span.end_column - 1] == "req.headers.b"
