"""`/scopes` and `/tokens`: C131-C136, and the tokens of a consumer."""

import time
from typing import Any

import pytest

from egc.runtime.store import Token
from tests.admin.house import House, said


def test_no_scopes_are_null(house: House) -> None:
    assert house.get("/scopes").json == {"scopes": None}


def test_scopes_are_created_all_or_none(house: House) -> None:
    created = house.post("/scopes", {"scopes": ["one", "two"]})
    assert (created.status_code, created.content) == (201, b"")
    assert "content-type" not in created.headers
    refused = house.post("/scopes", {"scopes": ["three", "one"]})
    assert (refused.status_code, said(refused)) == (409, "One or more scopes already exist.")
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
        assert (result.status_code, said(result)) == (404, "scope not found: none")


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
        assert (result.status_code, said(result)) == (200, "[[null,1],[null,1],[null,1]]")
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


def test_the_tokens_of_a_consumer_are_listed_to_the_end_without_their_secrets(house: House, shop: Any) -> None:
    for number in range(7):
        issue(house, shop["id"], f"t{number}", life=60 + number)
    issue(house, shop["id"], "old", life=-1)
    page = house.get("/tokens?consumer=shop&count=3").json
    found = page["tokens"]
    while page["nextKey"]:
        issue(house, shop["id"], f"new{len(found)}", life=30)
        page = house.get("/tokens", params={"consumer": shop["id"], "count": 3, "start": page["nextKey"]}).json
        found += page["tokens"]
    assert [one["id"] for one in found] == [f"t{number}" for number in range(7)]
    assert page["nextKey"] == 0
    assert list(found[0]) == ["id", "type", "clientId", "userId", "scopes", "grant", "createdAt", "expiresAt"]
    assert house.get("/tokens?consumer=shop&start=0").json["tokens"][0]["id"] == "new3"
    assert house.get("/tokens?consumer=eve").json == {"tokens": [], "nextKey": 0}


def test_the_tokens_of_a_consumer_are_revoked_at_once(house: House, shop: Any) -> None:
    issue(house, shop["id"], "t1")
    issue(house, shop["id"], "r1", "refresh")
    assert house.delete("/tokens?consumer=eve").json == {"revoked": 0}
    assert house.delete("/tokens?consumer=shop").json == {"revoked": 2}
    assert house.run(house.store.authenticate("t1")) is None
    assert house.delete("/tokens?consumer=shop").json == {"revoked": 0}


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("", 404, "consumer"),
        ("?consumer=", 404, "consumer"),
        ("?consumer=eve&count=0", 400, "count"),
        ("?consumer=eve&start=here", 400, "start"),
        ("?consumer=nobody", 404, None),
    ],
)
def test_a_bad_question_for_tokens_is_refused_and_named(
    house: House, eve: Any, query: str, status: int, parameter: str | None
) -> None:
    result = house.get(f"/tokens{query}")
    assert result.status_code == status
    if parameter is not None:
        assert [one["parameter"] for one in result.json["errors"]] == [parameter]
