"""What the token, revocation and metadata endpoints answer (RFC 6749 sections 2.3, 3.2 and 5, RFC 7009, RFC 8414)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from falcon.testing import Result

from egc.runtime.oauth2 import AuthorizationServer
from egc.runtime.store.sqlite import SQLiteStore
from tests.oauth2.house import CALLBACK, PASSWORD, Client, House, basic, hashed

MACHINE = {"grant_type": "client_credentials"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def error(result: Result) -> tuple[int, str]:
    return result.status_code, result.json["error"]


def post(house: House, body: str | bytes, path: str = "/oauth2/token", **headers: str) -> Result:
    sent = FORM | {name.replace("_", "-"): value for name, value in headers.items()}
    return house.request("POST", path, body=body, headers=sent)


# Section 2.3: client authentication


def test_rfc6749_2_3_1_basic_and_body(house: House) -> None:
    app = house.client()
    assert house.token(None, MACHINE, headers=app.basic).status_code == 200
    assert house.token(app, MACHINE).status_code == 200


def test_rfc6749_2_3_1_the_secret_is_form_decoded_and_cut_at_the_first_colon(house: House) -> None:
    app = house.client(secret="a:b c%+é")
    encoded = urlencode({"": "a:b c%+é"})[1:]
    for secret in (encoded, "a:b c%+é"):
        assert house.token(None, MACHINE, headers={"Authorization": basic(app.id, secret)}).status_code == 200
    for secret in ("a", "a:b", "a:b c%+é:junk", encoded + ":junk"):
        result = house.token(None, MACHINE, headers={"Authorization": basic(app.id, secret)})
        assert error(result) == (401, "invalid_client"), secret


def test_rfc6749_2_3_two_methods_at_once_are_refused(house: House) -> None:
    app = house.client()
    assert error(house.token(app, MACHINE, headers=app.basic)) == (400, "invalid_request")
    other = house.client()
    result = house.token(None, MACHINE | {"client_id": other.id}, headers=app.basic)
    assert error(result) == (400, "invalid_request")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YQ==",
        "Basic Og==",
        "Basic OmI=",
        "Bearer x",
        "Digest x",
        "Basic YTpi,YTpi",
        "Basic /////w==",
        "basic YTpi x",
        "Basic\tYTpi",
        "Basic YTpi\x7f",
    ],
)
def test_rfc6749_5_2_a_bad_authorization_header_is_an_invalid_client(house: House, header: str) -> None:
    result = house.token(None, MACHINE, headers={"Authorization": header})
    assert error(result) == (401, "invalid_client")
    assert result.headers["www-authenticate"].startswith("Basic realm=")


def test_every_wrong_client_gets_the_same_answer(house: House) -> None:
    app = house.client(name="machine")
    chosen = house.client(secret="chosen")
    inactive = house.client()
    house.run(_deactivate(house, inactive))
    owner = house.user("own")
    answers = [
        house.token(Client(*pair), MACHINE)
        for pair in [
            (app.id, "wrong"),
            (chosen.id, "wrong"),
            ("unknown", "wrong"),
            ("machine", app.secret),
            (owner.username, PASSWORD),
            (owner.id, PASSWORD),
            (inactive.id, inactive.secret),
            (app.id, None),
            (app.id, ""),
            ("", "x"),
            ("\x00", "\x00"),
        ]
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json["error"] for answer in answers} == {"invalid_client"}
    assert len({answer.text for answer in answers[:7]}) == 1


async def _deactivate(house: House, client: Client) -> None:
    app = await house.store.get_application(client.id)
    assert app is not None
    await house.store.update_application(replace(app, is_active=False))


def test_a_changed_secret_is_refused_at_once_though_the_old_one_was_remembered(house: House) -> None:
    app = house.client(secret="old")
    assert house.token(app, MACHINE).status_code == 200
    assert house.token(app, MACHINE).status_code == 200
    credential = house.run(house.store.get_credential("oauth2", app.id))
    assert credential is not None
    house.run(house.store.update_credential(replace(credential, secret=hashed("new"))))
    assert house.token(app, MACHINE).status_code == 401
    assert house.token(Client(app.id, "new"), MACHINE).status_code == 200


# Section 3.2: the request


def test_rfc6749_3_2_the_token_endpoint_answers_post_only(house: House) -> None:
    assert house.server.paths["/oauth2/token"] == {"POST", "OPTIONS"}


@pytest.mark.parametrize("name", ["client_id", "client_secret", "grant_type", "scope", "code", "refresh_token", "x"])
def test_rfc6749_3_2_repeated_parameters_are_refused(house: House, name: str) -> None:
    fields = [*house.client().form.items(), ("grant_type", "client_credentials"), (name, "a"), (name, "a")]
    assert error(post(house, urlencode(fields))) == (400, "invalid_request")


def test_rfc6749_3_2_a_parameter_without_value_counts_as_omitted(house: House) -> None:
    app = house.client()
    assert house.token(app, MACHINE | {"scope": ""}).status_code == 200
    result = house.token(app, {"grant_type": "authorization_code", "code": ""})
    assert result.json == {"error": "invalid_request", "error_description": "Missing required parameter: code"}


def test_rfc6749_3_2_unrecognized_parameters_are_ignored(house: House) -> None:
    assert house.token(house.client(), MACHINE | {"audience": "x", "a[b]": "c"}).status_code == 200


@pytest.mark.parametrize("name", ["client_id", "client_secret", "code", "grant_type", "password", "scope", "token"])
def test_rfc6749_2_3_1_credentials_in_the_query_are_refused(house: House, name: str) -> None:
    app = house.client()
    for path in ("/oauth2/token", "/oauth2/revoke"):
        result = house.request(
            "POST", path, query_string=f"{name}=x", body=urlencode(MACHINE | app.form | {"token": "x"}), headers=FORM
        )
        assert error(result) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"grant_type=client_credentials"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/xml", b"<x/>"),
        ("", b"grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", b"grant_type=\xff"),
        ("application/x-www-form-urlencoded", b"grant_type=%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % i for i in range(101))),
        ("application/json", b'{"grant_type": '),
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b'"text"'),
        ("application/json", b"null"),
        ("application/json", b"\xff"),
        ("application/json", b'{"grant_type": ["client_credentials"]}'),
        ("application/json", b'{"grant_type": {"a": "b"}}'),
        ("application/json", b'{"grant_type": 1}'),
        ("application/json", b'{"grant_type": "\\ud800"}'),
        ("application/json", b'{"scope": "a", "scope": "a"}'),
        ("application/json", b"[" * 60000),
        ("application/json", b'{"a":' * 12000),
        ("application/json", b'{"a":' + b"1" * 60000 + b"}"),
    ],
)
def test_rfc6749_5_2_a_malformed_body_is_an_invalid_request(house: House, content_type: str, body: bytes) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    for path in ("/oauth2/token", "/oauth2/revoke"):
        result = house.request("POST", path, body=body, headers=headers)
        assert error(result) == (400, "invalid_request")


def test_a_body_of_more_than_64_kb_is_refused(house: House) -> None:
    app = house.client()
    fill = "x" * (64 * 1024 - len(urlencode(MACHINE | app.form | {"f": ""})))
    assert house.token(app, MACHINE | {"f": fill}).status_code == 200
    assert error(house.token(app, MACHINE | {"f": fill + "x"})) == (413, "invalid_request")


def test_a_json_body_works_as_in_express_gateway(house: House) -> None:
    app = house.client()
    body = json.dumps(MACHINE | app.form)
    for content_type in ("application/json", "Application/JSON; charset=utf-8"):
        assert post(house, body, Content_Type=content_type).status_code == 200


# Section 5: the answers


def test_rfc6749_5_1_success_is_json_that_nobody_stores(house: House) -> None:
    result = house.token(house.client(), MACHINE)
    assert result.headers["content-type"] == "application/json"
    assert result.headers["cache-control"] == "no-store"
    assert result.headers["pragma"] == "no-cache"


def test_rfc6749_5_2_errors_are_json_that_nobody_stores(house: House) -> None:
    app = house.client()
    for result in (house.token(app, {}), house.token(None, MACHINE), house.token(app, {"grant_type": "x"})):
        assert result.headers["content-type"] == "application/json"
        assert result.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "device_code"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "password", "username": "x"}, "invalid_request"),
        ({"grant_type": "password", "password": "x"}, "invalid_request"),
        ({"grant_type": "password", "username": "x", "password": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "scope": "unheld"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": 'a"b'}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "é"}, "invalid_scope"),
        ({"grant_type": "password", "username": "x", "password": "x", "scope": "unheld"}, "invalid_scope"),
    ],
)
def test_rfc6749_5_2_each_error_has_its_code(house: House, form: dict[str, str], code: str) -> None:
    assert error(house.token(house.client(scopes=["read"]), form)) == (400, code)


def test_rfc6749_5_2_descriptions_hold_allowed_characters_only(house: House) -> None:
    for text in ('"', "\\", "é", "\n", "<script>", "\x00", "x" * 5000):
        description = house.token(house.client(), {"grant_type": text}).json["error_description"]
        assert all(c in "\x20\x21" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e" for c in description)
        assert len(description) <= 200


def test_the_password_grant_wants_an_active_user_with_that_password(house: House) -> None:
    app, val, gone = house.client(), house.user(), house.user()
    house.run(house.store.set_user_active(gone.id, False, house.now))
    form = {"grant_type": "password", "username": val.username, "password": PASSWORD}
    assert house.token(app, form).status_code == 200
    assert house.token(app, form | {"username": val.id}).status_code == 200
    for wrong in ({"password": "x"}, {"username": "nobody"}, {"username": gone.username}, {"username": app.id}):
        assert error(house.token(app, form | wrong)) == (400, "invalid_grant")


# Cross-origin requests


def test_rfc9700_2_6_pages_of_public_clients_may_read_answers_and_no_others(house: House) -> None:
    public, secret = house.client(CALLBACK, public=True), house.client(CALLBACK)
    origin = {"Origin": "https://app.test"}
    refused = house.token(public, {"grant_type": "refresh_token", "refresh_token": "x"}, headers=origin)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, "*")
    assert "access-control-allow-origin" not in house.token(secret, MACHINE, headers=origin).headers
    assert "access-control-allow-origin" not in house.token(None, MACHINE, headers=origin).headers
    for path in ("/oauth2/token", "/oauth2/revoke"):
        preflight = house.request("OPTIONS", path, headers=origin | {"Access-Control-Request-Method": "POST"})
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in preflight.headers


def test_rfc9700_2_6_the_authorization_endpoint_is_closed_to_other_origins(house: House) -> None:
    assert house.server.paths["/oauth2/authorize"] == {"GET"}
    page = house.logged_in().get(
        "/oauth2/authorize",
        {"response_type": "code", "client_id": house.client(CALLBACK).id},
        headers={"Origin": "https://app.test"},
    )
    assert not [name for name in page.headers if name.startswith("access-control")]


# RFC 7009


def test_rfc7009_2_1_revoking_a_refresh_token_ends_the_family(house: House) -> None:
    app = house.client(CALLBACK)
    tokens = house.tokens(app)
    result = house.run(house.post_form("/oauth2/revoke", {"token": tokens["refresh_token"]}, app.basic))
    assert (result.status_code, result.text) == (200, "")
    assert not house.is_live(tokens["access_token"])
    assert (
        house.token(app, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).status_code == 400
    )


def test_rfc7009_2_1_revoking_an_access_token_leaves_the_rest(house: House) -> None:
    app = house.client(CALLBACK, public=True)
    tokens = house.tokens(app)
    fields: dict[str, Any] = {"token": tokens["access_token"], "token_type_hint": "refresh_token"}
    assert house.run(house.post_form("/oauth2/revoke", fields | app.form)).status_code == 200
    assert not house.is_live(tokens["access_token"])
    assert (
        house.token(app, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}).status_code == 200
    )


def test_rfc7009_2_2_an_unknown_token_is_no_error(house: House) -> None:
    app = house.client(CALLBACK)
    half = house.tokens(app)["access_token"].partition("|")[0]
    for text in ("unknown", "a|b", half, f"{half}|{'0' * 32}", "x" * 9000):
        assert house.run(house.post_form("/oauth2/revoke", {"token": text} | app.form)).status_code == 200
    live = house.run(house.store.get_token(half))
    assert live is not None


def test_rfc7009_2_1_the_client_must_authenticate_and_own_the_token(house: House) -> None:
    app, rogue = house.client(CALLBACK), house.client(CALLBACK)
    token = house.tokens(app)["access_token"]
    assert error(house.run(house.post_form("/oauth2/revoke", {"token": token}))) == (401, "invalid_client")
    assert error(house.run(house.post_form("/oauth2/revoke", {"token": token} | rogue.form))) == (400, "invalid_grant")
    assert error(house.run(house.post_form("/oauth2/revoke", app.form))) == (400, "invalid_request")
    assert house.is_live(token)


# RFC 8414, RFC 9207


def test_rfc8414_2_metadata_describes_this_server(house: House) -> None:
    result = house.request("GET", "/.well-known/oauth-authorization-server", protocol="https", host="gateway.test:8443")
    base = "https://gateway.test:8443"
    assert result.headers["content-type"] == "application/json"
    assert result.json == {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "response_types_supported": ["code", "token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": ["authorization_code", "implicit", "password", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def test_rfc8414_3_3_a_configured_issuer_is_used_everywhere(tmp_path: Path) -> None:
    with House(tmp_path / "data", issuer="https://id.test/") as house:
        metadata = house.request("GET", "/.well-known/oauth-authorization-server").json
        assert metadata["issuer"] == "https://id.test"
        assert metadata["token_endpoint"] == "https://id.test/oauth2/token"
        location = house.logged_in().allow(house.client(CALLBACK)).headers["location"]
        assert location.endswith("&iss=https%3A%2F%2Fid.test")


def test_a_host_that_is_no_host_is_no_issuer(house: House) -> None:
    for host in ("a/b", "a@b", "a b", 'a"b', "a:b"):
        result = house.request("GET", "/.well-known/oauth-authorization-server", host=host)
        assert result.status_code == 400, host


def test_without_an_interactive_grant_there_are_no_pages(tmp_path: Path) -> None:
    with House(tmp_path / "data", grants=("client_credentials",)) as house:
        assert set(house.server.paths) == {
            "/oauth2/token",
            "/oauth2/revoke",
            "/.well-known/oauth-authorization-server",
        }
        metadata = house.request("GET", "/.well-known/oauth-authorization-server").json
        assert metadata["response_types_supported"] == []
        assert "authorization_endpoint" not in metadata


def test_a_grant_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown grant 'device_code'"):
        AuthorizationServer(SQLiteStore(tmp_path), grants=("device_code",), access_ttl=1, refresh_ttl=1, code_ttl=1)
