"""Where egc is stricter than Express Gateway was: an error, and a warning for who builds with --eg-compat."""

from pathlib import Path

import pytest

from egc.compiler import compile_project
from egc.runtime.env import Misconfigured
from tests.lower.project import findings, put, told

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
      - terminate: [{condition: {name: never}}]
      - proxy: {action: {serviceEndpoint: back}}
"""
STRICTER = [
    ("{paths: /a}", "{paths: /a, hots: a.io}", "unknown-property"),
    (
        "{action: {serviceEndpoint: back}}",
        "{action: {serviceEndpoint: back, condition: {name: never}}}",
        "unknown-property",
    ),
    ("{action: {serviceEndpoint: back}}", "{acton: {}, action: {serviceEndpoint: back}}", "unknown-property"),
    ("      - proxy: {action", "      - {terminate: , proxy: }\n      - proxy: {action", "policy-entry-many-keys"),
]


@pytest.mark.parametrize(("old", "new", "name"), STRICTER)
def test_what_lost_a_limit_or_a_policy_is_an_error_and_with_eg_compat_a_warning(
    tmp_path: Path, old: str, new: str, name: str
) -> None:
    text = PLAIN.replace(old, new)
    assert told(findings(tmp_path / "strict", text), name).severity == "error"
    compiled = compile_project(put(tmp_path / "compat", text), {}, eg_compat=True)
    assert told(list(compiled.report), name).severity == "warning"


def test_an_admin_api_that_asks_for_no_key_leaves_the_machine_only_with_eg_compat(tmp_path: Path) -> None:
    """N28: the gateway of a configuration that opens it to all does not start."""
    text = PLAIN + "admin: {host: 0.0.0.0}\n"
    assert told(findings(tmp_path / "strict", text), "admin-exposed").severity == "warning"
    for eg_compat in (False, True):
        compiled = compile_project(put(tmp_path / str(eg_compat), text), {}, eg_compat=eg_compat)
        module = {"__file__": str(tmp_path / "gateway.py")}
        if eg_compat:
            exec(compiled.files["gateway.py"], module)
        else:
            with pytest.raises(Misconfigured, match="ask nobody for a key"):
                exec(compiled.files["gateway.py"], module)


def test_of_several_policies_under_one_dash_the_first_runs(tmp_path: Path) -> None:
    """D110."""
    text = PLAIN.replace("      - proxy: {action", "      - {terminate: , proxy: }\n      - proxy: {action")
    plan = compile_project(put(tmp_path, text), {}, eg_compat=True).plan
    assert [step.policy for step in plan.pipelines[0].steps] == ["terminate"]


def test_a_step_that_is_a_single_value_runs_with_defaults_behind_the_first_entry(tmp_path: Path) -> None:
    """D20: Express Gateway's schema looked at the first entry of a pipeline only."""
    behind = findings(tmp_path / "behind", PLAIN.replace("proxy: {action: {serviceEndpoint: back}}", "terminate: text"))
    assert told(behind, "wrong-type").severity == "warning"
    first = findings(tmp_path / "first", PLAIN.replace("terminate: [{condition: {name: never}}]", "terminate: text"))
    assert told(first, "wrong-type").severity == "error"


def test_an_action_that_is_a_list_is_not_read(tmp_path: Path) -> None:
    """D20: behind the first entry; Express Gateway ran the policy with its defaults."""
    steps = "      - terminate: {condition: {name: never}}\n      - terminate: {action: [{statusCode: 200}]}\n"
    text = PLAIN.replace("      - terminate: [{condition: {name: never}}]\n", steps)
    assert told(findings(tmp_path, text), "wrong-type").severity == "warning"
    plan = compile_project(put(tmp_path, text), {}).plan
    assert {argument.keyword: argument.value for argument in plan.pipelines[0].steps[0].arguments}["status_code"] == 400
