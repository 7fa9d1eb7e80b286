"""What is told when a configuration with these policies is built."""

import json
from pathlib import Path

import pytest

from tests.lower.project import build, findings, told

CONFIG = """
http: {{port: 8080}}
apiEndpoints:
  api: {{host: '*'{methods}}}
serviceEndpoints:
  up: {{url: 'http://127.0.0.1:1'}}
policies: [cors, headers, log, request-transformer, response-transformer, proxy]
pipelines:
  p:
    apiEndpoints: [api]
    policies:
      - {policy}
      - proxy: {{action: {{serviceEndpoint: up}}}}
"""
SCHEMA = "proxy: [{condition: {name: json-schema, schema: %s}, action: {serviceEndpoint: up}}]"


def config(policy: str, methods: str = "") -> str:
    return CONFIG.format(policy=policy, methods=methods)


def module(directory: Path, policy: str) -> str:
    return build(directory, config(policy)).files["gateway.py"]


@pytest.mark.parametrize("name", ["x y", "'x:'", "é"])
@pytest.mark.parametrize(
    "policy",
    [
        "headers: {action: {forwardHeaders: {%s: '1'}}}",
        "request-transformer: {action: {headers: {add: {%s: '1'}}}}",
        "response-transformer: {action: {headers: {add: {%s: '1'}}}}",
        "response-transformer: {action: {headers: {remove: [%s]}}}",
    ],
)
def test_a_header_needs_a_name(tmp_path: Path, policy: str, name: str) -> None:
    """A name that cannot be sent is an error with its place."""
    assert told(findings(tmp_path, config(policy % name)), "wrong-value").message.endswith("the name of a header")


@pytest.mark.parametrize("value", [r"'\u20ac'", "'€'", r"'a\nb'"])
def test_a_header_needs_a_value_that_can_be_sent(tmp_path: Path, value: str) -> None:
    """D303: plain text that no header can hold is an error with its place; Latin 1 is none."""
    policy = "headers: {action: {forwardHeaders: {x-a: %s}}}"
    assert (
        "value of the header `x-a`"
        in told(findings(tmp_path, config(policy % json.dumps(value))), "wrong-value").message
    )
    assert not [one for one in findings(tmp_path, config(policy % "\"'ü'\"")) if one.severity == "error"]


def test_framing_is_the_gateways_own(tmp_path: Path) -> None:
    """A header that says where a message ends has no effect."""
    found = findings(tmp_path, config("response-transformer: {action: {headers: {add: {Content-Length: '5'}}}}"))
    assert "`Content-Length` has no effect" in told(found, "option-without-effect").message


def test_headers_is_deprecated(tmp_path: Path) -> None:
    """D216, D212: `forwardHeaders` is needed."""
    assert told(findings(tmp_path, config("headers: {action: {forwardHeaders: {a: '1'}}}")), "deprecated-policy")
    assert told(findings(tmp_path, config("headers: {action: {headersPrefix: a}}")), "missing-property")


@pytest.mark.parametrize("policy", ["request-transformer", "response-transformer"])
@pytest.mark.parametrize("action", ["{}", "{headers: {}}", "{headers: {add: {}}}", "{body: {remove: x}}"])
def test_a_transformer_needs_something_to_do(tmp_path: Path, policy: str, action: str) -> None:
    """Section 5.12: `headers` or `body`, `add` or `remove`."""
    assert any(one.severity == "error" for one in findings(tmp_path, config(f"{policy}: {{action: {action}}}")))


# ---- cors


def test_origins_may_be_expressions(tmp_path: Path) -> None:
    """D194: `!!js/regexp`, alone and in lists."""
    assert r'origin=pattern(r"\.a\Z"),' in module(tmp_path, r"cors: {action: {origin: !!js/regexp '/\.a$/'}}")
    listed = module(tmp_path, "cors: {action: {origin: ['http://a', !!js/regexp '/b/i']}}")
    assert 'origin=("http://a", pattern("b", ignore_case=True)),' in listed


@pytest.mark.parametrize("origin", ["{a: b}", "[{a: b}]", "!!js/regexp '/(/'"])
def test_other_origins_are_errors(tmp_path: Path, origin: str) -> None:
    """D194: a mapping is none, nor an expression that does not compile."""
    assert any(one.severity == "error" for one in findings(tmp_path, config(f"cors: {{action: {{origin: {origin}}}}}")))


def test_exposed_headers_may_be_text(tmp_path: Path) -> None:
    """D403."""
    assert 'exposed_headers="X-A,X-B",' in module(tmp_path, "cors: {action: {exposedHeaders: 'X-A,X-B'}}")


def test_preflights_that_never_come_are_told(tmp_path: Path) -> None:
    """D449: once for an endpoint; not where OPTIONS is taken, or all methods are."""
    assert told(findings(tmp_path, config("cors:", ", methods: [GET, PUT]")), "options-not-routed")
    assert findings(tmp_path, config("cors:", ", methods: [GET, OPTIONS]")) == []
    assert findings(tmp_path, config("cors:")) == []


@pytest.mark.parametrize("origin", ["true", "'*'"])
def test_credentials_for_everybody_are_told(tmp_path: Path, origin: str) -> None:
    found = findings(tmp_path, config(f"cors: {{action: {{origin: {origin}, credentials: true}}}}"))
    assert told(found, "cors-credentials-wildcard").severity == "warning"


# ---- json-schema


def test_references_lead_into_the_schema(tmp_path: Path) -> None:
    """D146, D400: by pointer, by the schema's own URI, by a name of a part; also without `$id` (D145, D401)."""
    text = module(
        tmp_path,
        SCHEMA % "{$id: 'http://a/b.json', definitions: {x: {$id: '#x', type: string}, 'a/b': {type: integer}}, "
        "properties: {p: {$ref: '#/definitions/x'}, q: {$ref: 'b.json#/definitions/x'}, r: {$ref: '#x'}, "
        "s: {$ref: '#/definitions/a~1b'}, t: {$ref: '#'}}}",
    )
    for name, target in (("p", "x"), ("q", "x"), ("r", "x"), ("s", "a~1b")):
        assert f'"{name}": {{"$ref": "#/definitions/{target}"}}' in text
    assert '"t": {"$ref": "#"}' in text


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("{$ref: 'http://elsewhere/schema.json'}", "invalid-embedded-schema"),
        ("{$ref: '#/definitions/none'}", "invalid-embedded-schema"),
        ("{properties: {a: {format: colour}}}", "invalid-embedded-schema"),
        ("{type: text}", "wrong-value"),
        ("{properties: {a: {minLength: x}}}", "wrong-type"),
        ("{properties: {a: {pattern: '('}}}", "invalid-pattern"),
        ("{patternProperties: {'(': {}}}", "invalid-pattern"),
    ],
)
def test_a_schema_that_is_none_is_an_error_at_its_place(tmp_path: Path, schema: str, name: str) -> None:
    """D146: nothing is fetched; D435."""
    found = told(findings(tmp_path, config(SCHEMA % schema)), name)
    assert (found.severity, found.span.line) == ("error", 12)


def test_expressions_of_a_schema_are_patterns_of_the_module(tmp_path: Path) -> None:
    """They come through the same door as all others, so none holds a worker."""
    text = module(tmp_path, SCHEMA % "{patternProperties: {'^x-': {pattern: 'a|b$'}}, enum: [{pattern: '('}]}")
    assert r'{"^x-": pattern("^x-"), "a|b$": pattern(r"a|b\Z")}' in text
