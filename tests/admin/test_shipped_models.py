"""Models as they are shipped, and what the gateway makes by itself: C43-C45, C57."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from egc.runtime.admin.models import APPLICATIONS, CREDENTIALS, USERS, Model
from tests.admin.house import House

SHIPPED = Path(__file__).parents[2] / "schemas" / "models"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
BASE62 = r"[0-9a-zA-Z]{22}"


def shipped(name: str) -> Any:
    return json.loads((SHIPPED / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "model"), [("users", USERS), ("applications", APPLICATIONS)])
def test_what_is_checked_is_what_the_schema_says_in_its_order(name: str, model: Model) -> None:
    schema = shipped(name)
    assert [(one.name, one.type, one.format) for one in model.properties] == [
        (property_, told["type"], told.get("format")) for property_, told in schema["properties"].items()
    ]
    assert {one.name for one in model.properties if one.required} == set(schema["required"])


def test_types_of_credentials_are_those_of_the_schema_in_its_order() -> None:
    schema = shipped("credentials")["properties"]
    assert list(CREDENTIALS) == list(schema)
    for type_ in ("basic-auth", "oauth2"):
        named = schema[type_]["allOf"][1]["properties"]["passwordKey"]["default"]
        assert CREDENTIALS[type_].password_key == named


def test_ids_and_secrets_have_express_gateway_s_forms(house: House, shop: Any) -> None:
    assert re.fullmatch(UUID, shop["id"])
    assert re.fullmatch(UUID, shop["userId"])
    for type_ in ("key-auth", "jwt"):
        made = house.made("/credentials", {"consumerId": "shop", "type": type_})
        assert re.fullmatch(BASE62, made["keyId"])
        assert re.fullmatch(BASE62, made["keySecret"])
    for type_, key in (("basic-auth", "password"), ("oauth2", "secret")):
        assert re.fullmatch(UUID, house.made("/credentials", {"consumerId": "shop", "type": type_})[key])
