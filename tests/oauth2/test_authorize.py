"""The authorization endpoint's errors, `state`, `iss` and scopes (RFC 6749 sections 3.1 and 4.1.2.1, RFC 9207)."""

from itertools import chain, combinations
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egc.runtime.store import StoreError
from tests.oauth2.house import CALLBACK, House, answered

SCOPES = ["a", "b", "c"]


def test_rfc6749_3_1_an_anonymous_request_asks_for_a_login_first(house: House) -> None:
    browser = house.browser()
    result = browser.ask(house.client(CALLBACK))
    assert (result.status_code, result.headers["location"]) == (302, "/login")
    assert "HttpOnly" in result.headers["set-cookie"]


def test_rfc9700_4_11_2_nobody_is_redirected_with_an_error_before_the_login(house: House) -> None:
    result = house.browser().ask(house.client(CALLBACK), response_type="bogus")
    assert result.headers["location"] == "/login"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_request"),
        ("response_type=", "invalid_request"),
        ("response_type=bearer", "unsupported_response_type"),
        ("response_type=code+token", "unsupported_response_type"),
        ("response_type=code&response_type=code", "invalid_request"),
        ("response_type=code&scope=a&scope=b", "invalid_request"),
        ("response_type=code&scope=unheld", "invalid_scope"),
        ("response_type=code&scope=%22", "invalid_scope"),
        ("response_type=code&scope=%ff", "invalid_request"),
        ("response_type=code&response_mode=fragment", "invalid_request"),
        ("response_type=code&response_mode=form_post", "invalid_request"),
        ("response_type=token&response_mode=query", "invalid_request"),
        ("response_type=code&code_challenge_method=S256", "invalid_request"),
    ],
)
def test_rfc6749_4_1_2_1_errors_go_to_the_client_with_state_and_iss(house: House, query: str, code: str) -> None:
    app = house.client(CALLBACK, scopes=["read"])
    answer = answered(house.logged_in().get("/oauth2/authorize", f"client_id={app.id}&state=s&{query}"))
    assert (answer["error"], answer["state"], answer["iss"]) == (code, "s", "http://gateway.test")


def test_rfc6749_4_2_2_1_errors_of_the_implicit_grant_are_in_the_fragment(house: House) -> None:
    app = house.client(CALLBACK, scopes=["read"])
    result = house.logged_in().ask(app, response_type="token", scope="unheld")
    assert result.headers["location"].startswith(CALLBACK + "#error=invalid_scope")


@pytest.mark.parametrize("client_id", [None, "", "unknown", "testapp", "%00", "%ff", "a" * 3000, "%F0%9F%98%80"])
def test_rfc6749_4_1_2_1_an_unknown_client_gets_a_page(house: House, client_id: str | None) -> None:
    query = "response_type=code" if client_id is None else f"response_type=code&client_id={client_id}"
    for browser in (house.browser(), house.logged_in()):
        result = browser.get("/oauth2/authorize", query)
        assert (result.status_code, result.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_a_query_too_long_to_keep_is_refused(house: House) -> None:
    app = house.client(CALLBACK)
    assert house.browser().ask(app, state="x" * 9000).status_code == 414
    many = "&".join(f"p{n}=1" for n in range(101))
    assert house.browser().get("/oauth2/authorize", f"client_id={app.id}&{many}").status_code == 400


def test_a_client_that_went_away_while_the_page_was_open_gets_nothing(house: House) -> None:
    app, browser = house.client(CALLBACK), house.logged_in()
    page = browser.ask(app)
    house.run(house.store.delete_application(app.id))
    assert browser.decide(page, decision="allow").status_code == 400


def test_rfc9207_2_every_answer_names_the_issuer(house: House) -> None:
    app = house.client(CALLBACK)
    browser = house.logged_in(scheme="https", host="id.test:8443")
    for answer in (
        answered(browser.allow(app)),
        answered(browser.allow(app, response_type="token")),
        answered(browser.decide(browser.ask(app), cancel="x")),
        answered(browser.ask(app, response_type="bogus")),
    ):
        assert answer["iss"] == "https://id.test:8443"


def test_rfc6749_4_1_2_1_a_store_that_cannot_answer_is_temporarily_unavailable(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(code: object) -> None:
        raise StoreError("the disk is full")

    browser = house.logged_in()
    page = browser.ask(house.client(CALLBACK), state="s")
    monkeypatch.setattr(house.store, "create_code", full)
    answer = answered(browser.decide(page, decision="allow"))
    assert (answer["error"], answer["state"]) == ("temporarily_unavailable", "s")
    assert "disk" not in str(answer)


def test_scope_never_grows(tmp_path: Path) -> None:
    """P27 at every hop: what comes out is within what was asked, and within what the client holds."""
    with House(tmp_path / "data") as house:
        browser = house.logged_in()
        subsets = [list(part) for part in chain.from_iterable(combinations(SCOPES, n) for n in range(4))]
        clients = {tuple(held): house.client(CALLBACK, scopes=held) for held in subsets}

        @given(st.sampled_from(subsets), st.sampled_from(subsets), st.sampled_from(subsets))
        @settings(max_examples=60, deadline=None)
        def walk(held: list[str], asked: list[str], narrowed: list[str]) -> None:
            app = clients[tuple(held)]
            page = browser.ask(app, scope=" ".join(asked))
            answer = answered(page if page.status_code == 302 else browser.decide(page, decision="allow"))
            if not set(asked) <= set(held):
                assert answer["error"] == "invalid_scope"
                return
            tokens = house.token(app, {"grant_type": "authorization_code", "code": answer["code"]}).json
            assert tokens.get("scope", "").split() == sorted(asked)
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            result = house.token(app, form | {"scope": " ".join(narrowed)})
            if not set(narrowed) <= set(asked):
                assert result.json["error"] == "invalid_scope"
                return
            assert result.json.get("scope", "").split() == sorted(narrowed or asked)
            found = house.run(house.store.authenticate(result.json["access_token"].partition("|")[0]))
            assert found is not None
            assert list(found.token.scopes) == sorted(narrowed or asked)

        walk()


def test_state_comes_back_byte_for_byte(tmp_path: Path) -> None:
    """P34: whatever bytes the client sent, in whatever encoding, the same bytes come back."""
    with House(tmp_path / "data") as house:
        browser, app = house.logged_in(), house.client(CALLBACK)

        @given(st.binary(min_size=1, max_size=60), st.sampled_from(["code", "token"]), st.booleans())
        @settings(max_examples=100, deadline=None)
        def walk(state: bytes, response_type: str, refuse: bool) -> None:
            query = f"response_type={response_type}&client_id={app.id}&state={quote(state, safe='')}"
            page = browser.get("/oauth2/authorize", query)
            fields = {"cancel": "x"} if refuse else {"decision": "allow"}
            location = browser.decide(page, **fields).headers["location"]
            parts = urlsplit(location)
            assert location.isascii()
            assert parts.netloc == "app.test"
            [sent] = [pair for pair in (parts.fragment or parts.query).split("&") if pair.startswith("state=")]
            assert unquote_to_bytes(sent.removeprefix("state=")) == state

        walk()


def test_raw_bytes_in_the_query_survive_the_login(house: House) -> None:
    app, val = house.client(CALLBACK), house.user()
    browser = house.browser()
    query = f"response_type=code&client_id={app.id}&state=a+b%20c%2B~!*'()%ff"
    browser.get("/oauth2/authorize", query)
    back = browser.post("/login", {"username": val.username, "password": "bacon"}).headers["location"]
    assert back == f"/oauth2/authorize?{query}"
