"""P19: bodies arrive intact, are streamed both ways, and are held back when the other side does not take them."""

import asyncio
import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.callers import Caller, ask, chunked, get, post
from tests.running import Running
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

MIB = 1 << 20
FIXTURES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([1 << 14, 65535, 65536, 65537, 200_000, 500_000]))


def noise(size: int, seed: int = 0) -> bytes:
    """So many bytes, the same ones each time."""
    return random.Random(seed).randbytes(size)


def memory(gateway: Running) -> int:
    """The largest resident size, in bytes, that any worker has had."""
    assert gateway.process is not None
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
    status = [line for child in children for line in Path(f"/proc/{child}/status").read_text().splitlines()]
    return max(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


@FIXTURES
@given(
    sizes=st.lists(SIZES, min_size=1, max_size=4),
    pieces=st.integers(1, 5),
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]),
)
def test_request_bodies(plain: Running, service: Upstream, sizes: list[int], pieces: int, method: str) -> None:
    """Bodies with length and in chunks, however cut, one behind the other on one connection, arrive as sent."""
    service.clear()
    expected = []
    with Caller(plain.port) as caller:
        for number, size in enumerate(sizes):
            body = noise(size, number)
            step = max(1, size // pieces)
            if number % 2:
                sent = post("/", body, method=method)
            else:
                sent = chunked("/", *(body[at : at + step] for at in range(0, size, step)), method=method)
            cut = len(sent) // 2
            caller.send(sent[:cut]).send(sent[cut:])
            assert caller.final().status == 200
            expected.append(body)
    assert [request.body for request in service.requests] == expected
    assert service.problems == []


@FIXTURES
@given(sizes=st.lists(SIZES, min_size=1, max_size=4), step=st.sampled_from([1, 7, 1000, 65536, 1 << 20]))
def test_response_bodies(plain: Running, service: Upstream, sizes: list[int], step: int) -> None:
    """So do those of the answers."""
    bodies = [noise(size, number) for number, size in enumerate(sizes)]

    async def answer(wire: Wire) -> None:
        number = int(wire.request.target[1:])
        body = bodies[number]
        if number % 2:
            await wire.respond(body)
            return
        width = max(step, len(body) // 50 + 1)
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(body), width):
            piece = body[at : at + width]
            await wire.send(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")

    service.answer = answer
    with Caller(plain.port) as caller:
        for number, body in enumerate(bodies):
            assert caller.send(get(f"/{number}")).final().body == body


@pytest.mark.parametrize("coded", [False, True])
def test_large_bodies_are_streamed(plain: Running, service: Upstream, coded: bool) -> None:
    """10 MiB each way pass through without being held: the worker grows by less than 32 MiB."""
    sent = hashlib.sha256()
    received = hashlib.sha256()

    async def answer(wire: Wire) -> None:
        async for piece in wire.pieces():
            received.update(piece)
        framing = b"transfer-encoding: chunked" if coded else b"content-length: %d" % (10 * MIB)
        await wire.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for number in range(160):
            piece = noise(65536, number)
            await wire.send(b"10000\r\n" + piece + b"\r\n" if coded else piece)
        if coded:
            await wire.send(b"0\r\n\r\n")

    service.answer = answer
    before = memory(plain)
    with Caller(plain.port) as caller:
        framing = "Transfer-Encoding: chunked" if coded else f"Content-Length: {10 * MIB}"
        caller.send(get("/", framing, method="POST"))
        for number in range(160):
            piece = noise(65536, -number)
            sent.update(piece)
            caller.send(b"10000\r\n" + piece + b"\r\n" if coded else piece)
        if coded:
            caller.send(b"0\r\n\r\n")
        body = caller.final().body
    assert received.digest() == sent.digest()
    assert body == b"".join(noise(65536, number) for number in range(160))
    assert memory(plain) - before < 32 * MIB


def test_service_that_does_not_read(plain: Running, service: Upstream) -> None:
    """A caller is held back when the service does not take its upload: the gateway keeps little of it."""
    go = threading.Event()

    async def later(wire: Wire) -> None:
        await asyncio.get_running_loop().run_in_executor(None, go.wait)
        await wire.body(keep=False)
        await wire.respond()

    service.answer = later
    before = memory(plain)
    size = 64 * MIB
    with Caller(plain.port) as caller, ThreadPoolExecutor(1) as pool:
        caller.send(get("/", f"Content-Length: {size}", method="POST"))
        upload = pool.submit(lambda: [caller.send(bytes(MIB)) for _ in range(64)])
        assert service.has(1)
        assert ask(plain.port, b"BAD\r\n\r\n").status == 400
        assert not upload.done()
        go.set()
        assert caller.final().status == 200
    assert service.requests[0].length == size
    assert memory(plain) - before < 32 * MIB


def test_caller_that_does_not_read(plain: Running, service: Upstream) -> None:
    """The service is held back when the caller does not take its answer."""
    sent = 0

    async def answer(wire: Wire) -> None:
        nonlocal sent
        await wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (64 * MIB))
        for _ in range(64):
            await wire.send(bytes(MIB))
            sent += 1

    service.answer = answer
    before = memory(plain)
    with Caller(plain.port) as caller:
        caller.send(get("/"))
        assert service.has(1)
        for _ in range(20):
            assert ask(plain.port, b"BAD\r\n\r\n").status == 400
        assert sent < 64
        assert len(caller.final().body) == 64 * MIB
    assert memory(plain) - before < 32 * MIB


def test_both_ways_at_once(plain: Running, service: Upstream) -> None:
    """An answer may run while its request is still being sent."""

    async def echo(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        async for piece in wire.pieces():
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")

    service.answer = echo
    with Caller(plain.port) as caller:
        caller.send(get("/", "Transfer-Encoding: chunked", method="POST"))
        caller.send(b"5\r\nhello\r\n")
        assert caller._until(b"\r\n\r\n") is not None
        assert caller._until(b"hello\r\n") is not None
        caller.send(b"5\r\nworld\r\n")
        assert caller._until(b"world\r\n") is not None
        caller.send(b"0\r\n\r\n")
        assert caller._until(b"0\r\n\r\n") is not None
        service.clear()
        assert caller.send(get("/")).final().status == 200


def test_slow_calls_do_not_hold_up_others(plain: Running, service: Upstream) -> None:
    """While 256 calls wait for a slow service, other callers are served."""
    go = asyncio.Event()

    async def together(wire: Wire) -> None:
        if wire.request.target == "/slow":
            await go.wait()
        await wire.respond()

    service.answer = together
    callers = [Caller(plain.port).send(get("/slow")) for _ in range(256)]
    try:
        assert service.has(256)
        for _ in range(20):
            assert ask(plain.port, get("/quick")).status == 200
        service.call(go.set)
        assert {caller.final().status for caller in callers} == {200}
    finally:
        for caller in callers:
            caller.socket.close()
