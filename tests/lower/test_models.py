"""Models that a project has made its own reach the Admin API; the shipped ones need no words."""

import json
from pathlib import Path

from egc.compiler import compile_project

GATEWAY = "admin: {port: 9876}\npolicies: []\n"
USERS = {
    "$id": "http://express-gateway.io/models/users.json",
    "type": "object",
    "required": ["username", "team"],
    "properties": {
        "username": {"type": "string"},
        "team": {"type": "string", "isMutable": False, "enum": ["a", "b"]},
        "age": {"type": "integer", "default": 3, "minimum": 2},
    },
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
