"""Models other than the shipped ones: C46-C54."""

from pathlib import Path
from typing import Any

import pytest

from egc.runtime.admin import CredentialModel, Model, Property
from tests.admin.house import House, said

USERS = Model(
    (
        Property("username", required=True),
        Property("age", type="integer"),
        Property("tier", default="free", choices=("free", "paid")),
        Property("code", required=True, is_mutable=False),
        Property("tags", type="array"),
        Property("vip", type="boolean"),
        Property("weight", type="number"),
        Property("extra", type=None),
        Property("address", type="object"),
    )
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"tier": "free"}),
        ({"age": "12", "vip": "true", "weight": "1.5"}, {"age": 12, "vip": True, "weight": 1.5}),
        ({"age": True, "vip": 0, "weight": None}, {"age": 1, "vip": False, "weight": 0}),
        ({"tags": "a b", "extra": [None], "address": {"x": 1}}, {"tags": ["a", "b"], "extra": [None]}),
        ({"code": None}, {"code": ""}),
        ({"age": 10**400}, {"age": 10**400}),
    ],
)
def test_values_are_coerced_and_defaults_filled_in(tmp_path: Path, given: Any, kept: Any) -> None:
    with House(tmp_path / "data", users=USERS) as house:
        user = house.made("/users", {"username": "x", "code": "c", **given})
        assert {name: user[name] for name in kept} == kept


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"age": "twelve"}, "data.age should be integer"),
        ({"age": 1.5}, "data.age should be integer"),
        ({"vip": "yes"}, "data.vip should be boolean"),
        ({"tags": 7}, "data.tags should be array"),
        ({"address": "x"}, "data.address should be object"),
        ({"tier": "gold"}, "data.tier should be one of free, paid"),
        ({"weight": "1" * 100}, "data.weight should be number"),
        ({"weight": "1e999"}, "data.weight should be number"),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path: Path, given: Any, sentence: str) -> None:
    with House(tmp_path / "data", users=USERS) as house:
        result = house.post("/users", {"username": "x", "code": "c", **given})
        assert (result.status_code, said(result)) == (400, sentence)


def test_an_immutable_property_stays(tmp_path: Path) -> None:
    with House(tmp_path / "data", users=USERS) as house:
        house.made("/users", {"username": "x", "code": "c"})
        result = house.put("/users/x", {"code": "d"})
        assert (result.status_code, said(result)) == (400, "one or more properties is immutable: code")


def test_a_credential_model_rules_secrets_and_scopes(tmp_path: Path) -> None:
    strict = CredentialModel("pin", auto_generate_password=False, scopes_required=True)
    with House(tmp_path / "data", credentials={"basic-auth": strict}) as house:
        house.made("/users", {"username": "x", "firstname": "X", "lastname": "Y"})
        house.post("/scopes", {"scopes": ["s"]})

        def create(**credential: Any) -> Any:
            return house.post("/credentials", {"consumerId": "x", "type": "basic-auth", "credential": credential})

        assert (create().status_code, said(create())) == (400, "scopes are required")
        assert said(create(scopes=["s"])) == "pin is required"
        assert create(scopes=["s"], pin="1234").json["passwordKey"] == "pin"
        assert house.post("/credentials", {"consumerId": "x", "type": "oauth2"}).json["secret"]


def test_default_scopes_are_given_where_none_are_sent(tmp_path: Path) -> None:
    model = CredentialModel("keySecret", default_scopes=("s",), properties=Model((Property("plan", default="free"),)))
    with House(tmp_path / "data", credentials={"key-auth": model}) as house:
        house.made("/users", {"username": "x", "firstname": "X", "lastname": "Y"})
        house.post("/scopes", {"scopes": ["s"]})
        made = house.made("/credentials", {"consumerId": "x", "type": "key-auth"})
        assert (made["scopes"], made["plan"]) == (["s"], "free")
