"""P11: whatever is done to the bytes of a good request, every answer is clean and the gateway serves on."""

import asyncio
import os
import random
import re
from collections.abc import Callable

import pytest

from tests.callers import ask, chunked, get, post
from tests.hostile.conftest import HOSTILE
from tests.running import Running
from tests.upstreams import Upstream

pytestmark = [pytest.mark.hostile] if HOSTILE else []

MUTATIONS = int(os.environ.get("EGC_MUTATIONS", "10000" if HOSTILE else "300"))
TOGETHER = 50
QUIET = 0.25

SMUGGLED = get("/smuggled")
SEEDS = (
    get("/m?a=b", "Accept: */*", "Cookie: a=b; c=d"),
    get("/m", "Connection: close"),
    get("/m", "Connection: keep-alive, X-A", "X-A: b", "TE: trailers"),
    get("http://h/m"),
    get("/m", method="OPTIONS"),
    get("/m", "Upgrade: websocket", "Connection: Upgrade"),
    get("/m") * 3,
    post("/m", b"hello"),
    post("/m", SMUGGLED),
    post("/m", SMUGGLED, method="DELETE"),
    post("/m", b"hello", "Expect: 100-continue"),
    post("/m", b"", "Content-Type: text/plain"),
    chunked("/m", b"hello", b"world"),
    chunked("/m", SMUGGLED),
    chunked("/m", b"x" * 300, method="PUT", fields=("Trailer: X-Sum",)),
    chunked("/m", b"hello") + get("/m"),
    post("/m", b"hello") + chunked("/m", b"hello") + get("/m"),
)
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\x0b", b":", b",", b";", b"0", b"-", b"+", b"_", b"/", b"\xff", b"0x",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"Host: x\r\n",
    b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"chunked", b"HTTP/1.0", b"0\r\n\r\n", b"GET ",
)  # fmt: skip
Operator = Callable[[random.Random, bytes], bytes]


def _place(dice: random.Random, data: bytes) -> int:
    return dice.randrange(len(data) + 1)


def _insert(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + dice.choice(PIECES) + data[at:]


def _replace(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + dice.choice(PIECES) + data[at + 1 :]


def _delete(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + data[at + dice.choice((1, 1, 2, 5, 20)) :]


def _flip(dice: random.Random, data: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ (1 << dice.randrange(8)),)) + data[at + 1 :]


def _repeat(dice: random.Random, data: bytes) -> bytes:
    begin, end = sorted((_place(dice, data), _place(dice, data)))
    return data[:end] + data[begin:end] * dice.choice((1, 2, 10)) + data[end:]


def _repeat_line(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    at = dice.randrange(len(lines))
    return b"\r\n".join([*lines[: at + 1], *lines[at:]])


def _swap_lines(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    dice.shuffle(lines)
    return b"\r\n".join(lines)


def _case(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + data[at : at + 20].swapcase() + data[at + 20 :]


def _break_lines(dice: random.Random, data: bytes) -> bytes:
    return data.replace(b"\r\n", dice.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n")), dice.choice((1, 2, -1)))


def _digits(dice: random.Random, data: bytes) -> bytes:
    return re.sub(rb"\d+", lambda _: b"%d" % dice.choice((0, 1, 4, 6, 99, 1 << 64)), data, count=dice.choice((1, 0)))


def _fold(dice: random.Random, data: bytes) -> bytes:
    return data.replace(b": ", dice.choice((b":\r\n ", b" : ", b":", b"\t: ")), dice.choice((1, 2)))


def _long(dice: random.Random, data: bytes) -> bytes:
    at = _place(dice, data)
    return data[:at] + dice.choice(PIECES) * dice.choice((50, 5000)) + data[at:]


def _splice(dice: random.Random, data: bytes) -> bytes:
    other = dice.choice(SEEDS)
    return data[: _place(dice, data)] + other[_place(dice, other) :]


OPERATORS: tuple[Operator, ...] = (
    _insert, _replace, _delete, _flip, _repeat, _repeat_line, _swap_lines, _case, _break_lines, _digits, _fold, _long,
    _splice,
)  # fmt: skip


def mutated(number: int) -> bytes:
    """Mutation `number`, the same in every run."""
    dice = random.Random(number)
    data = dice.choice(SEEDS)
    for _ in range(dice.choice((1, 1, 2, 3))):
        data = dice.choice(OPERATORS)(dice, data) or b"\r\n"
    return data


async def _told(port: int, data: bytes) -> bytes:
    """Everything that comes back until the connection ends or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(data)
        while True:
            piece = await asyncio.wait_for(reader.read(65536), QUIET)
            if not piece:
                break
            received += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.transport.abort()
    return received


def statuses(data: bytes) -> list[int]:
    """The statuses of a stream of responses. Raises ValueError for what is no such stream."""
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        start = re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [ -~]*", lines[0])
        if start is None or not end or any(re.search(rb"[\r\n\0]", line) for line in lines):
            raise ValueError(head[:300])
        found.append(int(start[1]))
        if found[-1] >= 200 and b"HEAD" not in data:
            length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
            if len(data) < length:
                raise ValueError("a body is cut")
            data = data[length:]
    return found


@pytest.mark.parametrize("batch", range(0, MUTATIONS, TOGETHER * 2))
def test_mutations(victim: Running, service: Upstream, batch: int) -> None:
    """No 5xx but 501, no torn answer, no request upstream that was not sent; a good request succeeds afterwards."""
    service.clear()
    streams = [mutated(number) for number in range(batch, min(batch + TOGETHER * 2, MUTATIONS))]

    async def attack() -> list[bytes]:
        gate = asyncio.Semaphore(TOGETHER)

        async def one(data: bytes) -> bytes:
            async with gate:
                return await _told(victim.port, data)

        return list(await asyncio.gather(*map(one, streams)))

    for data, told in zip(streams, asyncio.run(attack()), strict=True):
        found = statuses(told)
        assert not [status for status in found if status >= 500 and status != 501], (data, found)
        assert len([status for status in found if status >= 400]) <= 1, (data, found)
    assert service.problems == []
    assert ask(victim.port, get("/good")).status == 200
    assert "Traceback" not in victim.output()
