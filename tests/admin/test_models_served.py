"""Models of a project, from models/*.json to the answers of its Admin API: C46-C49, C51-C54, C144."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from egc.compiler import compile_project, write
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

USERS = {
    "$id": "http://express-gateway.io/models/users.json",
    "definitions": {"seat": {"type": "string", "pattern": "^[A-F][0-9]{1,2}$"}},
    "type": "object",
    "required": ["seat", "username"],
    "properties": {
        "username": {"type": "string", "minLength": 3},
        "seat": {"$ref": "#/definitions/seat"},
        "age": {"type": ["integer", "null"], "minimum": 18},
        "born": {"type": "string", "format": "date", "isMutable": False},
        "likes": {"type": "array", "items": {"enum": ["tea", "coffee"]}, "uniqueItems": True, "default": ["tea"]},
    },
    "additionalProperties": False,
}
CREDENTIALS = {
    "$id": "http://express-gateway.io/models/credentials.json",
    "type": "object",
    "definitions": {"base": {"type": "object", "properties": {"autoGeneratePassword": {"default": True}}}},
    "properties": {
        "basic-auth": {
            "allOf": [
                {"$ref": "#/definitions/base"},
                {
                    "properties": {
                        "passwordKey": {"type": "string", "default": "pin"},
                        "autoGeneratePassword": {"type": "boolean", "default": False},
                    }
                },
            ]
        },
        "key-auth": {
            "required": ["scopes", "use"],
            "properties": {"scopes": {"type": "array"}, "use": {"type": "string", "maxLength": 8}},
        },
    },
}


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the Admin API of a gateway with those models."""
    directory = tmp_path_factory.mktemp("models")
    config = directory / "config"
    (config / "models").mkdir(parents=True)
    (config / "models" / "users.json").write_text(json.dumps(USERS))
    (config / "models" / "credentials.json").write_text(json.dumps(CREDENTIALS))
    port, admin = free_port(), free_port()
    listeners = f"http: {{port: {port}, hostname: 127.0.0.1}}\nadmin: {{port: {admin}, host: 127.0.0.1}}\n"
    (config / "gateway.config.yml").write_text(f"{listeners}policies: []\n")
    write(compile_project(config, {}), directory / "build")
    with Running.artifact(directory / "build", port=port, admin_port=admin) as running:
        requests.post(f"{running.admin}/scopes", json={"scopes": ["read"]}, timeout=5).raise_for_status()
        yield running.admin


def ann(number: int, **more: Any) -> dict[str, Any]:
    return {"username": f"ann{number}", "seat": "A1", **more}


def test_values_are_coerced_and_defaults_filled_in(admin: str) -> None:
    made = requests.post(f"{admin}/users", json=ann(1, age="19"), timeout=5).json()
    assert (made["age"], made["likes"], made["seat"]) == (19, ["tea"], "A1")


@pytest.mark.parametrize(
    ("given", "member", "detail"),
    [
        ({"seat": "Z1"}, "seat", 'data.seat should match pattern "^[A-F][0-9]{1,2}$"'),
        ({"username": "x"}, "username", "data.username should NOT be shorter than 3 characters"),
        ({"age": 17}, "age", "data.age should be >= 18"),
        ({"age": "old"}, "age", "data.age should be integer,null"),
        ({"born": "today"}, "born", 'data.born should match format "date"'),
        ({"likes": ["tea", "milk"]}, "likes", "data.likes[1] should be equal to one of the allowed values"),
        (
            {"likes": ["tea", "tea"]},
            "likes",
            "data.likes should NOT have duplicate items",
        ),
        ({"town": "Bonn"}, "town", "data should NOT have additional properties"),
    ],
)
def test_what_the_model_forbids_is_refused_in_ajv_s_words(admin: str, given: Any, member: str, detail: str) -> None:
    refused = requests.post(f"{admin}/users", json=ann(2, **given), timeout=5)
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["pointer"], error["detail"]) == (f"#/{member}", detail)
    assert requests.get(f"{admin}/users/ann2", timeout=5).status_code == 404


def test_of_several_missing_ones_the_first_of_the_model_is_named(admin: str) -> None:
    refused = requests.post(f"{admin}/users", json={}, timeout=5)
    assert refused.json()["detail"] == "data should have required property 'username'"


def test_updates_are_checked_too(admin: str) -> None:
    requests.post(f"{admin}/users", json=ann(3), timeout=5).raise_for_status()
    for change, detail in (
        ({"seat": "Z1"}, 'data.seat should match pattern "^[A-F][0-9]{1,2}$"'),
        ({"born": "2001-02-03"}, "one or more properties is immutable: born"),
        ({"town": "Bonn"}, "one or more properties is invalid: town"),
    ):
        refused = requests.put(f"{admin}/users/ann3", json=change, timeout=5)
        assert (refused.status_code, refused.json()["detail"]) == (400, detail)
    assert requests.put(f"{admin}/users/ann3", json={"seat": "F12"}, timeout=5).json()["seat"] == "F12"


def test_models_of_credentials_rule_their_secrets_and_properties(admin: str) -> None:
    requests.post(f"{admin}/users", json=ann(4), timeout=5).raise_for_status()

    def create(kind: str, **credential: Any) -> Any:
        body = {"consumerId": "ann4", "type": kind, "credential": credential}
        return requests.post(f"{admin}/credentials", json=body, timeout=5).json()

    assert create("basic-auth")["detail"] == "pin is required"
    assert create("basic-auth", pin="4711")["passwordKey"] == "pin"
    assert create("key-auth")["detail"] == "scopes are required"
    assert create("key-auth", scopes=["read"])["detail"] == "data should have required property 'use'"
    wrong = create("key-auth", scopes=["read"], use="everything")
    assert wrong["errors"][0]["pointer"] == "#/credential/use"
    assert create("key-auth", scopes=["read"], use="orders")["use"] == "orders"
    assert create("oauth2")["secret"]


def test_the_schemas_are_those_of_the_project(admin: str) -> None:
    shown = {one["schema"]["$id"]: one["schema"] for one in requests.get(f"{admin}/schemas/model", timeout=5).json()}
    assert shown[USERS["$id"]]["properties"] == USERS["properties"]
    assert shown[CREDENTIALS["$id"]]["properties"] == CREDENTIALS["properties"]
