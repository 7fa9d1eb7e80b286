"""What is wrong with a request is a problem document that names the member (RFC 9457, RFC 6901)."""

from typing import Any

import pytest

from tests.admin.conftest import EVE
from tests.admin.house import House, said


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "pointer"),
    [
        ("POST", "/users", {}, 400, "#/firstname"),
        ("POST", "/users", {**EVE, "email": "x"}, 400, "#/email"),
        ("POST", "/users", EVE, 409, "#/username"),
        ("PUT", "/users/eve", {"a/b~c": 1}, 400, "#/a~1b~0c"),
        ("PUT", "/users/eve/status", {}, 400, "#/status"),
        ("POST", "/apps", {"name": "x"}, 400, "#/userId"),
        ("POST", "/apps", {"userId": "nobody", "name": "x"}, 409, "#/userId"),
        ("POST", "/apps", {"userId": "eve", "name": "shop"}, 409, "#/name"),
        ("POST", "/apps", {"userId": "eve", "name": "x", "redirectUri": "javascript:1"}, 400, "#/redirectUri"),
        ("POST", "/credentials", {"type": "jwt"}, 400, "#/consumerId"),
        ("POST", "/credentials", {"consumerId": "nobody", "type": "jwt"}, 422, "#/consumerId"),
        ("POST", "/credentials", {"consumerId": "eve", "type": "odd"}, 400, "#/type"),
        ("POST", "/credentials", {"consumerId": "eve", "type": "jwt", "credential": []}, 400, "#/credential"),
        (
            "POST",
            "/credentials",
            {"consumerId": "eve", "type": "basic-auth", "credential": {"password": 1}},
            400,
            "#/credential/password",
        ),
        (
            "POST",
            "/credentials",
            {"consumerId": "eve", "type": "jwt", "credential": {"scopes": ["none"]}},
            422,
            "#/credential/scopes",
        ),
        ("POST", "/scopes", {"scopes": "x"}, 400, "#/scopes"),
        ("POST", "/scopes", {"scopes": ["x\0"]}, 400, "#/scopes"),
        ("POST", "/users", {**EVE, "username": "a\r\nb"}, 400, "#/username"),
        ("POST", "/users", {**EVE, "username": "\x1b[2J"}, 400, "#/username"),
        (
            "POST",
            "/credentials",
            {"consumerId": "eve", "type": "jwt", "credential": {"keyId": "a\u2028"}},
            400,
            "#/credential/keyId",
        ),
    ],
)
def test_the_member_is_named(
    house: House, shop: Any, method: str, path: str, body: Any, status: int, pointer: str
) -> None:
    result = house.run(house.ask(method, path, body))
    assert (result.status_code, result.headers["content-type"]) == (status, "application/problem+json")
    assert [error["pointer"] for error in result.json["errors"]] == [pointer]
    assert result.json["status"] == status
    assert result.json["detail"] == result.json["errors"][0]["detail"]
    assert result.headers["x-content-type-options"] == "nosniff"


def test_who_takes_text_only_gets_the_sentence(house: House, eve: Any) -> None:
    result = house.post("/users", EVE, headers={"Accept": "text/html"})
    assert (result.status_code, result.text) == (409, "username already exists")
    assert result.headers["content-type"] == "text/html; charset=utf-8"


def test_a_parameter_is_named(house: House) -> None:
    result = house.get("/users?count=none")
    assert result.json["errors"] == [{"parameter": "count", "detail": "count must be a whole number of at least 1"}]


@pytest.mark.parametrize(
    ("headers", "media"),
    [
        ({}, "text/html; charset=utf-8"),
        ({"Accept": "*/*"}, "application/problem+json"),
        ({"Accept": "application/json"}, "application/problem+json"),
    ],
)
def test_scopes_that_exist_are_told_as_express_gateway_did_to_who_names_no_form(
    house: House, headers: dict[str, str], media: str
) -> None:
    house.put("/scopes/one")
    for refused in (
        house.put("/scopes/one", headers=headers),
        house.post("/scopes", {"scopes": ["one"]}, headers=headers),
    ):
        assert (refused.status_code, refused.headers["content-type"]) == (409, media)
        assert said(refused) == "One or more scopes already exist."
