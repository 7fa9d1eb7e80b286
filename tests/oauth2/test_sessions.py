"""Sessions, logins and forms (P30, P31, P32, N19, N20)."""

import re
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest

from egc.runtime.oauth2.secrets import digest
from egc.runtime.oauth2.throttle import PER_ACCOUNT, PER_ADDRESS, PER_PAIR, WINDOW, Throttle
from tests.oauth2.house import CALLBACK, PASSWORD, Browser, House, answered, transaction

pytestmark = pytest.mark.slow

MACHINE = {"grant_type": "client_credentials"}


def log_in(browser: Browser, username: str, password: str = PASSWORD) -> str:
    result = browser.post("/login", {"username": username, "password": password})
    assert result.status_code == 302
    return result.headers["location"]


def is_logged_in(house: House, browser: Browser) -> bool:
    return browser.ask(house.client(CALLBACK)).status_code == 200


def only_cookie(browser: Browser) -> str:
    [value] = browser.cookies.values()
    return value


# The cookie


def test_the_cookie_over_http(house: House) -> None:
    header = house.browser().ask(house.client(CALLBACK)).headers["set-cookie"]
    assert re.fullmatch(r"egc\.sid=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax", header)


def test_the_cookie_over_tls_is_secure_and_bound_to_the_host(house: House) -> None:
    header = house.browser(scheme="https").ask(house.client(CALLBACK)).headers["set-cookie"]
    assert re.fullmatch(r"__Host-egc\.sid=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", header)


def test_a_plain_cookie_does_not_count_over_tls(house: House) -> None:
    browser = house.logged_in()
    other = house.browser(scheme="https", cookies={"egc.sid": only_cookie(browser)})
    assert not is_logged_in(house, other)


def test_the_id_changes_at_login_and_the_old_one_is_dead(house: House) -> None:
    val, browser = house.user(), house.browser()
    browser.ask(house.client(CALLBACK))
    before = only_cookie(browser)
    log_in(browser, val.username)
    assert only_cookie(browser) != before
    assert house.run(house.store.get_session(digest(before))) is None


def test_the_id_changes_when_the_user_allows(house: House) -> None:
    browser = house.logged_in()
    before = only_cookie(browser)
    browser.allow(house.client(CALLBACK))
    assert only_cookie(browser) != before
    assert house.run(house.store.get_session(digest(before))) is None
    assert is_logged_in(house, browser)


def test_a_login_ends_and_allowing_does_not_prolong_it(house: House) -> None:
    browser = house.logged_in()
    house.now += 11 * 3600
    browser.allow(house.client(CALLBACK))
    assert is_logged_in(house, browser)
    house.now += 3600
    assert not is_logged_in(house, browser)


@pytest.mark.parametrize(
    "value", ["", "x", "A" * 43, "A" * 44, "../etc/passwd", "é" * 43, "A" * 5000, "'; DROP TABLE session"]
)
def test_a_forged_cookie_is_nobody(house: House, value: str) -> None:
    result = house.request(
        "GET",
        "/oauth2/authorize",
        query_string=f"response_type=code&client_id={house.client(CALLBACK).id}",
        headers={"Cookie": f"egc.sid={value}"},
    )
    assert result.headers["location"] == "/login"


def test_a_transaction_is_no_session(house: House) -> None:
    browser = house.logged_in()
    forged = house.browser(cookies={"egc.sid": transaction(browser.ask(house.client(CALLBACK)))})
    assert not is_logged_in(house, forged)


def test_a_deactivated_or_deleted_user_is_logged_out(house: House) -> None:
    for deleted in (False, True):
        val = house.user()
        browser = house.logged_in(val)
        page = browser.ask(house.client(CALLBACK))
        store = house.store
        house.run(store.delete_user(val.id) if deleted else store.set_user_active(val.id, False, house.now))
        assert browser.decide(page, decision="allow").headers["location"] == "/login"
        assert not is_logged_in(house, browser)


# Log out


def test_logging_out_ends_the_session_on_the_server(house: House) -> None:
    for method in ("get", "post"):
        browser = house.logged_in()
        stolen = dict(browser.cookies)
        result = browser.get("/logout") if method == "get" else browser.post("/logout", {})
        assert (result.status_code, result.headers["location"]) == (302, "/")
        assert not browser.cookies
        assert not is_logged_in(house, house.browser(cookies=stolen))


