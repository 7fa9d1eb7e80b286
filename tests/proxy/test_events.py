"""Server-sent events through `proxy`: each as it comes, silence allowed, and the end of either side is the other's."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.callers import Caller, get
from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Behaviour, Upstream, Wire

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = HEAD + b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def waiting(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway whose own patience with a service that says nothing is half a second, but for events."""
    more = """
    short = Proxy(upstream, proxy_timeout=0.5)
    step._response = 0.5

    def hurried(x: Exchange) -> Outcome:
        return short(x)

    routes.append(Route("hurried", ANY, ANY, api, hurried))
    """
    with gateway(tmp_path_factory.mktemp("events") / "artifact", in_front_of(service.port, more=more)) as running:
        service.clear()
        yield running


def event(number: int) -> bytes:
    """An event as it goes over the wire."""
    return b"id: %d\ndata: event %d\n\n" % (number, number)


def chunk(data: bytes) -> bytes:
    """The same as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("framed", [True, False], ids=["chunks", "until closed"])
def test_thousand_events_each_before_the_next(waiting: Running, service: Upstream, framed: bool) -> None:
    """The service sends an event only when the caller has had the one before, so nothing may be held back."""
    go: asyncio.Queue[None] = asyncio.Queue()

    async def answer(wire: Wire) -> None:
        await wire.send(CHUNKED if framed else UNTIL_CLOSED)
        for number in range(1000):
            await asyncio.wait_for(go.get(), 20)
            await wire.send(chunk(event(number)) if framed else event(number))
        if framed:
            await wire.send(b"0\r\n\r\n")
        wire.keep = framed

    service.answer = answer
    with Caller(waiting.port) as end:
        head = end.send(get("/", "Accept: text/event-stream")).head()
        assert head.one("content-type") == "text/event-stream"
        assert head.one("transfer-encoding") == "chunked"
        for number in range(1000):
            service.call(lambda: go.put_nowait(None))
            sent = chunk(event(number))
            assert end.take(len(sent)) == sent
        assert end.take(5) == b"0\r\n\r\n"


def test_the_head_comes_before_the_first_event(waiting: Running, service: Upstream) -> None:
    """A caller knows that it is connected, however long the first event takes."""
    go = threading.Event()

    async def answer(wire: Wire) -> None:
        await wire.send(CHUNKED)
        await asyncio.to_thread(go.wait, 20)
        await wire.send(chunk(event(0)) + b"0\r\n\r\n")

    service.answer = answer
    with Caller(waiting.port) as end:
        assert end.send(get("/")).head().status == 200
        go.set()
        sent = chunk(event(0))
        assert end.take(len(sent)) == sent


def silent(kind: bytes, *, ever: bool = False) -> Behaviour:
    """A service that says nothing for longer than the gateway's patience between two events, or ever again."""

    async def answer(wire: Wire) -> None:
        await wire.send(CHUNKED.replace(b"text/event-stream", kind) + chunk(event(0)))
        if ever:
            await wire.gone()
        else:
            # The gateway looks once a second whether half a second has passed.
            await asyncio.sleep(1.7)
            await wire.send(chunk(event(1)) + b"0\r\n\r\n")

    return answer


@pytest.mark.parametrize("kind", [b"text/event-stream", b"Text/Event-Stream; charset=utf-8"])
def test_silence_between_events(waiting: Running, service: Upstream, kind: bytes) -> None:
    """It may last longer than that of another answer, where no proxyTimeout is set."""
    service.answer = silent(kind)
    with Caller(waiting.port) as end:
        reply = end.send(get("/")).final()
        assert (reply.complete, reply.body) == (True, event(0) + event(1))


@pytest.mark.parametrize(
    ("host", "kind"), [("h", b"text/plain"), ("hurried", b"text/event-stream")], ids=["no events", "proxyTimeout"]
)
def test_silence_that_is_too_long(waiting: Running, service: Upstream, host: str, kind: bytes) -> None:
    """Other answers are cut, and so are events where proxyTimeout says so."""
    service.answer = silent(kind, ever=True)
    with Caller(waiting.port) as end:
        reply = end.send(get("/", host=host)).final()
        assert (reply.complete, reply.body) == (False, event(0))


def test_the_caller_leaves(waiting: Running, service: Upstream) -> None:
    """The service is let go, while nothing is being sent."""

    async def answer(wire: Wire) -> None:
        await wire.send(CHUNKED + chunk(event(0)))
        await wire.gone()

    service.answer = answer
    with Caller(waiting.port) as end:
        end.send(get("/")).head()
        sent = chunk(event(0))
        assert end.take(len(sent)) == sent
    assert service.let_go()


def test_the_service_leaves(waiting: Running, service: Upstream) -> None:
    """In the middle of its events: the caller sees that they were cut, and may connect again."""

    async def answer(wire: Wire) -> None:
        await wire.send(CHUNKED + chunk(event(0)))
        wire.keep = False

    service.answer = answer
    with Caller(waiting.port) as end:
        reply = end.send(get("/")).final()
        assert (reply.complete, reply.body) == (False, event(0))
