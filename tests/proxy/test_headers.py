"""P13, P14: what a proxy owes to both sides (RFC 9110 section 7.6), field by field."""

import pytest

from tests.callers import Caller, ask, chunked, get, post
from tests.running import Running
from tests.upstreams import Headers, Received, Upstream, Wire


def through(gateway: Running, service: Upstream, *fields: str, host: str = "h") -> Received:
    """The request that reaches the service."""
    assert ask(gateway.port, get("/", *fields, host=host)).status == 200
    return service.requests[-1]


def answered(
    gateway: Running, service: Upstream, *fields: tuple[str, str], status: str = "200 OK"
) -> list[tuple[str, str]]:
    """The fields that reach the caller when the service answers with some."""
    sent: Headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]

    async def answer(wire: Wire) -> None:
        await wire.body()
        await wire.respond(status=status, headers=sent)

    service.answer = answer
    return ask(gateway.port, get("/")).headers


ENDS_HERE = [
    "Connection: close",
    "Connection: keep-alive",
    "Keep-Alive: timeout=5",
    "Proxy-Authenticate: Basic",
    "Proxy-Authorization: Basic YTpi",
    "Proxy-Connection: keep-alive",
    "TE: trailers",
    "TE: gzip",
    "Trailer: X-Sum",
    "Upgrade: websocket",
    "HTTP2-Settings: AAMAAABk",
]


@pytest.mark.parametrize("line", ENDS_HERE)
def test_request_field_that_ends_here(plain: Running, service: Upstream, line: str) -> None:
    """Hop-by-hop fields of the caller do not reach the service."""
    assert through(plain, service, line).all(line.partition(":")[0].lower()) == []


@pytest.mark.parametrize(
    ("connection", "line"),
    [
        ("X-A", "X-A: b"),
        ("x-a", "X-A: b"),
        ("close, X-A", "x-a: b"),
        ("X-A,X-B", "X-B: c"),
        (" , X-A ,, ", "X-A: b"),
        ("keep-alive, Upgrade, X-A", "X-A: b"),
        ("X-Forwarded-For", "X-Forwarded-For: 1.2.3.4"),
        ("Accept", "Accept: text/plain"),
    ],
)
def test_request_field_that_connection_names(plain: Running, service: Upstream, connection: str, line: str) -> None:
    """Fields named by Connection end here too."""
    received = through(plain, service, f"Connection: {connection}", line)
    assert received.all(line.partition(":")[0].lower()) == []
    assert received.all("connection") == []


@pytest.mark.parametrize(
    "line",
    [
        *("Authorization: Bearer a|b", "Cookie: a=b", "Via: 1.1 x", "Expect: 100-continue"),
        *("Content-Type: application/json", "Content-Encoding: gzip"),
    ],
)
def test_request_field_that_connection_cannot_remove(plain: Running, service: Upstream, line: str) -> None:
    """A caller cannot cut away what a policy decided on."""
    name, _, value = line.partition(": ")
    found = through(plain, service, f"Connection: {name}", line).all(name.lower())
    assert len(found) == 1
    assert value.encode() in found[0]


@pytest.mark.parametrize("name", ["content-length", "Transfer-Encoding", "Host", "content-length, host"])
def test_framing_that_connection_names(plain: Running, service: Upstream, name: str) -> None:
    """Framing stays whatever Connection names."""
    assert ask(plain.port, post("/", b"hello", f"Connection: {name}")).status == 200
    assert ask(plain.port, chunked("/", b"hello", fields=(f"Connection: {name}",))).status == 200
    assert [request.body for request in service.requests] == [b"hello", b"hello"]
    assert service.problems == []


