"""RL201: what counts as a time-out."""

import pytest

from egc.compiler.lint.no_timeout import DEFAULT
from egc.runtime.upstream import RESPONSE_TIMEOUT
from tests.lint.configurations import found
from tests.lint.proxied import proxied

NAME = "no-timeout"


def test_the_time_that_is_told_is_the_one_that_counts() -> None:
    assert DEFAULT == RESPONSE_TIMEOUT


def test_it_shows_a_request_that_would_wait() -> None:
    (one,) = found(NAME, proxied("proxy: {action: {serviceEndpoint: backend}}"))
    assert one.witness == "GET http://api.example.com/orders -> 504 after 120 seconds, if the service does not answer"
    assert one.fix is not None


@pytest.mark.parametrize(
    ("action", "service"),
    [
        ("serviceEndpoint: backend, timeout: 1000", ""),
        ("serviceEndpoint: backend, proxyTimeout: '${T:-1000}'", ""),
        ("serviceEndpoint: backend", ", proxyOptions: {timeout: 1000}"),
        ("serviceEndpoint: backend, proxyOptions: {proxyTimeout: 1000}", ""),
    ],
)
def test_one_is_enough_wherever_it_stands(action: str, service: str) -> None:
    text = proxied(f"proxy: {{action: {{{action}}}}}", service=f"{{url: 'http://localhost:3000'{service}}}")
    assert found(NAME, text) == []


def test_nought_is_none() -> None:
    assert len(found(NAME, proxied("proxy: {action: {serviceEndpoint: backend, proxyTimeout: 0}}"))) == 1


def test_a_step_that_never_runs_is_not_asked() -> None:
    late = "proxy: {action: {serviceEndpoint: backend}}"
    assert found(NAME, proxied("proxy: {action: {serviceEndpoint: backend, timeout: 1}}", late)) == []
