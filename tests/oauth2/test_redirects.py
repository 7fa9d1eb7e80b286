"""Redirect URIs match character by character, at both endpoints, before anybody logs in (P23, RFC 9700 section 2.1)."""

import pytest

from egc.runtime.oauth2.redirects import choose, is_usable, policy_source, with_fragment, with_query
from tests.oauth2.house import House, answered

REGISTERED = "https://app.example/cb/one?a=b"

HOSTS = [
    "app.example.evil.test",
    "evilapp.example",
    "app.example:443",
    "app.example:8443",
    "app.example.",
    "APP.EXAMPLE",
    "App.example",
    "www.app.example",
    "example",
    "app.example@evil.test",
    "evil.test@app.example",
    "user:pw@app.example",
    "app.example%2eevil.test",
    "app%2eexample",
    "app.example\\.evil.test",
    "app.example#@evil.test",
    "\u0430pp.example",
    "xn--pp-7kc.example",
    "app.ex\u0430mple",
    "app\u3002example",
    "app.example%00.evil.test",
    "[::1]",
    "127.0.0.1",
    "localhost",
    "app.example%09",
    "app.example ",
    " app.example",
    "app..example",
    ".app.example",
    "app.example:0443",
    "app.example:",
    "2130706433",
    "app_example",
    "app.example\t",
    "app.example%23",
    "app.example;evil.test",
    "evil.test",
]
PATHS = [
    "/cb/one",
    "/cb/one/",
    "/cb/one?a=b&",
    "/cb/one?a=b&c=d",
    "/cb/one?a=B",
    "/cb/one?b=a",
    "/cb/one?",
    "/cb/one?A=b",
    "/CB/one?a=b",
    "/cb//one?a=b",
    "//cb/one?a=b",
    "/cb/./one?a=b",
    "/cb/../cb/one?a=b",
    "/cb/one/..?a=b",
    "/cb/%6fne?a=b",
    "/cb%2fone?a=b",
    "/cb/one%3fa=b",
    "/cb/one?a%3db",
    "/cb/one?a=%62",
    "/cb/one?a=b#",
    "/cb/one?a=b#x",
    "/cb/one?a=b%23x",
    "/cb/one;x?a=b",
    "/cb\\one?a=b",
    "/cb/one?a=b ",
    "/cb/one?a=b%20",
    "/cb/one?a=b+",
    "/cb/one?a=b\n",
    "/cb/one?a=b\r\nX: y",
    "/cb/one?a=b\x00",
    "/cb/one?a=b%00",
    "/cb/one?a=b%0d%0a",
    "/",
    "",
    "?a=b",
    "/cb",
    "/cb/on",
    "/cb/onee?a=b",
    "/cb/two?a=b",
    "/cb/one?a=b/..",
    "/cb/one?a=b/../../evil",
    "/cb/one?a=b?",
    "/cb/one?a=b=b",
    "/cb/one/?a=b",
    "/cb/one%2f?a=b",
    "/cb/one%252f?a=b",
    "/cb/one?redirect=https://evil.test",
    "/.//cb/one?a=b",
]
SCHEMES = [
    "http://app.example/cb/one?a=b",
    "HTTPS://app.example/cb/one?a=b",
    "//app.example/cb/one?a=b",
    "https:app.example/cb/one?a=b",
    "https:/app.example/cb/one?a=b",
    "https:///app.example/cb/one?a=b",
    "https:\\\\app.example/cb/one?a=b",
    "app.example/cb/one?a=b",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://app.example/cb/one?a=b",
    "wss://app.example/cb/one?a=b",
    " https://app.example/cb/one?a=b",
    "https ://app.example/cb/one?a=b",
    "\thttps://app.example/cb/one?a=b",
    "view-source:https://app.example/cb/one?a=b",
    "blob:https://app.example/cb/one?a=b",
    "filesystem:https://app.example/cb/one?a=b",
    "httpss://app.example/cb/one?a=b",
    "https%3a//app.example/cb/one?a=b",
    "/cb/one?a=b",
    "*",
    "https://*",
    "null",
    "https://",
    "https",
    "https://app.example/cb/one?a=b,https://evil.test",
    "https://app.example/cb/one?a=b https://evil.test",
    "https://evil.test/https://app.example/cb/one?a=b",
    "https://evil.test?https://app.example/cb/one?a=b",
    "https://evil.test\\@app.example/cb/one?a=b",
    "https://[app.example]/cb/one?a=b",
    "https://app.example[/cb/one?a=b",
    "intent://app.example/cb/one?a=b",
    "https://app.example/cb/one?a=b\u202e",
    "https://app.example/cb/one?a=b" + "x" * 2000,
]
VARIANTS = [f"https://{host}/cb/one?a=b" for host in HOSTS] + [f"https://app.example{path}" for path in PATHS] + SCHEMES


def test_there_are_120_variants() -> None:
    assert len(set(VARIANTS) - {REGISTERED}) >= 120
    assert REGISTERED not in VARIANTS


