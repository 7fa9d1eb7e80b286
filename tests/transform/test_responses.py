"""response-transformer, request bodies on the wire, and log, before a real service."""

import contextlib
import gzip
import json
from collections.abc import Iterator

import pytest

from tests.callers import Caller, ask, chunked, get, post
from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Behaviour, Headers, Upstream, Wire

pytestmark = pytest.mark.slow

JSON = "Content-Type: application/json"
STEPS = """
from egc.runtime import javascript as js
from egc.runtime.policies.cors import Cors
from egc.runtime.policies.log import Log
from egc.runtime.policies.request_transformer import RequestTransformer
from egc.runtime.policies.response_transformer import ResponseTransformer

def throws(x: Exchange) -> js.Value:
    raise js.JSError("thrown")

def pipeline(*steps, last=step):
    async def run(x: Exchange) -> Outcome:
        for one in steps:
            result = one(x)
            if result is not None and not hasattr(result, "__await__"):
                return result
            if result is not None:
                await result
        return last(x)
    return run

def add(host, *steps, **more):
    routes.append(Route(host, ANY, ANY, api, pipeline(*steps, **more)))

add("head", ResponseTransformer(headers={"add": {"X-By": lambda x: "by " + x.method, "x-kept": "new",
    "x-undefined": lambda x: js.UNDEFINED, "content-length": "1"}, "remove": ["X-Internal"]}))
add("first", *(ResponseTransformer(headers={"add": {"x-who": who}}) for who in ("first", "second")))
add("made", Cors(), ResponseTransformer(headers={"add": {"x-by": "gateway"}}, body={"add": {"b": "1"}}),
    last=Terminate(status_code=200, message='{"a":1}'))
add("throws", ResponseTransformer(headers={"add": {"x-by": throws}}))
add("made-throws", ResponseTransformer(headers={"add": {"x-by": throws}}), last=Terminate())
add("body", ResponseTransformer(body={"add": {"b": lambda x: x.method, "gone": "x"}, "remove": ["secret", "gone"]}))
add("body-throws", ResponseTransformer(body={"add": {"b": throws}}))
add("both-throws", ResponseTransformer(body={"add": {"b": throws}, "remove": ["secret"]}))
add("request", RequestTransformer(body={"add": {"b": "added"}}))
add("identity", RequestTransformer(headers={"add": {"X-User": "ada",
    "eg-consumer-id": lambda x: x.header(b"eg-consumer-id").decode() if x.header(b"eg-consumer-id") else "nobody"}}))
add("log", Log(message=lambda x: "got " + x.method + " \\n\\x00é" + "x" * 20000), Log(message=throws))
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def running(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("transform") / "artifact"
    with gateway(directory, in_front_of(service.port, more=STEPS, access_log=True)) as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(service: Upstream, running: Running) -> None:
    service.clear()


def responds(body: bytes, *fields: tuple[bytes, bytes], status: str = "200 OK") -> Behaviour:
    headers: Headers = list(fields)

    async def answer(wire: Wire) -> None:
        await wire.body()
        await wire.respond(body, status=status, headers=headers)

    return answer


def in_pieces(*pieces: bytes, kind: bytes = b"application/json") -> Behaviour:
    """A chunked response, each piece in a chunk of its own."""

    async def answer(wire: Wire) -> None:
        await wire.body()
        await wire.send(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n" % kind)
        for piece in pieces:
            await wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await wire.send(b"0\r\n\r\n")

    return answer


# ---- Headers of responses


def test_headers_are_added_then_removed_whatever_their_case(running: Running, service: Upstream) -> None:
    """D315, D432, D459: what is added replaces the service's own; undefined is sent as such; the length stays right."""
    service.answer = responds(b"ok", (b"X-Internal", b"1"), (b"X-KEPT", b"old"))
    reply = ask(running.port, get(host="head"))
    assert reply.all("x-by") == ["by GET"]
    assert (reply.all("x-internal"), reply.all("x-kept")) == ([], ["new"])
    assert (reply.one("x-undefined"), reply.one("content-length"), reply.body) == ("undefined", "2", b"ok")


def test_the_first_step_has_the_last_word(running: Running) -> None:
    """As Express Gateway's policies wrap the response."""
    assert ask(running.port, get(host="first")).all("x-who") == ["first"]


def test_answers_of_the_gateway_get_headers_and_keep_their_body(running: Running) -> None:
    """D315, D317, D455: also what earlier steps have set."""
    reply = ask(running.port, get(host="made"))
    assert (reply.one("x-by"), reply.one("access-control-allow-origin")) == ("gateway", "*")
    assert reply.body == b'{"a":1}'


@pytest.mark.parametrize("host", ["throws", "made-throws"])
def test_a_header_script_that_throws_fails_one_request(running: Running, host: str) -> None:
    """D320, D461: 500, and the gateway lives."""
    reply = ask(running.port, get(host=host))
    assert (reply.status, reply.body) == (500, b"Internal Server Error")
    assert ask(running.port, get(host="head")).status == 200


# ---- Bodies of responses


