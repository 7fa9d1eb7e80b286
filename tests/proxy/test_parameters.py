"""Every parameter of the proxy step (D254-D292), each on a host of its own."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.policies.proxy import Proxy
from egc.runtime.upstream import Service
from tests.callers import Caller, Reply, ask, get, post
from tests.gateways import gateway
from tests.proxy.intermediary import Intermediary
from tests.running import Running
from tests.upstreams import Received, Upstream, Wire

pytestmark = pytest.mark.slow

STEPS = {
    "plain": 'Proxy(at("/"))',
    "based": 'Proxy(at("/base/"))',
    "based_without": 'Proxy(at("/base/"), prepend_path=False)',
    "ignoring": 'Proxy(at("/base/"), ignore_path=True)',
    "ignoring_all": 'Proxy(at("/base/"), ignore_path=True, prepend_path=False)',
    "queried": 'Proxy(at("/base?k=1"))',
    "user": 'Proxy(Service("s", urls=(f"http://u:p@127.0.0.1:{FIRST}",)))',
    "own_host": 'Proxy(at("/"), change_origin=False)',
    "auth": 'Proxy(at("/"), auth="user:pass word")',
    "headers": 'Proxy(at("/"), headers={"X-Mine": "yes", "User-Agent": "egc", "Eg-Request-Id": "fixed"})',
    "headers_auth": 'Proxy(at("/"), headers={"Authorization": "Bearer fixed"}, auth="u:p")',
    "method": 'Proxy(at("/"), method="PUT")',
    "to_proxy": 'Proxy(at("/"), to_proxy=True)',
    "following": 'Proxy(at("/"), follow_redirects=True)',
    "rewriting": 'Proxy(at("/"), auto_rewrite=True)',
    "rewriting_host": 'Proxy(at("/"), host_rewrite="public.example")',
    "rewriting_protocol": 'Proxy(at("/"), protocol_rewrite="https")',
    "cookie_domain": 'Proxy(at("/"), cookie_domain_rewrite="new.example")',
    "cookie_map": (
        'Proxy(at("/"), cookie_domain_rewrite={"a.example": "b.example", "gone.example": "", "*": "rest.example"})'
    ),
    "cookie_some": 'Proxy(at("/"), cookie_domain_rewrite={"a.example": "b.example"})',
    "cookie_path": 'Proxy(at("/"), cookie_path_rewrite="/new")',
    "cookie_off": 'Proxy(at("/"), cookie_path_rewrite="")',
    "case": 'Proxy(at("/"), preserve_header_key_case=True)',
    "patient": 'Proxy(at("/"), proxy_timeout=0.2, timeout=30.0)',
    "robin": 'Proxy(Service("r", urls=(f"http://127.0.0.1:{FIRST}/one", f"http://127.0.0.1:{SECOND}/two")))',
    "from_address": 'Proxy(at("/"), local_address="127.0.0.2")',
    "nowhere": "Proxy(None)",
    "tls": "Proxy(safe, target=TRUST)",
    "tls_unknown": "Proxy(safe)",
    "tls_unverified": "Proxy(safe, secure=False)",
    "tls_client": "Proxy(mutual, target=TRUST | IDENTITY)",
    "tls_no_client": "Proxy(mutual, target=TRUST)",
    "tls_other_name": "Proxy(misnamed, target=TRUST)",
    "through": 'Proxy(at("/base"), proxy_url=f"http://127.0.0.1:{BETWEEN}")',
    "through_tls": 'Proxy(safe, target=TRUST, proxy_url=f"http://127.0.0.1:{BETWEEN}")',
    "through_refusing": 'Proxy(safe, target=TRUST, proxy_url=f"http://127.0.0.1:{REFUSING}")',
    "strip_literal": 'Proxy(at("/base"), strip_path=True)',
}
ROUTES = {
    "strip_literal": [
        'Path("/u/:id/*", r"^/u/([^/]+?)/(.*)/?\\Z", "id", "0")',
        'Path("/x*", r"^/x(.*)/?\\Z", "0")',
        '"/lit"',
        "ANY",
    ],
}
MODULE = """
FIRST, SECOND, SAFE, MUTUAL, BETWEEN, REFUSING = {ports}
DIRECTORY = {directory!r}
TRUST = {{"ca_file": f"{{DIRECTORY}}/ca.pem"}}
IDENTITY = {{"cert_file": f"{{DIRECTORY}}/me.crt", "key_file": f"{{DIRECTORY}}/me.key"}}

