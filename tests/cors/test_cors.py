"""The cors policy: the headers that the npm package `cors` sets, on preflights and on every other answer."""

from typing import Any

import pytest

from egc.runtime.env import Misconfigured
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.headers import Headers
from egc.runtime.patterns import pattern
from egc.runtime.policies.cors import Cors
from egc.runtime.transport.asgi import merge

WEB = "http://web.test"


def ask(method: str = "GET", origin: str | None = WEB, *more: tuple[bytes, bytes], **settings: Any) -> Exchange:
    """A request behind the policy."""
    x = exchange(method, origin, *more)
    Cors(**settings)(x)
    return x


def exchange(method: str = "GET", origin: str | None = WEB, *more: tuple[bytes, bytes]) -> Exchange:
    fields = [(b"origin", origin.encode())] if origin is not None else []
    return Exchange(method, "/", [(b"host", b"h"), *fields, *more], "h", "http", "127.0.0.1")


def said(x: Exchange) -> dict[str, str]:
    """The response headers, less the common part of their names."""
    assert len({name for name, _ in x.response_headers}) == len(x.response_headers)
    return {name.decode().removeprefix("access-control-"): value.decode() for name, value in x.response_headers}


@pytest.mark.parametrize("origin", [WEB, None])
def test_by_default_every_origin_is_allowed(origin: str | None) -> None:
    """D194, D202: `*`, and nothing depends on the origin."""
    assert said(ask(origin=origin)) == {"allow-origin": "*"}


@pytest.mark.parametrize("origin", [WEB, "http://other.test", None])
@pytest.mark.parametrize("text", ["http://a.test", "true"])
def test_a_text_is_sent_as_it_is(origin: str | None, text: str) -> None:
    """D203: whatever the request's Origin."""
    assert said(_with(origin, text)) == {"allow-origin": text, "vary": "Origin"}


def _with(sent: str | None, configured: Any) -> Exchange:
    x = exchange("GET", sent)
    Cors(origin=configured)(x)
    return x


def test_true_echoes() -> None:
    """D204."""
    assert said(_with(WEB, True)) == {"allow-origin": WEB, "vary": "Origin"}
    assert said(_with(None, True)) == {"vary": "Origin"}


@pytest.mark.parametrize(
    ("sent", "allowed"),
    [
        ("http://a.test", True),
        ("http://x.b.test", True),
        ("http://a.test.evil", False),
        ("HTTP://A.TEST", False),
        ("null", False),
        (None, False),
    ],
)
def test_a_list_allows_what_is_equal_or_matches(sent: str | None, allowed: bool) -> None:
    """D205: texts as a whole, expressions anywhere; it depends on the origin both ways."""
    x = _with(sent, ("http://a.test", pattern(r"\.b\.test\Z")))
    assert said(x) == ({"allow-origin": sent} if allowed else {}) | {"vary": "Origin"}


def test_one_expression_may_stand_alone() -> None:
    """D194, D205."""
    assert said(_with("http://x.b.test", pattern("^http://x")))["allow-origin"] == "http://x.b.test"


@pytest.mark.parametrize("off", [False, ""])
def test_it_can_be_off(off: Any) -> None:
    """D206: also for OPTIONS."""
    x = exchange("OPTIONS")
    assert Cors(origin=off)(x) is None
    assert x.response_headers == []


@pytest.mark.parametrize("origin", [WEB, None])
def test_every_options_request_ends_here(origin: str | None) -> None:
    """D207: with Origin or without, allowed or not; D195, D200."""
    x = exchange("OPTIONS", origin)
    answer = Cors(origin=["http://a.test"])(x)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers, answer.body) == (204, [(b"content-length", b"0")], b"")
    assert said(x) == {
        "allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "vary": "Origin, Access-Control-Request-Headers",
    }


def test_a_preflight_gets_what_is_configured() -> None:
    """D195-D200: lists joined with commas, texts as they are."""
    x = exchange("OPTIONS")
    answer = Cors(methods="GET,X", allowed_headers=("a", "b"), exposed_headers=("c", "d"), credentials=True,
                  max_age=0, options_success_status=200)(x)  # fmt: skip
    assert answer is not None
    assert (answer.status, answer.headers) == (200, [])
    assert said(x) == {
        "allow-origin": "*", "allow-methods": "GET,X", "allow-headers": "a,b", "expose-headers": "c,d",
        "allow-credentials": "true", "max-age": "0",
    }  # fmt: skip


def test_without_allowed_headers_those_that_are_asked_for_are() -> None:
    """D196."""
    x = ask("OPTIONS", WEB, (b"access-control-request-headers", b"X-One, X-Two"))
    assert (said(x)["allow-headers"], said(x)["vary"]) == ("X-One, X-Two", "Access-Control-Request-Headers")


def test_an_empty_list_of_allowed_headers_allows_none() -> None:
    """D196."""
    x = ask("OPTIONS", WEB, (b"access-control-request-headers", b"X-One"), allowed_headers=())
    assert "allow-headers" not in said(x)


def test_other_requests_get_origin_credentials_and_exposed_headers() -> None:
    """D197, D198, D208; D403: a text of names works as the documentation has it."""
    x = ask(exposed_headers="X-A,X-B", credentials=True, methods=("GET",), allowed_headers=("x",), max_age=5)
    assert said(x) == {"allow-origin": "*", "allow-credentials": "true", "expose-headers": "X-A,X-B"}


def test_a_preflight_may_go_on() -> None:
    """D201."""
    x = exchange("OPTIONS")
    assert Cors(preflight_continue=True)(x) is None
    assert said(x)["allow-methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"


def test_vary_is_added_to() -> None:
    """What a step has said the response depends on stays, once; `*` says it all."""
    x = exchange()
    x.response_headers = [(b"vary", b"Accept, origin"), (b"access-control-allow-origin", b"old")]
    Cors(origin=WEB)(x)
    assert said(x) == {"vary": "Accept, origin", "allow-origin": WEB}
    x.response_headers = [(b"vary", b"*")]
    Cors(origin=WEB)(x)
    assert said(x)["vary"] == "*"


def test_the_service_has_the_last_word_but_not_on_vary() -> None:
    """D208: its headers of the same name replace those of the step."""
    earlier: Headers = [(b"vary", b"Origin"), (b"access-control-allow-origin", b"a")]
    theirs: Headers = [(b"Vary", b"Accept"), (b"Access-Control-Allow-Origin", b"b")]
    assert merge(earlier, theirs) == [(b"vary", b"Origin"), *theirs]


def test_two_steps_do_not_add_up() -> None:
    """The later one replaces what the earlier one set."""
    x = exchange()
    Cors()(x)
    Cors(origin=WEB)(x)
    assert said(x) == {"allow-origin": WEB, "vary": "Origin"}


def test_settings_that_cannot_be_headers_are_not_built() -> None:
    with pytest.raises(Misconfigured, match="access-control-allow-methods"):
        Cors(methods="GET\r\nx: y")