def test_a_link_on_another_site_does_not_log_out(house: House) -> None:
    browser = house.logged_in()
    page = browser.get("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 200
    assert 'method="post" action="/logout"' in page.text
    assert is_logged_in(house, browser)


# Log in


def test_login_fails_the_same_way_and_says_so_on_the_page(house: House) -> None:
    val, gone, without = house.user(), house.user(), house.user(password=None)
    house.run(house.store.set_user_active(gone.id, False, house.now))
    app = house.client(CALLBACK)
    browser = house.browser()
    for form in (
        {"username": val.username, "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": gone.username, "password": PASSWORD},
        {"username": without.username, "password": PASSWORD},
        {"username": app.id, "password": PASSWORD},
        {"username": val.username},
        {"password": PASSWORD},
        {},
    ):
        result = browser.post("/login", form)
        assert (result.status_code, result.headers["location"]) == (302, "/login")
        assert "Wrong user name or password" in browser.get("/login").text
        assert "Wrong user name or password" not in browser.get("/login").text, "it is said once"
    assert not is_logged_in(house, browser)


def test_credentials_in_the_query_do_not_log_in(house: House) -> None:
    val = house.user()
    result = house.request("POST", "/login", query_string=f"username={val.username}&password={PASSWORD}")
    assert result.headers["location"] == "/login"
    assert "egc.sid" not in result.cookies


def test_the_notice_cookie_says_only_what_we_say(house: House) -> None:
    for value in ("<script>", "anything", "wrong2"):
        assert value not in house.browser(cookies={"egc.notice": value}).get("/login").text


def test_after_a_login_that_nobody_asked_for_the_browser_goes_to_the_root(house: House) -> None:
    browser, val = house.browser(), house.user()
    assert log_in(browser, val.username) == "/"
    assert house.browser().get("/login").headers.get("set-cookie") is None


@pytest.mark.parametrize("field", ["return_to", "returnTo", "next", "redirect", "redirect_uri"])
def test_a_login_goes_nowhere_else(house: House, field: str) -> None:
    browser, val = house.browser(), house.user()
    browser.get("/login", {field: "https://evil.test"})
    result = browser.post("/login", {"username": val.username, "password": PASSWORD, field: "https://evil.test"})
    assert result.headers["location"] == "/"


def test_an_imported_bcrypt_password_logs_in_and_is_written_anew(house: House) -> None:
    val = house.user()
    credential = house.run(house.store.get_credential("basic-auth", val.id))
    assert credential is not None
    imported = bcrypt.hashpw(b"imported", bcrypt.gensalt(4)).decode()
    house.run(house.store.update_credential(replace(credential, secret=imported)))
    assert log_in(house.browser(), val.username, "imported") == "/"
    again = house.run(house.store.get_credential("basic-auth", val.id))
    assert again is not None
    assert again.secret is not None
    assert again.secret.startswith("$argon2id$")
    assert log_in(house.browser(), val.username, "imported") == "/"


# Forms


CROSS = [
    {"Sec-Fetch-Site": "cross-site", "Origin": ""},
    {"Sec-Fetch-Site": "same-site", "Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "", "Origin": "https://evil.test"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
    {"Sec-Fetch-Site": "", "Origin": "https://gateway.test"},
    {"Sec-Fetch-Site": "", "Origin": "http://gateway.test.evil.test"},
    {"Sec-Fetch-Site": "", "Origin": "http://gateway.test:8080"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"},
    {"Sec-Fetch-Site": "none", "Origin": "null"},
]


@pytest.mark.parametrize("headers", CROSS)
@pytest.mark.parametrize("path", ["/login", "/logout", "/oauth2/authorize/decision"])
def test_a_form_from_another_site_is_refused(house: House, path: str, headers: dict[str, str]) -> None:
    browser, val = house.logged_in(), house.user()
    before = dict(browser.cookies)
    form = {
        "transaction_id": transaction(browser.ask(house.client(CALLBACK))),
        "username": val.username,
        "password": PASSWORD,
    }
    result = browser.post(path, form, headers)
    assert (result.status_code, result.headers.get("location")) == (403, None)
    assert browser.cookies == before
    assert is_logged_in(house, browser)


@pytest.mark.parametrize(
    "headers", [{"Origin": "", "Sec-Fetch-Site": ""}, {"Origin": "", "Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": ""}]
)
def test_our_own_form_and_what_is_no_browser_are_let_in(house: House, headers: dict[str, str]) -> None:
    browser = house.logged_in()
    form = {"transaction_id": transaction(browser.ask(house.client(CALLBACK)))}
    assert "code" in answered(browser.post("/oauth2/authorize/decision", form, headers))


def test_behind_a_proxy_that_ends_tls_the_configured_issuer_counts_as_our_origin(tmp_path: Path) -> None:
    with House(tmp_path / "data", issuer="https://id.test") as house:
        val = house.user()
        result = house.browser().post(
            "/login", {"username": val.username, "password": PASSWORD}, {"Origin": "https://id.test"}
        )
        assert result.headers["location"] == "/"


def test_a_decision_needs_its_own_sessions_unused_transaction(house: House) -> None:
    app, val = house.client(CALLBACK), house.user()
    browser, same_user, other = house.logged_in(val), house.logged_in(val), house.logged_in()
    page = browser.ask(app)
    form = {"transaction_id": transaction(page)}
    assert house.browser().post("/oauth2/authorize/decision", form).headers["location"] == "/login"
    for stranger in (same_user, other):
        assert stranger.post("/oauth2/authorize/decision", form).status_code == 403
    for bad in ({}, {"transaction_id": ""}, {"transaction_id": "abc"}, {"transaction_id": "é"}):
        assert browser.post("/oauth2/authorize/decision", bad).status_code == 403
    assert browser.decide(page, decision="allow").status_code == 302
    assert browser.post("/oauth2/authorize/decision", form).status_code == 403
    assert browser.post("/oauth2/authorize/decision", form | {"cancel": "x"}).status_code == 403


def test_a_transaction_expires(house: House) -> None:
    browser = house.logged_in()
    page = browser.ask(house.client(CALLBACK))
    house.now += 3600
    assert browser.decide(page, decision="allow").status_code == 403


def test_two_tabs_do_not_disturb_each_other(house: House) -> None:
    browser, one, two = house.logged_in(), house.client("https://one.test/cb"), house.client("https://two.test/cb")
    first, second = browser.ask(one), browser.ask(two)
    assert browser.decide(first, decision="allow").headers["location"].startswith("https://one.test/cb?code=")
    assert browser.decide(second, decision="allow").headers["location"].startswith("https://two.test/cb?code=")


@pytest.mark.parametrize("path", ["/login", "/logout", "/oauth2/authorize/decision"])
def test_a_malformed_form_gets_a_page_that_says_so(house: House, path: str) -> None:
    browser = house.logged_in()
    headers = {"Cookie": f"egc.sid={only_cookie(browser)}"}
    for content_type, body, status in (
        ("application/x-www-form-urlencoded", b"username=a&username=b", 400),
        ("application/x-www-form-urlencoded", b"username=%ff", 400),
        ("application/x-www-form-urlencoded", b"x=" + b"y" * 70000, 413),
        ("text/plain", b"username=a", 400),
        ("application/json", b"{", 400),
        ("application/json", b'{"username": 1}', 400),
    ):
        result = house.request("POST", path, body=body, headers=headers | {"Content-Type": content_type})
        assert (result.status_code, result.headers["content-type"]) == (status, "text/html; charset=utf-8")


# Guessing


def guess(house: House, username: str, address: str, password: str = "wrong") -> bool:
    """Whether the guess was compared at all."""
    browser = house.browser(address=address)
    log_in(browser, username, password)
    return browser.cookies.get("egc.notice") != "wait"


def test_one_address_may_guess_a_few_times_and_does_not_lock_the_owner_out(house: House) -> None:
    val = house.user()
    compared = [guess(house, val.username, "192.0.2.66") for _ in range(PER_PAIR + 5)]
    assert compared == [True] * PER_PAIR + [False] * 5
    assert not guess(house, val.username, "192.0.2.66", PASSWORD), "even the right password waits there"
    assert log_in(house.browser(address="192.0.2.1"), val.username) == "/"


def test_many_addresses_may_guess_an_account_20_times_in_5_minutes(house: House) -> None:
    val = house.user()
    compared = [guess(house, val.username, f"192.0.2.{n}") for n in range(PER_ACCOUNT + 5)]
    assert sum(compared) == PER_ACCOUNT
    assert not guess(house, val.username, "192.0.2.99", PASSWORD)
    house.now += WINDOW + 1
    assert log_in(house.browser(), val.username) == "/", "5 minutes later the owner is in"


def test_name_and_id_are_one_account(house: House) -> None:
    val = house.user()
    compared = [guess(house, name, "192.0.2.66") for _ in range(PER_PAIR // 2) for name in (val.username, val.id)]
    assert all(compared)
    assert not guess(house, val.username, "192.0.2.66")


def test_an_ipv6_network_counts_as_one_address(house: House) -> None:
    val = house.user()
    compared = [guess(house, val.username, f"2001:db8::{n:x}") for n in range(PER_PAIR + 1)]
    assert compared == [True] * PER_PAIR + [False]


def test_ipv4_addresses_written_as_ipv6_are_not_one_network(house: House) -> None:
    val = house.user()
    for n in range(PER_PAIR):
        assert guess(house, val.username, "::ffff:192.0.2.66" if n % 2 else "192.0.2.66")
    assert not guess(house, val.username, "::ffff:192.0.2.66")
    assert guess(house, val.username, "::ffff:192.0.2.67")


def test_one_password_at_many_accounts_is_slowed_per_address(house: House) -> None:
    async def record() -> None:
        throttle = Throttle(house.store, "login", lambda: house.now)
        for _ in range(PER_ADDRESS):
            await throttle.fail("192.0.2.66")

    house.run(record())
    assert not guess(house, "anybody", "192.0.2.66")
    assert guess(house, "anybody", "192.0.2.67")


def test_a_forged_forwarded_address_does_not_help(house: House) -> None:
    val = house.user()
    for n in range(PER_PAIR + 1):
        browser = house.browser()
        headers = {"X-Forwarded-For": f"192.0.2.1, 203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"}
        browser.post("/login", {"username": val.username, "password": "wrong"}, headers)
    assert browser.cookies["egc.notice"] == "wait"


def test_a_right_password_forgets_the_wrong_ones(house: House) -> None:
    val = house.user()
    for _ in range(2):
        for _ in range(PER_PAIR - 1):
            assert guess(house, val.username, "192.0.2.1")
        assert log_in(house.browser(), val.username) == "/"


def test_guesses_are_remembered_over_a_restart(tmp_path: Path) -> None:
    with House(tmp_path / "data") as house:
        val = house.user()
        for _ in range(PER_PAIR):
            guess(house, val.username, "192.0.2.66")
    with House(tmp_path / "data") as house:
        assert not guess(house, val.username, "192.0.2.66")


def test_chosen_client_secrets_are_guessed_no_faster_and_their_owner_keeps_working(house: House) -> None:
    app = house.client(secret="chosen")
    assert house.token(app, MACHINE).status_code == 200
    statuses = [house.token(None, MACHINE | {"client_id": app.id, "client_secret": "x"}).status_code for _ in range(12)]
    assert statuses == [401] * PER_PAIR + [429] * 2
    assert house.token(app, MACHINE).status_code == 200, "found right a moment ago"
    house.now += 60
    slowed = house.token(app, MACHINE)
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "300")
    assert house.token(app, MACHINE, remote_addr="192.0.2.77").status_code == 200


def test_a_generated_client_secret_cannot_be_locked_out(house: House) -> None:
    app = house.client()
    for _ in range(PER_PAIR + 2):
        house.token(None, MACHINE | {"client_id": app.id, "client_secret": "x"})
    assert house.token(app, MACHINE).status_code == 200


def test_the_password_grant_is_slowed_too(house: House) -> None:
    app, val = house.client(), house.user()
    form = {"grant_type": "password", "username": val.username, "password": "wrong"}
    statuses = [house.token(app, form).status_code for _ in range(PER_PAIR + 1)]
    assert statuses == [400] * PER_PAIR + [429]
