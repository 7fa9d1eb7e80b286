"""The upstream pool: bounded, exact about its places, and fair to those who wait for one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from egc.runtime import upstream
from egc.runtime.headers import Headers
from egc.runtime.upstream import Call, Connection, Pool, Pools, Target, UpstreamBusy, UpstreamError
from tests.running import free_port
from tests.upstreams import Upstream

WITHIN = 5.0


class Hearing:
    """A sink that waits for the end of its response."""

    def __init__(self) -> None:
        self.status = 0
        self.error: UpstreamError | None = None
        self.over = asyncio.Event()

    def informational(self, status: int, headers: Headers) -> None: ...
    def head(self, status: int, headers: Headers, measured: bool) -> None:
        self.status = status

    def data(self, chunk: bytes) -> None: ...
    def complete(self) -> None:
        self.over.set()

    def failed(self, error: UpstreamError) -> None:
        self.error = error
        self.over.set()

    def flush(self) -> None: ...
    def writable(self) -> None: ...


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools of two connections with two places to wait."""
    monkeypatch.setattr(upstream, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(upstream, "MAX_WAITING", 2)


def running(service: Upstream, steps: Callable[[Pool], Awaitable[None]]) -> None:
    """Run steps with a pool of the service."""

    async def run() -> None:
        pool = Pool(Target(f"http://127.0.0.1:{service.port}"), tick=0.05)
        try:
            await asyncio.wait_for(steps(pool), 20)
        finally:
            pool.close()

    asyncio.run(run())


async def ask(connection: Connection) -> Hearing:
    """Send a request and wait for the end of its response."""
    hearing = Hearing()
    connection.send(Call(connection.pool, "GET", "/", b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"), hearing)
    await hearing.over.wait()
    return hearing


@pytest.mark.usefixtures("small")
def test_connections_and_queue_are_bounded(service: Upstream) -> None:
    """Two connections, two who wait; the fifth is told that all is busy."""

    async def steps(pool: Pool) -> None:
        first, second = await pool.connect(WITHIN), await pool.connect(WITHIN)
        waiting = [asyncio.create_task(pool.connect(WITHIN)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamBusy):
            await pool.connect(WITHIN)
        await ask(first)
        await ask(second)
        assert {await task for task in waiting} == {first, second}
        assert len({request.connection for request in service.requests}) == 2

    running(service, steps)


@pytest.mark.usefixtures("small")
def test_waiting_ends(service: Upstream) -> None:
    """Who waits too long is told so, and leaves no trace."""

    async def steps(pool: Pool) -> None:
        held = [await pool.connect(WITHIN) for _ in range(2)]
        with pytest.raises(UpstreamBusy):
            await pool.connect(0.05)
        await ask(held[0])
        assert pool.take() is held[0]

    running(service, steps)


@pytest.mark.usefixtures("small")
def test_a_closed_connection_makes_room(service: Upstream) -> None:
    """The place of a connection that ends goes to whoever waits longest."""

    async def steps(pool: Pool) -> None:
        first, second = await pool.connect(WITHIN), await pool.connect(WITHIN)
        waiting = [asyncio.create_task(pool.connect(WITHIN)) for _ in range(2)]
        await asyncio.sleep(0)
        first.abort()
        third = await waiting[0]
        assert third not in (first, second)
        assert not waiting[1].done()
        second.abort()
        assert (await waiting[1]) not in (first, second, third)

    running(service, steps)


@pytest.mark.usefixtures("small")
def test_a_place_given_to_one_who_left_is_not_lost(service: Upstream) -> None:
    """Who is cancelled with a place in hand gives it to the next."""

    async def steps(pool: Pool) -> None:
        first, _ = await pool.connect(WITHIN), await pool.connect(WITHIN)
        leaving = asyncio.create_task(pool.connect(WITHIN))
        staying = asyncio.create_task(pool.connect(WITHIN))
        await asyncio.sleep(0)
        first.abort()
        leaving.cancel()
        assert await staying is not first

    running(service, steps)


@pytest.mark.usefixtures("small")
def test_a_connection_given_to_one_who_left_is_not_lost(service: Upstream) -> None:
    """The same for a connection."""

    async def steps(pool: Pool) -> None:
        first, _ = await pool.connect(WITHIN), await pool.connect(WITHIN)
        leaving = asyncio.create_task(pool.connect(WITHIN))
        await asyncio.sleep(0)
        await ask(first)
        leaving.cancel()
        await asyncio.wait((leaving,))
        assert (pool.take() if leaving.cancelled() else leaving.result()) is first

    running(service, steps)


@pytest.mark.usefixtures("small")
def test_a_failed_attempt_makes_room() -> None:
    """Attempts that fail do not keep their places."""

    async def steps() -> None:
        pool = Pool(Target(f"http://127.0.0.1:{free_port()}"))
        results = await asyncio.gather(*(pool.connect(WITHIN) for _ in range(4)), return_exceptions=True)
        assert [str(result).partition(":")[0] for result in results] == ["connect_failed"] * 4

    asyncio.run(asyncio.wait_for(steps(), 20))


def test_closing_ends_what_is_in_flight(service: Upstream) -> None:
    """Whoever uses a connection of a pool that is closed hears of it."""
    service.answer = lambda wire: wire.gone()

    async def steps(pool: Pool) -> None:
        asking = asyncio.create_task(ask(await pool.connect(WITHIN)))
        await asyncio.sleep(0)
        pool.close()
        assert (await asking).error is not None

    running(service, steps)


def test_idle_connections_are_let_go(service: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that rests too long is closed."""
    monkeypatch.setattr(upstream, "IDLE_LIFETIME", 0.1)

    async def steps(pool: Pool) -> None:
        connection = await pool.connect(WITHIN)
        await ask(connection)
        assert await asyncio.get_running_loop().run_in_executor(None, service.let_go)
        assert pool.take() is None

    running(service, steps)


def test_places_of_redirects_are_bounded() -> None:
    """Origins that redirects lead to are forgotten again; those of the configuration never are."""
    pools = Pools(tls=lambda: pytest.fail("no TLS here"))
    mine = pools.pool(Target("http://127.0.0.1:1"))
    for port in range(2, 300):
        pools.elsewhere(Target(f"http://127.0.0.1:{port}"))
    assert len(pools._elsewhere) <= 64
    assert pools.pool(Target("http://127.0.0.1:1")) is mine
    assert pools.elsewhere(Target("http://127.0.0.1:1")) is mine
