"""`/apps`: C117-C122, N35."""

from typing import Any

import pytest

from tests.admin.conftest import EVE
from tests.admin.house import House, said


def test_creation_answers_the_keys_in_express_gateway_s_order(house: House, eve: Any) -> None:
    app = house.made("/apps", {"userId": "eve", "name": "shop", "redirectUri": "http://shop.test/cb"})
    assert list(app) == ["isActive", "id", "userId", "name", "redirectUri", "createdAt", "updatedAt"]
    assert app["userId"] == eve["id"]


def test_an_application_is_read_by_id_and_by_name(house: House, shop: Any) -> None:
    assert house.get(f"/apps/{shop['id']}").json == shop
    assert house.get("/apps/shop").json == shop
    assert house.get("/apps").json == {"apps": [shop], "nextKey": 0}


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"name": "x"}, 400, "userId must name a user"),
        ({"userId": 7, "name": "x"}, 400, "userId must name a user"),
        ({"userId": "nobody", "name": "x"}, 409, "The specified user does not exist"),
        ({"userId": "eve"}, 400, "data should have required property 'name'"),
        ({"userId": "eve", "name": ""}, 400, "data.name should not be empty"),
        ({"userId": "eve", "name": "x", "redirectUri": "::"}, 400, 'data.redirectUri should match format "uri"'),
        (
            {"userId": "eve", "name": "x", "colour": "red"},
            400,
            "Failed to insert application: one or more property is invalid: colour",
        ),
        (
            {"userId": "eve", "name": "x", "clientType": "odd"},
            400,
            "data.clientType should be one of confidential, public",
        ),
        ({"userId": "eve", "name": "x", "redirectUris": [1]}, 400, "data.redirectUris should be a list of texts"),
    ],
)
def test_a_bad_application_is_refused_and_named(house: House, eve: Any, body: Any, status: int, sentence: str) -> None:
    result = house.post("/apps", body)
    assert (result.status_code, said(result)) == (status, sentence)
    assert house.get("/apps").json["apps"] == []


def test_a_name_is_taken_for_one_owner_only(house: House, shop: Any) -> None:
    result = house.post("/apps", {"userId": "eve", "name": "shop"})
    assert result.status_code == 409
    assert said(result).endswith("has already another application bound with shop as name")
    house.made("/users", {**EVE, "username": "bob"})
    house.made("/apps", {"userId": "bob", "name": "shop"})


def test_a_name_that_two_owners_use_is_ambiguous_and_blocks_nobody_else(house: House, shop: Any) -> None:
    ids = [shop["id"]]
    for name in ("bob", "joe"):
        house.made("/users", {**EVE, "username": name})
        ids.append(house.made("/apps", {"userId": name, "name": "shop"})["id"])
    result = house.get("/apps/shop")
    assert result.status_code == 409
    assert all(id_ in result.text for id_ in ids)
    assert house.get(f"/apps/{ids[1]}").status_code == 200


def test_several_redirect_uris_and_the_client_type_are_kept(house: House, eve: Any) -> None:
    uris = ["https://a.test/cb", "com.example.app:/cb"]
    app = house.made("/apps", {"userId": "eve", "name": "x", "redirectUris": uris, "clientType": "public"})
    assert (app["redirectUris"], app["clientType"]) == (uris, "public")
    spoken = house.made("/apps", {"userId": "eve", "name": "y", "redirectUris": " ".join(uris)})
    assert spoken["redirectUris"] == uris


def test_a_renamed_application_is_found_by_its_new_name(house: House, shop: Any) -> None:
    result = house.put("/apps/shop", {"name": "store"})
    assert result.json["name"] == "store"
    assert house.get("/apps/store").json["id"] == shop["id"]
    assert house.get("/apps/shop").status_code == 404


def test_renaming_to_a_taken_name_is_409(house: House, shop: Any) -> None:
    house.made("/apps", {"userId": "eve", "name": "blog"})
    assert house.put("/apps/blog", {"name": "shop"}).status_code == 409


@pytest.mark.parametrize("body", [{"userId": "x"}, {"id": "x"}, {"isActive": False}, {"name": ""}, {"colour": 1}])
def test_a_bad_update_is_400_and_changes_nothing(house: House, shop: Any, body: Any) -> None:
    assert house.put("/apps/shop", body).status_code == 400
    assert house.get("/apps/shop").json == shop


def test_status_says_what_it_did(house: House, shop: Any) -> None:
    words = [house.put("/apps/shop/status", {"status": status}).json for status in (True, False, False, True)]
    assert words == [{"status": word} for word in ("Active", "Deactivated", "Inactive", "Activated")]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/status")])
def test_an_unknown_application_is_404(house: House, method: str, path: str) -> None:
    result = house.run(house.ask(method, f"/apps/none{path}", {"status": True} if path else {}))
    assert (result.status_code, said(result)) == (404, "Application not found: none")


def test_deletion_takes_the_credentials(house: House, shop: Any) -> None:
    house.made("/credentials", {"consumerId": "shop", "type": "oauth2"})
    assert house.delete("/apps/shop").status_code == 204
    assert house.get("/credentials").json == {"credentials": []}
