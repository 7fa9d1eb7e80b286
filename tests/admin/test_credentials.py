"""`/credentials`: C123-C130, N24, N27, N29, N36."""

import asyncio
from typing import Any

import pytest

from egc.runtime.oauth2.secrets import PasswordHasher, stored_digest
from egc.runtime.store import Session, Token
from tests.admin.house import House, said


@pytest.fixture
def scopes(house: House) -> None:
    """The scopes s1, s2, s3."""
    house.post("/scopes", {"scopes": ["s1", "s2", "s3"]})


def create(house: House, type_: str, consumer: str = "eve", **credential: Any) -> Any:
    """What the creation of a credential answers."""
    return house.made("/credentials", {"consumerId": consumer, "type": type_, "credential": credential})


def stored_secret(house: House, type_: Any, id_: str) -> str:
    """How the store holds the secret."""
    credential = house.run(house.store.get_credential(type_, id_))
    assert credential is not None
    assert credential.secret is not None
    return credential.secret


def verifies(house: House, secret: str, stored: str) -> bool:
    """Whether the secret opens the credential."""
    hasher = PasswordHasher()
    try:
        return house.run(hasher.verify(secret, stored))
    finally:
        hasher.close()


@pytest.mark.parametrize("type_", ["key-auth", "jwt"])
def test_a_key_is_made_shown_once_and_stored_as_a_digest(house: House, eve: Any, type_: str) -> None:
    made = create(house, type_)
    assert list(made) == [
        "isActive",
        "createdAt",
        "updatedAt",
        "keyId",
        "keySecret",
        "scopes",
        "consumerId",
        "id",
    ]
    assert (made["id"], made["consumerId"], made["scopes"]) == (made["keyId"], eve["id"], None)
    assert (len(made["keyId"]), len(made["keySecret"])) == (22, 22)
    assert stored_secret(house, type_, made["keyId"]) == stored_digest(made["keySecret"])
    read = house.get(f"/credentials/{type_}/{made['keyId']}").json
    assert list(read) == ["isActive", "createdAt", "updatedAt", "keyId", "scopes", "consumerId", "type", "id"]


@pytest.mark.parametrize(("type_", "key"), [("basic-auth", "password"), ("oauth2", "secret")])
def test_a_secret_is_made_shown_once_and_stored_as_a_digest(house: House, eve: Any, type_: str, key: str) -> None:
    made = create(house, type_)
    assert list(made) == ["isActive", "createdAt", "updatedAt", "autoGeneratePassword", "passwordKey", "id", key]
    assert (made["autoGeneratePassword"], made["passwordKey"], made["id"]) == (True, key, eve["id"])
    assert stored_secret(house, type_, eve["id"]) == stored_digest(made[key])
    read = house.get(f"/credentials/{type_}/{eve['id']}").json
    assert list(read) == ["isActive", "createdAt", "updatedAt", "type", "id"]


@pytest.mark.parametrize(
    ("type_", "key"),
    [("basic-auth", "password"), ("oauth2", "secret"), ("key-auth", "keySecret"), ("jwt", "keySecret")],
)
def test_a_chosen_secret_is_hashed_and_opens_the_credential(house: House, eve: Any, type_: str, key: str) -> None:
    made = create(house, type_, **{key: "chosen by me"})
    stored = stored_secret(house, type_, made["id"])
    assert stored.startswith("$argon2id$")
    assert verifies(house, "chosen by me", stored)
    assert not verifies(house, "another", stored)


def test_a_submitted_password_is_not_echoed_but_a_submitted_key_secret_is(house: House, eve: Any) -> None:
    assert "password" not in create(house, "basic-auth", password="own")
    made = create(house, "key-auth", keyId="chosen", keySecret="word")
    assert (made["keyId"], made["keySecret"]) == ("chosen", "word")


def test_an_empty_password_counts_as_none_given(house: House, eve: Any) -> None:
    assert create(house, "basic-auth", password="")["password"]


def test_numbers_for_keys_are_taken_as_text(house: House, eve: Any) -> None:
    made = create(house, "key-auth", keyId=12345, keySecret=678)
    assert (made["keyId"], made["keySecret"]) == ("12345", "678")


