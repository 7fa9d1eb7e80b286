"""What the command line sends to the Admin API, and what it makes of answers that no Admin API gives."""

import json
import socket

import pytest

from egc.compiler.cli import _admin_api
from tests.cli.conftest import Egc
from tests.cli.wire import Wire

USER = '{"isActive": true, "username": "val", "id": "c25fe037"}'


def test_key_and_headers_are_sent(egc: Egc, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGC_ADMIN_KEY", "the-key")
    wire.says(200, USER)
    assert egc("users", "info", "val", "-H", "X-Team: blue:green", "-H", "X-Other:1").code == 0
    headers = wire.requests[0].headers
    assert headers["authorization"] == "Bearer the-key"
    assert headers["x-team"] == "blue:green"
    assert headers["x-other"] == "1"


def test_a_header_of_the_command_line_wins_over_the_key(egc: Egc, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGC_ADMIN_KEY", "the-key")
    wire.says(200, USER)
    egc("users", "info", "val", "-H", "authorization: Basic eA==")
    assert wire.requests[0].headers["authorization"] == "Basic eA=="


@pytest.mark.parametrize("header", ["no-colon", "empty:", ":value", "X: a\r\nInjected: b", "X: é"])
def test_a_header_that_is_none_is_a_usage_error(egc: Egc, wire: Wire, header: str) -> None:
    result = egc("users", "info", "val", "-H", header)
    assert result.code == 2
    assert "KEY:VALUE" in result.err
    assert not wire.requests


def test_verbose_shows_one_line_for_each_request(egc: Egc, wire: Wire) -> None:
    wire.says(200, USER)
    result = egc("users", "info", "val", "-v")
    line = result.err.strip()
    assert line.startswith(f"HTTP  GET     200 {wire.url}/users/val (")
    assert line.endswith("ms)")


def test_a_name_is_one_segment_of_the_url(egc: Egc, wire: Wire) -> None:
    wire.says(200, USER)
    egc("users", "info", "a/../b?c#d é")
    assert wire.requests[0].line == "GET /users/a%2F..%2Fb%3Fc%23d%20%C3%A9 HTTP/1.1"


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 1001])
def test_what_would_change_the_url_is_not_sent(egc: Egc, wire: Wire, name: str) -> None:
    assert egc("users", "remove", name).code == 2
    assert not wire.requests


def test_the_secret_of_a_token_is_not_sent(egc: Egc, wire: Wire) -> None:
    wire.says(200, "[[null,1]]")
    result = egc("tokens", "revoke", "599f48|b1f725", "-v")
    assert wire.requests[0].line == "DELETE /tokens/599f48 HTTP/1.1"
    assert "✔ Access token has been revoked: 599f48|b1f725" in result.err


@pytest.mark.parametrize(
    ("body", "content_type", "shown"),
    [
        ("username already exists", "text/html; charset=utf-8", "username already exists"),
        ('{"status": 409, "title": "Conflict", "detail": "it is there"}', "application/problem+json", "it is there"),
        ("<!DOCTYPE html><h1>x</h1>", "text/html", "Whatever (409)"),
        ("", "text/plain", "Whatever (409)"),
        ("[1", "application/json", "Whatever (409)"),
        ("two\n   lines \x1b[31m\x07", "text/plain", "two lines \\x1b[31m\\x07"),
    ],
)
def test_the_words_of_a_refusal_are_shown(egc: Egc, wire: Wire, body: str, content_type: str, shown: str) -> None:
    wire.says(409, body, content_type)
    result = egc("scopes", "create", "read")
    assert (result.code, result.out, result.err) == (1, "", f"✖ {shown}\n")


def test_a_missing_key_names_the_variable(egc: Egc, wire: Wire) -> None:
    wire.says(401, "The Admin API needs its key", "text/plain")
    result = egc("scopes", "list")
    assert result.code == 1
    assert "EGC_ADMIN_KEY" in result.err


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "closed the connection"),
        (b"nonsense\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "not JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "not the Admin API"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"users":1}', "not the Admin API"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "answered 302"),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 4\r\n\r\nbusy", "answered 503 busy"),
    ],
)
def test_an_answer_that_makes_no_sense_is_a_sentence(egc: Egc, wire: Wire, answer: bytes, words: str) -> None:
    wire.answers.append(answer)
    result = egc("users", "list")
    assert result.code == 4
    assert result.out == ""
    assert words in result.err
    assert len(result.err.splitlines()) == 1


def test_a_chunked_answer_is_read(egc: Egc, wire: Wire) -> None:
    half = len(USER) // 2
    body = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (USER[:half], USER[half:], ""))
    wire.answers.append(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{body}".encode())
    assert egc("users", "info", "val").json == json.loads(USER)


def test_an_answer_without_end_is_given_up(egc: Egc, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_admin_api, "LARGEST_ANSWER", 1000)
    wire.says(200, '"' + "x" * 2000 + '"')
    result = egc("users", "list")
    assert (result.code, "larger than" in result.err) == (4, True)


def test_a_server_that_never_answers_is_given_up(egc: Egc, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_admin_api, "READ_TIMEOUT", 0.05)
    wire.answers.append(None)
    result = egc("users", "list")
    assert (result.code, "no answer" in result.err) == (4, True)


def test_pages_that_do_not_end_are_given_up(egc: Egc, wire: Wire) -> None:
    wire.says(200, '{"users": [], "nextKey": 7}')
    result = egc("users", "list", "--all")
    assert (result.code, "do not end" in result.err) == (4, True)


def test_a_server_that_is_not_there_is_named(egc: Egc, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    monkeypatch.setenv("EG_ADMIN_URL", url)
    result = egc("users", "remove", "a", "b")
    assert result.code == 4
    assert result.err == f"✖ The Admin API at {url} cannot be used: connection refused\n"


def test_no_proxy_of_the_environment_is_used(egc: Egc, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    wire.says(200, USER)
    assert egc("users", "info", "val").code == 0


def test_control_characters_of_a_record_do_not_reach_the_terminal(egc: Egc, wire: Wire) -> None:
    wire.says(200, '{"id": "x", "firstname": "\\u001b[2J\\u009b\\u202e", "lastname": "Ä"}')
    result = egc("users", "info", "x")
    assert result.json == {"id": "x", "firstname": "\x1b[2J\x9b\u202e", "lastname": "Ä"}
    assert "\x1b" not in result.out
    assert "\x9b" not in result.out
    assert "Ä" in result.out
