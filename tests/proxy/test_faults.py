"""P18: what a service does wrong becomes a clean answer or a visible cut, and never somebody else's answer."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.callers import Caller, ask, chunked, get, post
from tests.gateways import gateway, in_front_of
from tests.running import Running, free_port
from tests.upstreams import Behaviour, Upstream, Wire

pytestmark = pytest.mark.slow

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(scope="module")
def hasty(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that waits half a second for its service; on host `nobody` for one that does not listen."""
    more = f"""
    nowhere = Proxy(Service("nowhere", urls=("http://127.0.0.1:{free_port()}",)))
    nameless = Proxy(Service("nameless", urls=("http://nameless.invalid",)))

    def lost(x: Exchange) -> Outcome:
        return nowhere(x)

    def unknown(x: Exchange) -> Outcome:
        return nameless(x)

    routes.append(Route("nobody", ANY, ANY, api, lost))
    routes.append(Route("nameless", ANY, ANY, api, unknown))
    """
    module = in_front_of(service.port, proxy="proxy_timeout=0.5", more=more)
    with gateway(tmp_path_factory.mktemp("hasty") / "artifact", module) as running:
        service.clear()
        yield running


def says(data: bytes, *, reset: bool = False, close: bool = False) -> Behaviour:
    """A service that answers with these bytes."""

    async def answer(wire: Wire) -> None:
        await wire.body()
        await wire.send(data)
        if reset:
            wire.reset()
        wire.keep = not close

    return answer


@pytest.mark.parametrize(("host", "status"), [("nobody", 502), ("nameless", 502)])
def test_nobody_there(hasty: Running, host: str, status: int) -> None:
    """Refused connections and unknown names are 502 with Express Gateway's words (D301)."""
    reply = ask(hasty.port, get("/", host=host))
    assert (reply.status, reply.body) == (status, b"Bad gateway.")
    assert reply.one("content-type") == "text/html; charset=utf-8"


