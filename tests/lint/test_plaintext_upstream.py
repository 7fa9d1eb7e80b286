"""SC114: credentials that leave in the clear."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "plaintext-upstream"


def to(url: str, steps: str = KEY_AUTH + PROXY) -> str:
    return pipeline(steps, service=f"backend: {{url: '{url}'}}")


@pytest.mark.parametrize("url", ["http://orders.example.com", "http://203.0.113.7:8080", "http://8.8.8.8"])
def test_the_public_network_is_found(url: str) -> None:
    said = found(NAME, to(url))
    assert len(said) == (0 if "203.0.113" in url else 1)  # addresses of documentation are nobody's


@pytest.mark.parametrize(
    "url",
    [
        "https://orders.example.com",
        "http://localhost:3000",
        "http://backend:3000",
        "http://10.1.2.3",
        "http://[fd00::1]:80",
        "http://orders.default.svc.cluster.local",
        "http://orders.internal",
        "http://host.docker.internal:3000",
        "http://${BACKEND}",
    ],
)
def test_networks_of_ones_own_are_fine(url: str) -> None:
    assert found(NAME, to(url)) == []


def test_without_credentials_there_is_nothing_to_read() -> None:
    assert found(NAME, to("http://orders.example.com", PROXY)) == []


def test_the_gateway_s_own_credential_is_one() -> None:
    step = "- proxy: {action: {serviceEndpoint: backend, auth: '${BACKEND}'}}\n"
    assert len(found(NAME, to("http://orders.example.com", step))) == 1


def test_tokens_that_are_asked_about_leave_too() -> None:
    step = "- oauth2-introspect: {action: {endpoint: 'http://login.example.com/introspect'}}\n"
    (one,) = found(NAME, pipeline(step + PROXY))
    assert one.span.line == 11
    assert found(NAME, pipeline(step.replace("http:", "https:") + PROXY)) == []
