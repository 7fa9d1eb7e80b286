"""Models that a project has made its own reach the Admin API; the shipped ones need no words."""

import json
from pathlib import Path
from typing import Any

import pytest

from egc.compiler import Compiled, compile_project
from egc.compiler.diagnostics import DoesNotCompile

SHIPPED = Path(__file__).parents[2] / "schemas" / "models"
GATEWAY = "admin: {port: 9876}\npolicies: []\n"
USERS = {
    "$id": "http://express-gateway.io/models/users.json",
    "type": "object",
    "required": ["username", "team"],
    "properties": {
        "username": {"type": "string"},
        "team": {"type": "string", "isMutable": False, "enum": ["a", "b"]},
        "age": {"type": "integer", "default": 3},
    },
    "minProperties": 2,
}


def project(directory: Path, users: object) -> Path:
    """A configuration with that models/users.json."""
    (directory / "models").mkdir()
    (directory / "gateway.config.yml").write_text(GATEWAY)
    (directory / "models" / "users.json").write_text(json.dumps(users))
    return directory


def test_own_properties_are_emitted(tmp_path: Path) -> None:
    compiled = compile_project(project(tmp_path, USERS), {})
    module = compiled.files["gateway.py"]
    assert 'Property("username", type="string", required=True)' in module
    assert "is_mutable=False" in module
    assert 'choices=("a", "b")' in module
    assert 'Property("age", type="integer", default=3)' in module
    found = [(one.name, one.span.file) for one in compiled.report]
    assert ("unchecked-keyword", "models/users.json") in found


def test_the_shipped_model_is_not_written_out(tmp_path: Path) -> None:
    shipped = json.loads((Path(__file__).parent.parent.parent / "schemas" / "models" / "users.json").read_text())
    assert "Model(" not in compile_project(project(tmp_path, shipped), {}).files["gateway.py"]


def test_any_keyword_of_a_property_reaches_the_admin_api_with_the_definitions_it_refers_to(tmp_path: Path) -> None:
    team = {"definitions": {"team": {"type": "string", "pattern": "^t-"}}}
    properties = {"username": {"type": "string", "minLength": 3}, "team": {"$ref": "#/definitions/team"}}
    compiled = compile_project(project(tmp_path, {**USERS, **team, "minProperties": 1, "properties": properties}), {})
    module = compiled.files["gateway.py"]
    assert '"minLength": 3' in module
    assert '"pattern": "^t-"' in module
    assert '"$ref": "#/definitions/team"' in module


def test_a_reference_out_of_the_model_is_told_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(DoesNotCompile) as failed:
        compile_project(project(tmp_path, {**USERS, "properties": {"team": {"$ref": "other.json"}}}), {})
    assert [(one.name, one.span.file) for one in failed.value.report if one.severity == "error"] == [
        ("invalid-embedded-schema", "models/users.json")
    ]


def credentials(directory: Path, **types: Any) -> Compiled:
    """The shipped models of credentials with those types changed: a default of a property, or a whole schema."""
    model = json.loads((SHIPPED / "credentials.json").read_text())
    model["properties"].update(types)
    (directory / "models").mkdir()
    (directory / "gateway.config.yml").write_text(GATEWAY)
    (directory / "models" / "credentials.json").write_text(json.dumps(model))
    return compile_project(directory, {})


def test_shipped_credentials_are_not_written_out(tmp_path: Path) -> None:
    assert "CredentialModel" not in credentials(tmp_path).files["gateway.py"]


def test_models_of_credentials_reach_the_admin_api(tmp_path: Path) -> None:
    """C51-C54: what a type joins by `allOf` and `$ref` counts, the last of two with one name."""
    strict = {
        "allOf": [
            {"$ref": "#/definitions/credentialBase"},
            {
                "type": "object",
                "required": ["passwordKey", "scopes", "seat"],
                "properties": {
                    "passwordKey": {"type": "string", "default": "pin"},
                    "autoGeneratePassword": {"type": "boolean", "default": False},
                    "scopes": {"type": ["string", "array"], "default": ["read"]},
                    "seat": {"type": "string", "maxLength": 4},
                },
            },
        ]
    }
    module = " ".join(credentials(tmp_path, **{"basic-auth": strict}).files["gateway.py"].split())
    assert '"basic-auth": CredentialModel( "pin", auto_generate_password=False, scopes_required=True,' in module
    assert 'default_scopes=("read",)' in module
    assert '"maxLength": 4' in module
    assert "oauth2" not in module


def test_a_type_of_credentials_that_nobody_asks_for_is_told(tmp_path: Path) -> None:
    found = credentials(tmp_path, badge={"type": "object"})
    assert [one.name for one in found.report if "badge" in one.message] == ["option-without-effect"]
