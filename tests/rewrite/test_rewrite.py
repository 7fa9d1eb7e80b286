"""The policy rewrite and its conditions, compiled (section 5.15 of the data plane, D324-D329)."""

import asyncio
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.diagnostics import Diagnostic
from egc.runtime.conditions.regexpmatch import Regexpmatch
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.patterns import pattern
from egc.runtime.policies.rewrite import Rewrite
from tests.lower.project import build, findings, told

TO_X = {"name": "pathmatch", "match": "/from/:x"}


def configuration(*steps: object, name: str = "rewrite") -> str:
    """A gateway whose only pipeline has these steps of `rewrite`."""
    return yaml.safe_dump(
        {
            "http": {"port": 0},
            "apiEndpoints": {"all": {"host": "*"}},
            "policies": ["rewrite", "terminate"],
            "pipelines": {"main": {"apiEndpoints": ["all"], "policies": [{name: step} for step in steps]}},
        }
    )


def step(condition: object, rewrite: str, **more: object) -> dict[str, Any]:
    return {"condition": condition, "action": {"rewrite": rewrite, **more}}


def rewritten(directory: Path, url: str, *steps: object) -> str:
    """The URL of a request behind the steps."""
    compiled = build(directory, configuration(*steps))
    module = ModuleType("gateway")
    module.__file__ = str(directory / "gateway.py")
    exec(compile(compiled.files["gateway.py"], "gateway.py", "exec"), module.__dict__)
    x = Exchange("GET", url, [], "a.io", "http", "127.0.0.1")
    answer = asyncio.run(module.app._table.decide(x))
    assert isinstance(answer, Answer)
    assert answer.status == 404  # no step behind them answers
    return x.url


def said(directory: Path, name: str, *steps: object) -> Diagnostic:
    return told(findings(directory, configuration(*steps)), name)


def test_the_module_holds_what_the_condition_needs(tmp_path: Path) -> None:
    """A path is filled, an expression replaced; where either may have matched, the target has both forms."""
    either = {"name": "oneOf", "conditions": [TO_X, {"name": "regexpmatch", "match": "^/b"}]}
    for condition, expected in (
        (TO_X, "(rewrite=Fill("),
        ({"name": "regexpmatch", "match": "^/from"}, '(rewrite="/to/:x"'),
        (either, "(rewrite=Either("),
    ):
        text = build(tmp_path, configuration(step(condition, "/to/:x"))).files["gateway.py"]
        assert expected in re.sub(r"#.*|\s", "", text), text


def test_a_match_replaces_that_of_an_earlier_step(tmp_path: Path) -> None:
    steps = [step(TO_X, "/second/:x"), step({"name": "pathmatch", "match": "/second/:y"}, "/third/:y")]
    assert rewritten(tmp_path, "/from/1", *steps) == "/third/1"


def test_a_match_of_an_earlier_step_is_there_for_later_ones(tmp_path: Path) -> None:
    """D327: the parameters are kept for the whole pipeline."""
    steps = [step(TO_X, "/second/:x"), step({"name": "pathExact", "path": "/second/1"}, "/again/:x")]
    assert rewritten(tmp_path, "/from/1", *steps) == "/again/1"
    assert findings(tmp_path, configuration(*steps)) == []


def test_what_a_condition_found_before_another_failed_is_there(tmp_path: Path) -> None:
    found = {"name": "regexpmatch", "match": "^/(a)"}
    both = {"name": "allOf", "conditions": [found, {"name": "never"}]}
    assert rewritten(tmp_path, "/ab", step(both, "/x"), step({"name": "always"}, "/c$1")) == "/cab"


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"name": "always"},
        {"name": "method", "methods": "GET"},
        {"name": "not", "condition": TO_X},
        {"name": "oneOf", "conditions": [{"name": "method", "methods": "GET"}, {"name": "not", "condition": TO_X}]},
    ],
)
def test_without_a_match_nothing_is_built(tmp_path: Path, condition: object) -> None:
    """D327: Express Gateway answered 500 to every such request."""
    wrong = step(condition, "/x") if condition else {"action": {"rewrite": "/x"}}
    assert said(tmp_path, "nothing-to-rewrite", wrong).severity == "error"


