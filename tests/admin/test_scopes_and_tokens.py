"""`/scopes` and `/tokens`: C131-C136."""

import time
from typing import Any

import pytest

from egc.runtime.store import Token
from tests.admin.house import House


def test_no_scopes_are_null(house: House) -> None:
    assert house.get("/scopes").json == {"scopes": None}


def test_scopes_are_created_all_or_none(house: House) -> None:
    created = house.post("/scopes", {"scopes": ["one", "two"]})
    assert (created.status_code, created.content) == (201, b"")
    assert "content-type" not in created.headers
    refused = house.post("/scopes", {"scopes": ["three", "one"]})
    assert (refused.status_code, refused.text) == (409, "One or more scopes already exist.")
    assert house.get("/scopes").json == {"scopes": ["one", "two"]}


@pytest.mark.parametrize("body", [None, {}, {"scopes": "one"}, {"scopes": []}, {"scopes": [1]}, {"scopes": [" "]}])
def test_what_is_no_list_of_scopes_is_400(house: House, body: Any) -> None:
    assert house.post("/scopes", body).status_code == 400
    assert house.get("/scopes").json == {"scopes": None}


def test_one_scope_is_created_read_and_removed(house: House) -> None:
    assert house.put("/scopes/a%2Fb").status_code == 201
    assert house.put("/scopes/a%2Fb").status_code == 409
    assert house.get("/scopes/a%2Fb").json == {"scope": "a/b"}
    assert house.delete("/scopes/a%2Fb").status_code == 204
    for result in (house.get("/scopes/none"), house.delete("/scopes/none")):
        assert (result.status_code, result.text) == (404, "scope not found: none")


def test_a_removed_scope_leaves_the_credentials(house: House, eve: Any) -> None:
    house.post("/scopes", {"scopes": ["one", "two"]})
    house.made(
        "/credentials",
        {"consumerId": "eve", "type": "key-auth", "credential": {"keyId": "k", "scopes": ["one", "two"]}},
    )
    house.delete("/scopes/one")
    assert house.get("/credentials/key-auth/k").json["scopes"] == ["two"]


def issue(house: House, client: str, id_: str, kind: Any = "access", life: float = 60) -> None:
    """Store a token."""
    now = time.time()
    token = Token(id_, b"d" * 32, kind, client, None, (), "client_credentials", "family", now, now + life)
    assert house.run(house.store.save_tokens([token]))


def test_a_token_is_revoked_by_its_whole_text_or_its_id(house: House, shop: Any) -> None:
    for id_, path in (("t1", "/tokens/t1%7Csecret"), ("t2", "/tokens/t2")):
        issue(house, shop["id"], id_)
        result = house.delete(path)
        assert (result.status_code, result.text) == (200, "[[null,1],[null,1],[null,1]]")
        assert house.run(house.store.authenticate(id_)) is None
        assert house.delete(path).status_code == 404


def test_revoking_a_refresh_token_ends_its_family(house: House, shop: Any) -> None:
    issue(house, shop["id"], "t1")
    issue(house, shop["id"], "r1", "refresh")
    assert house.delete("/tokens/r1").status_code == 200
    assert house.run(house.store.authenticate("t1")) is None


def test_an_unknown_or_expired_token_is_404(house: House, shop: Any) -> None:
    issue(house, shop["id"], "old", life=-1)
    assert house.delete("/tokens/unknown").status_code == 404
    assert house.delete("/tokens/old").status_code == 404
