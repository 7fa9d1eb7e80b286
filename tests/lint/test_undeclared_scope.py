"""OA306: scopes that are likely misspelt, and those that nobody can hold."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "undeclared-scope"


def scoped(*scopes: str) -> str:
    endpoints = "\n".join(f"e{number}: {{paths: /e{number}, scopes: [{one}]}}" for number, one in enumerate(scopes))
    return pipeline(KEY_AUTH + PROXY, endpoint=endpoints)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("orders:raed", "orders:read"),
        ("Orders:Read", "orders:read"),
        ("orders.read", "orders:read"),
        ("oders:read", "orders:read"),
        ("order_write", "orders_write"),
    ],
)
def test_one_that_differs_from_a_common_one_by_a_letter_is_found(wrong: str, right: str) -> None:
    said = found(NAME, scoped(right, right, wrong))
    if wrong == "order_write":
        assert said == []  # singular and plural may both be meant
        return
    (one,) = said
    assert (one.confidence, one.span.line) == ("heuristic", 5)
    assert one.fix is not None
    assert one.fix.edits[0].text == right


@pytest.mark.parametrize(
    "scopes",
    [
        ("orders:read", "orders:read", "orders:write"),
        ("orders:read", "orders:raed"),
        ("user", "user", "users"),
        ("role-a", "role-a", "role-b"),
        ("level1", "level1", "level2"),
        ("admin:eu", "admin:eu", "admin:us"),
        ("write:orderA", "write:orderA", "write:orderB"),
        ("orders:raed", "orders:raed", "orders:read", "orders:read"),
    ],
)
def test_scopes_that_are_meant_are_fine(scopes: tuple[str, ...]) -> None:
    assert found(NAME, scoped(*scopes)) == []


@pytest.mark.parametrize("scope", ["'read write'", "'a\"b'", "'read,  write x'"])
def test_a_scope_that_no_token_can_carry_is_proven(scope: str) -> None:
    (one,) = found(NAME, scoped(scope))
    assert (one.severity, one.confidence) == ("error", "proven")
