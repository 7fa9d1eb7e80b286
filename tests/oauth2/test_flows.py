"""The flows of the article and of RFC 6749, end to end, on the real store."""

from pathlib import Path
from urllib.parse import urlsplit

from tests.oauth2.house import CALLBACK, CHALLENGE, PASSWORD, VERIFIER, House, answered, transaction


def test_the_tutorial_ends_with_a_token_in_the_fragment(house: House) -> None:
    val = house.user("val", firstname="Valeri")
    app = house.client("http://localhost:8080/ip", name="testapp", credential=False, owner=val)
    browser = house.browser(host="localhost:8080")
    query = f"response_type=token&client_id={app.id}&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fip"

    assert browser.get("/oauth2/authorize", query).headers["location"] == "/login"
    assert 'action="/login"' in browser.get("/login").text
    back = browser.post("/login", {"username": "val", "password": PASSWORD})
    assert (back.status_code, back.headers["location"]) == (302, f"/oauth2/authorize?{query}")
    page = browser.get("/oauth2/authorize", query)
    assert "testapp" in page.text
    assert page.headers["transaction_id"] == transaction(page)
    # The recorded client posts the transaction alone.
    sent = browser.post("/oauth2/authorize/decision", {"transaction_id": transaction(page)})
    assert sent.headers["location"].startswith("http://localhost:8080/ip#access_token=")
    answer = answered(sent)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == "7200"
    assert "refresh_token" not in answer
    assert house.is_live(answer["access_token"])


def test_code_flow_with_pkce_and_refresh(house: House) -> None:
    app = house.client(CALLBACK, scopes=["read", "write"])
    browser = house.logged_in()
    answer = answered(
        browser.allow(app, scope="write read", state="s", code_challenge=CHALLENGE, code_challenge_method="S256")
    )
    assert answer["state"] == "s"
    form = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": VERIFIER}
    first = house.token(app, form).json
    assert {name: first[name] for name in ("expires_in", "token_type", "scope")} == {
        "expires_in": 7200,
        "token_type": "Bearer",
        "scope": "read write",
    }
    second = house.token(app, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}).json
    assert second["refresh_token"] != first["refresh_token"]
    assert house.is_live(first["access_token"])
    assert house.is_live(second["access_token"])


def test_cancel_denies(house: House) -> None:
    app = house.client(CALLBACK)
    browser = house.logged_in()
    page = browser.ask(app, state="s9")
    assert answered(browser.decide(page, cancel="Cancel")) == {
        "error": "access_denied",
        "state": "s9",
        "iss": "http://gateway.test",
    }


def test_both_buttons_of_the_consent_page_say_what_they_do(house: House) -> None:
    page = house.logged_in().ask(house.client(CALLBACK)).text
    assert 'id="allow" type="submit" name="decision" value="allow"' in page
    assert 'id="deny" type="submit" name="cancel"' in page


def test_an_empty_cancel_and_an_unknown_decision_deny(house: House) -> None:
    app = house.client(CALLBACK)
    browser = house.logged_in()
    for fields in ({"cancel": ""}, {"decision": "deny"}, {"decision": "Allow"}, {"decision": "allow", "cancel": "x"}):
        assert answered(browser.decide(browser.ask(app), **fields))["error"] == "access_denied"


def test_client_credentials_and_password_grants(house: House) -> None:
    app, val = house.client(CALLBACK, scopes=["read"]), house.user()
    machine = house.token(app, {"grant_type": "client_credentials"}).json
    assert set(machine) == {"access_token", "expires_in", "token_type"}
    person = house.token(app, {"grant_type": "password", "username": val.username, "password": PASSWORD}).json
    assert set(person) == {"access_token", "refresh_token", "expires_in", "token_type"}


def test_a_fractional_lifetime_is_told_as_it_is(tmp_path: Path) -> None:
    with House(tmp_path / "data", access_ttl=1.5) as house:
        body = house.token(house.client(), {"grant_type": "client_credentials"}).json
        assert body["expires_in"] == 1.5


def test_an_app_without_credential_authorizes_and_is_an_invalid_client(house: House) -> None:
    app = house.client(CALLBACK, credential=False)
    code = house.code(app)
    result = house.token(app, {"grant_type": "authorization_code", "code": code})
    assert (result.status_code, result.json["error"]) == (401, "invalid_client")


def test_the_query_of_the_redirect_uri_is_kept(house: House) -> None:
    app = house.client("https://app.test/cb?x=1")
    location = house.logged_in().allow(app).headers["location"]
    assert urlsplit(location).query.startswith("x=1&code=")


def test_use_another_account_comes_back_to_the_same_request(house: House) -> None:
    app, other = house.client(CALLBACK), house.user()
    browser = house.logged_in()
    page = browser.ask(app, state="kept")
    assert browser.post("/logout", {"transaction_id": transaction(page)}).headers["location"] == "/login"
    back = browser.post("/login", {"username": other.username, "password": PASSWORD}).headers["location"]
    page = browser.get("/oauth2/authorize", back.partition("?")[2])
    assert other.username in page.text
    assert answered(browser.decide(page))["state"] == "kept"
