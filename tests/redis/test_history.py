"""64 callers, two gateways, one Redis: whatever is killed meanwhile, no answer contradicts another."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from egc.runtime.store import Store
from tests.redis.history import Player, Shared
from tests.redis.pair import HOSTILE, Pair, furnish
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.hostile if HOSTILE else pytest.mark.slow

CALLERS = 64
OPERATIONS = 10_000 if HOSTILE else 2_000
SECONDS = 300.0


@contextlib.contextmanager
def playing(pair: Pair) -> Iterator[Shared]:
    """All callers at work; at the end, all must have been as it may be."""
    shared = Shared()

    async def prepare(store: Store) -> None:
        for number in range(CALLERS):
            await furnish(store, f"c{number}")

    pair.keep(prepare)
    with ThreadPoolExecutor(CALLERS) as pool:
        players = [Player(pair, f"c{number}", number, shared) for number in range(CALLERS)]
        jobs: list[Future[None]] = [pool.submit(player.play, -(-OPERATIONS // CALLERS)) for player in players]
        yield shared
        for job in jobs:
            job.result(SECONDS)
    assert shared.violations == []
    assert shared.count >= OPERATIONS
    assert {name: who for name, who in shared.given.items() if len(who) != 1} == {}

    async def kept(store: Store) -> list[str]:
        return [name for name in shared.given if await store.find_user(name) is None]

    assert pair.keep(kept) == []


def after(shared: Shared, share: float, work: Callable[[], object]) -> None:
    """Do something when so much has been done."""
    deadline = time.monotonic() + SECONDS
    pause = threading.Event()
    while shared.count < OPERATIONS * share:
        assert time.monotonic() < deadline
        pause.wait(0.005)
    work()


def answered(shared: Shared) -> int:
    return sum(count for name, count in shared.done.items() if "no answer" not in name)


def test_every_answer_agrees_with_those_before(pair: Pair) -> None:
    with playing(pair) as shared:
        pass
    assert answered(shared) == shared.count


def test_a_killed_gateway_loses_nothing(tmp_path: Path, redis: RedisServer) -> None:
    """SIGKILL of either, twice; it comes back and serves on."""
    with Pair(tmp_path, redis) as pair, playing(pair) as shared:
        for number, share in enumerate((0.15, 0.35, 0.55, 0.75)):
            gateway = pair.gateways[number % 2]
            after(shared, share, gateway.kill)
            gateway.start()
    assert answered(shared) > OPERATIONS / 4


def test_redis_killed_and_started_again_under_load(tmp_path: Path) -> None:
    """What was acknowledged is there; what needs no state is served throughout; nobody has to be started anew."""
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    with server, Pair(tmp_path, server) as pair:
        with playing(pair) as shared:
            for share in (0.2, 0.6):
                after(shared, share, server.kill)
                # Callers go on meanwhile, and are told 503.
                refused = shared.count
                after(shared, (refused + 50) / OPERATIONS, server.start)
                after(shared, share + 0.1, lambda: None)
        for gateway in pair.gateways:
            assert gateway.process is not None
            assert gateway.process.poll() is None
    assert answered(shared) > OPERATIONS / 4