@pytest.mark.parametrize(
    "line",
    [
        "Accept: text/html;q=0.9, */*",
        "Authorization: Basic YTpi",
        "Content-Type: text/plain",
        "X-Custom: \t value with spaces \t",
        "X-Latin: caf\u00e9",
        "X-Empty:",
        "Max-Forwards: 3",
        "Forwarded: for=1.2.3.4",
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-Proto: https",
        "Range: bytes=0-5",
        'If-None-Match: W/"a"',
        "Origin: null",
        "Date: Tue, 24 Nov 2026 00:00:00 GMT",
        "Referer: http://h/?q",
        "User-Agent: x",
        "Accept-Encoding: gzip, br",
        "x_under_score: y",
    ],
)
def test_request_field_that_passes(plain: Running, service: Upstream, line: str) -> None:
    """Everything else reaches the service unchanged."""
    name, _, value = line.partition(":")
    assert through(plain, service, line).all(name.lower()) == [value.strip().encode("latin-1")]


def test_repeated_request_fields(plain: Running, service: Upstream) -> None:
    """Repeated fields stay repeated and in order."""
    assert through(plain, service, "X-A: 1", "X-B: 2", "X-A: 3").all("x-a") == [b"1", b"3"]


def test_via_is_added(plain: Running, service: Upstream) -> None:
    """Via names this hop behind the earlier ones, both ways (RFC 9110 section 7.6.3)."""
    assert through(plain, service).one("via") == b"1.1 egc"
    assert through(plain, service, "Via: 1.0 a, 1.1 b").one("via") == b"1.0 a, 1.1 b, 1.1 egc"
    assert ("via", "1.1 egc") in ask(plain.port, get("/")).headers


def test_repeated_via(plain: Running, service: Upstream) -> None:
    """Several Via fields become one, in order."""
    assert through(plain, service, "Via: 1.0 a", "Via: 1.1 b").one("via") == b"1.0 a, 1.1 b, 1.1 egc"


FORGED = [
    spelled
    for name in ("eg-request-id", "eg-consumer-id")
    for spelled in (
        name, name.upper(), name.title(), name.replace("-", "_"), name.replace("-", "_").upper(),
        name.replace("-", "_", 1), name[:-3] + "_id", name.swapcase(),
    )
]  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("lines", [("{}: forged",), ("{}: forged", "{}: twice"), ("Connection: {}", "{}: forged")])
def test_identity_cannot_be_forged(plain: Running, service: Upstream, name: str, lines: tuple[str, ...]) -> None:
    """Only the gateway says who calls and which request it is."""
    received = through(plain, service, *(line.format(name) for line in lines))
    for key, value in received.headers:
        if key.lower().replace(b"_", b"-") in (b"eg-request-id", b"eg-consumer-id"):
            assert key == b"eg-request-id"
            assert b"forged" not in value
            assert len(value) == 22
    assert received.one("eg-request-id") is not None
    assert received.one("eg-consumer-id") is None


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"])
def test_underscore_twins_of_forwarded_fields(plain: Running, service: Upstream, name: str) -> None:
    """Spellings that CGI-like services cannot tell apart from ours are dropped."""
    received = through(plain, service, f"{name.replace('-', '_')}: forged", f"{name.replace('-', '_', 1)}: forged")
    assert not [value for _, value in received.headers if value == b"forged"]


def test_forwarded_fields_with_xfwd(plain: Running, service: Upstream) -> None:
    """`xfwd` appends what this hop saw behind what the caller claims (D261)."""
    received = through(plain, service, "X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 8.8.8.8", host="xfwd:81")
    address = received.one("x-forwarded-for")
    assert address is not None
    assert address.split(b",")[-1].strip() == b"127.0.0.1"
    assert address.startswith(b"9.9.9.9, 8.8.8.8,")
    assert received.one("x-forwarded-port") == b"81"
    assert received.one("x-forwarded-proto") == b"http"
    assert received.one("x-forwarded-host") == b"xfwd:81"


def test_forwarded_fields_cannot_be_cut_by_connection(plain: Running, service: Upstream) -> None:
    """With `xfwd` they are there even if Connection names them."""
    received = through(plain, service, "Connection: x-forwarded-for", "X-Forwarded-For: 9.9.9.9", host="xfwd")
    value = received.one("x-forwarded-for")
    assert value is not None
    assert value.endswith(b"127.0.0.1")


