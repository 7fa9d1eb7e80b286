"""Connections, whole or broken off, leave nothing behind: no memory, no descriptors, no connection to the service."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.callers import Caller, ask, chunked, get, post
from tests.hostile.conftest import HOSTILE
from tests.running import Running
from tests.upstreams import Upstream

pytestmark = pytest.mark.hostile if HOSTILE else pytest.mark.slow

ROUNDS = 200 if HOSTILE else 8
EACH = 150
MIB = 1 << 20


def worker(gateway: Running) -> Path:
    """The directory under /proc of the gateway's worker."""
    assert gateway.process is not None
    pid = gateway.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return Path(f"/proc/{child}")


def resident(gateway: Running) -> int:
    """Bytes in memory."""
    lines = (worker(gateway) / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def descriptors(gateway: Running) -> int:
    """Open files and sockets."""
    return len(list((worker(gateway) / "fd").iterdir()))


def trouble(port: int, number: int) -> None:
    """One connection of many kinds."""
    with Caller(port) as caller:
        match number % 7:
            case 0:
                caller.send(get("/")).final()
            case 1:
                caller.send(post("/", b"x" * 1000)).final()
            case 2:
                caller.send(chunked("/", b"x" * 1000)).reset()
            case 3:
                caller.send(get("/")[:20]).reset()
            case 4:
                caller.send(b"\x00\r\n\r\n").final()
            case 5:
                caller.send(get("/", "Content-Length: 10", method="POST") + b"x").reset()
            case 6:
                caller.send(get("/") * 3).final()


def test_nothing_is_left(victim: Running, service: Upstream) -> None:
    """After thousands of them the worker is as it was after the first."""

    def many() -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: trouble(victim.port, number), range(EACH)))
        service.clear()

    # The collector comes by every 50,000 objects: until then there is growth that means nothing.
    for _ in range(12):
        many()
    memory, files = resident(victim), descriptors(victim)
    for _ in range(ROUNDS):
        many()
    assert ask(victim.port, get("/")).status == 200
    assert descriptors(victim) <= files + 20
    assert resident(victim) - memory < 8 * MIB
    assert "Traceback" not in victim.output()
