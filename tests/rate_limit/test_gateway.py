"""The rate-limit policy in a gateway of several workers (D221, D226, D230, D234)."""

import fcntl
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from egc.runtime.store.place import COUNTERS_NAME
from tests.callers import Caller, ask, get
from tests.gateways import gateway
from tests.running import START_SECONDS, Running
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

REQUESTS = 10_000
CALLERS = 64
WINDOWS = 5

MODULE = """
import os
from egc.runtime.policies.rate_limit import RateLimit
from egc.runtime.store.sqlite import SQLiteStore

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
api = Endpoint("api", scopes=())
store = SQLiteStore({data!r})
limit = RateLimit(store, {settings}, counter="p_1_rate_limit")
last = {last}

async def p(x: Exchange) -> Outcome:
    await limit(x)
    return last(x)

whoami = Terminate(status_code=200, message=str(os.getpid()))
routes = (Route(ANY, "/in", ANY, api, p), Route(ANY, "/pid", ANY, api, whoami))
app = Gateway(routes=routes, listeners=(http,), store=store, access_log=False)
"""
IN = 'Terminate(status_code=200, message="in")'


def limited(directory: Path, settings: str, *, workers: int = 1, last: str = IN) -> Running:
    """A gateway with one rate-limit step on /in; not started."""
    module = MODULE.format(data=str(directory / "data"), settings=settings, last=last)
    return gateway(directory / "gateway", module, workers=workers)


def statuses(
    running: Running, count: int, callers: int = CALLERS, *, before: Callable[[int], None] = lambda number: None
) -> Counter[int]:
    """Send `count` requests over so many connections at once; how often each status came (0: no answer).

    Arguments:
        before: called with the number of each request before it is sent.
    """
    left = iter(range(count))
    taking = threading.Lock()

    def work() -> Counter[int]:
        found: Counter[int] = Counter()
        caller: Caller | None = None
        while True:
            with taking:
                number = next(left, None)
                if number is None:
                    return found
                before(number)
            try:
                caller = caller or Caller(running.port)
                reply = caller.send(get("/in")).reply()
            except OSError:
                reply = None
            found[reply.status if reply else 0] += 1
            if reply is None or reply.closes:
                if caller is not None:
                    caller.socket.close()
                caller = None

    with ThreadPoolExecutor(callers) as pool:
        return sum((job.result() for job in [pool.submit(work) for _ in range(callers)]), Counter())


def workers_of(running: Running) -> list[int]:
    """The processes of the workers, each of which may have to start yet."""
    assert running.process is not None
    pid = running.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_both(running: Running) -> None:
    """Until each of two workers has answered."""
    seen: set[bytes] = set()
    deadline = time.monotonic() + START_SECONDS
    while len(seen) < 2:
        assert time.monotonic() < deadline
        with ThreadPoolExecutor(8) as pool:
            seen.update(reply.body for reply in pool.map(lambda _: ask(running.port, get("/pid")), range(8)))


def test_never_more_than_max_pass_of_a_window(tmp_path: Path) -> None:
    """D222, D234: two workers, 64 callers, 10,000 requests in one window."""
    with limited(tmp_path, "max=4000, window_ms=3_600_000, delay_ms=0", workers=2) as running:
        wait_for_both(running)
        assert statuses(running, REQUESTS) == {200: 4000, 429: REQUESTS - 4000}


def test_never_more_than_max_pass_of_any_of_many_windows(tmp_path: Path) -> None:
    """D221: counted by the windows that the answers themselves name."""
    passed: Counter[str] = Counter()
    noting = threading.Lock()
    with limited(tmp_path, "max=50, window_ms=1000, delay_ms=0", workers=2) as running:
        wait_for_both(running)

        def work() -> None:
            with Caller(running.port) as caller:
                while len(passed) < WINDOWS:
                    reply = caller.send(get("/in")).final()
                    if reply.status == 200:
                        with noting:
                            passed[str(reply.one("x-ratelimit-reset"))] += 1

        with ThreadPoolExecutor(CALLERS) as pool:
            for job in [pool.submit(work) for _ in range(CALLERS)]:
                job.result()
    # Each window ends a second after the one before it at the earliest, so that no two have the same header.
    assert max(passed.values()) == 50


