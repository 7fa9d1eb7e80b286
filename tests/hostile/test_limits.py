"""P17: slow, greedy and unfinished callers get their answer, and hurt only themselves."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.callers import Caller, ask, get, post
from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

QUICK = """
import egc.runtime.worker as worker
worker.HEADER_TIMEOUT = 0.3
worker.READER_TIMEOUT = 0.5
refuse = Terminate(status_code=403, message="no")

def refused(x: Exchange) -> Outcome:
    return refuse(x)

routes.append(Route(ANY, Path("/refused", r"^/refused"), ANY, api, refused))
"""


@pytest.fixture(scope="module")
def quick(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway whose patience is short: 0.3 s for a head, 0.5 s for a reader, 3 s for a body, 1 s between requests."""
    module = in_front_of(service.port, more=QUICK)
    directory = tmp_path_factory.mktemp("limits") / "artifact"
    with gateway(directory, module, timeout=3, keepalive=1) as running:
        service.clear()
        yield running


def test_head_that_never_ends(quick: Running) -> None:
    """A first request that stops in its head is answered 408 and closed."""
    with Caller(quick.port) as caller:
        reply = caller.send(b"GET / HTTP/1.1\r\nHost: h\r\n").final()
        assert (reply.status, reply.closes) == (408, True)
        assert caller.ended()


def test_second_head_that_never_ends(quick: Running) -> None:
    """So is a second one: the time between two requests ends with its first byte."""
    with Caller(quick.port) as caller:
        assert caller.send(get("/")).final().status == 200
        assert caller.send(b"GET / HTTP/1.1\r\n").final().status == 408
        assert caller.ended()


def test_half_a_head_behind_a_request(quick: Running) -> None:
    """So is one whose first bytes came together with the request before it."""
    with Caller(quick.port) as caller:
        assert caller.send(get("/") + b"GET / HTTP/1.1\r\n").final().status == 200
        assert caller.final().status == 408
        assert caller.ended()


def test_no_request(quick: Running) -> None:
    """A connection without a request is closed without an answer."""
    with Caller(quick.port) as caller:
        assert caller.ended()


@pytest.mark.slow
def test_body_that_never_ends(quick: Running, service: Upstream) -> None:
    """A body that stops is answered 408, and the call to the service ends."""
    service.clear()
    with Caller(quick.port) as caller:
        reply = caller.send(get("/", "Content-Length: 50", method="POST") + b"hello").final()
        assert (reply.status, reply.closes) == (408, True)
        assert caller.ended()
    assert service.let_go()


def test_head_byte_by_byte(quick: Running) -> None:
    """A head in pieces is one request, wherever it is cut."""
    request = get("/bytes", "X: y")
    for cut in range(1, len(request)):
        with Caller(quick.port) as caller:
            assert caller.send(request[:cut]).send(request[cut:]).final().status == 200


@pytest.mark.parametrize("size", [5, 100_000, 900_000])
def test_body_of_a_refused_request(quick: Running, service: Upstream, size: int) -> None:
    """What nobody read of a body is never read as the next request."""
    service.clear()
    body = get("/smuggled") * (size // len(get("/smuggled")) + 1)
    with Caller(quick.port) as caller:
        assert caller.send(post("/refused", body)).final().status == 403
        assert caller.send(get("/next")).final().status == 200
    assert [request.target for request in service.requests] == ["/next"]


def test_answer_before_the_body(quick: Running, service: Upstream) -> None:
    """A request is refused as soon as its head is there; the rest of its body is taken, and the connection goes on."""
    service.clear()
    with Caller(quick.port) as caller:
        body = get("/smuggled")
        caller.send(get("/refused", f"Content-Length: {len(body)}", method="POST") + body[:5])
        assert caller.final().status == 403
        assert caller.send(body[5:]).send(get("/next")).final().status == 200
    assert [request.target for request in service.requests] == ["/next"]


def test_large_body_of_a_refused_request(quick: Running) -> None:
    """More body than is worth reading ends the connection, and the answer arrives all the same."""
    with Caller(quick.port) as caller:
        caller.send(get("/refused", "Content-Length: 100000000", method="POST") + b"x" * 1_500_000)
        assert caller.final().status == 403
        assert caller.ended()


def test_refused_before_it_continues(quick: Running) -> None:
    """A caller that waits for 100 and is refused gets the refusal alone, and the end: its body may come or not."""
    with Caller(quick.port) as caller:
        caller.send(get("/refused", "Content-Length: 5", "Expect: 100-continue", method="POST"))
        reply = caller.reply()
        assert reply is not None
        assert (reply.status, reply.closes) == (403, True)
        assert caller.ended()


def test_bad_chunk_behind_a_begun_answer(quick: Running, service: Upstream) -> None:
    """An answer that has begun is cut; no second one is written into it."""
    service.clear()

    async def early(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await wire.body()

    service.answer = early
    with Caller(quick.port) as caller:
        caller.send(get("/", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\n")
        assert caller._until(b"hello\r\n") is not None
        caller.send(b"zz\r\n")
        reply = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := caller.socket.recv(4096):
                reply += piece
    assert b"HTTP" not in reply
    assert service.let_go()


def test_reader_that_does_not_read(quick: Running, service: Upstream) -> None:
    """A caller that takes nothing of its answer loses it, and the service is let go."""
    service.clear()

    async def endless(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    service.answer = endless
    with Caller(quick.port) as caller:
        caller.send(get("/"))
        assert service.wait_for(lambda upstream: upstream.requests)
        assert service.let_go()
    service.clear()
    assert ask(quick.port, get("/")).status == 200


def test_many_idle_connections(quick: Running) -> None:
    """Connections that do nothing hold up nobody."""
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(Caller(quick.port))
        assert ask(quick.port, get("/")).status == 200


def test_nothing_was_a_bug(quick: Running) -> None:
    """None of this was logged as a bug."""
    assert "Traceback" not in quick.output()