def test_host_is_the_services(plain: Running, service: Upstream) -> None:
    """The service sees its own name (changeOrigin)."""
    assert through(plain, service).one("host") == f"127.0.0.1:{service.port}".encode()


@pytest.mark.parametrize(
    "field",
    [
        ("Connection", "X-A"),
        ("Keep-Alive", "timeout=7"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "x"),
        ("TE", "x"),
        ("Trailer", "X-Sum"),
        ("Upgrade", "h2c"),
    ],
)
def test_response_field_that_ends_here(plain: Running, service: Upstream, field: tuple[str, str]) -> None:
    """Hop-by-hop fields of the service do not reach the caller."""
    assert field[0].lower() not in dict(answered(plain, service, field))


@pytest.mark.parametrize("connection", ["X-A", "close, x-a", "X-A, X-B"])
def test_response_field_that_connection_names(plain: Running, service: Upstream, connection: str) -> None:
    """Nor do those that its Connection names."""
    assert "x-a" not in dict(answered(plain, service, ("X-A", "b"), ("Connection", connection)))


def test_response_fields_that_pass(plain: Running, service: Upstream) -> None:
    """Everything else does, repeated fields one by one and in order."""
    fields = [
        ("Set-Cookie", "a=b; Path=/; HttpOnly"),
        ("Set-Cookie", "c=d"),
        ("Date", "Tue, 24 Nov 2020 00:00:00 GMT"),
        ("Server", "mine"),
        ("X-Latin", "caf\u00e9"),
        ("WWW-Authenticate", 'Basic realm="a, b"'),
        ("Vary", "a"),
        ("Vary", "b"),
        ("ETag", '"x"'),
    ]
    received = answered(plain, service, *fields)
    expected = [(name.lower(), value) for name, value in fields]
    assert [field for field in received if field in expected] == expected
    assert len([name for name, _ in received if name == "date"]) == 1


def test_a_server_field_is_not_added(plain: Running, service: Upstream) -> None:
    """The gateway does not say what it is, and dates what the service did not."""
    names = [name for name, _ in answered(plain, service)]
    assert "server" not in names
    assert "x-powered-by" not in names
    assert names.count("date") == 1


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_body(plain: Running, service: Upstream, status: str) -> None:
    """204 and 304 have no body, and the connection goes on on both sides."""

    async def answer(wire: Wire) -> None:
        await wire.send(f'HTTP/1.1 {status}\r\nETag: "x"\r\n\r\n'.encode())

    service.answer = answer
    with Caller(plain.port) as caller:
        for _ in range(3):
            reply = caller.send(get("/")).final()
            assert (reply.status, reply.body) == (int(status[:3]), b"")
            assert reply.one("transfer-encoding") is None
    assert len({request.connection for request in service.requests}) == 1


def test_304_keeps_its_length(plain: Running, service: Upstream) -> None:
    """The length that a 304 speaks of is no framing."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")

    service.answer = answer
    with Caller(plain.port) as caller:
        assert caller.send(get("/")).final().one("content-length") == "500"
        assert caller.send(get("/")).final().status == 304


@pytest.mark.parametrize("framing", [b"Content-Length: 500", b"Transfer-Encoding: chunked", b"X: y"])
def test_head(plain: Running, service: Upstream, framing: bytes) -> None:
    """HEAD gets the head alone, and both connections go on."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")

    service.answer = answer
    with Caller(plain.port) as caller:
        reply = caller.send(get("/", method="HEAD")).final("HEAD")
        assert reply.status == 200
        if b"Length" in framing:
            assert reply.one("content-length") == "500"
        assert caller.send(get("/", method="HEAD")).final("HEAD").status == 200


def test_body_behind_head_is_no_answer(plain: Running, service: Upstream) -> None:
    """A service that answers HEAD with a body cannot pass it off as the answer to the next request."""

    async def answer(wire: Wire) -> None:
        forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
        if wire.request.method == "HEAD":
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(forged) + forged)
        else:
            await wire.respond(b"true")

    service.answer = answer
    with Caller(plain.port) as caller:
        for _ in range(5):
            assert caller.send(get("/", method="HEAD")).final("HEAD").status == 200
            assert caller.send(get("/")).final().body == b"true"


