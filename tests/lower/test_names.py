"""What names mean: policies, services, endpoints, and what happens to those that mean nothing."""

from pathlib import Path

import pytest

from tests.lower.project import build, findings, told

PLAIN = """\
http: {port: 8080}
apiEndpoints:
  api: {paths: /a}
serviceEndpoints:
  back: {url: http://localhost:1}
policies: [proxy, terminate]
pipelines:
  main:
    apiEndpoints: [api]
    policies:
      - proxy: {action: {serviceEndpoint: back}}
"""


def test_a_plain_configuration_says_nothing(tmp_path: Path) -> None:
    assert findings(tmp_path, PLAIN) == []


@pytest.mark.parametrize(
    ("old", "new", "name", "severity", "line"),
    [
        ("policies: [proxy, terminate]", "policies: [terminate]", "policy-not-whitelisted", "error", 11),
        ("[proxy, terminate]", "[proxy, teleport]", "unknown-policy", "error", 6),
        ("serviceEndpoint: back", "serviceEndpoint: bakc", "unknown-service-endpoint", "error", 11),
        ("{serviceEndpoint: back}", "{changeOrigin: true}", "proxy-without-service", "warning", 11),
        ("apiEndpoints: [api]", "apiEndpoints: [api, apu]", "unknown-api-endpoint", "warning", 9),
        ("{paths: /a}", "{paths: /a, methods: [GET, FETCH]}", "unknown-method", "error", 3),
        ("{paths: /a}", "{paths: '/a('}", "invalid-pattern", "error", 3),
        ("{paths: /a}", "{pathRegex: '(a)\\1'}", "invalid-pattern", "error", 3),
        ("{paths: /a}", "{hostRegex: '['}", "invalid-pattern", "error", 3),
        ("{paths: /a}", "{paths: a/*}", "unmatchable-path", "warning", 3),
        ("{paths: /a}", "{host: 'a.io:81'}", "host-with-port", "warning", 3),
        ("{paths: /a}", "{host: 'https://a.io/x'}", "host-with-port", "warning", 3),
        ("{paths: /a}", "{hostRegex: 'aa|bb'}", "behaviour-differs", "warning", 3),
        ("{paths: /a}", "{paths: '${NOWHERE}'}", "unset-variable", "error", 3),
        ("http://localhost:1", "localhost:1", "no-service-url", "error", 5),
        ("http://localhost:1", "http://me:you@localhost:1", "url-with-user", "warning", 5),
        ("{serviceEndpoint: back}", "{serviceEndpoint: back, chageOrigin: true}", "unknown-property", "error", 11),
        ("{serviceEndpoint: back}", "{serviceEndpoint: back, ssl: true}", "option-without-effect", "warning", 11),
        ("[proxy, terminate]", "[proxy, terminate, log]\nadmin: {hostname: 0.0.0.0}", "admin-exposed", "warning", 7),
        ("proxy: {action", "proxy: {condition: {name: pathExcat}, action", "unknown-condition", "error", 11),
        (
            "proxy: {action",
            "proxy: {condition: {name: not, condition: {name: allOf, conditions: [{name: nope}]}}, action",
            "unknown-condition",
            "error",
            11,
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(
    tmp_path: Path, old: str, new: str, name: str, severity: str, line: int
) -> None:
    assert old in PLAIN
    found = told(findings(tmp_path, PLAIN.replace(old, new)), name)
    assert (found.severity, found.span.file, found.span.line) == (severity, "gateway.config.yml", line)


def test_a_plugin_is_an_error(tmp_path: Path) -> None:
    found = told(findings(tmp_path, PLAIN, "plugins:\n  session:\n    package: x\n"), "unsupported-plugin")
    assert (found.span.file, found.span.line) == ("system.config.yml", 2)
    assert "plugin" in found.message


def test_an_endpoint_in_two_pipelines_goes_to_the_last(tmp_path: Path) -> None:
    """D45."""
    text = PLAIN + "  last:\n    apiEndpoints: [api]\n    policies: [{terminate: }]\n"
    compiled = build(tmp_path, text)
    assert told(list(compiled.report), "endpoint-in-two-pipelines").related[0].span.line == 13
    pipeline = compiled.plan.routes[0].pipeline
    assert pipeline
    assert pipeline.name == "last"


def test_an_endpoint_in_no_pipeline_has_a_route_without_one(tmp_path: Path) -> None:
    """D44."""
    compiled = build(tmp_path, PLAIN.replace("{paths: /a}", "{paths: /a}\n  lost: {paths: /b}"))
    assert told(list(compiled.report), "unused-endpoint").span.line == 4
    assert [route.pipeline is None for route in compiled.plan.routes] == [False, True]


def test_steps_behind_an_unconditional_answer_are_left_out_and_both_places_named(tmp_path: Path) -> None:
    compiled = build(tmp_path, PLAIN + "      - terminate:\n")
    found = told(list(compiled.report), "unreachable-policy")
    assert (found.span.line, found.related[0].span.line) == (12, 11)
    (pipeline,) = compiled.plan.pipelines
    assert [step.policy for step in pipeline.steps] == ["proxy"]
    assert [step.policy for step in pipeline.skipped] == ["terminate"]


def test_a_step_that_never_runs_hides_nothing(tmp_path: Path) -> None:
    text = PLAIN.replace("- proxy:", "- terminate: {condition: {name: never}}\n      - proxy:")
    (pipeline,) = build(tmp_path, text).plan.pipelines
    assert [step.policy for step in pipeline.steps] == ["proxy"]


def test_names_that_look_like_numbers_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """D15, D446."""
    text = PLAIN.replace("api: {paths: /a}", "'10': {paths: /a}\n  '2': {paths: /a}").replace("[api]", "['10', '2']")
    compiled = build(tmp_path, text)
    assert [route.endpoint.name for route in compiled.plan.routes] == ["10", "2"]
    assert told(list(compiled.report), "behaviour-differs").span.line == 4


OAUTH = PLAIN.replace("[proxy, terminate]", "[proxy, oauth2]")


def test_all_grants_are_on_with_a_warning_where_none_are_listed(tmp_path: Path) -> None:
    compiled = build(tmp_path, OAUTH)
    assert told(list(compiled.report), "grants-not-listed").span.line == 6
    assert '"implicit"' in compiled.files["gateway.py"]
    listed = build(tmp_path, OAUTH, "oauth2: {grants: [authorization_code]}")
    assert len(listed.report) == 0
    assert '"implicit"' not in listed.files["gateway.py"]


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("accessTokens: {tokenType: jwt}", "missing-property"),
        ("oauth2: {grants: [magic]}", "wrong-value"),
        ("oauth2: {templates: ../x}", "file-outside"),
        ("oauth2: {templates: nowhere}", "no-such-file"),
    ],
)
def test_what_the_system_file_asks_and_cannot_have_is_an_error(tmp_path: Path, system: str, name: str) -> None:
    found = told(findings(tmp_path, OAUTH, system), name)
    assert (found.severity, found.span.file) == ("error", "system.config.yml")


def test_state_that_nothing_needs_is_not_asked_for(tmp_path: Path) -> None:
    compiled = build(tmp_path, PLAIN, "db: {redis: {emulate: false}}")
    assert compiled.plan.store is None
    assert "SQLiteStore" not in compiled.files["gateway.py"]


def test_a_strip_path_that_no_one_can_cut_is_an_error(tmp_path: Path) -> None:
    """D291, D442."""
    text = PLAIN.replace("{paths: /a}", "{pathRegex: ^/a}").replace(
        "{serviceEndpoint: back}", "{serviceEndpoint: back, stripPath: true}"
    )
    assert told(findings(tmp_path, text), "strip-path-of-regex").related[0].span.line == 3


@pytest.mark.parametrize(
    ("script", "told_of"),
    [
        ("'\"Bearer ${API_KEY}\"'", False),
        ("\"'${API_KEY}'\"", False),
        ("\"'Bearer ' + '${API_KEY}' + req.url\"", True),
        ("\"'${PLACE}' + req.url\"", False),
    ],
)
def test_a_secret_in_a_script_stays_a_variable_or_is_told_of(tmp_path: Path, script: str, told_of: bool) -> None:
    """Secrets are in no artifact; where a script needs one as a part of its text, that is told."""
    step = f"request-transformer: {{action: {{headers: {{add: {{x-key: {script}}}}}}}}}"
    text = PLAIN.replace("policies: [proxy, terminate]", "policies: [proxy, request-transformer]")
    text = text.replace("      - proxy", f"      - {step}\n      - proxy")
    compiled = build(tmp_path, text, environ={"API_KEY": "hush-hush", "PLACE": "here"})
    assert ("secret-in-script" in {one.name for one in compiled.report}) is told_of
    assert ("hush-hush" in "".join(compiled.files.values())) is told_of


def test_an_endpoint_may_be_called_as_what_the_module_imports(tmp_path: Path) -> None:
    """What cors makes of expressions is called `pattern`."""
    text = """
apiEndpoints: {pattern: {}}
policies: [cors, terminate]
pipelines: {p: {apiEndpoints: [pattern], policies: [{cors: {action: {origin: !!js/regexp /a/}}}, {terminate: }]}}
"""
    module = build(tmp_path, "http: {port: 0}" + text).files["gateway.py"]
    assert "import pattern\n" in module
    assert "pattern_endpoint = Endpoint(" in module
