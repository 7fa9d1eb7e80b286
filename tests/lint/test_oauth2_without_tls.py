"""OA309: passwords and tokens on their way."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "oauth2-without-tls"
SYSTEM = "db: {redis: {emulate: true}}\noauth2: {grants: [authorization_code]}\n"
HTTPS = "https: {port: 8443, tls: {default: {key: a.key, cert: a.crt}}}\n"


def oauth2(head: str) -> str:
    return pipeline("- oauth2:\n" + PROXY, head=head)


@pytest.mark.parametrize(
    "head",
    ["http: {port: 8080}\n", "http: {port: 8080, hostname: 0.0.0.0}\n", "http: {port: 8080, trustedProxies: []}\n"],
)
def test_plain_http_for_everybody_is_found(head: str) -> None:
    (one,) = found(NAME, oauth2(head), SYSTEM)
    assert (one.span.line, one.confidence) == (1, "heuristic")


def test_https_beside_it_does_not_close_it() -> None:
    (one,) = found(NAME, oauth2("http: {port: 8080}\n" + HTTPS), SYSTEM)
    assert "although there is `https` too" in one.message


@pytest.mark.parametrize(
    ("head", "more"),
    [
        ("http: {port: 8080, hostname: localhost}\n", ""),
        ("http: {port: 8080, hostname: 127.0.0.1}\n", ""),
        ("http: {port: 8080, trustedProxies: 10.0.0.1}\n", ""),
        ("http: {port: 8080}\n", "oauth2: {grants: [authorization_code], issuer: 'https://login.example.com'}"),
        (HTTPS, ""),
    ],
)
def test_an_edge_that_is_declared_is_fine(head: str, more: str) -> None:
    assert found(NAME, oauth2(head), f"db: {{redis: {{emulate: true}}}}\n{more}" if more else SYSTEM) == []


def test_without_an_authorization_server_nobody_logs_in() -> None:
    text = pipeline(KEY_AUTH + PROXY, head="http: {port: 8080}\n", listed="key-auth, proxy")
    assert found(NAME, text, SYSTEM) == []


def test_a_server_that_no_pipeline_uses_can_go() -> None:
    (one,) = found(NAME, pipeline(KEY_AUTH + PROXY, head="http: {port: 8080}\n"), SYSTEM)
    assert (one.severity, "take it out of `policies`" in one.help) == ("info", True)