GARBAGE = {
    "noise": bytes(range(256)),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status a word": b"HTTP/1.1 OK\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 No\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nX\r\n\r\n",
    "folded field": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "CR in a value": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length a word": b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
    "length negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "length in a list": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding not asked for": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding unknown": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n",
    "coding twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "head of 1 MB": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    "head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
    "interim responses without end": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5_000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_no_response(hasty: Running, service: Upstream, data: bytes) -> None:
    """What is no response is 502, ends the connection to the service, and nothing of it reaches the caller."""
    service.answer = says(data, close=True)
    with Caller(hasty.port) as caller:
        reply = caller.send(get("/")).final()
        assert (reply.status, reply.body) == (502, b"Bad gateway.")
        assert service.let_go()
        service.answer = says(HELLO)
        assert caller.send(get("/")).final().body == b"hello"
    assert "Traceback" not in hasty.output()


@pytest.mark.parametrize("size", range(0, len(HELLO), 3))
def test_reset_at_byte(hasty: Running, service: Upstream, size: int) -> None:
    """A reset is 502 as long as nothing was passed on; then the caller's connection ends before its answer does."""
    service.answer = says(HELLO[:size], reset=True)
    with Caller(hasty.port) as caller:
        reply = caller.send(post("/", b"x")).final()
        if reply.status == 200:
            assert not reply.complete
            assert caller.ended()
        else:
            assert reply.status == 502
            service.answer = says(HELLO)
            assert caller.send(get("/")).final().body == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwor",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_half_a_body(hasty: Running, service: Upstream, data: bytes, version: str) -> None:
    """A body that ends too soon never looks whole to the caller (D438)."""

    async def answer(wire: Wire) -> None:
        head, end, body = data.partition(b"\r\n\r\n")
        await wire.send(head + end + body[:1])
        await asyncio.sleep(0.05)
        await wire.send(body[1:])
        wire.keep = False

    service.answer = answer
    with Caller(hasty.port) as caller:
        caller.send(f"GET / HTTP/{version}\r\nHost: h\r\n\r\n".encode())
        try:
            reply = caller.final()
            assert reply.status == 502 or not reply.complete
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("length", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Connection: close"])
def test_silence_is_504(hasty: Running, service: Upstream, length: bytes) -> None:
    """A service that says nothing for the time-out is 504, and its connection is not used again."""

    async def silent(wire: Wire) -> None:
        await wire.gone()

    service.answer = silent
    reply = ask(hasty.port, get("/"))
    assert (reply.status, reply.body) == (504, b"Gateway timeout.")
    assert service.let_go()


def test_silence_within_the_body(hasty: Running, service: Upstream) -> None:
    """A service that falls silent within its answer: the answer is cut."""

    async def stall(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        await wire.gone()

    service.answer = stall
    with Caller(hasty.port) as caller:
        reply = caller.send(get("/")).final()
        assert (reply.status, reply.complete, reply.body) == (200, False, b"hello")
        assert caller.ended()
    assert service.let_go()


def test_slow_drip_is_not_silence(hasty: Running, service: Upstream) -> None:
    """The time-out counts silence, not the whole answer."""

    async def drip(wire: Wire) -> None:
        for byte in HELLO:
            await asyncio.sleep(0.03)
            await wire.send(bytes((byte,)))

    service.answer = drip
    assert ask(hasty.port, get("/")).body == b"hello"


def test_head_is_passed_on_before_the_body(hasty: Running, service: Upstream) -> None:
    """The head of a stream reaches the caller before its first bytes are there."""
    go = threading.Event()

    async def later(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await asyncio.get_running_loop().run_in_executor(None, go.wait)
        await wire.send(b"5\r\nhello\r\n0\r\n\r\n")

    service.answer = later
    with Caller(hasty.port) as caller:
        head = caller.send(get("/"))._until(b"\r\n\r\n")
        assert head is not None
        go.set()
        assert caller._chunks() == b"hello"


def test_length_shorter_than_the_body(hasty: Running, service: Upstream) -> None:
    """What comes behind the announced length never reaches anybody."""
    service.answer = says(HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
    with Caller(hasty.port) as caller:
        for _ in range(5):
            assert caller.send(get("/")).final().body == b"hello"


def test_answer_before_it_was_asked(hasty: Running, service: Upstream) -> None:
    """Nor does what a service sends while nobody asks."""

    async def eager(wire: Wire) -> None:
        await wire.send(HELLO)
        await asyncio.sleep(0.05)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    service.answer = eager
    with Caller(hasty.port) as caller:
        for _ in range(5):
            assert caller.send(get("/")).final().body == b"hello"
            assert service.let_go()


def test_body_until_the_end(hasty: Running, service: Upstream) -> None:
    """A body without length lasts until the service closes; the caller gets it framed."""
    service.answer = says(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 300_000, close=True)
    with Caller(hasty.port) as caller:
        for _ in range(2):
            reply = caller.send(get("/")).final()
            assert reply.complete
            assert reply.body == b"x" * 300_000


def test_early_answer_while_uploading(hasty: Running, service: Upstream) -> None:
    """An answer that comes before the upload ends is passed on; the service's connection is not used again."""

    async def early(wire: Wire) -> None:
        await wire.reader.read(1000)
        await wire.respond(status="413 Payload Too Large", headers=[(b"X-A", b"b")])
        await wire.body(keep=False)

    service.answer = early
    with Caller(hasty.port) as caller:
        caller.send(get("/", "Content-Length: 800000", method="POST") + b"x" * 100_000)
        assert caller.final().status == 413
        assert service.let_go()
        service.clear()
        assert caller.send(b"x" * 700_000).send(get("/next")).final().status == 200
    assert [request.target for request in service.requests] == ["/next"]


def test_early_answer_and_close_while_uploading(hasty: Running, service: Upstream) -> None:
    """Also where the service closes behind it."""

    async def early(wire: Wire) -> None:
        await wire.respond(status="401 Unauthorized")
        wire.keep = False

    service.answer = early
    for _ in range(10):
        reply = ask(hasty.port, post("/", b"x" * 300_000))
        assert reply.status in (401, 502)


def test_stale_connection_is_retried(hasty: Running, service: Upstream) -> None:
    """A kept connection that the service has just closed costs an idempotent request nothing."""

    async def once(wire: Wire) -> None:
        # Answers, and resets when the next request arrives.
        seen = [request.connection for request in service.requests].count(wire.request.connection)
        if seen > 1:
            wire.reset()
        else:
            await wire.respond()

    service.answer = once
    for _ in range(10):
        assert ask(hasty.port, get("/")).status == 200


def test_stale_connection_is_not_retried_for_a_post(hasty: Running, service: Upstream) -> None:
    """A request that may not be repeated is sent once, whatever becomes of it (RFC 9110 section 9.2.2)."""

    async def once(wire: Wire) -> None:
        seen = [request.connection for request in service.requests].count(wire.request.connection)
        if seen > 1:
            wire.reset()
        else:
            await wire.body()
            await wire.respond()

    service.answer = once
    assert ask(hasty.port, get("/")).status == 200
    service.requests[:] = [request for request in service.requests if request.connection in service.alive]
    for body in (post("/p", b"x"), chunked("/p", b"x")):
        statuses = [ask(hasty.port, body).status for _ in range(4)]
        assert set(statuses) <= {200, 502}
    assert len([request for request in service.requests if request.target == "/p"]) == 8


def test_closed_at_once(hasty: Running, service: Upstream) -> None:
    """A fresh connection that ends without an answer is 502, not tried for ever."""
    service.answer = says(b"", close=True)
    assert ask(hasty.port, get("/")).status == 502


def test_connections_are_reused(hasty: Running, service: Upstream) -> None:
    """Requests that follow each other share a connection, bodies and all (D296)."""
    with Caller(hasty.port) as caller:
        for _ in range(5):
            assert caller.send(post("/", b"hello")).final().status == 200
            assert caller.send(chunked("/", b"hello")).final().status == 200
            assert caller.send(get("/")).final().status == 200
    assert len({request.connection for request in service.requests}) == 1


def test_keep_alive_of_the_service_is_heeded(hasty: Running, service: Upstream) -> None:
    """A connection that the service is about to close is not used again."""

    async def short(wire: Wire) -> None:
        await wire.respond(headers=[(b"Keep-Alive", b"timeout=1")])

    service.answer = short
    for _ in range(3):
        assert ask(hasty.port, get("/")).status == 200
    assert len({request.connection for request in service.requests}) == 3


def test_answers_are_never_swapped(hasty: Running, service: Upstream) -> None:
    """Every caller gets its own answer while others are killed mid-way (P20)."""

    async def echo(wire: Wire) -> None:
        body = await wire.body()
        await asyncio.sleep(0.002)
        await wire.respond(wire.request.target.encode() + b" " + body)

    service.answer = echo

    def calls(number: int) -> int:
        right = 0
        for turn in range(20):
            name = f"/{number}-{turn}"
            with Caller(hasty.port) as caller:
                caller.send(post(name, name.encode()))
                if (number + turn) % 20 == 0:
                    caller.reset()
                    continue
                reply = caller.final()
                assert reply.body == f"{name} {name}".encode()
                right += 1
        return right

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(calls, range(32))) == 608


@pytest.mark.parametrize("size", [0, 10, 2_000_000])
def test_caller_that_leaves_frees_the_service(hasty: Running, service: Upstream, size: int) -> None:
    """A caller that leaves takes its call to the service with it, at once: waiting, uploading or downloading."""

    async def wait(wire: Wire) -> None:
        await wire.gone()

    service.answer = wait
    with Caller(hasty.port) as caller:
        caller.send(get("/", f"Content-Length: {size}", method="POST") + b"x" * (size // 2))
        assert service.wait_for(lambda upstream: upstream.requests)
    assert service.let_go()


def test_caller_that_leaves_a_download(hasty: Running, service: Upstream) -> None:
    """The service stops sending, and nothing is logged as a bug."""

    async def endless(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    service.answer = endless
    for _ in range(5):
        with Caller(hasty.port) as caller:
            caller.send(get("/")).socket.recv(100)
            caller.reset()
        assert service.let_go()
    assert "Traceback" not in hasty.output()
    assert "bug" not in hasty.output()


def test_no_connection_leaks(hasty: Running, service: Upstream) -> None:
    """After callers that left in every way, the gateway holds no connection of theirs."""

    async def wait(wire: Wire) -> None:
        await wire.gone()

    service.answer = wait
    for number in range(30):
        arrived = len(service.requests) + 1
        with Caller(hasty.port) as caller:
            caller.send(get("/") if number % 2 else post("/", b"x"))
            assert service.has(arrived)
            if number % 3:
                caller.reset()
    assert all(service.let_go(number) for number in range(30))