@pytest.mark.parametrize("kind", [b"application/json", b"application/hal+json; charset=utf-8", b"text/html"])
def test_an_object_is_changed(running: Running, service: Upstream, kind: bytes) -> None:
    """D316, D318: whatever its type; additions, then removals; a length of its own."""
    service.answer = responds(
        '{"a": "é", "secret": 1}'.encode(), (b"content-type", kind), (b"ETag", b'"x"'), (b"content-md5", b"y")
    )
    reply = ask(running.port, get(host="body"))
    assert reply.body == '{"a":"é","b":"GET"}'.encode()
    assert reply.one("content-length") == str(len(reply.body))
    assert (reply.one("etag"), reply.one("content-md5")) == ('W/"x"', None)


def test_an_object_in_pieces_is_changed_as_a_whole(running: Running, service: Upstream) -> None:
    """D319, D430: one framing, however it came."""
    service.answer = in_pieces(b' {"a":', b"[1,", b"2]}")
    reply = ask(running.port, get(host="body"))
    assert reply.body == b'{"a":[1,2],"b":"GET"}'
    assert (reply.one("transfer-encoding"), reply.one("content-length")) == (None, str(len(reply.body)))


def test_a_compressed_object_is_decoded_and_changed(running: Running, service: Upstream) -> None:
    """D430; a coding that is not known here is not asked for."""
    service.answer = responds(gzip.compress(b'{"a":1}'), (b"Content-Encoding", b"gzip"))
    reply = ask(running.port, get("/", "Accept-Encoding: br, gzip;q=0.5, zstd", "Range: bytes=0-3", host="body"))
    assert (reply.body, reply.one("content-encoding")) == (b'{"a":1,"b":"GET"}', None)
    assert service.requests[0].all("accept-encoding") == [b"gzip;q=0.5"]
    assert service.requests[0].all("range") == []


@pytest.mark.parametrize(
    "body", [b"[1, 2]", b"5", b"{broken", b"", b"<p>", b'{"a":"%b"}' % (b"x" * 1_100_000), b"\xff{}", b"{} {}"]
)
def test_what_is_no_object_passes_as_it_is(running: Running, service: Upstream, body: bytes) -> None:
    """D316, D318; what is longer than 1 MiB too."""
    service.answer = responds(body, (b"etag", b'"x"'))
    reply = ask(running.port, get(host="body"))
    assert (reply.body, reply.one("etag")) == (body, '"x"')


def test_a_long_object_in_pieces_passes_whole(running: Running, service: Upstream) -> None:
    """More than is held: what was held goes first."""
    pieces = [b'{"a":"'] + [b"x" * 100_000] * 12 + [b'"}']
    service.answer = in_pieces(*pieces)
    assert ask(running.port, get(host="body")).body == b"".join(pieces)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "206 Partial Content"])
def test_responses_that_are_no_whole_object_pass(running: Running, service: Upstream, status: str) -> None:
    body = b'{"a":1}' if status.startswith("206") else b""
    service.answer = responds(body, status=status)
    assert ask(running.port, get(host="body")).body == body


def test_head_says_no_length_that_is_wrong(running: Running, service: Upstream) -> None:
    """RFC 9110 section 8.6: it would have to be the one that GET has."""
    service.answer = responds(b'{"a":1}')
    assert ask(running.port, get(host="body", method="HEAD"), "HEAD").one("content-length") is None


def test_a_script_that_throws_leaves_the_body(running: Running, service: Upstream) -> None:
    """D320."""
    service.answer = responds(b'{"a": 1}')
    assert ask(running.port, get(host="body-throws")).body == b'{"a": 1}'


def test_what_is_removed_is_removed_though_a_script_throws(running: Running, service: Upstream) -> None:
    """A caller who can make the script throw must not see more than others."""
    service.answer = responds(b'{"a": 1, "secret": 2}')
    assert ask(running.port, get(host="both-throws")).body == b'{"a":1}'


def test_what_is_no_utf8_is_no_way_around(running: Running, service: Upstream) -> None:
    """Node reads U+FFFD for such bytes."""
    service.answer = responds(b'{"a": "\xff", "secret": 2}')
    assert json.loads(ask(running.port, get(host="body")).body) == {"a": "\ufffd", "b": "GET"}


