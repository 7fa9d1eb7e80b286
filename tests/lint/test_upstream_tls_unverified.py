"""SC113: certificates that nobody looks at."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "upstream-tls-unverified"
SECURED = "backend: {url: 'https://orders.example.com'}"
UNVERIFIED = "- proxy: {action: {serviceEndpoint: backend, secure: false}}\n"


def test_it_is_found_in_the_action_and_in_the_service_once() -> None:
    (one,) = found(NAME, pipeline(KEY_AUTH + UNVERIFIED, service=SECURED))
    assert one.fix is not None
    assert one.fix.edits[0].text == "true"
    options = SECURED.replace("}", ", proxyOptions: {secure: false}}")
    guarded = (
        "- proxy:\n    condition: {name: method, methods: [GET]}\n    action: {serviceEndpoint: backend}\n" + PROXY
    )
    (one,) = found(NAME, pipeline(KEY_AUTH + guarded, service=options))
    assert one.span.line == 5


def test_one_secured_url_of_several_is_enough() -> None:
    several = "backend: {urls: ['http://a:1', 'https://b:2']}"
    assert len(found(NAME, pipeline(KEY_AUTH + UNVERIFIED, service=several))) == 1


@pytest.mark.parametrize(
    ("step", "service"),
    [
        (UNVERIFIED, "backend: {url: 'http://localhost:3000'}"),
        (UNVERIFIED.replace("false", "true"), SECURED),
        (PROXY, SECURED),
        ("- proxy: {action: {serviceEndpoint: backend, target: {caFile: ca.pem}}}\n", SECURED),
    ],
)
def test_where_it_is_verified_or_there_is_nothing_to_verify_all_is_fine(step: str, service: str) -> None:
    assert found(NAME, pipeline(KEY_AUTH + step, service=service)) == []
