"""The gateway's own exchanges: bounded in time and size, over connections that are kept."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from egc.runtime.fetch import Fetched, Place, fetch
from egc.runtime.upstream import UpstreamError, UpstreamTimeout
from tests.running import free_port
from tests.upstreams import Upstream, Wire


@pytest.fixture
def server() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def ask(server: Upstream, *, times: int = 1, within: float = 5.0, limit: int = 1000, **options: Any) -> list[Fetched]:
    async def run() -> list[Fetched]:
        place = Place(f"http://127.0.0.1:{server.port}/a?b=c")
        try:
            return [await fetch(place, within=within, limit=limit, **options) for _ in range(times)]
        finally:
            place.pool.close()

    return asyncio.run(run())


def test_an_exchange(server: Upstream) -> None:
    async def answer(wire: Wire) -> None:
        await wire.body()
        await wire.respond(b"hello", status="201 Created", headers=[(b"X-Y", b"z")])

    server.answer = answer
    (found,) = ask(server, method="POST", headers=(("x-a", "b"),), body=b"form")
    assert (found.status, found.body, found.header(b"x-y"), found.header(b"none")) == (201, b"hello", b"z", None)
    (request,) = server.requests
    assert (request.method, request.target, request.body, request.all("x-a")) == ("POST", "/a?b=c", b"form", [b"b"])
    assert request.all("host") == [f"127.0.0.1:{server.port}".encode()]


def test_connections_are_kept(server: Upstream) -> None:
    assert len(ask(server, times=5)) == 5
    assert server.connections == 1


def test_a_kept_connection_that_was_closed_is_not_an_answer(server: Upstream) -> None:
    """The request goes out once more, on a fresh one."""
    seen: list[int] = []

    async def answer(wire: Wire) -> None:
        await wire.body()
        seen.append(wire.request.connection)
        if len(seen) == 2:
            wire.reset()
        else:
            await wire.respond()

    server.answer = answer
    assert len(ask(server, times=2, method="POST", body=b"x")) == 2
    assert len(set(seen)) == 2


@pytest.mark.parametrize("framed", [True, False])
def test_a_long_answer_is_cut(server: Upstream, framed: bool) -> None:
    async def answer(wire: Wire) -> None:
        if framed:
            await wire.respond(b"x" * 1001)
        else:
            await wire.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001)
            await wire.gone()

    server.answer = answer
    with pytest.raises(UpstreamError, match="too large"):
        ask(server)
    assert server.wait_for(lambda server: not server.alive)


def test_what_does_not_come_in_time(server: Upstream) -> None:
    """A body that trickles counts as a whole."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")
        await wire.gone()

    server.answer = answer
    with pytest.raises(UpstreamTimeout):
        ask(server, within=0.05)
    assert server.wait_for(lambda server: not server.alive)


def test_an_answer_that_is_cut_short(server: Upstream) -> None:
    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx")
        wire.reset()

    server.answer = answer
    with pytest.raises(UpstreamError):
        ask(server)


def test_nobody_there() -> None:
    with pytest.raises(UpstreamError, match="connect_failed"):
        asyncio.run(fetch(Place(f"http://127.0.0.1:{free_port()}/"), within=5, limit=1))


@pytest.mark.parametrize("url", ["http://h/a b", "http://h/\u00e9", "http://h/\x7f", "http://\u00e9/"])
def test_urls_that_no_line_can_carry(url: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        Place(url)
