"""Whatever is sent, and whatever a service answers: both ways give the same bytes, but for the moment and for ids."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.callers import get, post
from tests.gateways import gateway, in_front_of
from tests.hostile.test_mutations import mutated
from tests.hostile.vectors import VECTORS
from tests.running import Running
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

MUTATIONS = 1000
TOGETHER = 40
SILENCE = (0.3, 3.0)
"""Seconds without a byte after which a stream has ended; the second counts where the first tells a difference."""

STEPS = """
def refuses(x: Exchange) -> Outcome:
    return Terminate(status_code=418, message="no")(x)

def adds(x: Exchange) -> Outcome:
    x.response_headers.append((b"x-added", b"1"))
    x.on_response(lambda x, head: head.headers.append((b"x-hooked", b"2")))
    return step(x)

async def waits(x: Exchange) -> Outcome:
    import asyncio
    from egc.runtime import in_task
    await in_task()
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
    return step(x)

def puts(x: Exchange) -> Outcome:
    x.method = "PUT"
    return step(x)

def heads(x: Exchange) -> Outcome:
    x.method = "HEAD"
    return step(x)

def fails(x: Exchange) -> Outcome:
    raise RuntimeError("a bug")

for pipeline in (refuses, adds, waits, puts, heads, fails):
    routes.append(Route(ANY, "/" + pipeline.__name__, ANY, api, pipeline))
