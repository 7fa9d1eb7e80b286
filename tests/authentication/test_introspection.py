"""oauth2-introspect: what the endpoint says counts, for a while, and nothing else opens."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from egc.runtime.env import Misconfigured
from egc.runtime.exchange import Claims
from egc.runtime.policies import oauth2_introspect
from egc.runtime.policies.oauth2_introspect import OAuth2Introspect
from egc.runtime.upstream import UpstreamBusy
from tests.authentication.gate import Gate, asked, bearer
from tests.running import free_port
from tests.upstreams import Upstream, Wire


class Server:
    """The introspection endpoint; a context manager."""

    def __init__(self) -> None:
        self.says: Any = {"active": True}
        self.status = "200 OK"
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        self.silent = False
        self.upstream = Upstream(self._answer)

    async def _answer(self, wire: Wire) -> None:
        await wire.body()
        if self.silent:
            await wire.gone()
            return
        body = self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()
        await wire.respond(body, status=self.status, headers=self.headers)

    @property
    def asked(self) -> int:
        return len(self.upstream.requests)

    def door(self, **options: Any) -> OAuth2Introspect:
        url = f"http://127.0.0.1:{self.upstream.port}/introspect?x=y"
        return OAuth2Introspect(endpoint=url, authorization_value="Basic aWQ6c2VjcmV0", **options)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with server.upstream:
        yield server


def test_what_is_asked(gate: Gate, server: Server) -> None:
    """A form by POST with the configured header as it is (D245, D249, D407)."""
    assert gate.opens(server.door(), bearer("a+b/c=&d"))
    (request,) = server.upstream.requests
    assert (request.method, request.target) == ("POST", "/introspect?x=y")
    assert dict(parse_qsl(request.body.decode(), strict_parsing=True)) == {
        "token": "a+b/c=&d",
        "token_type_hint": "access_token",
    }
    assert request.all("authorization") == [b"Basic aWQ6c2VjcmV0"]
    assert request.all("content-type") == [b"application/x-www-form-urlencoded"]
    assert server.upstream.problems == []


def test_the_answer_is_the_consumer(gate: Gate, server: Server) -> None:
    """D253; the token goes on to the service (D157)."""
    server.says = {"active": True, "id": "joe", "sub": "x"}
    x = gate.knock(server.door(), bearer("t"))
    assert isinstance(x.consumer, Claims)
    assert (x.consumer.values["sub"], x.consumer.id) == ("x", "joe")
    assert any(name == b"authorization" for name, _ in x.headers)


@pytest.mark.parametrize(
    "says",
    [{"active": False}, {}, {"active": "true"}, {"active": 1}, {"active": None}, {"active": [True]},
     {"active": True, "exp": 1}, b"", b"{", b"[]", b"null", b"true", b'{"active":true,"active":true}', b"\xff",
     b'{"active":true,"exp":NaN}', b'{"active":true,"exp":1e400}', b'{"active":true,"a":"\\ud800"}',
     b'{"active":true,"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"active":true,"a":"' + b"x" * 70000 + b'"}'],
)  # fmt: skip
def test_answers_that_do_not_open(gate: Gate, server: Server, says: Any) -> None:
    """401, never 500 (D252, D461), and asked again the next time."""
    server.says = says
    door = server.door()
    assert not gate.opens(door, bearer("t"))
    server.says = {"active": True}
    assert gate.opens(door, bearer("t"))


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oops", "302 Found", "204 No Content"]
)
def test_answers_that_are_no_success(gate: Gate, server: Server, status: str) -> None:
    """401 without an error code: what is wrong is not the token (RFC 6750 section 3.1)."""
    server.status = status
    server.headers = [(b"location", b"/elsewhere")]
    if status.startswith("204"):
        server.says = b""
    refused = gate.refused(server.door(), bearer("t"))
    assert (refused.status, asked(refused)) == (401, 'Bearer realm="egc"')
    assert server.asked == 1


def test_a_token_that_is_not_active_is_called_so(gate: Gate, server: Server) -> None:
    server.says = {"active": False}
    assert asked(gate.refused(server.door(), bearer("t"))) == 'Bearer realm="egc", error="invalid_token"'
    assert asked(gate.refused(server.door())) == 'Bearer realm="egc"'


@pytest.mark.parametrize(
    ("says", "opens"),
    [
        ({"scope": "a b"}, True), ({"scope": "b x a"}, True), ({"scopes": "a b"}, True), ({"scope": ["a", "b"]}, True),
        ({"scopes": ["b", "a"]}, True), ({"scope": "", "scopes": "a b"}, True), ({}, False), ({"scope": "a"}, False),
        ({"scope": ["a b"]}, False), ({"scope": 5}, False), ({"scope": {"a": 1, "b": 2}}, False),
        ({"scope": None}, False),
    ],
)  # fmt: skip
def test_scopes(gate: Gate, server: Server, says: dict[str, Any], opens: bool) -> None:
    """A text or a list (D251, D441); an answer without the scopes is remembered all the same (C261)."""
    server.says = {"active": True, **says}
    door = server.door()
    for _ in range(2):
        assert gate.opens(door, bearer("t"), scopes=("a", "b")) is opens
    assert server.asked == 1
    assert gate.opens(door, bearer("t"))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def test_an_answer_counts_for_a_while(gate: Gate, server: Server, clock: Clock) -> None:
    """D247."""
    door = server.door(ttl=60)
    assert gate.opens(door, bearer("t"))
    server.says = {"active": False}
    clock.now += 59.9
    assert gate.opens(door, bearer("t"))
    clock.now += 0.1
    assert not gate.opens(door, bearer("t"))


def test_an_answer_counts_no_longer_than_the_token(gate: Gate, server: Server, clock: Clock) -> None:
    """D250 done right (D441): to the second, fractions or not."""
    server.says = {"active": True, "exp": 1_000_010}
    door = server.door(ttl=60)
    assert gate.opens(door, bearer("t"))
    clock.now = 1_000_009.9
    assert gate.opens(door, bearer("t"))
    assert server.asked == 1
    clock.now = 1_000_010.0
    assert not gate.opens(door, bearer("t"))
    assert server.asked == 2


@pytest.mark.parametrize("exp", ["1000010", True, [], {}])
def test_an_end_that_cannot_be_read_is_not_relied_on(gate: Gate, server: Server, clock: Clock, exp: Any) -> None:
    """The token opens, and the endpoint is asked every time."""
    server.says = {"active": True, "exp": exp}
    door = server.door(ttl=60)
    for times in (1, 2):
        assert gate.opens(door, bearer("t"))
        assert server.asked == times


def test_ttl_zero_asks_every_time(gate: Gate, server: Server) -> None:
    """D408."""
    door = server.door(ttl=0)
    for times in (1, 2, 3):
        assert gate.opens(door, bearer("t"))
        assert server.asked == times


def test_memory_is_bounded_and_holds_no_tokens(gate: Gate, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a keyed hash, the oldest first; long answers are not kept."""
    monkeypatch.setattr(oauth2_introspect, "_REMEMBERED", 3)
    door = server.door()
    for number in range(6):
        assert gate.opens(door, bearer(f"token-{number}"))
    assert len(door._active) == 3
    assert not any(b"token" in mark for mark in door._active)
    server.says = {"active": True, "a": "x" * 9000}
    assert gate.opens(door, bearer("long"))
    assert gate.opens(door, bearer("long"))
    assert server.asked == 8


