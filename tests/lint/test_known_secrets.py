"""No line of a configuration is quoted with the secrets in it."""

import pytest

from egc.compiler.known_secrets import emitted, quoted, starred, starred_line


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
        ("secretOrPublicKey: &key !!str abc", "secretOrPublicKey: &key !!str ***"),
        ('{"secretOrPublicKey":"abc"}', '{"secretOrPublicKey":"***"}'),
        ("db_password: abc", "db_password: ***"),
        ("x-auth-token: abc", "x-auth-token: ***"),
        ("url: redis://:abc@host", "url: redis://****@host"),
        ("url: http://me:a/c@host/x", "url: http://******@host/x"),
        ("url: http://${ME:-me}:${MINE:-abc}@host", "url: http://${ME:-**}*${MINE:-***}@host"),
        ("url: http://0123456789abcdef@host", "url: http://****************@host"),
        ("url: http://a:b@one,http://c:d@two", "url: http://***@one,http://***@two"),
        ("url: http://host/p?a=b&api_key=abc#x", "url: http://host/p?a=b&api_key=***#x"),
        ("name: ${DB_PASSWORD:-abc}", "name: ${DB_PASSWORD:-***}"),
        ("req.headers['x-api-key'] === 'abc'", "req.headers['x-api-key'] === '***'"),
        ("'abc' == req.query.token", "'***' == req.query.token"),
        ("to: Basic dXNlcjpwYXNz", "to: Basic ************"),
        ("crypto: {cipherKey: {a: abc}, x: y}", "crypto: {cipherKey: {** ***}, x: y}"),
        ("password: [[abc, 'd e'], f] # why", "password: [[***, '* *'], *] # why"),
        ("secret: {a: abc,", "secret: {** ***,"),
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
        "url: https://registry:4873/@scope/package",
        "url: https://me@host",
        "url: http://${ME}@host",
        "typeof req.user.token === 'undefined'",
        "Basic Authentication",
        "session: {cookie: {secure: true}}",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert starred(line) == line


def test_a_value_below_its_key_is_starred_out() -> None:
    lines = ["a:", "  secretOrPublicKey: |", "    one two", "", "    three", "  name: four"]
    assert [starred_line(lines, number) for number in (2, 4, 5)] == ["    *** ***", "    *****", "  name: four"]


def test_a_sentence_shows_no_credentials_that_it_quotes() -> None:
    assert quoted("unexpected `Basic dXNlcjpwYXNz` in http://h/?token=abc") == (
        "unexpected `Basic ************` in http://h/?token=***"
    )


def test_the_emitted_module_is_shown_without_secrets() -> None:
    line = 'secret_or_public_key="one\\ntwo", password=b\'x\', name="y"'
    assert emitted(line) == 'secret_or_public_key="********", password=b\'*\', name="y"'


def test_an_anchor_that_stands_for_a_secret() -> None:
    lines = ["x: &it abc", "y: &other abc", "z: &text", "  abc", "s: {secret: *it, password: *text, name: *other}"]
    shown = [starred_line(lines, number) for number in range(5)]
    assert shown == ["x: &it ***", "y: &other abc", "z: &text", "  ***", lines[4]]
