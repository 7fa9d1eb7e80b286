"""OA307: how long tokens and codes are good for."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "token-lifetime"
OAUTH2 = pipeline("- oauth2:\n" + PROXY)


def system(more: str) -> str:
    return f"db: {{redis: {{emulate: true}}}}\noauth2: {{grants: [authorization_code, refresh_token]}}\n{more}\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("accessTokens: {timeToExpiry: 3600001}", "1 hour"),
        ("accessTokens: {timeToExpiry: 86400000}", "1 day"),
        ("accessTokens: {timeToExpiry: '${TTL:-7200000}'}", "2 hours"),
        ("authorizationCodes: {timeToExpiry: 900000}", "15 minutes"),
    ],
)
def test_longer_ones_are_found(more: str, said: str) -> None:
    (one,) = found(NAME, OAUTH2, system(more))
    assert said in one.message
    assert one.span.line == 3


@pytest.mark.parametrize(
    "more",
    [
        "accessTokens: {timeToExpiry: 3600000}",
        "authorizationCodes: {timeToExpiry: 300000}",
        "refreshTokens: {timeToExpiry: 31536000000}",
        "accessTokens: {timeToExpiry: '${TTL}'}",
        "",
    ],
)
def test_others_are_fine(more: str) -> None:
    assert found(NAME, OAUTH2, system(more)) == []


def test_tokens_that_no_pipeline_takes_are_not_looked_at() -> None:
    assert found(NAME, pipeline(KEY_AUTH + PROXY), system("accessTokens: {timeToExpiry: 7200000}")) == []


@pytest.mark.parametrize(("ttl", "count"), [("3600000", 1), ("3600", 0), ("'${TTL}'", 0)])
def test_what_another_server_has_said_counts_for_seconds(ttl: str, count: int) -> None:
    step = f"- oauth2-introspect: {{action: {{endpoint: 'https://a.example/', ttl: {ttl}}}}}\n"
    assert len(found(NAME, pipeline(step + PROXY))) == count
