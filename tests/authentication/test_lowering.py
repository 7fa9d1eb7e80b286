"""What of the authentication policies is decided when the gateway is built."""

from pathlib import Path

import pytest

from tests.lower.project import build, findings, told

GATEWAY = """
apiEndpoints: {{api: {{paths: /api}}}}
policies: [oauth2, jwt, oauth2-introspect, basic-auth, terminate]
pipelines:
  p:
    apiEndpoints: [api]
    policies:
      - {step}
      - terminate:
"""
SIGNED = "accessTokens: {tokenType: jwt, secretOrPrivateKey: '${KEY}'}\noauth2: {grants: [client_credentials]}\n"
OPAQUE = "oauth2: {grants: [client_credentials]}\n"


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("jwt:", "missing-property"),
        ("jwt: {action: {audience: x}}", "missing-property"),
        ("jwt: {action: {secretOrPublicKey: ''}}", "missing-property"),
        ("jwt: {action: {secretOrPublicKey: x, jwtExtractor: header}}", "missing-property"),
        ("jwt: {action: {secretOrPublicKey: x, jwtExtractor: query}}", "missing-property"),
        ("jwt: {action: {secretOrPublicKey: x, jwtExtractor: body}}", "wrong-value"),
        ("jwt: {action: {secretOrPublicKey: x, algorithms: [none]}}", "wrong-value"),
        ("jwt: {action: {jwksUri: 'http://keys.example.com/'}}", "keys-in-clear"),
        ("oauth2-introspect:", "missing-property"),
        ("oauth2-introspect: {action: {ttl: 1}}", "missing-property"),
        ("oauth2-introspect: {action: {endpoint: 'http://h/', ttl: 1.5}}", "wrong-type"),
    ],
)
def test_what_cannot_work_does_not_compile(tmp_path: Path, step: str, name: str) -> None:
    """At the line of the step (D176, D185, D410)."""
    found = told(findings(tmp_path, GATEWAY.format(step=step), OPAQUE), name)
    assert (found.severity, found.span.line) == ("error", 8)


def test_a_key_file_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    """Where the gateway runs, it may be (D176)."""
    step = "jwt: {action: {secretOrPublicKeyFile: ./nowhere.pem, checkCredentialExistence: false}}"
    found = told(findings(tmp_path, GATEWAY.format(step=step), OPAQUE), "no-such-file")
    assert found.severity == "warning"


def test_secrets_stay_variables(tmp_path: Path) -> None:
    """Decision 4: what `${...}` holds when the gateway is built is in no file of it."""
    environ = {"KEY": "leaked-1", "AUTH": "leaked-2", "KEY_FILE": "leaked-3"}
    for step, system in (
        ("jwt: {action: {secretOrPublicKey: '${KEY}'}}", OPAQUE),
        ("jwt: {action: {secretOrPublicKeyFile: '${KEY_FILE}'}}", OPAQUE),
        ("oauth2-introspect: {action: {endpoint: 'http://h/', authorization_value: 'Basic ${AUTH}'}}", OPAQUE),
        ("oauth2: {action: {jwt: {secretOrPublicKey: '${KEY}'}}}", SIGNED),
    ):
        files = build(tmp_path, GATEWAY.format(step=step), system, environ).files
        assert "env.text(" in files["gateway.py"]
        assert not any("leaked" in text for text in files.values())


def test_milliseconds_become_seconds(tmp_path: Path) -> None:
    """D246."""
    step = "oauth2-introspect: {action: {endpoint: 'http://h/', timeout: 2500}}"
    assert "timeout=2.5," in build(tmp_path, GATEWAY.format(step=step), OPAQUE).files["gateway.py"]


def test_oauth2_is_jwt_where_tokens_are(tmp_path: Path) -> None:
    """D240, C256: with the parameters below `jwt`; a passThrough beside them is told to be without effect."""
    step = "oauth2: {action: {passThrough: true, jwt: {secretOrPublicKey: x, checkCredentialExistence: false}}}"
    text = GATEWAY.format(step=step)
    module = build(tmp_path, text, SIGNED).files["gateway.py"]
    assert "JWT(" in module
    assert "SignedTokens(" in module
    assert "OAuth2(" not in module
    found = told(findings(tmp_path, text, SIGNED), "option-without-effect")
    assert "passThrough" in found.message
    module = build(tmp_path, text, OPAQUE).files["gateway.py"]
    assert "OAuth2(" in module
    assert "JWT(" not in module
    assert "jwt" in told(findings(tmp_path, text, OPAQUE), "option-without-effect").message


@pytest.mark.parametrize(
    ("step", "system", "file"),
    [
        ("oauth2:", SIGNED, "gateway.config.yml"),
        ("oauth2: {action: {jwt: {secretOrPublicKey: x, jwtExtractor: header}}}", SIGNED, "gateway.config.yml"),
        ("oauth2: {action: {jwt: {audience: x}}}", SIGNED, "gateway.config.yml"),
        (
            "oauth2: {action: {jwt: {secretOrPublicKey: x}}}",
            "accessTokens: {tokenType: jwt}\noauth2: {grants: []}\n",
            "system.config.yml",
        ),
    ],
)
def test_what_signed_tokens_need(tmp_path: Path, step: str, system: str, file: str) -> None:
    found = told(findings(tmp_path, GATEWAY.format(step=step), system), "missing-property")
    assert (found.severity, found.span.file) == ("error", file)


def test_algorithms_that_sign(tmp_path: Path) -> None:
    """`none` is not one."""
    system = "accessTokens: {tokenType: jwt, secretOrPrivateKey: x, algorithm: none}\n"
    step = "oauth2: {action: {jwt: {secretOrPublicKey: x}}}"
    assert told(findings(tmp_path, GATEWAY.format(step=step), system), "wrong-value").severity == "error"