def test_no_variant_is_accepted_at_the_authorization_endpoint(house: House) -> None:
    app = house.client(REGISTERED)
    strangers, val = house.browser(), house.logged_in()
    for variant in VARIANTS:
        for browser in (strangers, val):
            result = browser.ask(app, redirect_uri=variant)
            assert (result.status_code, result.headers.get("location")) == (400, None), variant
    assert not strangers.cookies, "nobody is asked to log in for a bad redirect URI"


def test_no_variant_is_accepted_at_the_token_endpoint(house: House) -> None:
    app = house.client(REGISTERED)
    code = house.code(app, redirect_uri=REGISTERED)
    form = {"grant_type": "authorization_code", "code": code}
    for variant in VARIANTS:
        result = house.token(app, form | {"redirect_uri": variant})
        assert (result.status_code, result.json["error"]) == (400, "invalid_grant"), variant
    assert house.token(app, form).json["error"] == "invalid_grant", "RFC 6749 section 4.1.3: required if it was sent"
    assert house.token(app, form | {"redirect_uri": REGISTERED}).status_code == 200


@pytest.mark.parametrize("parameter", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_redirects_nowhere(house: House, parameter: str) -> None:
    app = house.client(REGISTERED)
    query = [("response_type", "code"), ("client_id", app.id), ("redirect_uri", REGISTERED)]
    again = [pair for pair in query if pair[0] == parameter]
    result = house.logged_in().get("/oauth2/authorize", query + again)
    assert (result.status_code, result.headers.get("location")) == (400, None)


def test_several_uris_each_match_and_none_may_be_left_out(house: House) -> None:
    app = house.client("https://one.test/cb", "https://two.test/cb", "com.example.app:/cb")
    browser = house.logged_in()
    for uri in ("https://one.test/cb", "https://two.test/cb", "com.example.app:/cb"):
        assert browser.allow(app, redirect_uri=uri).headers["location"].startswith(uri + "?code=")
    assert browser.ask(app).status_code == 400


def test_an_app_without_redirect_uri_redirects_nowhere(house: House) -> None:
    app = house.client()
    browser = house.logged_in()
    assert browser.ask(app).status_code == 400
    assert browser.ask(app, redirect_uri="https://app.test/cb").status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_rfc8252_7_3_any_port_on_a_loopback_address(house: House, host: str) -> None:
    app = house.client(f"http://{host}/cb?x=1")
    browser = house.logged_in()
    for port in ("", ":1", ":49152", ":65535"):
        uri = f"http://{host}{port}/cb?x=1"
        code = answered(browser.allow(app, redirect_uri=uri))["code"]
        form = {"grant_type": "authorization_code", "code": code}
        wrong = house.token(app, form | {"redirect_uri": f"http://{host}:2/cb?x=1"})
        assert wrong.json["error"] == "invalid_grant", "the token request must repeat the port"
        assert house.token(app, form | {"redirect_uri": uri}).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:80@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.1:80/cb/",
        "http://127.0.0.1:80/cb?x",
        "http://localhost:80/cb",
        "http://127.1:80/cb",
        "http://127.0.0.2:80/cb",
        "http://[::1]:80/cb",
        "https://127.0.0.1:80/cb",
        "http://0.0.0.0/cb",
        "http://user@127.0.0.1/cb",
        "HTTP://127.0.0.1/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://127.0.0.1:\uff18\uff10/cb",
    ],
)
def test_rfc8252_7_3_nothing_but_the_port_may_differ(uri: str) -> None:
    assert choose(["http://127.0.0.1/cb"], uri) is None


def test_localhost_is_a_name_and_matches_exactly() -> None:
    assert choose(["http://localhost:8080/ip"], "http://localhost:8080/ip") == "http://localhost:8080/ip"
    assert choose(["http://localhost:8080/ip"], "http://localhost:8081/ip") is None


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "myapp:",
        "x y:z",
        "https://a.test/#f",
        "https://a.test/\r\nX: y",
        "https://a.test:99999/",
    ],
)
def test_a_registered_uri_that_leads_to_no_app_is_not_used(uri: str) -> None:
    assert not is_usable(uri)
    assert choose([uri], uri) is None
    assert choose([uri], None) is None


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.test/cb", "https://app.test"),
        ("http://App.test:8080/cb;x", "http://app.test:8080"),
        ("com.example.app:/cb", "com.example.app:"),
        ("myapp://cb", "myapp:"),
        ("http://[::1]:5000/cb", "http:"),
        ("https://user@app.test/cb", "https://app.test"),
    ],
)
def test_the_policy_names_where_the_answer_goes(uri: str, source: str) -> None:
    assert policy_source(uri) == source


def test_answers_join_the_query_or_become_the_fragment() -> None:
    pairs = [("a", "1 &=#+é\r\n")]
    encoded = "a=1%20%26%3D%23%2B%C3%A9%0D%0A"
    assert with_query("https://a.test", pairs) == "https://a.test?" + encoded
    assert with_query("https://a.test?x=1", pairs) == "https://a.test?x=1&" + encoded
    assert with_query("https://a.test?", pairs) == "https://a.test?" + encoded
    assert with_fragment("https://a.test?x=1", pairs) == "https://a.test?x=1#" + encoded
