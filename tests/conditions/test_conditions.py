"""Each condition, compiled: when it holds (section 4 of the data plane, D127-D139)."""

import asyncio
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from egc.runtime.exchange import Answer, Claims, Exchange
from tests.lower.project import build

CONFIGURATION: dict[str, Any] = {
    "http": {"port": 0},
    "apiEndpoints": {"all": {"host": "*"}},
    "policies": ["terminate"],
    "pipelines": {"main": {"apiEndpoints": ["all"], "policies": []}},
}


def module_of(directory: Path, condition: object) -> tuple[ModuleType, str]:
    """The module of a gateway that answers 200 where the condition holds and 404 otherwise, and its text."""
    step = {"terminate": {"condition": condition, "action": {"statusCode": 200}}}
    pipelines = {"main": {"apiEndpoints": ["all"], "policies": [step]}}
    compiled = build(directory, yaml.safe_dump({**CONFIGURATION, "pipelines": pipelines}))
    module = ModuleType("gateway")
    module.__file__ = str(directory / "gateway.py")
    exec(compile(compiled.files["gateway.py"], "gateway.py", "exec"), module.__dict__)
    return module, compiled.files["gateway.py"]


def holds(directory: Path, condition: object, url: str = "/", **about: Any) -> bool:
    """Whether the condition holds for a request."""
    module, _ = module_of(directory, condition)
    x = Exchange(about.pop("method", "GET"), url, [], about.pop("host", "a.io"), "http", "127.0.0.1")
    for name, value in about.items():
        setattr(x, name, value)
    answer = asyncio.run(module.app._table.decide(x))
    assert isinstance(answer, Answer)
    return answer.status == 200


YES = {"name": "always"}
NO = {"name": "never"}
GET = {"name": "method", "methods": "GET"}
POST = {"name": "method", "methods": ["POST", "PUT"]}
ROOT = {"name": "pathExact", "path": "/"}


@pytest.mark.parametrize(
    ("condition", "url", "expected"),
    [
        (YES, "/", True),  # D127
        (NO, "/", False),  # D128
        ({"name": "allOf", "conditions": []}, "/", True),  # D129
        ({"name": "allOf", "conditions": [GET, ROOT]}, "/", True),
        ({"name": "allOf", "conditions": [GET, ROOT]}, "/x", False),
        ({"name": "allOf", "conditions": [GET, NO]}, "/", False),
        ({"name": "oneOf", "conditions": []}, "/", False),  # D130
        ({"name": "oneOf", "conditions": [GET, ROOT]}, "/", True),  # any of them, not exactly one
        ({"name": "oneOf", "conditions": [POST, ROOT]}, "/x", False),
        ({"name": "oneOf", "conditions": [POST, YES]}, "/x", True),
        ({"name": "not", "condition": POST}, "/", True),  # D131
        ({"name": "not", "condition": {"name": "not", "condition": GET}}, "/", True),
        ({"name": "not", "condition": NO}, "/", True),
        (
            {
                "name": "oneOf",
                "conditions": [
                    {"name": "allOf", "conditions": [POST, ROOT]},
                    {"name": "not", "condition": {"name": "oneOf", "conditions": [POST, ROOT]}},
                ],
            },
            "/x",
            True,
        ),
        ({"name": "pathExact", "path": "/admin"}, "/admin", True),  # D132
        ({"name": "pathExact", "path": "/admin"}, "/admin?x=1", False),
        ({"name": "pathExact", "path": "/admin?x=1"}, "/admin?x=1", True),
        ({"name": "pathExact", "path": "/admin"}, "/admin/", False),
        ({"name": "pathExact", "path": "/admin"}, "/Admin", False),
        ({"name": "pathMatch", "pattern": "x=1$"}, "/pm?x=1", True),  # D133
        ({"name": "pathMatch", "pattern": "/v[0-9]+/"}, "/api/v12/x", True),
        ({"name": "pathMatch", "pattern": "^/v1"}, "/api/v1", False),
        ({"name": "pathMatch", "pattern": "/API"}, "/api", False),
    ],
)
def test_condition(tmp_path: Path, condition: object, url: str, expected: bool) -> None:
    assert holds(tmp_path, condition, url) is expected


