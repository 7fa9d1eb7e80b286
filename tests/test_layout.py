"""The house rules: who imports whom, and that nothing of a policy is missing."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from egc.compiler.settings import snake

ROOT = Path(__file__).parents[1]
POLICIES = sorted(path.stem for path in ROOT.glob("schemas/policies/*.json"))
STAGES = ("source", "validate", "model", "settings", "resolve", "lower", "emit", "artifact")
"""In the order in which they run: none knows a later one."""

OF_PROXY = {"service_endpoint", "strategy", "proxy_options"}
"""Parameters of `proxy` that its lowering uses up."""


def imports(path: Path) -> Iterator[str]:
    """The modules that a file names, wherever it does; `egc.compiler.plan` for `from egc.compiler import plan`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def schema(policy: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "schemas" / "policies" / f"{policy}.json").read_text())
    return loaded


def policy_class(policy: str) -> type:
    module = import_module(f"egc.runtime.policies.{policy.replace('-', '_')}")
    found: type = getattr(module, schema(policy)["x-egc"]["class"])
    return found


def test_the_runtime_knows_neither_compiler_nor_schemas() -> None:
    for path in ROOT.glob("runtime/**/*.py"):
        assert [
            name for name in imports(path) if name.startswith(("egc.compiler", "egc.schemas", "yaml", "jsonschema"))
        ] == []


def test_the_stages_do_not_lean_on_the_runtime() -> None:
    for path in (*ROOT.glob("compiler/*.py"), *ROOT.glob("compiler/policies/*.py"), *ROOT.glob("compiler/lint/*.py")):
        assert [name for name in imports(path) if name.startswith("egc.runtime")] == [], path


def test_schemas_hold_no_code() -> None:
    assert list(ROOT.glob("schemas/**/*.py")) == []


def test_no_stage_knows_a_later_one() -> None:
    for index, stage in enumerate(STAGES):
        later = tuple(f"egc.compiler.{name}" for name in STAGES[index + 1 :])
        assert [name for name in imports(ROOT / "compiler" / f"{stage}.py") if name.startswith(later)] == [], stage


def test_emit_sees_the_plan_and_the_literals_only() -> None:
    allowed = ("egc.compiler.plan", "egc.compiler.literals", "egc.compiler.diagnostics")
    found = [name for name in imports(ROOT / "compiler" / "emit.py") if name.startswith("egc.")]
    assert [name for name in found if name != "egc.compiler" and not name.startswith(allowed)] == []


def test_code_is_made_in_one_file_and_of_constants_elsewhere() -> None:
    for path in ROOT.glob("compiler/**/*.py"):
        if path.name == "literals.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name == "Code":
                    assert [type(argument) for argument in node.args] == [ast.Constant], f"{path}:{node.lineno}"


def test_templates_use_no_filter_block() -> None:
    """Only `{% filter %}` gets around the guard of the templates."""
    templates = list(ROOT.glob("compiler/templates/*.jinja"))
    assert templates
    for path in templates:
        text = path.read_text()
        assert "{% filter" not in text.replace("{%-", "{%")
        assert "|" not in "".join(part.split("}}")[0] for part in text.split("{{")[1:])


def test_the_template_prints_nothing_that_is_no_code() -> None:
    from egc.compiler.emit import _only_code

    with pytest.raises(TypeError):
        _only_code("text")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_has_a_class_that_takes_what_its_schema_says(policy: str) -> None:
    parameters = inspect.signature(policy_class(policy)).parameters.values()
    keywords = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    properties = [snake(name) for name in schema(policy)["properties"]]
    used_up = OF_PROXY if policy == "proxy" else set()
    assert sorted(keywords) == sorted(set(properties) - used_up)
    positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == schema(policy)["x-egc"].get("takes", [])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_answers_and_waits_as_its_schema_says(policy: str) -> None:
    about, found = schema(policy)["x-egc"], policy_class(policy)
    assert about["answers"] == getattr(found, "answers", None)
    assert about["waits"] is inspect.iscoroutinefunction(found.__call__)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_defaults_of_a_schema_are_those_of_the_class(policy: str) -> None:
    parameters = inspect.signature(policy_class(policy)).parameters
    for name, about in schema(policy)["properties"].items():
        assert about.get("description"), name
        if "default" in about and snake(name) in parameters:
            default = parameters[snake(name)].default
            assert about["default"] == (list(default) if isinstance(default, tuple) else default), name


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_has_an_example_that_uses_it(policy: str) -> None:
    text = (ROOT / "examples" / policy / "gateway.config.yml").read_text()
    assert f"- {policy}:" in text


def test_an_emitted_module_imports_the_runtime_and_plugins_that_are_named_and_nothing_else() -> None:
    for path in ROOT.glob("examples/*/gateway.py"):
        system = path.with_name("system.config.yml")
        named = yaml.safe_load(system.read_text()).get("plugins", {}) if system.exists() else {}
        allowed = ("egc.runtime", *(plugin["package"] for plugin in named.values()))
        assert [name for name in imports(path) if not name.startswith(allowed)] == []


CONDITIONS = {
    path.stem: json.loads(path.read_text())
    for path in sorted(ROOT.glob("schemas/conditions/*.json"))
    if "class" in json.loads(path.read_text())["x-egc"]
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_has_a_class_that_takes_what_its_schema_says(name: str) -> None:
    about = CONDITIONS[name]["x-egc"]
    module = import_module(f"egc.runtime.conditions.{snake(about.get('name', name))}")
    found = getattr(module, about["class"])
    parameters = inspect.signature(found).parameters.values() if found.__init__ is not object.__init__ else ()
    # What its lowering finds out may come behind what is written.
    written = [snake(one) for one in CONDITIONS[name]["properties"]]
    assert [one.name for one in parameters if one.kind is one.KEYWORD_ONLY][: len(written)] == written
    assert about["waits"] is inspect.iscoroutinefunction(found.__call__)


@pytest.mark.parametrize("name", [path.stem for path in sorted(ROOT.glob("schemas/conditions/*.json"))])
def test_a_condition_has_an_example_that_uses_it(name: str) -> None:
    about = json.loads((ROOT / "schemas" / "conditions" / f"{name}.json").read_text())["x-egc"]
    texts = [path.read_text() for path in ROOT.glob("examples/*/gateway.config.yml")]
    used = re.compile(rf"\bname: {re.escape(about.get('name', name))}(?=[,}}\s])")
    assert any(used.search(text) for text in texts)