def test_what_else_is_sent_is_kept_in_its_place(house: House, eve: Any, scopes: None) -> None:
    made = create(house, "basic-auth", note="mine", scopes=["s1"], passwordKey="x")
    assert list(made)[3:7] == ["scopes", "note", "autoGeneratePassword", "passwordKey"]
    assert made["passwordKey"] == "password"
    read = house.get(f"/credentials/basic-auth/{eve['id']}").json
    assert list(read)[3:] == ["scopes", "note", "type", "id"]
    assert (read["scopes"], read["note"]) == (["s1"], "mine")


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 400, "consumerId must name a user or an application"),
        ({"consumerId": ["eve"], "type": "jwt"}, 400, "consumerId must name a user or an application"),
        ({"consumerId": "nobody", "type": "jwt"}, 422, "No consumer found with id: nobody"),
        ({"consumerId": "eve"}, 400, "type must be one of basic-auth, key-auth, jwt, oauth2"),
        ({"consumerId": "eve", "type": "odd"}, 400, "Invalid credential type: odd"),
        ({"consumerId": "eve", "type": "jwt", "credential": []}, 400, "credential must be an object"),
        ({"consumerId": "eve", "type": "jwt", "credential": {"scopes": "s1"}}, 400, "scopes must be a list of texts"),
        ({"consumerId": "eve", "type": "jwt", "credential": {"scopes": ["no"]}}, 422, "One or more scopes don't exist"),
        ({"consumerId": "eve", "type": "oauth2", "credential": {"secret": 1}}, 400, "secret must be a text"),
        ({"consumerId": "eve", "type": "key-auth", "credential": {"keyId": {}}}, 400, "keyId must be a text"),
        (
            {"consumerId": "eve", "type": "key-auth", "credential": {"keyId": "a:b"}},
            400,
            "keyId must not contain a colon",
        ),
        (
            {"consumerId": "eve", "type": "jwt", "credential": {"isActive": False}},
            400,
            "isActive is set by the gateway",
        ),
        ({"consumerId": "eve", "type": "oauth2", "credential": {"keyId": "x"}}, 400, "keyId is set by the gateway"),
        (
            {"consumerId": "eve", "type": "oauth2", "credential": {"password": "x"}},
            400,
            "the secret of a oauth2 credential is called secret, not password",
        ),
    ],
)
def test_a_bad_credential_is_refused_and_named(house: House, eve: Any, body: Any, status: int, sentence: str) -> None:
    result = house.post("/credentials", body)
    assert (result.status_code, said(result)) == (status, sentence)
    assert house.get("/credentials").json == {"credentials": []}


def test_a_second_active_password_is_409_and_an_inactive_one_is_replaced(house: House, eve: Any) -> None:
    create(house, "basic-auth")
    body = {"consumerId": "eve", "type": "basic-auth"}
    result = house.post("/credentials", body)
    assert (result.status_code, said(result)) == (409, "Credential already exists and is active")
    house.put(f"/credentials/basic-auth/{eve['id']}/status", {"status": False})
    assert house.made("/credentials", body)["isActive"] is True


def test_a_key_id_is_never_taken_from_another_consumer(house: House, shop: Any) -> None:
    create(house, "key-auth", keyId="k1")
    result = house.post("/credentials", {"consumerId": "shop", "type": "key-auth", "credential": {"keyId": "k1"}})
    assert result.status_code == 409
    assert house.get("/credentials/key-auth/k1").json["consumerId"] == shop["userId"]


def test_a_missing_credential_is_null_and_an_unknown_type_404(house: House) -> None:
    result = house.get("/credentials/key-auth/none")
    assert (result.status_code, said(result)) == (200, "null")
    assert house.get("/credentials/odd/none").status_code == 404