def test_events_are_not_held(running: Running, service: Upstream) -> None:
    """Each event reaches the caller before the next one is sent."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        await wire.send(b'9\r\n{"a":1}\n\n\r\n')
        await wire.gone()

    service.answer = answer
    with Caller(running.port) as caller:
        caller.send(get(host="body"))
        received = b""
        while b'{"a":1}' not in received:
            received += caller.socket.recv(65536)
    assert service.let_go()


def test_a_service_that_fails_half_way_is_a_bad_gateway(running: Running, service: Upstream) -> None:
    """Nothing has been sent yet, so the caller can be told."""

    async def answer(wire: Wire) -> None:
        await wire.send(b'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"a":')
        wire.reset()

    service.answer = answer
    assert ask(running.port, get(host="body")).status == 502


def test_a_caller_who_leaves_lets_the_service_go(running: Running, service: Upstream) -> None:
    async def answer(wire: Wire) -> None:
        await wire.send(b'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"a":')
        await wire.gone()

    service.answer = answer
    with Caller(running.port) as caller:
        caller.send(get(host="body"))
        assert service.has(1)
    assert service.let_go()


# ---- Bodies of requests, on the wire


def test_a_chunked_body_is_sent_with_its_length(running: Running, service: Upstream) -> None:
    """D311: one framing."""
    ask(running.port, chunked("/", b'{"a":', b"1}", fields=(JSON,)).replace(b"Host: h", b"Host: request"))
    received = service.requests[0]
    assert (received.body, received.all("transfer-encoding")) == (b'{"a":1,"b":"added"}', [])
    assert received.one("content-length") == b"19"


def test_a_caller_that_waits_is_invited_once(running: Running, service: Upstream) -> None:
    """RFC 9110 section 10.1.1: by the gateway, which wants the body; the service is not asked."""
    with Caller(running.port) as caller:
        caller.send(get("/", "Content-Length: 7", "Expect: 100-continue", JSON, host="request", method="POST"))
        invitation = caller.reply("POST")
        assert invitation is not None
        assert invitation.status == 100
        caller.send(b'{"a":1}')
        answer = caller.reply("POST")
        assert answer is not None
        assert answer.status == 200
    assert (service.requests[0].one("expect"), service.requests[0].body) == (None, b'{"a":1,"b":"added"}')


def test_a_connection_goes_on_behind_a_body(running: Running, service: Upstream) -> None:
    """Requests that are pipelined, one refused with its body read."""
    one = post("/", b'{"a":1}', JSON).replace(b"Host: h", b"Host: request")
    bad = post("/", b"{broken", JSON).replace(b"Host: h", b"Host: request")
    with Caller(running.port) as caller:
        caller.send(one + bad + one)
        assert [caller.final("POST").status for _ in range(3)] == [200, 400, 200]
    assert [request.body for request in service.requests] == [b'{"a":1,"b":"added"}'] * 2


def test_a_body_that_is_too_long_is_refused_before_it_is_read(running: Running, service: Upstream) -> None:
    """D310: 413, and the connection ends."""
    with Caller(running.port) as caller:
        caller.send(get("/", "Content-Length: 200000", JSON, host="request", method="POST"))
        reply = caller.final("POST")
    assert (reply.status, reply.closes, service.requests) == (413, True, [])


def test_an_upload_that_breaks_off_reaches_nobody(running: Running, service: Upstream) -> None:
    with Caller(running.port) as caller:
        caller.send(get("/", "Content-Length: 50", JSON, host="request", method="POST") + b'{"a"')
    assert ask(running.port, get(host="head")).status == 200
    assert [request.method for request in service.requests] == ["GET"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_request_without_body_stays_without(running: Running, service: Upstream, method: str) -> None:
    """D309, D431."""
    ask(running.port, get("/", JSON, host="request", method=method), method)
    received = service.requests[0]
    assert (received.body, received.one("content-type")) == (b"", b"application/json")
    assert received.one("content-length") in (None, b"0")


def test_a_get_with_a_body_is_transformed_as_any(running: Running, service: Upstream) -> None:
    ask(running.port, post("/", b"{}", JSON, method="GET").replace(b"Host: h", b"Host: request"))
    assert service.requests[0].body == b'{"b":"added"}'


# ---- Identity


def test_what_steps_say_of_the_caller_cannot_be_said_or_cut_away_by_it(running: Running, service: Upstream) -> None:
    """D422: copies that the caller sends are gone before any step runs; D421: what a step sets arrives."""
    made_up = ("eg-consumer-id: mallory", "EG_Consumer_ID: mallory", "eg-request-id: mine", "X-User: mallory")
    ask(running.port, get("/", *made_up, "Connection: x-user, eg-consumer-id", host="identity"))
    received = service.requests[0]
    assert (received.all("eg-consumer-id"), received.all("x-user")) == ([b"nobody"], [b"ada"])
    assert (received.all("eg_consumer_id"), received.all("eg-request-id") == [b"mine"]) == ([], False)


# ---- log


def test_messages_are_lines_of_the_log(running: Running, service: Upstream) -> None:
    """D217, D218: as JSON, cut; one that cannot be made is told, and the request goes on."""
    assert ask(running.port, get(host="log")).status == 200
    assert service.has(1)
    found: list[dict[str, str]] = []

    def lines() -> bool:
        found.clear()
        for line in running.output().splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("policy") == "log":
                    found.append(entry)
        return len(found) == 2

    with Caller(running.port) as caller:
        # The log is written in batches: each further request is an occasion to look.
        while not lines():
            assert caller.send(get(host="head")).final().status == 200
    assert found[0]["message"].startswith("got GET \n\0é")
    assert len(found[0]["message"]) == 8192
    assert found[0]["endpoint"] == "api"
    assert len(found[0]["request_id"]) == 22
    assert (found[1]["level"], found[1]["message"][:28]) == ("error", "failed to build log message:")
