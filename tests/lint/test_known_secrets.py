"""No line of a configuration is quoted with the secrets in it."""

import pytest

from egc.compiler.known_secrets import starred


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  secretOrPublicKey: abc def", "  secretOrPublicKey: *** ***"),
        ("{secretOrPublicKey: abc, audience: x}", "{secretOrPublicKey: ***, audience: x}"),
        ("authorization_value: Basic dXNlcjpwYXNz", "authorization_value: ***** ************"),
        ("secretOrPublicKey: ${JWT:-fallback} # why", "secretOrPublicKey: ${JWT:-********} # why"),
        ("secretOrPublicKey: 'abc'", "secretOrPublicKey: '***'"),
        ('"password": "abc",', '"password": "***",'),
        ("x-api-key: \"'AKIAIOSFODNN7EXAMPLE'\"", "x-api-key: \"'********************'\""),
        ("aws: AKIAIOSFODNN7EXAMPLE", "aws: ********************"),
        ("-  secretOrPublicKey: abc", "-  secretOrPublicKey: ***"),
        ("    " + "Q" * 64, "    " + "*" * 64),
    ],
)
def test_secrets_are_starred_out(line: str, shown: str) -> None:
    assert starred(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "apiKeyHeader: X-Key",
        "secretOrPublicKeyFile: keys/public.pem",
        "secretOrPublicKey: ${JWT_KEY}",
        "jwtExtractorField: token",
        "auth: {host: api.example.com}",
        "- key-auth:",
        "basic-auth: {action: {passThrough: true}}",
        "secretOrPublicKey: |",
        "accessTokens: {timeToExpiry: 7200000}",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert starred(line) == line
