"""`/users`: C111-C116, N25, N27, N30, N34."""

import asyncio
from typing import Any

import pytest

from tests.admin.conftest import EVE
from tests.admin.house import House, said


def test_creation_answers_200_with_the_keys_in_express_gateway_s_order(house: House) -> None:
    result = house.post("/users", {**EVE, "email": "eve@example.com"})
    assert result.status_code == 200
    assert result.headers["content-type"] == "application/json; charset=utf-8"
    assert list(result.json) == [
        "isActive",
        "username",
        "id",
        "firstname",
        "lastname",
        "email",
        "createdAt",
        "updatedAt",
    ]
    assert result.json["isActive"] is True


def test_a_user_is_read_by_name_and_by_id(house: House, eve: Any) -> None:
    assert house.get("/users/eve").json == eve
    assert house.get(f"/users/{eve['id']}").json == eve


def test_a_taken_name_is_409(house: House, eve: Any) -> None:
    result = house.post("/users", EVE)
    assert (result.status_code, said(result)) == (409, "username already exists")


def test_a_name_that_is_somebody_s_id_is_409(house: House, shop: Any) -> None:
    for id_ in (shop["id"], shop["userId"]):
        assert house.post("/users", {**EVE, "username": id_}).status_code == 409


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "data should have required property 'firstname'"),
        ({"username": "x", "firstname": "y"}, "data should have required property 'lastname'"),
        ({**EVE, "email": "nobody"}, 'data.email should match format "email"'),
        ({**EVE, "redirectUri": "no uri"}, 'data.redirectUri should match format "uri"'),
        ({**EVE, "firstname": ["x"]}, "data.firstname should be string"),
        ({**EVE, "username": ""}, "invalid username"),
        ({**EVE, "isActive": "maybe"}, "isActive must be true or false"),
        ({**EVE, "id": "mine"}, "id is set by the gateway"),
        ({**EVE, "createdAt": "long ago"}, "createdAt is set by the gateway"),
    ],
)
def test_a_bad_user_is_400_and_named(house: House, body: Any, sentence: str) -> None:
    result = house.post("/users", body)
    assert (result.status_code, said(result)) == (400, sentence)
    assert house.get("/users").json == {"users": [], "nextKey": 0}


def test_numbers_and_booleans_for_text_are_kept_as_text(house: House) -> None:
    user = house.made("/users", {"username": 77, "firstname": 1.0, "lastname": True})
    assert (user["username"], user["firstname"], user["lastname"]) == ("77", "1", "true")


def test_undeclared_properties_are_kept_and_a_user_may_begin_inactive(house: House) -> None:
    user = house.made("/users", {**EVE, "colour": "red", "isActive": False})
    assert (user["colour"], user["isActive"]) == ("red", False)
    assert house.get("/users/eve").json == user


def test_a_property_called_password_is_never_shown(house: House) -> None:
    """C66, in no answer."""
    assert "password" not in house.made("/users", {**EVE, "password": "chosen"})
    assert "password" not in house.get("/users/eve").json
    assert "password" not in house.get("/users").json["users"][0]


def test_an_update_changes_what_it_names_and_leaves_the_name(house: House, eve: Any) -> None:
    result = house.put("/users/eve", {"username": "other", "lastname": "Star"})
    assert result.status_code == 200
    assert result.json == {**eve, "lastname": "Star", "updatedAt": result.json["updatedAt"]}


def test_an_update_without_properties_changes_nothing(house: House, eve: Any) -> None:
    assert house.put("/users/eve", {}).json == eve
    assert house.put("/users/eve").json == eve


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"colour": "red"}, "one or more properties is invalid: colour"),
        ({"isActive": False}, "one or more properties is invalid: isActive"),
        ({"email": "nobody"}, 'data.email should match format "email"'),
    ],
)
def test_a_bad_update_is_400_and_changes_nothing(house: House, eve: Any, body: Any, sentence: str) -> None:
    result = house.put("/users/eve", body)
    assert (result.status_code, said(result)) == (400, sentence)
    assert house.get("/users/eve").json == eve


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_user_is_404(house: House, method: str) -> None:
    result = house.run(house.ask(method, "/users/nobody"))
    assert (result.status_code, said(result)) == (404, "User not found: nobody")


def test_status_says_what_it_did(house: House, eve: Any) -> None:
    words = [house.put("/users/eve/status", {"status": status}).json for status in (True, False, False, True)]
    assert words == [{"status": word} for word in ("Active", "Deactivated", "Inactive", "Activated")]


@pytest.mark.parametrize("body", [None, {}, {"status": "true"}, {"status": None}, {"status": 1}])
def test_a_status_that_is_no_boolean_is_400_and_deactivates_nobody(house: House, eve: Any, body: Any) -> None:
    assert house.put("/users/eve/status", body).status_code == 400
    assert house.get("/users/eve").json["isActive"] is True


def test_status_of_an_unknown_user_is_404_in_lower_case(house: House) -> None:
    result = house.put("/users/nobody/status", {"status": True})
    assert (result.status_code, said(result)) == (404, "user not found: nobody")


def test_deactivating_a_user_deactivates_the_applications(house: House, shop: Any) -> None:
    house.put("/users/eve/status", {"status": False})
    assert house.get("/apps/shop").json["isActive"] is False


def test_deletion_takes_everything_of_the_user(house: House, shop: Any) -> None:
    house.made("/credentials", {"consumerId": "shop", "type": "oauth2"})
    house.made("/credentials", {"consumerId": "eve", "type": "key-auth"})
    result = house.delete("/users/eve")
    assert (result.status_code, result.content) == (204, b"")
    assert house.get("/apps").json == {"apps": [], "nextKey": 0}
    assert house.get("/credentials").json == {"credentials": []}


def test_pages_end_with_0_and_hold_everybody_once(house: House) -> None:
    for number in range(5):
        house.made("/users", {**EVE, "username": f"user{number}"})
    names, start = [], 0
    while True:
        page = house.get("/users", params={"start": start, "count": 2}).json
        assert page["users"]
        names += [user["username"] for user in page["users"]]
        start = page["nextKey"]
        if start == 0:
            break
    assert names == [f"user{number}" for number in range(5)]


@pytest.mark.parametrize("query", ["start=x", "start=-1", "count=0", "count=1e3", "start=99999999999999999"])
def test_a_bad_page_is_400(house: House, query: str) -> None:
    result = house.get("/users", query_string=query)
    assert result.status_code == 400


def test_simultaneous_updates_lose_nothing_and_never_undo_a_deactivation(house: House, eve: Any) -> None:
    async def race() -> None:
        changes = [
            house.ask("PUT", "/users/eve", {"email": "e@example.com"}),
            house.ask("PUT", "/users/eve/status", {"status": False}),
            house.ask("PUT", "/users/eve", {"lastname": "Star"}),
            house.ask("PUT", "/users/eve", {"redirectUri": "http://eve.test"}),
        ]
        assert [result.status_code for result in await asyncio.gather(*changes)] == [200] * 4

    house.run(race())
    user = house.get("/users/eve").json
    assert (user["email"], user["lastname"], user["redirectUri"]) == ("e@example.com", "Star", "http://eve.test")
    assert user["isActive"] is False
