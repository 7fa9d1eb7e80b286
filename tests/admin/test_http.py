"""What holds for every endpoint: C104-C108, P39, bodies, errors, health."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from egc.runtime.admin.dates import date_text
from egc.runtime.oauth2.secrets import stored_digest
from tests.admin.conftest import EVE
from tests.admin.house import House, said

JSON = {"Content-Type": "application/json"}


# ---- Routes -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/users/", "/USERS", "/Users/"])
def test_letter_case_and_a_final_slash_do_not_matter(house: House, path: str) -> None:
    assert house.get(path).status_code == 200


def test_names_keep_their_letter_case(house: House, eve: Any) -> None:
    house.made("/users", {**EVE, "username": "USERS"})
    assert house.get("/users/USERS/").json["username"] == "USERS"
    assert house.get("/users/EVE").status_code == 404
    assert house.put("/users/USERS/STATUS/", {"status": True}).json == {"status": "Active"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/users"),
        ("PATCH", "/users/x"),
        ("PUT", "/tokens"),
        ("POST", "/schemas"),
        ("POST", "/policies"),
        ("PATCH", "/credentials/key-auth/k1"),
        ("GET", "/no/such/thing"),
        ("GET", "/"),
    ],
)
def test_an_unknown_route_is_express_s_404_page(house: House, method: str, path: str) -> None:
    result = house.run(house.ask(method, path))
    assert result.status_code == 404
    assert result.headers["content-type"] == "text/html; charset=utf-8"
    assert result.headers["content-security-policy"] == "default-src 'none'"
    assert result.headers["x-content-type-options"] == "nosniff"
    assert f"<pre>Cannot {method} {path}</pre>" in result.text


def test_the_404_page_escapes_what_it_shows(house: House) -> None:
    result = house.get("/<script>")
    assert "<script>" not in result.text


def test_head_is_get_without_body(house: House, eve: Any) -> None:
    got, head = house.get("/users/eve"), house.run(house.ask("HEAD", "/users/eve"))
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("content-type", "content-length", "etag")} == {
        name: got.headers[name] for name in ("content-type", "content-length", "etag")
    }


def test_options_names_the_methods(house: House) -> None:
    result = house.run(house.ask("OPTIONS", "/users/eve"))
    assert result.status_code == 200
    assert set(re.split(", *", result.headers["allow"])) == {"GET", "HEAD", "PUT", "DELETE"}


def test_what_the_caller_has_already_is_304(house: House, eve: Any) -> None:
    tag = house.get("/users/eve").headers["etag"]
    assert tag.startswith('W/"')
    result = house.get("/users/eve", headers={"If-None-Match": f'"x", {tag}'})
    assert (result.status_code, result.content) == (304, b"")
    assert result.headers["etag"] == tag
    house.put("/users/eve", {"lastname": "Star"})
    assert house.get("/users/eve", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("kind", ["policies", "pipelines", "api-endpoints", "service-endpoints"])
def test_the_configuration_cannot_be_changed_here(house: House, kind: str) -> None:
    for result in (house.put(f"/{kind}/x", {}), house.delete(f"/{kind}/x")):
        assert result.status_code == 409
        assert said(result).startswith("x cannot be changed here")


# ---- Bodies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "not JSON"),
        (b"nothing", 400, "not JSON"),
        (b'{"username": NaN}', 400, "not JSON"),
        (b'{"username": 1e999}', 400, "out of range"),
        (b'{"username": ' + b"9" * 5000 + b"}", 400, "out of range"),
        (b'{"username": "a", "username": "b"}', 400, "two members of one name"),
        (b'{"a": [{"b": 1, "b": 2}]}', 400, "two members of one name"),
        (b'"text"', 400, "must be a JSON object"),
        (b"[]", 400, "must be a JSON object"),
        (b"[" * 50_000, 400, "nested"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", 400, "nested"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b'{"username": "\\ud800"}', 400, "half a character"),
        (b'{"\\udfff": 1}', 400, "half a character"),
        (b'"' + b"x" * 102_400 + b'"', 413, "larger than 102400 bytes"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_and_named(house: House, body: bytes, status: int, says: str) -> None:
    result = house.run(house.ask("POST", "/users", headers=JSON, content=body))
    assert result.status_code == status
    assert says in said(result)


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "application/json; charset=latin1"}, {**JSON, "Content-Encoding": "gzip"}]
)
def test_a_body_in_another_encoding_is_415(house: House, headers: dict[str, str]) -> None:
    assert house.run(house.ask("POST", "/users", headers=headers, content=b"{}")).status_code == 415


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json5"])
def test_a_body_of_another_type_counts_as_empty(house: House, content_type: str) -> None:
    body = b'{"username":"eve","firstname":"E","lastname":"M"}'
    result = house.run(house.ask("POST", "/users", headers={"Content-Type": content_type}, content=body))
    assert (result.status_code, said(result)) == (400, "data should have required property 'firstname'")


def test_the_charset_may_be_named(house: House) -> None:
    headers = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    body = '{"username":"ä","firstname":"E","lastname":"M"}'.encode()
    assert house.run(house.ask("POST", "/users", headers=headers, content=body)).json["username"] == "ä"


# ---- Errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type", "text"),
    [
        (None, "text/html; charset=utf-8", "User not found: &lt;b&gt;"),
        ("application/json, text/plain, */*", "text/html; charset=utf-8", "User not found: &lt;b&gt;"),
        ("application/json, text/plain;q=0.5", "text/plain; charset=utf-8", "User not found: <b>"),
    ],
)
def test_an_error_is_a_sentence_that_no_browser_runs(
    house: House, accept: str | None, content_type: str, text: str
) -> None:
    result = house.get("/users/%3Cb%3E", headers={"Accept": accept} if accept else {})
    assert (result.status_code, result.headers["content-type"], result.text) == (404, content_type, text)
    assert result.headers["content-security-policy"] == "default-src 'none'"
    assert result.headers["x-content-type-options"] == "nosniff"


def test_an_error_is_a_problem_document_for_who_asks(house: House) -> None:
    result = house.get("/users/none", headers={"Accept": "application/problem+json"})
    assert result.headers["content-type"] == "application/problem+json"
    assert result.json == {"status": 404, "title": "Not Found", "detail": "User not found: none"}


def test_without_store_it_is_503(house: House) -> None:
    house.run(house.store.close())
    result = house.get("/users")
    assert result.status_code == 503
    assert "retry-after" in result.headers
    ready = house.get("/ready")
    assert (ready.status_code, ready.json["status"]) == (503, "unavailable")
    assert house.get("/health").status_code == 200


# ---- Who may ask ------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.1", "[::1]", "gw.localhost"])
def test_loopback_names_are_known(house: House, host: str) -> None:
    assert house.get("/users", host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "127.0.0.1.nip.test", "10.0.0.1", "[::2]", "a@localhost", "local host"]
)
def test_other_names_are_refused(house: House, host: str) -> None:
    result = house.get("/users", host=host)
    assert result.status_code == 421
    assert "Host" in result.text


def test_configured_names_are_known(tmp_path: Path) -> None:
    with House(tmp_path / "data", allowed_hosts=("Admin.Example.com", "::2")) as house:
        assert house.get("/users", host="admin.example.com").status_code == 200
        assert house.get("/users", host="[::2]").status_code == 200
        assert house.get("/users", host="example.com").status_code == 421


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Basic the-key", 401),
        ("Bearer the-key", 200),
        ("bearer the-key", 200),
    ],
)
def test_with_a_key_only_its_bearer_may_ask(tmp_path: Path, authorization: str | None, status: int) -> None:
    with House(tmp_path / "data", key_digest=stored_digest("the-key")) as house:
        result = house.get("/users", headers={"Authorization": authorization} if authorization else {})
        assert result.status_code == status
        if status == 401:
            assert result.headers["www-authenticate"] == 'Bearer realm="admin"'
            assert "the-key" not in result.text


def test_unknown_routes_need_the_key_too(tmp_path: Path) -> None:
    with House(tmp_path / "data", key_digest=stored_digest("the-key")) as house:
        assert house.get("/nothing").status_code == 401
        assert house.delete("/users/eve").status_code == 401


def test_a_key_that_is_no_digest_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sha256"):
        House(tmp_path / "data", key_digest="the-key")


def test_probes_need_neither_name_nor_key(tmp_path: Path) -> None:
    with House(tmp_path / "data", key_digest=stored_digest("the-key")) as house:
        assert house.get("/health", host="10.0.0.1").json == {"status": "ok"}
        assert house.get("/ready", host="10.0.0.1").json == {"status": "ready"}


def test_why_it_is_not_ready_is_told_to_who_may_ask_only(tmp_path: Path) -> None:
    """The reason names files, and hosts of Redis."""
    key = {"Authorization": "Bearer the-key"}
    with House(tmp_path / "data", key_digest=stored_digest("the-key")) as house:
        house.run(house.store.close())
        for answer in (house.get("/ready"), house.get("/ready", host="10.0.0.1", headers=key)):
            assert (answer.status_code, answer.json) == (503, {"status": "unavailable"})
        assert house.get("/ready", headers=key).json["reason"]


# ---- Dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "Mon Nov 23 2026 21:18:57 GMT+0000 (Coordinated Universal Time)"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "Mon Nov 23 2026 22:18:57 GMT+0100 (CET)"),
        ("NST3:30", "Mon Nov 23 2026 17:48:57 GMT-0330 (NST)"),
    ],
)
def test_dates_are_written_as_javascript_does(monkeypatch: pytest.MonkeyPatch, zone: str, text: str) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        written = date_text(1795468737.9)
    time.tzset()
    assert written == text