def at(path):
    return Service("s", urls=(f"http://127.0.0.1:{{FIRST}}{{path}}",))

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
api = Endpoint("api", scopes=())
safe = Service("safe", urls=(f"https://127.0.0.1:{{SAFE}}",))
mutual = Service("mutual", urls=(f"https://127.0.0.1:{{MUTUAL}}",))
misnamed = Service("misnamed", urls=(f"https://localhost:{{SAFE}}",))
routes = []
{steps}
app = Gateway(routes=tuple(routes), listeners=(http,), access_log=False)
"""


@dataclass
class World:
    """The gateway, and all that stands behind it."""

    gateway: Running
    first: Upstream
    second: Upstream
    safe: Upstream
    mutual: Upstream
    between: Intermediary

    def ask(self, step: str, data: bytes | None = None, path: str = "/") -> Reply:
        """Ask through a step."""
        return ask(self.gateway.port, data if data is not None else get(path, host=step))

    def seen(self, step: str, path: str = "/", *fields: str) -> Received:
        """What the service sees of a GET through a step."""
        self.first.clear()
        assert ask(self.gateway.port, get(path, *fields, host=step)).status == 200
        return self.first.requests[-1]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One gateway with a host for each step above."""
    directory = tmp_path_factory.mktemp("parameters")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    identity = authority.issue_cert("me@example.org")
    identity.private_key_pem.write_to_path(str(directory / "me.key"))
    identity.cert_chain_pems[0].write_to_path(str(directory / "me.crt"))
    server = authority.issue_cert("127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(tls)
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure_cert(strict)
    authority.configure_trust(strict)
    strict.verify_mode = ssl.CERT_REQUIRED
    with (
        Upstream() as first,
        Upstream() as second,
        Upstream(tls=tls) as safe,
        Upstream(tls=strict) as mutual,
        Intermediary() as between,
        Intermediary(refuses=True) as refusing,
    ):
        steps = []
        for name, step in STEPS.items():
            steps.append(f"step_{name} = {step}\ndef run_{name}(x):\n    return step_{name}(x)")
            steps += [
                f"routes.append(Route({name!r}, {path}, ANY, api, run_{name}))" for path in ROUTES.get(name, ["ANY"])
            ]
        ports = (first.port, second.port, safe.port, mutual.port, between.port, refusing.port)
        module = MODULE.format(ports=ports, directory=str(directory), steps="\n".join(steps))
        environment = {"http_proxy": "", "HTTP_PROXY": "", "no_proxy": "", "NO_PROXY": ""}
        with gateway(directory / "artifact", module, env=environment) as running:
            yield World(running, first, second, safe, mutual, between)


@pytest.fixture(autouse=True)
def _fresh(world: World) -> None:
    for upstream in (world.first, world.second, world.safe, world.mutual):
        upstream.clear()


@pytest.mark.parametrize(
    ("step", "path", "expected"),
    [
        ("plain", "/", "/"),
        ("plain", "/a/b?c=d", "/a/b?c=d"),
        ("plain", "/a%2Fb/%7a", "/a%2Fb/%7a"),
        ("plain", "/a?b=//c", "/a?b=//c"),
        ("based", "/", "/base/"),
        ("based", "/x", "/base/x"),
        ("based", "/x/?q=1", "/base/x/?q=1"),
        ("based_without", "/x", "/x"),
        ("ignoring", "/x?q=1", "/base/"),
        ("ignoring_all", "/x?q=1", "/"),
        ("queried", "/q?z=1", "/base/q?k=1&z=1"),
        ("queried", "/q", "/base/q?k=1"),
        ("strip_literal", "/lit?q=1", "/base/?q=1"),
        ("strip_literal", "/lit/", "/base/"),
        ("strip_literal", "/u/5/more?z=1", "/base/5/more?z=1"),
        ("strip_literal", "/u/a%2Fb/more/", "/base/a%2Fb/more/"),
        ("strip_literal", "/xyz", "/base/yz"),
        ("strip_literal", "/x", "/base/"),
        ("strip_literal", "/any/thing?a", "/base/any/thing?a"),
        ("through", "/x?q=1", "/base/x?q=1"),
        ("to_proxy", "/x", "/x"),
    ],
)
def test_path(world: World, step: str, path: str, expected: str) -> None:
    """The path that the service is asked for (D278-D291)."""
    assert world.seen(step, path).target == expected


@pytest.mark.parametrize("path", ["/x../admin", "/x..", "/x..%2Fadmin", "/x%2e%2e/admin?q", "/x./../admin"])
def test_stripping_leaves_no_dot_segment(world: World, path: str) -> None:
    """`/x*` takes `/x../admin`, of which `stripPath` would leave a way out of the service's path."""
    before = len(world.first.requests)
    assert world.ask("strip_literal", get(path, host="strip_literal")).status == 400
    assert len(world.first.requests) == before


@pytest.mark.parametrize("url", ["/v2/../admin", "/v2/%2E%2e", "..", "/v2/..#more", "\\\\..\\x", "/v2/.?a=/x"])
def test_a_step_makes_no_dot_segment(url: str) -> None:
    """What a script makes of a parameter that is decoded may be another path to the service than to the policies."""
    x = Exchange("GET", "/", [], "h", "http", "127.0.0.1")
    x.url = url
    with pytest.raises(Refused) as refused:
        Proxy(Service("s", urls=("http://127.0.0.1:1/base",)))(x)
    assert (refused.value.status, refused.value.reason) == (400, "dot_segments")


def test_absolute_form(world: World) -> None:
    """A whole URL as target goes upstream as its path; with `to_proxy` as it is, behind a slash (D103, D269)."""
    for step, expected in (("plain", "/p?q"), ("to_proxy", "/http://to_proxy/p?q")):
        assert world.ask(step, get(f"http://{step}/p?q", host=step)).status == 200
        assert world.first.requests[-1].target == expected


def test_host(world: World) -> None:
    """`change_origin` false keeps the caller's Host; user info in the URL is ignored (D257, D283)."""
    assert world.seen("own_host").one("host") == b"own_host"
    received = world.seen("user")
    assert received.one("host") == f"127.0.0.1:{world.first.port}".encode()
    assert received.one("authorization") is None


def test_auth(world: World) -> None:
    """`auth` is sent where the caller sent none (D263)."""
    assert world.seen("auth").one("authorization") == b"Basic dXNlcjpwYXNzIHdvcmQ="
    assert world.seen("auth", "/", "Authorization: Bearer x").one("authorization") == b"Bearer x"


def test_fixed_headers(world: World) -> None:
    """`headers` override the caller's, whatever their case, and even the request id (D264)."""
    received = world.seen("headers", "/", "x-mine: no", "USER-AGENT: no")
    assert received.one("x-mine") == b"yes"
    assert received.one("user-agent") == b"egc"
    assert received.one("eg-request-id") == b"fixed"
    assert world.seen("headers_auth", "/", "Authorization: Basic x").one("authorization") == b"Bearer fixed"


def test_method(world: World) -> None:
    """`method` is sent instead of the caller's, with the caller's body."""
    assert world.ask("method", post("/", b"hello").replace(b"Host: h", b"Host: method")).status == 200
    assert (world.first.requests[-1].method, world.first.requests[-1].body) == ("PUT", b"hello")


def test_header_case(world: World) -> None:
    """`preserve_header_key_case` keeps the case of names; the framing is understood all the same (D268)."""

    async def answer(wire: Wire) -> None:
        await wire.send(
            b"HTTP/1.1 200 OK\r\nX-MiXed: y\r\nContent-Length: 5\r\nCONNECTION: X-Gone\r\nX-gone: z\r\n\r\nhello"
        )

    world.first.answer = answer
    with Caller(world.gateway.port) as caller:
        head = caller.send(get("/", host="case"))._until(b"\r\n\r\n")
        assert head is not None
        assert b"\r\nX-MiXed: y" in head
        assert b"gone" not in head
        assert caller._exactly(5) == b"hello"
        head = caller.send(get("/", host="plain"))._until(b"\r\n\r\n")
        assert head is not None
        assert b"\r\nx-mixed: y" in head


def test_half_a_body_with_header_case(world: World) -> None:
    """A cut is seen as one whatever the case of the length's name."""

    async def answer(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-LENGTH: 50\r\n\r\nhello")
        wire.keep = False

    world.first.answer = answer
    assert not world.ask("case").complete


def test_timeouts(world: World) -> None:
    """The smaller of `proxy_timeout` and `timeout` counts, both of the service (D270, D271, D404, D439)."""
    world.first.answer = lambda wire: wire.gone()
    assert world.ask("patient").status == 504


def test_round_robin(world: World) -> None:
    """Several URLs are taken in turn, each with its own path (D292)."""
    for _ in range(6):
        assert world.ask("robin", path="/p").status == 200
    assert [request.target for request in world.first.requests] == ["/one/p"] * 3
    assert [request.target for request in world.second.requests] == ["/two/p"] * 3


def test_local_address(world: World) -> None:
    """`local_address` is where the connection comes from."""
    peers = []

    async def answer(wire: Wire) -> None:
        peers.append(wire.writer.get_extra_info("peername")[0])
        await wire.respond()

    world.first.answer = answer
    assert world.ask("from_address").status == 200
    assert peers == ["127.0.0.2"]


def test_no_service(world: World) -> None:
    """Without a service the step answers 502 in plain text (D255)."""
    reply = world.ask("nowhere")
    assert (reply.status, reply.body, reply.one("content-type")) == (502, b"Bad Gateway", "text/plain; charset=utf-8")


# TLS


def test_tls(world: World) -> None:
    """A service whose certificate the given authority has signed is served, with its connection kept."""
    for _ in range(3):
        assert world.ask("tls").status == 200
    assert len({request.connection for request in world.safe.requests}) == 1


@pytest.mark.parametrize("step", ["tls_unknown", "tls_other_name", "tls_no_client"])
def test_tls_that_is_not_to_be_trusted(world: World, step: str) -> None:
    """An unknown authority, another name, a missing client certificate: 502, and no request is sent."""
    assert world.ask(step).status == 502
    assert world.safe.requests == world.mutual.requests == []


def test_tls_unverified(world: World) -> None:
    """`secure` false takes any certificate (D262)."""
    assert world.ask("tls_unverified").status == 200


def test_tls_client_certificate(world: World) -> None:
    """`target` gives the certificate to show (D273)."""
    assert world.ask("tls_client").status == 200
    assert len(world.mutual.requests) == 1


# An intermediate proxy


def test_intermediate_proxy(world: World) -> None:
    """A plain service is asked for in absolute form through `proxy_url` (D272)."""
    world.between.lines.clear()
    assert world.seen("through", "/x").target == "/base/x"
    assert world.between.lines == [f"GET http://127.0.0.1:{world.first.port}/base/x HTTP/1.1"]


def test_intermediate_proxy_for_tls(world: World) -> None:
    """A TLS service is reached through a tunnel."""
    world.between.lines.clear()
    for _ in range(2):
        assert world.ask("through_tls").status == 200
    assert world.between.lines == [f"CONNECT 127.0.0.1:{world.safe.port} HTTP/1.1"]


def test_intermediate_proxy_that_refuses(world: World) -> None:
    """A tunnel that is refused is 502."""
    assert world.ask("through_refusing").status == 502


# Redirects


def redirecting(world: World, status: str, location: str) -> None:
    """Have the service redirect everything but `/there`."""

    async def answer(wire: Wire) -> None:
        await wire.body()
        if wire.request.target.startswith("/there"):
            await wire.respond(b"arrived")
        else:
            await wire.respond(b"moved", status=status, headers=[(b"Location", location.encode())])

    world.first.answer = answer


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 T", "308 P"])
def test_redirects_pass(world: World, status: str) -> None:
    """Redirects are the caller's business unless the configuration says otherwise (D300)."""
    redirecting(world, status, "/there")
    reply = world.ask("plain")
    assert (reply.status, reply.one("location"), reply.body) == (int(status[:3]), "/there", b"moved")


@pytest.mark.parametrize(
    "location", ["/there?a=b", "there?a=b", "http://127.0.0.1:{port}/there?a=b", "//127.0.0.1:{port}/there?a=b"]
)
@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirects_followed(world: World, status: str, location: str) -> None:
    """`follow_redirects` follows them, however they are written (D265)."""
    redirecting(world, status, location.format(port=world.first.port))
    assert world.ask("following").body == b"arrived"
    assert world.first.requests[-1].target == "/there?a=b"


@pytest.mark.parametrize(("status", "method"), [("301 M", "GET"), ("302 F", "GET"), ("303 S", "GET")])
def test_redirected_post(world: World, status: str, method: str) -> None:
    """A POST is repeated as GET without its body and what described it; the request id stays (D265)."""
    redirecting(world, status, "/there")
    sent = post("/", b"hello", "Content-Type: text/plain").replace(b"Host: h", b"Host: following")
    assert world.ask("following", sent).body == b"arrived"
    before, after = world.first.requests
    assert (after.method, after.body) == (method, b"")
    assert after.all("content-type") == []
    assert after.one("eg-request-id") == before.one("eg-request-id")


def test_redirected_upload(world: World) -> None:
    """307 asks for the body again, which is gone: the caller gets the redirect."""
    redirecting(world, "307 T", "/there")
    sent = post("/", b"hello").replace(b"Host: h", b"Host: following")
    assert world.ask("following", sent).status == 307


def test_redirect_elsewhere(world: World) -> None:
    """Credentials do not follow a redirect to another origin."""
    redirecting(world, "302 F", f"http://127.0.0.1:{world.second.port}/x")
    sent = get("/", "Authorization: Bearer x", "Cookie: a=b", "X-A: y", host="following")
    assert world.ask("following", sent).status == 200
    received = world.second.requests[-1]
    assert received.all("authorization") == received.all("cookie") == []
    assert received.one("x-a") == b"y"
    assert received.one("host") == f"127.0.0.1:{world.second.port}".encode()


@pytest.mark.parametrize("location", ["ftp://h/", "file:///etc/passwd", "http://[", "/a b", "http://h:99999/"])
def test_redirects_that_cannot_be_followed(world: World, location: str) -> None:
    """A redirect to what is no HTTP URL is passed on."""
    redirecting(world, "302 F", location)
    assert world.ask("following").status == 302


def test_redirects_without_end(world: World) -> None:
    """A circle of redirects is left in the end."""
    redirecting(world, "302 F", "/round")
    assert world.ask("following").status == 302
    assert len(world.first.requests) <= 30


@pytest.mark.parametrize("status", ["201 C", "301 M", "302 F", "307 T", "308 P"])
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("plain", "http://127.0.0.1:{port}/l?a=b#c"),
        ("rewriting", "http://rewriting/l?a=b#c"),
        ("rewriting_host", "http://public.example/l?a=b#c"),
        ("rewriting_protocol", "https://127.0.0.1:{port}/l?a=b#c"),
    ],
)
def test_location(world: World, step: str, expected: str, status: str) -> None:
    """Location is rewritten where it names the service (D266)."""
    redirecting(world, status, f"http://127.0.0.1:{world.first.port}/l?a=b#c")
    assert world.ask(step).one("location") == expected.format(port=world.first.port)


