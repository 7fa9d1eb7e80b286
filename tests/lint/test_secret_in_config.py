"""SC107: what looks like a secret, and what only sounds like one."""

import pytest

from egc.compiler.lint import lint
from egc.compiler.render import render
from egc.compiler.rules import Example
from tests.lint.configurations import ALL, compiled, found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "secret-in-config"
RANDOM = "pbvFmzoQ7nW3cYxT9rKdLs5hGqJ2uEa8"
SYSTEM = "db: {redis: {emulate: true}}\n"


def header(value: str, name: str = "x-token") -> str:
    return f"- request-transformer: {{action: {{headers: {{add: {{{name}: {value}}}}}}}}}\n"


@pytest.mark.parametrize(
    "steps",
    [
        f"- jwt: {{action: {{secretOrPublicKey: {RANDOM}}}}}\n",
        f"- jwt: {{action: {{secretOrPublicKey: '${{JWT_KEY:-{RANDOM}}}'}}}}\n",
        "- oauth2-introspect: {action: {endpoint: https://a.example/, authorization_value: Basic Z3c6czNjcmV0}}\n",
        "- proxy: {action: {serviceEndpoint: backend, auth: 'gw:h0rse-battery'}}\n",
        header("\"'AKIAIOSFODNN7EXAMPLE'\""),
        header(f"\"'{RANDOM}'\"", "x-api-key"),
        header("\"'Bearer abcdefghijklmnopqrstuvwx'\"", "Authorization"),
    ],
)
def test_secrets_are_found(steps: str) -> None:
    (one,) = found(NAME, pipeline(steps + PROXY))
    assert one.confidence == "heuristic"


@pytest.mark.parametrize(
    "steps",
    [
        "- jwt: {action: {secretOrPublicKey: '${JWT_KEY}'}}\n",
        "- jwt: {action: {secretOrPublicKeyFile: /run/keys/public.pem}}\n",
        "- jwt: {action: {secretOrPublicKey: '${A}${B}', jwtExtractor: header, jwtExtractorField: x-secret-token}}\n",
        "- key-auth: {action: {apiKeyHeader: X-Secret-Key, apiKeyHeaderScheme: token, apiKeyField: api_key}}\n",
        "- oauth2-introspect: {action: {endpoint: https://a.example/, authorization_value: 'Basic ${CREDENTIAL}'}}\n",
        header("req.headers.authorization", "Authorization"),
        header("consumer.username", "x-token"),
        header("\"'<your token>'\"", "x-api-key"),
        "- proxy: {action: {serviceEndpoint: backend, auth: '${BACKEND}'}}\n",
        "- terminate: {action: {message: 'Send Authorization: Bearer and your token, or Basic access'}}\n",
    ],
)
def test_names_variables_and_expressions_are_no_secrets(steps: str) -> None:
    assert found(NAME, pipeline(steps + PROXY)) == []


def test_a_public_key_is_public() -> None:
    inner = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
    key = f"-----BEGIN PUBLIC KEY-----\\n{inner}\\n-----END PUBLIC KEY-----"
    assert found(NAME, pipeline(f'- jwt: {{action: {{secretOrPublicKey: "{key}"}}}}\n' + PROXY)) == []


def test_properties_of_a_json_schema_are_no_secrets() -> None:
    condition = "{name: json-schema, schema: {properties: {password: {type: string}, secret: {const: yes-please}}}}"
    step = f"- terminate: {{condition: {condition}, action: {{statusCode: 403}}}}\n"
    assert found(NAME, pipeline(step + KEY_AUTH + PROXY)) == []


def test_secrets_of_system_config_are_found_and_those_without_use_are_not() -> None:
    system = f"db: {{redis: {{emulate: true, password: {RANDOM}}}}}\nsession: {{secret: {RANDOM}}}\n"
    (one,) = found(NAME, pipeline(KEY_AUTH + PROXY), system)
    assert (one.span.file, one.span.line) == ("system.config.yml", 1)


def test_one_secret_gets_one_variable_and_a_name_that_is_free() -> None:
    jwt = f"- jwt: {{action: {{secretOrPublicKey: {RANDOM}, issuer: '${{JWT_KEY}}'}}}}\n"
    first, second = found(NAME, pipeline(jwt + jwt + PROXY))
    assert first.fix is not None
    assert second.fix is not None
    assert first.fix.edits[0].text == second.fix.edits[0].text == "${JWT_KEY_2}"


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
@pytest.mark.parametrize(
    "steps",
    [
        f"- jwt: {{action: {{secretOrPublicKey: {RANDOM}}}}}\n",
        f"- jwt: {{action: {{secretOrPublicKey: '${{JWT_KEY:-{RANDOM}}}'}}}}\n",
        header(f"\"'{RANDOM}'\"", "x-api-key"),
        f"- proxy: {{action: {{serviceEndpoint: backend, auth: 'gw:{RANDOM}'}}}}\n",
    ],
)
def test_no_form_prints_it(steps: str, form: str) -> None:
    report = lint(compiled(Example(pipeline(steps + PROXY))), ALL)
    assert any(one.name == NAME for one in report)
    assert RANDOM not in render(report, form)
