"""Compiled scripts against a real engine: equal values, equal throws (D341, D361, D362)."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.javascript.grammar import expressions, programs
from tests.javascript.running import Engine, outcome

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))

ENGINE = Engine()


@FEW
@given(expressions())
def test_an_expression_comes_to_what_it_does_in_an_engine(text: str) -> None:
    assert outcome(text) == ENGINE.outcome(text)


@FEW
@given(programs())
def test_statements_come_to_what_they_do_in_an_engine(text: str) -> None:
    assert outcome(text) == ENGINE.outcome(text)


@pytest.mark.slow
@MANY
@given(expressions())
def test_many_expressions_come_to_what_they_do_in_an_engine(text: str) -> None:
    assert outcome(text) == ENGINE.outcome(text)


@pytest.mark.slow
@MANY
@given(programs())
def test_many_programs_come_to_what_they_do_in_an_engine(text: str) -> None:
    assert outcome(text) == ENGINE.outcome(text)