def test_a_consumer_s_credentials_come_by_type_however_the_consumer_is_named(house: House, shop: Any) -> None:
    for type_ in ("oauth2", "jwt", "key-auth", "basic-auth"):
        create(house, type_)
    listed = house.get("/credentials/eve").json["credentials"]
    assert [one["type"] for one in listed] == ["basic-auth", "key-auth", "jwt", "oauth2"]
    assert house.get(f"/credentials/{shop['userId']}").json["credentials"] == listed
    assert house.get("/credentials/shop").json == {"credentials": []}
    assert house.get("/credentials/nobody").status_code == 404


def test_the_list_of_all_names_the_consumers(house: House, shop: Any) -> None:
    create(house, "oauth2", "shop")
    create(house, "key-auth", "eve")
    listed = house.get("/credentials").json["credentials"]
    assert [one["consumerId"] for one in listed] == [shop["id"], shop["userId"]]
    assert all("keySecret" not in one and "secret" not in one for one in listed)


def test_status_says_what_it_did(house: House, eve: Any) -> None:
    create(house, "key-auth", keyId="k1")
    path = "/credentials/key-auth/k1/status"
    words = [house.put(path, {"status": status}).json for status in (True, False, False, True)]
    assert words == [{"status": word} for word in ("Active", "Deactivated", "Inactive", "Activated")]
    result = house.put("/credentials/key-auth/none/status", {"status": True})
    assert (result.status_code, said(result)) == (404, "No credential found with id: none")


def test_scopes_are_added_in_front_removed_and_replaced(house: House, eve: Any, scopes: None) -> None:
    create(house, "key-auth", keyId="k1", scopes=["s1"])

    def held() -> Any:
        return house.get("/credentials/key-auth/k1").json["scopes"]

    assert house.put("/credentials/key-auth/k1/scopes/s2").status_code == 204
    assert held() == ["s2", "s1"]
    assert house.delete("/credentials/key-auth/k1/scopes/s1").status_code == 204
    assert house.delete("/credentials/key-auth/k1/scopes/s1").status_code == 204
    assert held() == ["s2"]
    assert house.put("/credentials/key-auth/k1/scopes", {"scopes": ["s3", "s1"]}).status_code == 204
    assert held() == ["s3", "s1"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "k1/scopes/none", None, 422),
        ("PUT", "none/scopes/s1", None, 404),
        ("DELETE", "none/scopes/s1", None, 404),
        ("PUT", "k1/scopes", {"scopes": ["none"]}, 422),
        ("PUT", "k1/scopes", {"scopes": "s1"}, 400),
        ("PUT", "k1/scopes", {"scopes": [7]}, 400),
        ("PUT", "k1/scopes", {}, 400),
    ],
)
def test_bad_scopes_are_refused_and_change_nothing(
    house: House, eve: Any, scopes: None, method: str, path: str, body: Any, status: int
) -> None:
    create(house, "key-auth", keyId="k1", scopes=["s1"])
    assert house.run(house.ask(method, f"/credentials/key-auth/{path}", body)).status_code == status
    assert house.get("/credentials/key-auth/k1").json["scopes"] == ["s1"]


def test_scopes_added_at_the_same_time_are_all_held(house: House, eve: Any, scopes: None) -> None:
    create(house, "jwt", keyId="k1")

    async def race() -> None:
        await asyncio.gather(*(house.ask("PUT", f"/credentials/jwt/k1/scopes/s{number}") for number in (1, 2, 3)))

    house.run(race())
    assert set(house.get("/credentials/jwt/k1").json["scopes"]) == {"s1", "s2", "s3"}


def test_a_key_id_with_a_slash_is_reached_by_its_escaped_form(house: House, eve: Any) -> None:
    create(house, "key-auth", keyId="a/b c")
    assert house.get("/credentials/key-auth/a%2Fb%20c").json["keyId"] == "a/b c"


# ---- Beyond Express Gateway: replacing a secret, removing one credential (C89) -------------------------------------