"""


class Both:
    """Two gateways from one module, each way one, in front of one service."""

    def __init__(self, direct: Running, asgi: Running, service: Upstream) -> None:
        self.ports = (direct.port, asgi.port)
        self.service = service

    def differ(self, streams: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
        """The streams that the two answer differently, with both answers."""
        for silence in SILENCE:
            told = [asyncio.run(_all(port, streams, silence)) for port in self.ports]
            found = [one for one in zip(streams, *told, strict=True) if one[1] != one[2]]
            if not found:
                return []
            streams = [stream for stream, _, _ in found]
        return found


async def _all(port: int, streams: Sequence[bytes], silence: float) -> list[bytes]:
    gate = asyncio.Semaphore(TOGETHER)

    async def one(data: bytes) -> bytes:
        async with gate:
            return _plain(await _told(port, data, silence))

    return list(await asyncio.gather(*map(one, streams)))


async def _told(port: int, data: bytes, silence: float) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(data)
        while piece := await asyncio.wait_for(reader.read(65536), silence):
            received += piece
        received += b"<end>"
    except TimeoutError:
        pass
    except ConnectionError:
        received += b"<end>"
    finally:
        writer.transport.abort()
    return received


def _plain(data: bytes) -> bytes:
    """A stream of answers without the moment and without ids."""
    data = re.sub(rb"(?i)(date: )[^\r]*", rb"\1-", data)
    return re.sub(rb"(eg-request-id: )\w+", rb"\1-", data)


async def _echo(wire: Wire) -> None:
    """Answer with what has arrived, so that an answer tells what the service saw."""
    body = await wire.body()
    await wire.respond(wire.request.raw + body)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with Upstream(_echo) as service:
        module = in_front_of(service.port, more=STEPS)
        folder: Path = tmp_path_factory.mktemp("both")
        with (
            gateway(folder / "direct", module, env={"EGC_SERVE": "direct"}) as direct,
            gateway(folder / "asgi", module, env={"EGC_SERVE": "asgi"}) as asgi,
        ):
            yield Both(direct, asgi, service)


def test_every_attack_is_answered_alike(both: Both) -> None:
    both.service.answer = _echo
    assert both.differ([vector.sent for vector in VECTORS]) == []


def test_mutated_requests_are_answered_alike(both: Both) -> None:
    both.service.answer = _echo
    assert both.differ([mutated(number) for number in range(MUTATIONS)]) == []


@pytest.mark.parametrize(
    "path", ["/", "/refuses", "/adds", "/waits", "/fails", "/puts", "/heads", "/a.b", "/a/../b", "/%00", "/a?", "/a??"]
)
def test_requests_and_those_behind_them_are_answered_alike(both: Both, path: str) -> None:
    both.service.answer = _echo
    one = get(path, "Accept: */*", "X-A: b")
    streams = [
        one,
        get(path, method="HEAD"),
        get(path, method="HEAD") + one,
        get(path, method="OPTIONS"),
        get(path, "Connection: close"),
        get(path, "Connection: keep-alive"),
        get(path, "Cookie: a=b", "Cookie: c=d", "eg-consumer-id: me", "X-Forwarded-For: 1.2.3.4"),
        post(path, b"hello"),
        post(path, b"", "Content-Type: text/plain"),
        post(path, b"x" * 200_000),
        one * 30,
        one + post(path, b"hello") + get(path, "Connection: close") + one,
        one.replace(b"HTTP/1.1", b"HTTP/1.0"),
        post(path, b"hello", "Expect: 100-continue"),
        one[:-10],
        one + one[:20],
    ]
    assert both.differ(streams) == []


OK = b"HTTP/1.1 200 OK\r\nDate: now\r\n"
ANSWERS = {
    "plain": OK + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    "no date": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no body": OK + b"Content-Length: 0\r\n\r\n",
    "reason": b"HTTP/1.1 299 Quite Something\r\nContent-Length: 2\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "trailers": OK + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    "until it closes": OK + b"\r\nhello",
    "closes": OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",
    "keep-alive": OK + b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nhello",
    "removes": OK + b"Connection: X-Gone\r\nX-Gone: 1\r\nContent-Length: 5\r\n\r\nhello",
    "cookies": OK + b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 5\r\n\r\nhello",
    "no space": b"HTTP/1.1 200 OK\r\nX-A:b\r\nX-B:  c  \r\nX-C:\r\nContent-Length:5\r\n\r\nhello",
    "case": b"HTTP/1.1 200 OK\r\nX-UPPER: B\r\ncONTENT-lENGTH: 5\r\n\r\nhello",
    "204": b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n",
    "204 with length": b"HTTP/1.1 204 No Content\r\nDate: now\r\nContent-Length: 0\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "via": OK + b"Via: 1.0 other\r\nContent-Length: 2\r\n\r\nok",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "other lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length and chunked": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "too much": OK + b"Content-Length: 2\r\n\r\nhello",
    "signed length": OK + b"Content-Length: +5\r\n\r\nhello",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "control": OK + b"X-A: a\x01b\r\nContent-Length: 5\r\n\r\nhello",
    "folded": OK + b"X-A: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    "space in a name": OK + b"X A: a\r\nContent-Length: 5\r\n\r\nhello",
    "space before the colon": OK + b"Content-Length : 5\r\n\r\nhello",
    "no colon": OK + b"nothing\r\nContent-Length: 5\r\n\r\nhello",
    "ends behind the head": OK + b"Content-Length: 5\r\n\r\n",
    "ends half-way": OK + b"Content-Length: 5\r\n\r\nhel",
    "ends in a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "ends in the head": OK + b"Content-Le",
    "nothing": b"",
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no HTTP": b"hello\r\n\r\n",
    "status": b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
    "status 99": b"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello",
    "status 600": b"HTTP/1.1 600 OK\r\nContent-Length: 5\r\n\r\nhello",
    "high bytes": OK + b"X-A: \xe4\xff\r\nContent-Length: 5\r\n\r\nhello",
    "tab": OK + b"X-A: a\tb\r\nContent-Length: 5\r\n\r\nhello",
    "events": OK + b"Content-Type: text/event-stream\r\nContent-Length: 5\r\n\r\nhello",
    "long": OK + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "many fields": OK + b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(300)) + b"Content-Length: 2\r\n\r\nok",
}
CUT = (None, 1, 20, -1)
"""Where an answer is cut in two writes."""


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_passed_on_alike(both: Both, name: str) -> None:
    raw = ANSWERS[name]

    async def answer(wire: Wire) -> None:
        await wire.body()
        cut = CUT[int(wire.request.target[-1])]
        await wire.send(raw if cut is None else raw[:cut])
        if cut is not None:
            await asyncio.sleep(0.02)
            await wire.send(raw[cut:])
        # Whatever is whole goes on: only some answers end with the connection.
        wire.keep = not name.startswith(("until it closes", "ends ", "nothing"))

    both.service.answer = answer
    streams = [
        get(f"{path}/{cut}" if path == "" else f"{path}?{cut}", method=method)
        for cut in range(len(CUT))
        for path, method in (("", "GET"), ("", "HEAD"), ("/adds", "GET"), ("/waits", "GET"))
    ]
    assert both.differ([*streams, *(stream + stream for stream in streams)]) == []
