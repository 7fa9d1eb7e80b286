"""SC102: what authenticates behind all that it should guard."""

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "auth-after-proxy"
HEALTH = "- proxy:\n    condition: {name: pathExact, path: /orders/health}\n    action: {serviceEndpoint: backend}\n"


def test_it_shows_a_request_and_moves_the_step() -> None:
    (one,) = found(NAME, pipeline(PROXY + KEY_AUTH))
    assert one.span.line == 12
    assert "without credentials" in one.witness
    assert one.fix is not None
    assert not one.fix.safe


def test_proxies_under_conditions_count_where_none_stands_behind() -> None:
    (one,) = found(NAME, pipeline(HEALTH + KEY_AUTH))
    assert "/orders/health" in one.witness


def test_an_exception_in_front_of_the_guard_is_a_way_to_write_one() -> None:
    assert found(NAME, pipeline(HEALTH + KEY_AUTH + PROXY)) == []


def test_a_second_guard_behind_is_another_matter() -> None:
    assert found(NAME, pipeline(KEY_AUTH + PROXY + "- basic-auth:\n")) == []


def test_a_proxy_behind_one_that_always_answers_never_runs() -> None:
    assert len(found(NAME, pipeline(PROXY + KEY_AUTH + PROXY))) == 1


def test_a_list_of_steps_under_one_dash_has_no_fix() -> None:
    (one,) = found(NAME, pipeline("[{proxy: {action: {serviceEndpoint: backend}}}, {key-auth: }]\n"))
    assert one.fix is None