def test_without_a_match_a_request_is_answered_500() -> None:
    for policy in (Rewrite(rewrite="/x"), Rewrite(rewrite="/x", redirect=302)):
        with pytest.raises(Refused) as refused:
            policy(Exchange("GET", "/", [], "a.io", "http", "127.0.0.1"))
        assert refused.value.status == 500


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/to/:y", "unknown-parameter"),
        ("http://localhost:8080/:x", "unknown-parameter"),
        ("/a b/:x", "wrong-value"),
        ("/100%/:x", "wrong-value"),
        ("/%0a/:x", "wrong-value"),
        ("/to/:x([)", "invalid-pattern"),
    ],
)
def test_a_target_that_no_request_can_fill_is_not_built(tmp_path: Path, target: str, name: str) -> None:
    assert said(tmp_path, name, step(TO_X, target)).severity == "error"


def test_an_expression_that_does_not_compile_is_told_with_its_place(tmp_path: Path) -> None:
    for kind, match in (("pathmatch", "/:x([)"), ("regexpmatch", "/([")):
        found = said(tmp_path, "invalid-pattern", step({"name": kind, "match": match}, "/x"))
        assert (found.severity, found.span.file) == ("error", "gateway.config.yml")


def test_groups_have_numbers_only(tmp_path: Path) -> None:
    condition = {"name": "regexpmatch", "match": "^/(?<name>a)"}
    assert said(tmp_path, "wrong-value", step(condition, "/$<name>")).severity == "error"


def test_a_status_that_is_none_is_not_built(tmp_path: Path) -> None:
    for status in (100, -1, 700, "permanent"):
        found = findings(tmp_path, configuration(step(TO_X, "/:x", redirect=status)))
        assert [one.severity for one in found] == ["error"], status


def test_zero_is_no_redirect(tmp_path: Path) -> None:
    assert rewritten(tmp_path, "/from/1", step(TO_X, "/to/:x", redirect=0)) == "/to/1"


def test_a_redirect_that_callers_choose_is_told(tmp_path: Path) -> None:
    condition = {"name": "regexpmatch", "match": "^/go/(.*)$"}
    assert said(tmp_path, "open-redirect", step(condition, "$1", redirect=302)).severity == "warning"
    for target in ("/to/$1", "https://a.io/$1"):
        assert findings(tmp_path, configuration(step(condition, target, redirect=302))) == []


@given(st.text(st.sampled_from("/\\e.vi:%2f"), max_size=12))
def test_a_redirect_within_the_site_never_leads_to_another_host(rest: str) -> None:
    x = Exchange("GET", f"/old/{rest}", [], "a.io", "http", "127.0.0.1")
    assert Regexpmatch(match=pattern(r"^/old/(.*)\Z"))(x)
    answer = Rewrite(rewrite="/$1", redirect=302)(x)
    assert answer is not None
    location = dict(answer.headers)[b"location"]
    assert location.startswith(b"/")
    assert location[1:2] not in (b"/", b"\\")


@pytest.mark.parametrize("to", ["..", "%2e%2e/admin", "a/../b", ".%2e"])
def test_dot_segments_are_not_rewritten_into_a_path(to: str) -> None:
    """What a query may hold must not become a path that the service reads otherwise."""
    x = Exchange("GET", f"/go?to={to}", [], "a.io", "http", "127.0.0.1")
    assert Regexpmatch(match=pattern(r"^/go\?to=(.*)\Z"))(x)
    with pytest.raises(Refused) as refused:
        Rewrite(rewrite="/files/$1")(x)
    assert refused.value.status == 400
    assert x.url == f"/go?to={to}"


@pytest.mark.parametrize("name", ["rewrite", "express-gateway-plugin-rewrite"])
def test_the_plugin_of_express_gateway_is_built_in(tmp_path: Path, name: str) -> None:
    system = yaml.safe_dump({"plugins": {name: {"package": "express-gateway-plugin-rewrite"}}})
    found = findings(tmp_path, configuration(step(TO_X, "/to/:x")), system)
    assert [(one.name, one.severity) for one in found] == [("plugin-built-in", "warning")]


def test_a_rewrite_of_another_plugin_is_told_what_to_write(tmp_path: Path) -> None:
    other = {"action": {"search": "/a/", "replace": "/"}}
    assert "regexpmatch" in said(tmp_path / "1", "other-plugin", other).help
    assert "301" in said(tmp_path / "2", "other-plugin", step(TO_X, "/:x", redirect="permanent")).help