def test_interim_responses_pass(plain: Running, service: Upstream) -> None:
    """103 reaches the caller before the answer (RFC 9110 section 15.2); HTTP/1.0 callers see none."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        await wire.respond()

    service.answer = answer
    with Caller(plain.port) as caller:
        hint = caller.send(get("/")).reply()
        assert hint is not None
        assert (hint.status, hint.one("link")) == (103, "</a>; rel=preload")
        assert caller.final().status == 200
    with Caller(plain.port) as caller:
        old = caller.send(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n").reply()
        assert old is not None
        assert old.status == 200


EXPECTING = get("/", "Content-Length: 5", "Expect: 100-continue", method="POST")


def test_100_of_the_service(plain: Running, service: Upstream) -> None:
    """The caller's body is asked for when the service asks for it."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await wire.body()
        await wire.respond()

    service.answer = answer
    with Caller(plain.port) as caller:
        interim = caller.send(EXPECTING).reply()
        assert interim is not None
        assert interim.status == 100
        assert caller.send(b"hello").final().status == 200
        assert caller.send(get("/")).final().status == 200
    assert service.requests[0].one("expect") == b"100-continue"
    assert service.requests[0].body == b"hello"


def test_refusal_of_the_service_instead_of_100(plain: Running, service: Upstream) -> None:
    """A final answer instead of 100 reaches the caller alone, and neither connection is used again."""

    async def answer(wire: Wire) -> None:
        await wire.respond(status="413 Payload Too Large")
        await wire.body()

    service.answer = answer
    with Caller(plain.port) as caller:
        reply = caller.send(EXPECTING).reply()
        assert reply is not None
        assert (reply.status, reply.closes) == (413, True)
        assert caller.ended()
    assert service.let_go()


@pytest.mark.slow
def test_100_after_a_second(plain: Running, service: Upstream) -> None:
    """A service that says nothing gets the body all the same, and the caller its 100 from the gateway."""
    with Caller(plain.port) as caller:
        interim = caller.send(EXPECTING).reply()
        assert interim is not None
        assert interim.status == 100
        assert caller.send(b"hello").final().status == 200
    assert service.requests[-1].body == b"hello"


@pytest.mark.slow
def test_body_sent_without_waiting(plain: Running, service: Upstream) -> None:
    """A caller that does not wait for its 100 is served as well."""
    assert ask(plain.port, EXPECTING + b"hello").status == 200
    assert service.requests[-1].body == b"hello"


def test_upgrade_to_nothing_is_an_ordinary_request(plain: Running, service: Upstream) -> None:
    """What asks for an upgrade without being an opening handshake is a plain GET for the service (D304)."""
    received = through(
        plain, service, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"
    )
    assert received.all("upgrade") == received.all("connection") == []


def test_trailers_are_not_merged(plain: Running, service: Upstream) -> None:
    """What stands behind a body never becomes a field, on either side (RFC 9110 section 6.5.1)."""
    sent = chunked("/", b"hello").removesuffix(b"\r\n") + b"X-Behind: yes\r\n\r\n"

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Behind: yes\r\n\r\n")

    service.answer = answer
    with Caller(plain.port) as caller:
        reply = caller.send(sent).final()
        assert reply.body == b"ok"
        assert reply.one("x-behind") is None
    assert service.requests[-1].all("x-behind") == []


def test_old_callers(plain: Running, service: Upstream) -> None:
    """HTTP/1.0: no chunks; a body of unknown length ends with the connection."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")

    service.answer = answer
    with Caller(plain.port) as caller:
        reply = caller.send(b"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n").final()
        assert (reply.one("transfer-encoding"), reply.body) == (None, b"hello")
    assert service.requests[-1].version == "HTTP/1.1"