def test_callers_at_once_ask_once(gate: Gate, server: Server) -> None:
    door = server.door(ttl=0)
    found = gate.together(*(gate.arrive(door, bearer("t")) for _ in range(20)))
    assert [x for x in found if isinstance(x, Exception)] == []
    assert server.asked == 1


def test_a_caller_that_leaves_does_not_take_the_answer_along(gate: Gate, server: Server) -> None:
    """Others wait for the same one."""
    door = server.door()

    async def visit() -> bool:
        first = asyncio.create_task(gate.arrive(door, bearer("t")))
        second = asyncio.create_task(gate.arrive(door, bearer("t")))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).consumer is not None

    assert gate.run(visit())
    assert server.asked == 1


def test_a_silent_endpoint(gate: Gate, server: Server) -> None:
    """D246: the time-out holds for the whole answer."""
    server.silent = True
    assert not gate.opens(server.door(timeout=0.05), bearer("t"))


def test_an_endpoint_that_is_down(gate: Gate) -> None:
    """401 as in Express Gateway (D252); with passThrough, anonymous."""
    url = f"http://127.0.0.1:{free_port()}/"
    assert not gate.opens(OAuth2Introspect(endpoint=url), bearer("t"))
    assert gate.knock(OAuth2Introspect(endpoint=url, pass_through=True), bearer("t")).consumer is None


def test_too_many_at_once_are_told_so(gate: Gate, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, which the gateway makes of it: the token may be good."""

    async def busy(*_: Any, **__: Any) -> None:
        raise UpstreamBusy("upstream_busy")

    monkeypatch.setattr(oauth2_introspect, "fetch", busy)
    with pytest.raises(UpstreamBusy):
        gate.knock(server.door(), bearer("t"))


def test_no_field_where_none_is_given(gate: Gate, server: Server) -> None:
    """D463."""
    door = OAuth2Introspect(endpoint=f"http://127.0.0.1:{server.upstream.port}/")
    assert gate.opens(door, bearer("t"))
    assert server.upstream.requests[0].all("authorization") == []


def test_places_of_a_token(gate: Gate, server: Server) -> None:
    """In the header alone; with one in the query too, 400 (RFC 6750 section 2)."""
    door = server.door()
    assert not gate.opens(door, url="/?access_token=t")
    assert gate.refused(door, bearer("t"), url="/?access_token=t").status == 400
    assert gate.refused(door, bearer("t"), bearer("t")).status == 400
    for value in ("", "Bearer", "Bearer t t", "Basic t", "Bearer\tt"):
        assert not gate.opens(door, ("Authorization", value))
    assert server.asked == 0


@pytest.mark.parametrize(
    ("endpoint", "value"),
    [("x", None), ("ftp://h/", None), ("http:///x", None), ("http://h/a b", None), ("http://h/\u00e9", None),
     ("http://h/", "x\r\ny: z"), ("http://h/", "\u00e9"), ("http://h/", "x\0")],
)  # fmt: skip
def test_settings_that_cannot_be_sent(endpoint: str, value: str | None) -> None:
    """The gateway does not start, and does not repeat the secret."""
    with pytest.raises(Misconfigured) as error:
        OAuth2Introspect(endpoint=endpoint, authorization_value=value)
    assert value is None or value not in str(error.value)
