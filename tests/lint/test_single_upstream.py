"""RL206: a strategy with nothing to choose from."""

import pytest

from tests.lint.configurations import found
from tests.lint.proxied import proxied

NAME = "single-upstream"
STEP = "proxy: {action: {serviceEndpoint: backend, proxyTimeout: 9, strategy: round-robin}}"


@pytest.mark.parametrize("service", ["{url: 'http://a'}", "{urls: ['http://a']}", "{urls: ['http://a', 'http://a']}"])
def test_one_url(service: str) -> None:
    assert len(found(NAME, proxied(STEP, service=service))) == 1


@pytest.mark.parametrize("service", ["{urls: ['http://a', 'http://b']}", "{urls: ['http://a', 'http://${B:-a}']}"])
def test_several_urls(service: str) -> None:
    assert found(NAME, proxied(STEP, service=service)) == []


def test_no_strategy() -> None:
    assert found(NAME, proxied()) == []
