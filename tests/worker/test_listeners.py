"""Which listener took a request decides what it reaches, and proxies are believed only where they are trusted."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from egc.runtime.exchange import Exchange
from egc.runtime.front import admit
from egc.runtime.headers import Headers
from egc.runtime.listener import Listener
from tests.callers import Caller, ask, get
from tests.gateways import gateway, write
from tests.needs import needs
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

TELLING = """
from egc.runtime import Answer

http = Listener("http", host="127.0.0.1", port={port}, trusted_proxies={trusted})
api = Endpoint("api", scopes=())

def tell(x: Exchange) -> Outcome:
    return Answer(200, [], f"{{x.scheme}} {{x.client}} {{x.peer}}".encode())

app = Gateway(routes=(Route(ANY, ANY, ANY, api, tell),), listeners=(http,), access_log=False)
"""


def admitted(trusted: tuple[str, ...], peer: str, *fields: tuple[bytes, bytes]) -> Exchange:
    """A request as it is understood at a listener that trusts these networks."""
    headers: Headers = [(b"host", b"h"), *fields]
    x = Exchange("GET", "/", headers, "", "http", peer)
    scope = {"http_version": "1.1", "raw_path": b"/", "query_string": b""}
    admit(x, scope, Listener("http", port=80, trusted_proxies=trusted))
    return x


FOR = b"x-forwarded-for"


@pytest.mark.parametrize(
    ("trusted", "peer", "hops", "client"),
    [
        ((), "10.0.0.1", [b"1.2.3.4"], "10.0.0.1"),
        (("10.0.0.0/8",), "11.0.0.1", [b"1.2.3.4"], "11.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [], "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [b"1.2.3.4"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"6.6.6.6", b"1.2.3.4"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (("10.0.0.0/8",), "10.0.0.1", [b"1.2.3.4, unknown"], "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [b"1.2.3.4, <script>"], "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [b""], "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [b",,,"], "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", [b"[2001:db8::1]"], "2001:db8::1"),
        (("10.0.0.0/8",), "10.0.0.1", [b"::ffff:1.2.3.4"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"1.2.3.4, ::FFFF:a00:2"], "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", [b"2001:0DB8:0::1"], "2001:db8::1"),
        (("10.0.0.0/8",), "10.0.0.1", [b"fe80::1%any<text>"], "10.0.0.1"),
        (("10.0.0.1",), "10.0.0.1", [b"1.2.3.4"], "1.2.3.4"),
        (("2001:db8::/32",), "2001:db8::9", [b"1.2.3.4"], "1.2.3.4"),
        (("0.0.0.0/0", "::/0"), "10.0.0.1", [b"6.6.6.6, 1.2.3.4"], "6.6.6.6"),
    ],
)
def test_client_address(trusted: tuple[str, ...], peer: str, hops: list[bytes], client: str) -> None:
    """X-Forwarded-For counts as far back as trust reaches, and no further."""
    assert admitted(trusted, peer, *((FOR, hop) for hop in hops)).client == client


@pytest.mark.parametrize(
    ("trusted", "value", "scheme"),
    [
        ((), b"https", "http"),
        (("1.1.1.1",), b"https", "http"),
        (("10.0.0.1",), b"https", "https"),
        (("10.0.0.1",), b"HTTPS", "https"),
        (("10.0.0.1",), b"http", "http"),
        (("10.0.0.1",), b"https, http", "http"),
        (("10.0.0.1",), b"javascript", "http"),
        (("10.0.0.1",), b"", "http"),
    ],
)
def test_scheme(trusted: tuple[str, ...], value: bytes, scheme: str) -> None:
    """X-Forwarded-Proto counts from a trusted proxy alone."""
    assert admitted(trusted, "10.0.0.1", (b"x-forwarded-proto", value)).scheme == scheme


def test_untrusted_caller(tmp_path: Path) -> None:
    """Through real sockets: nobody is believed by default."""
    with gateway(tmp_path / "artifact", TELLING.format(port='PORTS["http"]', trusted="()")) as running:
        reply = ask(running.port, get("/", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"))
        assert reply.body == b"http 127.0.0.1 127.0.0.1"


NGINX = """
daemon off;
error_log stderr;
pid {directory}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/f;
    uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {directory}/tls.pem;
        ssl_certificate_key {directory}/tls.pem;
        location / {{
            proxy_pass http://127.0.0.1:{gateway};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@pytest.mark.slow
def test_behind_nginx_that_ends_tls(tmp_path: Path) -> None:
    """Behind a real proxy that speaks TLS: scheme and address are the caller's, whatever the caller claims."""
    needs("nginx")
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "tls.pem"))
    module = TELLING.format(port='PORTS["http"]', trusted='("127.0.0.1",)')
    with gateway(tmp_path / "artifact", module) as running:
        port = free_port()
        conf = tmp_path / "nginx.conf"
        conf.write_text(NGINX.format(directory=tmp_path, port=port, gateway=running.port))
        program = shutil.which("nginx")
        assert program is not None
        nginx = subprocess.Popen([program, "-p", str(tmp_path), "-c", str(conf)], stderr=subprocess.DEVNULL)
        try:
            context = ssl.create_default_context()
            authority.configure_trust(context)
            sent = get("/", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http", "Connection: close")
            reply = _first(port, context, sent)
            # nginx puts the caller's address last; 127.0.0.1 is trusted here, so the claim in front of it counts.
            assert reply == b"https 6.6.6.6 127.0.0.1"
            assert _first(port, context, get("/", "Connection: close")) == b"https 127.0.0.1 127.0.0.1"
        finally:
            nginx.terminate()
            nginx.wait(10)


def _first(port: int, context: ssl.SSLContext, sent: bytes) -> bytes:
    for _ in range(200):
        try:
            with Caller(port, tls=context, name="127.0.0.1") as caller:
                return caller.send(sent).final().body
        except ConnectionRefusedError:
            threading.Event().wait(0.02)
    raise AssertionError("nginx did not come up")


TWO = """
from egc.runtime import Answer

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
admin = Listener("admin", host="127.0.0.1", port=PORTS["admin"])
api = Endpoint("api", scopes=())

def tell(x: Exchange) -> Outcome:
    return Answer(200, [], b"public")


class Inside:
    may_leave_this_machine = False

    def mount(self, app):
        app.add_route("/users", self)
        app.add_route("/ready", self)

    async def on_get(self, req, resp):
        resp.text = "administration"

    async def open(self): ...
    async def close(self): ...


app = Gateway(
    routes=(Route(ANY, ANY, ANY, api, tell),), administration=Inside(), listeners={listeners}, access_log=False
)
"""


@pytest.fixture
def ports() -> dict[str, int]:
    """Two free ports."""
    return {"http": free_port(), "admin": free_port()}


@pytest.fixture
def two(tmp_path: Path, ports: dict[str, int]) -> Iterator[Running]:
    """A gateway with a public and an admin listener."""
    build = write(tmp_path / "artifact", TWO.format(listeners="(http, admin)"), ports)
    with Running.artifact(build, port=ports["http"], admin_port=ports["admin"]) as running:
        yield running


def test_admin_is_reached_through_its_listener_alone(two: Running, ports: dict[str, int]) -> None:
    """No Host, target or forwarded field makes a public request an admin one, or the other way round."""
    admin = f"127.0.0.1:{ports['admin']}"
    for sent in (
        get("/users", host=admin),
        get(f"http://{admin}/users", host=admin),
        get("/users", f"X-Forwarded-Host: {admin}", f"X-Forwarded-Port: {ports['admin']}", f"Forwarded: host={admin}"),
    ):
        assert ask(ports["http"], sent).body == b"public"
    public = f"127.0.0.1:{ports['http']}"
    assert ask(ports["admin"], get("/users", host=public)).body == b"administration"
    assert ask(ports["admin"], get("/else")).status == 404


def test_a_port_of_nought(tmp_path: Path) -> None:
    """Listeners on any free port are told apart by the port they got."""
    ports = {"http": 0, "admin": 0}
    build = write(tmp_path / "artifact", TWO.format(listeners="(http, admin)"), ports)
    running = Running.artifact(build, port=1)
    with (tmp_path / "out").open("wb") as output:
        running.process = subprocess.Popen(
            running._command, stdout=output, stderr=subprocess.PIPE, start_new_session=True
        )
    try:
        assert running.process.stderr is not None
        found: dict[str, int] = {}
        while len(found) < 2:
            words = running.process.stderr.readline().decode().split()
            assert words, "it did not come up"
            if words[:1] == ["egc:"]:
                found[words[1]] = int(words[-1].rpartition(":")[2])
        assert ask(found["http"], get("/users")).body == b"public"
        assert ask(found["admin"], get("/users")).body == b"administration"
    finally:
        running.stop()


@pytest.mark.parametrize("listeners", ["(http,)", "(admin, http)", "(http, admin, http)"])
def test_sockets_that_are_not_the_listeners(tmp_path: Path, ports: dict[str, int], listeners: str) -> None:
    """Where gunicorn binds other ports than the gateway expects, in number or order, nothing is served."""
    build = write(tmp_path / "artifact", TWO.format(listeners=listeners), ports)
    running = Running.artifact(build, port=ports["http"])
    with pytest.raises(AssertionError, match="egc: gunicorn binds the ports"):
        running.start()
    for port in ports.values():
        with pytest.raises(ConnectionRefusedError):
            Caller(port)


def test_an_unknown_address_is_refused() -> None:
    """Under another server, a request that came to no listener's address gets 421."""
    listener = Listener("http", host="127.0.0.1", port=80)
    assert not listener.takes(("127.0.0.1", 81))
    assert not listener.takes(("10.0.0.1", 80))
    assert listener.takes(("127.0.0.1", 80))
    assert listener.takes(("::ffff:127.0.0.1", 80))
    assert Listener("http", port=80).takes(("10.0.0.1", 80))
