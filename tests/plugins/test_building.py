"""Plugins, compiled: found, read and checked without running their code (section 7 of the data plane)."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from egc.compiler import write
from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._beside import start
from tests.lower.project import build, findings, told

GATEWAY = """\
http: {port: 0}
apiEndpoints: {all: {paths: /x}}
policies: [stamp]
pipelines: {main: {apiEndpoints: [all], policies: [stamp: {action: {colour: red}}]}}
"""
STAMP: dict[str, Any] = {
    "type": "object",
    "properties": {"colour": {"type": "string"}, "inkPad": {"type": "integer", "default": 3}},
    "x-egc": {"class": "Stamp", "answers": "never"},
}
SETTINGS = {"type": "object", "properties": {"deep": {"type": "boolean"}}, "x-egc": {"class": "Office"}}
LOUD = "raise SystemExit('the code of a plugin ran')\n\n\nclass {}:\n    pass\n"


def plugin(directory: Path, *, stamp: object = STAMP, settings: object = SETTINGS, code: str = LOUD) -> Path:
    """A plugin `office` beside the configuration, whose code ends whoever runs it."""
    home = directory / "office"
    (home / "schemas" / "policies").mkdir(parents=True)
    (home / "policies").mkdir()
    (home / "plugin.json").write_text(json.dumps(settings))
    (home / "__init__.py").write_text(code.format("Office"))
    (home / "schemas" / "policies" / "stamp.json").write_text(stamp if isinstance(stamp, str) else json.dumps(stamp))
    (home / "policies" / "stamp.py").write_text(code.format("Stamp"))
    return home


def system(**settings: object) -> str:
    return yaml.safe_dump({"plugins": {"office": settings or None}})


def test_what_a_plugin_brings_is_compiled_without_running_it(tmp_path: Path) -> None:
    """D363, D364, D370: the module imports it, and the artifact takes it along."""
    plugin(tmp_path)
    compiled = build(tmp_path, GATEWAY, system(deep=True))
    text = compiled.files["gateway.py"]
    assert "from office import Office\nfrom office.policies.stamp import Stamp\n" in text
    assert "deep=True" in text
    assert "ink_pad=3" in text
    assert "plugins=(office,)" in text
    (tmp_path / "office" / "__pycache__").mkdir()
    write(compiled, tmp_path / "build")
    assert (tmp_path / "build" / "office" / "policies" / "stamp.py").is_file()
    assert not (tmp_path / "build" / "office" / "__pycache__").exists()
    assert "office/policies/stamp.py" in json.loads(compiled.files["manifest.json"])["files"]


def test_code_of_a_plugin_that_changed_is_another_build(tmp_path: Path) -> None:
    home = plugin(tmp_path)
    before = build(tmp_path, GATEWAY, system()).plan.source_sha256
    (home / "policies" / "stamp.py").write_text(LOUD.format("Stamp") + "# changed\n")
    assert build(tmp_path, GATEWAY, system()).plan.source_sha256 != before


def test_settings_and_parameters_are_checked_by_the_schemas_of_the_plugin(tmp_path: Path) -> None:
    """D367, D370."""
    plugin(tmp_path)
    found = findings(tmp_path, GATEWAY.replace("red", "[1]"), system(deep="perhaps", wide=1))
    assert {(one.name, one.severity) for one in found} == {("wrong-type", "error"), ("unknown-property", "warning")}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"stamp": "{"}, "no JSON"),
        ({"stamp": {**STAMP, "x-egc": {}}}, "x-egc"),
        ({"stamp": {**STAMP, "x-egc": {"class": "a b", "answers": "never"}}}, "no name for a class"),
        ({"stamp": {**STAMP, "x-egc": {"class": "Stamp", "answers": "often"}}}, "answers"),
        ({"stamp": {**STAMP, "x-egc": {"class": "Stamp", "answers": "never", "takes": ["all"]}}}, "takes"),
        ({"stamp": {**STAMP, "type": "thing"}}, "draft-07"),
        ({"stamp": {**STAMP, "properties": {"class": {}}}}, "Python cannot have"),
        ({"stamp": {**STAMP, "properties": {"a": {"$ref": "https://x.io/y"}}}}, "$ref"),
        (
            {
                "stamp": {
                    **STAMP,
                    "definitions": {"a": {"$ref": "#/definitions/a"}},
                    "items": {"$ref": "#/definitions/a"},
                }
            },
            "itself",
        ),
        ({"stamp": {**STAMP, "properties": {"a": {"pattern": "(a+)+$"}}}}, "too long"),
        ({"code": "def {}(:"}, "no Python"),
        ({"code": "class Other{}: pass"}, "no class"),
        ({"settings": {**SETTINGS, "properties": {"a": {"x-egc": "expression"}}}}, "not scripts"),
    ],
)
def test_a_plugin_that_is_unfit_is_told_with_its_file(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    plugin(tmp_path, **change)
    found = [one for one in findings(tmp_path, GATEWAY, system()) if one.name == "unfit-plugin"]
    assert found
    assert all(one.message.startswith("office/") for one in found)
    assert any(why in one.message for one in found), [one.message for one in found]


def test_a_plugin_does_not_lead_out_of_its_directory(tmp_path: Path) -> None:
    home = plugin(tmp_path / "config")
    (tmp_path / "secret").write_text("x")
    (home / "link").symlink_to(tmp_path / "secret")
    assert told(findings(tmp_path / "config", GATEWAY, system()), "file-outside").severity == "error"


def test_a_plugin_may_replace_what_is_built_in(tmp_path: Path) -> None:
    """D370."""
    home = plugin(tmp_path)
    (home / "schemas" / "policies" / "stamp.json").rename(home / "schemas" / "policies" / "proxy.json")
    (home / "policies" / "stamp.py").rename(home / "policies" / "proxy.py")
    text = GATEWAY.replace("stamp", "proxy")
    assert told(findings(tmp_path, text, system()), "plugin-replaces").severity == "warning"
    assert "from office.policies.proxy import Stamp" in build(tmp_path, text, system()).files["gateway.py"]


def test_a_class_that_is_called_like_one_of_the_gateway_gets_another_name(tmp_path: Path) -> None:
    plugin(tmp_path, stamp={**STAMP, "x-egc": {"class": "Gateway", "answers": "never"}})
    (tmp_path / "office" / "policies" / "stamp.py").write_text("class Gateway: pass")
    assert "import Gateway as Gateway2\n" in build(tmp_path, GATEWAY, system()).files["gateway.py"]


@pytest.mark.parametrize(
    ("entry", "help"),
    [
        ({"jwt-db": {"package": "express-gateway-jwt-database-plugin"}}, "`jwt` verifies"),
        ({"express-gateway-plugin-lambda": {"package": "../../../"}}, "lambda-proxy"),
        ({"winston": {"package": "./plugins/winston-logger/manifest.js"}}, "`log`"),
        ({"express-gateway-plugin-ip-whitelist": None}, "examples/plugin"),
        ({"own": {"package": "./plugins/own/manifest.js"}}, "in Python"),
        ({"json": {"package": "json"}}, "package"),
        ({"own": {"package": "${WHICH:-office}"}}, "Python module"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_told_what_to_write(tmp_path: Path, entry: object, help: str) -> None:
    """D364, D368: Express Gateway logged it and went on without."""
    found = told(findings(tmp_path, GATEWAY, yaml.safe_dump({"plugins": entry})), "unsupported-plugin")
    assert found.severity == "error"
    assert help in found.help


def test_a_policy_that_a_missing_plugin_may_bring_is_told_so(tmp_path: Path) -> None:
    found = told(findings(tmp_path, GATEWAY, yaml.safe_dump({"plugins": {"office": None}})), "unknown-policy")
    assert "plugin `office`" in found.message


def test_a_plugin_that_fails_when_it_is_loaded_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D368: `egc run` keeps what it serves, and says why; it is no bug of the gateway."""
    plugin(tmp_path, code="class {}:\n    pass\n\n\n1 / 0\n")
    write(build(tmp_path, GATEWAY, system()), tmp_path / "build")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in sys.modules if name.split(".")[0] == "office"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(EnvironmentFailure, match=r"office/__init__\.py line 5: ZeroDivisionError"):
        start(tmp_path / "build")