@pytest.mark.parametrize("location", ["http://elsewhere/x", "/relative", "http://[", ""])
def test_location_elsewhere(world: World, location: str) -> None:
    """Any other Location stays."""
    redirecting(world, "302 F", location)
    assert world.ask("rewriting").one("location") == location


@pytest.mark.parametrize(
    ("step", "cookie", "expected"),
    [
        ("plain", "a=b; Domain=a.example", "a=b; Domain=a.example"),
        ("cookie_domain", "a=b; Domain=x.example; Path=/", "a=b; Domain=new.example; Path=/"),
        ("cookie_domain", "a=b; domain=x.example", "a=b; domain=new.example"),
        ("cookie_domain", "a=b; Path=/", "a=b; Path=/"),
        ("cookie_map", "a=b; Domain=a.example", "a=b; Domain=b.example"),
        ("cookie_map", "a=b; Domain=c.example", "a=b; Domain=rest.example"),
        ("cookie_map", "a=b; Domain=gone.example; Secure", "a=b; Secure"),
        ("cookie_some", "a=b; Domain=c.example", "a=b; Domain=c.example"),
        ("cookie_path", "a=b; Path=/old; Secure", "a=b; Path=/new; Secure"),
        ("cookie_off", "a=b; Path=/old; Secure", "a=b; Secure"),
    ],
)
def test_cookies(world: World, step: str, cookie: str, expected: str) -> None:
    """Domain and Path of cookies are rewritten, removed or kept, each cookie by itself (D267)."""

    async def answer(wire: Wire) -> None:
        await wire.respond(headers=[(b"Set-Cookie", cookie.encode()), (b"Set-Cookie", b"other=1")])

    world.first.answer = answer
    assert world.ask(step).all("set-cookie") == [expected, "other=1"]


def test_missing_file(tmp_path: Path) -> None:
    """A certificate file that is not there is found when the gateway starts (D273)."""
    module = """
    http = Listener("http", host="127.0.0.1", port=PORTS["http"])
    step = Proxy(Service("s", urls=("https://127.0.0.1:1",)), target={"ca_file": "/nonexistent/ca.pem"})
    app = Gateway(routes=(Route(ANY, ANY, ANY, Endpoint("api"), lambda x: step(x)),), listeners=(http,))
    """
    with pytest.raises(AssertionError, match="No such file"):
        gateway(tmp_path / "artifact", module).start()