@pytest.mark.parametrize(
    ("methods", "method", "expected"),
    [
        ("GET", "GET", True),
        ("GET", "HEAD", False),
        (["POST", "DELETE"], "DELETE", True),
        (["POST", "DELETE"], "PATCH", False),
    ],
)
def test_method(tmp_path: Path, methods: object, method: str, expected: bool) -> None:
    """D134."""
    assert holds(tmp_path, {"name": "method", "methods": methods}, method=method) is expected


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("*.e.com", "a.b.e.com", True),
        ("*.e.com", "A.E.com", False),
        ("*.e.com", "a.e.com:80", False),
        ("*.e.com:80", "a.e.com:80", True),
        ("*.e.com", "e.com", False),
        ("*.e.com", ".e.com", False),
        ("*.e.com", "", False),
        ("*", "", False),
        ("{a,b}.io", "b.io", True),
        ("!a.io", "b.io", True),
        ("!a.io", "a.io", False),
        ("a[0-9].io", "a7.io", True),
    ],
)
def test_host_match(tmp_path: Path, pattern: str, host: str, expected: bool) -> None:
    """D135: a glob over the Host header as it was sent."""
    assert holds(tmp_path, {"name": "hostMatch", "pattern": pattern}, host=host) is expected


@pytest.mark.parametrize("consumer", [None, Claims({"sub": "1"})])
def test_who_is_authenticated_is_not_anonymous(tmp_path: Path, consumer: object) -> None:
    """D137, D138."""
    assert holds(tmp_path / "a", {"name": "authenticated"}, consumer=consumer) is (consumer is not None)
    assert holds(tmp_path / "b", {"name": "anonymous"}, consumer=consumer) is (consumer is None)


@pytest.mark.parametrize("certified", [True, False])
def test_a_verified_client_certificate(tmp_path: Path, certified: bool) -> None:
    """D139."""
    assert holds(tmp_path, {"name": "tlsClientAuthenticated"}, certified=certified) is certified


def test_a_step_without_a_condition_that_can_hold_is_not_in_the_module(tmp_path: Path) -> None:
    never = {"name": "allOf", "conditions": [GET, {"name": "not", "condition": YES}]}
    _, text = module_of(tmp_path, never)
    assert "Terminate" not in text
    assert "Method" not in text


def test_a_long_condition_is_worked_out_step_by_step(tmp_path: Path) -> None:
    """Every combination of a nested condition that does not fit into a line is as its boolean expression says."""
    paths = [{"name": "pathMatch", "pattern": f"{letter}"} for letter in "pqrst"]
    p, q, r, s, t = paths
    nested = {
        "name": "oneOf",
        "conditions": [
            {"name": "allOf", "conditions": [p, {"name": "not", "condition": {"name": "oneOf", "conditions": [q, r]}}]},
            {"name": "allOf", "conditions": [{"name": "oneOf", "conditions": [q, s]}, t]},
        ],
    }
    module, text = module_of(tmp_path, nested)
    assert "met = " in text
    for number in range(32):
        url = "/" + "".join(letter for bit, letter in enumerate("pqrst") if number >> bit & 1)
        x = Exchange("GET", url, [], "a.io", "http", "127.0.0.1")
        answer = asyncio.run(module.app._table.decide(x))
        wanted = ("p" in url and not ("q" in url or "r" in url)) or (("q" in url or "s" in url) and "t" in url)
        assert (answer.status == 200) is wanted, url


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ({"name": "method", "methods": "get"}, "wrong-value"),
        ({"name": "method", "methods": "GET,POST"}, "wrong-value"),
        ({"name": "method"}, "missing-property"),
        ({"name": "pathMatch", "pattern": "("}, "invalid-pattern"),
        ({"name": "not", "condition": {"name": "pathMatch"}}, "missing-property"),
        ({"name": "allOf", "conditions": [{"name": "pathExact"}]}, "missing-property"),
        ({"name": "allOf"}, "missing-property"),
        ({"name": "not", "condition": {"name": "pathExact", "path": "/", "pth": "/"}}, "unknown-property"),
    ],
)
def test_wrong_parameters_are_told(tmp_path: Path, condition: object, name: str) -> None:
    from tests.lower.project import findings

    step = {"terminate": {"condition": condition}}
    pipelines = {"main": {"apiEndpoints": ["all"], "policies": [step]}}
    found = findings(tmp_path, yaml.safe_dump({**CONFIGURATION, "pipelines": pipelines}))
    assert name in {one.name for one in found}


@pytest.mark.parametrize(("text", "counts"), [("true", True), ("'false'", True), ("0", False), ("''", False)])
def test_an_expression_may_be_nothing_but_a_value(tmp_path: Path, text: str, counts: bool) -> None:
    """D136, D335."""
    assert holds(tmp_path, {"name": "expression", "expression": text}) is counts