def test_a_password_is_changed_and_its_sessions_end(house: House, eve: Any) -> None:
    house.made("/credentials", {"consumerId": "eve", "type": "basic-auth", "credential": {"password": "old"}})
    before = house.get(f"/credentials/basic-auth/{eve['id']}").json
    house.run(house.store.save_session(Session(b"s" * 32, eve["id"], {}, 1.0, 9e9)))
    result = house.put(f"/credentials/basic-auth/{eve['id']}/secret", {"password": "new"})
    assert (result.status_code, result.headers["cache-control"]) == (200, "no-store")
    assert {**result.json, "updatedAt": ""} == {**before, "updatedAt": ""}
    assert "password" not in result.json
    held = house.run(house.store.identify("basic-auth", "eve"))
    assert held is not None
    hasher = PasswordHasher()
    assert house.run(hasher.verify("new", held.credential.secret)) is True
    assert house.run(hasher.verify("old", held.credential.secret)) is False
    hasher.close()
    assert house.run(house.store.get_session(b"s" * 32)) is None


@pytest.mark.parametrize(("type_", "key"), [("oauth2", "secret"), ("key-auth", "keySecret"), ("jwt", "keySecret")])
def test_a_new_secret_is_made_and_shown_once(house: House, shop: Any, type_: str, key: str) -> None:
    made = house.made("/credentials", {"consumerId": shop["id"], "type": type_})
    path = f"/credentials/{type_}/{made['id']}"
    fresh = house.put(f"{path}/secret", {}).json[key]
    assert fresh != made[key]
    assert stored_secret(house, type_, made["id"]) == stored_digest(fresh)
    assert key not in house.get(path).json


def test_with_a_new_secret_the_tokens_may_be_revoked(house: House, shop: Any) -> None:
    house.made("/credentials", {"consumerId": shop["id"], "type": "oauth2"})
    token = Token("t1", b"d" * 32, "access", shop["id"], None, (), "client_credentials", "f1", 1.0, 9e9)
    house.run(house.store.save_tokens([token]))
    path = f"/credentials/oauth2/{shop['id']}/secret"
    assert "revoked" not in house.put(path, {}).json
    assert house.run(house.store.get_token("t1")) == token
    assert house.put(path, {"revokeTokens": True}).json["revoked"] == 1
    assert house.run(house.store.get_token("t1")) is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"password": 7}, "#/password"), ({"secret": "x"}, "#/secret"), ({"revokeTokens": "yes"}, "#/revokeTokens")],
)
def test_a_bad_new_secret_is_refused_and_named(house: House, eve: Any, body: Any, pointer: str) -> None:
    house.made("/credentials", {"consumerId": "eve", "type": "basic-auth", "credential": {"password": "old"}})
    before = house.run(house.store.get_credential("basic-auth", eve["id"]))
    result = house.put(f"/credentials/basic-auth/{eve['id']}/secret", body)
    assert (result.status_code, result.json["errors"][0]["pointer"]) == (400, pointer)
    assert house.run(house.store.get_credential("basic-auth", eve["id"])) == before


def test_one_credential_is_removed_and_may_be_made_again(house: House, eve: Any) -> None:
    keys = [house.made("/credentials", {"consumerId": "eve", "type": "key-auth"})["keyId"] for _ in range(2)]
    result = house.delete(f"/credentials/key-auth/{keys[0]}")
    assert (result.status_code, result.content) == (204, b"")
    assert [one["id"] for one in house.get("/credentials/eve").json["credentials"]] == keys[1:]
    assert house.delete(f"/credentials/key-auth/{keys[0]}").status_code == 404
    again = {"consumerId": "eve", "type": "key-auth", "credential": {"keyId": keys[0]}}
    assert house.post("/credentials", again).status_code == 200


@pytest.mark.parametrize("path", ["/credentials/odd/x", "/credentials/odd/x/secret", "/credentials/jwt/none/secret"])
def test_what_is_not_there_has_no_secret_and_cannot_be_removed(house: House, path: str) -> None:
    result = house.put(path, {}) if path.endswith("secret") else house.delete(path)
    assert result.status_code == 404


def test_a_jwt_credential_holds_the_scopes_it_is_given(house: House, eve: Any) -> None:
    house.post("/scopes", {"scopes": ["read"]})
    made = house.made("/credentials", {"consumerId": "eve", "type": "jwt", "credential": {"scopes": ["read"]}})
    assert house.get(f"/credentials/jwt/{made['id']}").json["scopes"] == ["read"]