def test_a_killed_worker_gives_nobody_more(tmp_path: Path) -> None:
    """P41: SIGKILL in the middle; what it had counted stays counted."""
    with limited(tmp_path, "max=2000, window_ms=3_600_000, delay_ms=0", workers=2) as running:
        wait_for_both(running)
        killed: list[int] = []

        def kill(number: int) -> None:
            if number % 500 == 250:
                workers = workers_of(running)
                if len(workers) == 2:
                    os.kill(workers[number // 500 % 2], signal.SIGKILL)
                    killed.append(number)

        found = statuses(running, 5000, 16, before=kill)
        assert killed
        assert set(found) <= {0, 200, 429}
        # Requests that died with their worker may have been counted.
        assert 2000 - found[0] <= found[200] <= 2000


def test_counts_outlive_a_restart(tmp_path: Path) -> None:
    running = limited(tmp_path, "max=3, window_ms=3_600_000, delay_ms=0")
    with running:
        assert statuses(running, 2, 1) == {200: 2}
    with running:
        assert statuses(running, 2, 1) == {200: 1, 429: 1}
        running.kill()
    with running:
        assert statuses(running, 1, 1) == {429: 1}


def test_a_slowed_request_is_answered_when_its_time_has_come(tmp_path: Path) -> None:
    """D226."""
    with limited(tmp_path, "max=5, delay_after=1, delay_ms=400") as running:
        ask(running.port, get("/in"))
        begun = time.monotonic()
        assert ask(running.port, get("/in")).status == 200
        assert time.monotonic() - begun >= 0.4


def test_answers_carry_the_headers_and_a_date(tmp_path: Path) -> None:
    """D230."""
    with limited(tmp_path, "max=1, delay_ms=0") as running:
        for status in (200, 429):
            reply = ask(running.port, get("/in"))
            assert reply.status == status
            assert reply.one("x-ratelimit-limit") == "1"
            assert reply.one("x-ratelimit-remaining") == "0"
            assert 0 <= int(reply.one("x-ratelimit-reset") or 0) - time.time() <= 61
            assert reply.one("date")
        assert reply.one("vary") == "Accept"
        assert 50 <= int(reply.one("retry-after") or 0) <= 60


def test_a_service_that_is_not_there_is_a_failed_request(tmp_path: Path) -> None:
    """D228: the answer counts that the gateway makes in its place, 502."""
    last = 'Proxy(Service("gone", urls=("http://127.0.0.1:1",)))'
    with limited(tmp_path, "max=1, delay_ms=0, skip_failed_requests=True", last=last) as running:
        assert statuses(running, 3, 1) == {502: 3}


def test_who_leaves_without_an_answer_has_had_his_turn(tmp_path: Path) -> None:
    """D228: else the limit would be none for callers who do not wait."""
    with Upstream(Wire.gone) as upstream:
        last = f'Proxy(Service("up", urls=("http://127.0.0.1:{upstream.port}",)))'
        with limited(tmp_path, "max=1, delay_ms=0, skip_failed_requests=True", last=last) as running:
            with Caller(running.port) as caller:
                caller.send(get("/in"))
                assert upstream.wait_for(lambda seen: len(seen.requests) == 1)
            assert upstream.wait_for(lambda seen: not seen.alive)
            assert ask(running.port, get("/in")).status == 429


def test_without_its_counters_the_gateway_answers_503(tmp_path: Path) -> None:
    """D234: nobody passes uncounted, and it goes on when the fault is mended."""
    with limited(tmp_path, "max=1, delay_ms=0") as running:
        with (tmp_path / "data" / COUNTERS_NAME).open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            reply = ask(running.port, get("/in"))
        assert (reply.status, reply.one("retry-after")) == (503, "5")
        assert ask(running.port, get("/in")).status == 200


def test_a_gateway_that_cannot_count_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data" / COUNTERS_NAME).touch(0o600)
    (tmp_path / "data" / COUNTERS_NAME).write_bytes(b"something else")
    with pytest.raises(AssertionError, match="holds counters of another version of egc"):
        limited(tmp_path, "max=1").start()
