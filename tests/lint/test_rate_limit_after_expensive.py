"""RL203: which limits could stand in front."""

import pytest

from tests.lint.configurations import found
from tests.lint.proxied import INTROSPECTION, proxied

NAME = "rate-limit-after-expensive"

LIMIT = "rate-limit: {action: {max: 9, delayMs: 0}}"
BODY = "request-transformer: {action: {body: {remove: [a]}}}"
SCHEMA = "log: {condition: {name: json-schema, schema: {type: object}}, action: {message: m}}"


def limit(by: str) -> str:
    return f"rate-limit: {{action: {{max: 9, delayMs: 0, rateLimitBy: '{by}'}}}}"


@pytest.mark.parametrize("expensive", [INTROSPECTION, BODY, SCHEMA])
def test_a_limit_behind_it_is_told(expensive: str) -> None:
    (one,) = found(NAME, proxied(expensive, LIMIT))
    assert one.span.line == 13
    assert one.related[0].span.line == 12
    assert found(NAME, proxied(LIMIT, expensive)) == []


@pytest.mark.parametrize("by", ["${req.ip}", "${req.hostname} ${req.headers.tenant}", "all", "${req.params.id}"])
def test_a_key_that_every_request_has_needs_nobody(by: str) -> None:
    assert len(found(NAME, proxied(INTROSPECTION, limit(by)))) == (by != "all")


@pytest.mark.parametrize(
    "by", ["${consumer.id}", "${req.user.id}", '${req.headers["eg-consumer-id"]}', "${req.body.a}"]
)
def test_a_key_that_the_step_before_gives_stays_behind_it(by: str) -> None:
    assert found(NAME, proxied(INTROSPECTION, limit(by))) == []


def test_a_limit_under_a_condition_may_need_what_was_before() -> None:
    step = "rate-limit: {condition: {name: authenticated}, action: {max: 9, delayMs: 0}}"
    assert found(NAME, proxied(INTROSPECTION, step)) == []


@pytest.mark.parametrize(
    "cheap", ["key-auth:", "basic-auth:", "request-transformer: {action: {headers: {remove: [a]}}}"]
)
def test_what_costs_little_may_stand_in_front(cheap: str) -> None:
    assert found(NAME, proxied(cheap, LIMIT)) == []
