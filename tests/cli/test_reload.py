"""`egc run` takes a changed configuration over, and never stops for one that is wrong (D51-D57, D462, C10, C312)."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from tests.callers import Caller, ask, get
from tests.cli.reloading import CONFIG, Reloading, edit, filled, gateway, replace
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

STILL = "still serving what was built at"
TAKEN = "serving the new configuration after"
AFTER = CONFIG.replace("before", "after")

PROXY = """\
http: {port: $HTTP, hostname: 127.0.0.1}
apiEndpoints: {all: {host: '*', paths: '/'}}
serviceEndpoints: {up: {url: 'http://127.0.0.1:$UP'}}
policies: [proxy]
pipelines:
  p: {apiEndpoints: [all], policies: [{proxy: {action: {serviceEndpoint: up}}}]}
"""

WRONG = {
    "yaml": ("pipelines: [", "D46"),
    "schema": (CONFIG.replace("port: $HTTP", "port: [1]"), "D47"),
    "unknown-policy-listed": (CONFIG.replace("[terminate]", "[terminate, nosuch]"), "D48, D462, C10"),
    "no-policies": (CONFIG.replace("policies: [terminate]\n", ""), "D48, D462, C10"),
    "unknown-policy-used": (CONFIG.replace("{terminate: {", "{nosuch: {"), "D48"),
    "parameters": (CONFIG.replace("statusCode: 200", "statusCode: none"), "D48"),
    "unknown-service": (
        CONFIG.replace("[terminate]", "[proxy]").replace(
            "terminate: {action: {statusCode: 200, message: before}}", "proxy: {action: {serviceEndpoint: nosuch}}"
        ),
        "D48",
    ),
    "unset-variable-of-the-shape": (CONFIG.replace("'/'", "'${NOSUCH}'"), "D7"),
    "unset-variable-at-start": (CONFIG.replace("statusCode: 200", "statusCode: '${NOSUCH}'"), "D7"),
    "no-port": (CONFIG.replace("port: $HTTP", "port: '${NOSUCH}'"), "D7"),
    "empty": ("", "D32"),
}


def answer(running: Reloading, path: str = "/") -> str:
    """What the gateway answers to a new connection."""
    return ask(running.port, get(path)).body.decode()


def test_an_edit_is_taken_over(tmp_path: Path) -> None:
    """D51, D52: endpoints, pipelines, policies; the lines say that it began, that it is done and after how long."""
    with gateway(tmp_path) as running:
        assert answer(running) == "before"
        edit(running, AFTER.replace("paths: '/'", "paths: '/new'"))
        log = running.says(TAKEN)
        assert answer(running, "/new") == "after"
        assert ask(running.port, get("/")).status == 404
        began, done = (line for line in log.splitlines() if "gateway.config.yml" in line or TAKEN in line)
        assert began == "egc: gateway.config.yml changed: taking it over"
        assert float(done.removeprefix(f"egc: {TAKEN}").removesuffix(" s")) > 0
        # For a person who wants to read what is served.
        assert "after" in (running.config / ".egc" / "gateway.py").read_text()


def test_what_is_wrong_is_told_and_never_served(tmp_path: Path) -> None:
    """D46, D47, D48, D436, D462, C8, C10: findings as at the start, one line that says what goes on, and it goes on."""
    with gateway(tmp_path) as running:
        for number, (text, _) in enumerate(WRONG.values(), 1):
            edit(running, text)
            log = running.says(STILL, number)
            assert answer(running) == "before"
        lines = [line for line in log.splitlines() if line.startswith("egc: ") and STILL in line]
        assert len(lines) == len(WRONG)
        assert {line.split(": ")[1] for line in lines} == {
            "gateway.config.yml is wrong",
            "what was built does not start",
        }
        assert log.count("NOSUCH") >= 3
        assert "Traceback" not in log
        assert TAKEN not in log
        # Back to what is served: nothing has to be done, and that is told.
        edit(running, CONFIG)
        running.says("the configuration is again what was built at")
        edit(running, AFTER)
        running.says(TAKEN)
        assert answer(running) == "after"


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_would_not_start_either(tmp_path: Path, what: str) -> None:
    """The list above holds nothing that a start takes."""
    with pytest.raises(AssertionError, match="did not come up"):
        gateway(tmp_path, WRONG[what][0]).start()


def test_every_way_of_writing_is_seen(tmp_path: Path) -> None:
    """D57: replaced by rename, again and again, and deleted and made again."""
    with gateway(tmp_path) as running:
        for number in range(1, 4):
            replace(running, CONFIG.replace("before", f"renamed {number}"))
            running.says(TAKEN, number)
            assert answer(running) == f"renamed {number}"
        (running.config / "gateway.config.yml").unlink()
        running.says(STILL)
        assert answer(running) == "renamed 3"
        edit(running, AFTER)
        running.says(TAKEN, 4)
        assert answer(running) == "after"


def test_the_links_of_a_config_map_are_followed(tmp_path: Path) -> None:
    """D57: Kubernetes swaps the link ..data; the files' own names stay as they are."""
    running = gateway(tmp_path)
    file = running.config / "gateway.config.yml"
    for number in range(3):
        (running.config / f"..{number}").mkdir()
        text = filled(running, CONFIG.replace("before", f"version {number}"))
        (running.config / f"..{number}" / file.name).write_text(text)
    (running.config / "..data").symlink_to("..0")
    file.unlink()
    file.symlink_to("..data/gateway.config.yml")
    with running:
        assert answer(running) == "version 0"
        for number in (1, 2):
            (running.config / "..tmp").symlink_to(f"..{number}")
            (running.config / "..tmp").rename(running.config / "..data")
            running.says(TAKEN, number)
            assert answer(running) == f"version {number}"
            shutil.rmtree(running.config / f"..{number - 1}")


def test_other_files_of_the_configuration_count_too(tmp_path: Path) -> None:
    """D51: system.config, here one that is new and wrong, then right; C5: models."""
    with gateway(tmp_path, CONFIG + "admin: {port: $ADMIN, host: localhost}\n") as running:
        system = running.config / "system.config.yml"
        system.write_text("accessTokens: [\n")
        running.says(f"system.config.yml is wrong: {STILL}")
        system.write_text("accessTokens: {timeToExpiry: 60000}\n")
        running.says(TAKEN)
        (running.config / "models").mkdir()
        (running.config / "models" / "users.json").write_text("{")
        running.says("models/users.json is wrong")
        assert answer(running) == "before"


def test_a_touch_is_no_change(tmp_path: Path) -> None:
    """What compiles to the same files is not taken over; SIGHUP is a wish, and is."""
    with gateway(tmp_path) as running:
        os.utime(running.config / "gateway.config.yml")
        running.signal(signal.SIGHUP)
        running.says(TAKEN)
        os.utime(running.config / "gateway.config.yml")
        edit(running, AFTER)
        log = running.says(TAKEN, 2)
        assert log.count("taking it over") == 2
        assert answer(running) == "after"


def test_what_changes_while_it_is_built_is_built_again(tmp_path: Path) -> None:
    """What was read may be half of one text and half of another: it is not served, the last one is."""
    many = "".join(f"e{number}: {{host: '*', paths: '/{number}/:a'}}, " for number in range(1000))
    with gateway(tmp_path) as running:
        edit(running, CONFIG.replace("before", "between").replace("apiEndpoints: {", "apiEndpoints: {" + many))
        running.until(lambda: running.children("_beside") != [], "a build")
        edit(running, AFTER)
        running.says(TAKEN)
        assert answer(running) == "after"
        assert running.output().count(TAKEN) == 1


def test_a_request_in_flight_ends_on_its_build(tmp_path: Path) -> None:
    """D53: a build that was replaced goes when nothing is in flight on it any more."""
    release = asyncio.Event()

    async def slow(wire: Wire) -> None:
        await wire.body()
        await release.wait()
        await wire.respond(b"done")

    with Upstream() as service, gateway(tmp_path, PROXY.replace("$UP", str(service.port))) as running:
        service.clear()
        service.answer = slow
        with Caller(running.port, wait=60) as caller:
            caller.send(get("/"))
            assert service.has(1)
            edit(running, AFTER)
            running.says(TAKEN)
            assert answer(running) == "after"
            service.call(release.set)
            reply = caller.final()
            assert (reply.status, reply.body, reply.closes) == (200, b"done", True)


def test_a_listener_moves(tmp_path: Path) -> None:
    """C312 done right: a changed port is listened on, the old one is left."""
    with gateway(tmp_path) as running:
        edit(running, AFTER.replace("$HTTP", "$HTTPS"))
        running.says(f"http listens on http://127.0.0.1:{running.ports['HTTPS']}")
        assert ask(running.ports["HTTPS"], get("/")).body == b"after"
        running.until(lambda: refused(running.ports["HTTP"]))


def test_a_listener_is_added_and_taken_away(tmp_path: Path) -> None:
    """The others stay open meanwhile."""
    with gateway(tmp_path) as running:
        edit(running, CONFIG + "admin: {port: $ADMIN, host: localhost}\n")
        running.says("admin listens on")
        assert ask(running.ports["ADMIN"], get("/ready", host="localhost")).status == 200
        edit(running, AFTER)
        running.says(TAKEN, 2)
        running.until(lambda: refused(running.ports["ADMIN"]))
        assert answer(running) == "after"


def test_a_listener_takes_more_interfaces_on_the_same_port(tmp_path: Path) -> None:
    """The socket that is in the way is our own."""
    with gateway(tmp_path) as running:
        edit(running, AFTER.replace("127.0.0.1", "0.0.0.0"))
        running.says(f"http listens on http://0.0.0.0:{running.port}")
        assert answer(running) == "after"
        edit(running, CONFIG)
        running.says(f"http listens on http://127.0.0.1:{running.port}", 2)
        assert answer(running) == "before"


def test_a_port_that_is_taken_is_told_and_nothing_stops(tmp_path: Path) -> None:
    """The address is tried before anything is replaced; once it is free, the next change has it."""
    with gateway(tmp_path) as running:
        with socket.create_server(("127.0.0.1", running.ports["HTTPS"])):
            edit(running, AFTER.replace("$HTTP", "$HTTPS"))
            log = running.says(STILL)
            assert f"Port {running.ports['HTTPS']} is taken" in log
            assert answer(running) == "before"
        running.signal(signal.SIGHUP)
        running.says(TAKEN)
        assert ask(running.ports["HTTPS"], get("/")).body == b"after"


def test_a_build_that_does_not_start_is_not_served(tmp_path: Path) -> None:
    """Only the worker finds that the store cannot be opened; gunicorn would end, but it is the one beside."""
    (tmp_path / "data").write_text("a file where a directory should be")
    with gateway(tmp_path, env={"EGC_DATA": str(tmp_path / "data")}) as running:
        edit(running, AFTER + "admin: {port: $ADMIN, host: localhost}\n")
        log = running.says(STILL)
        assert f"what was built does not start: {STILL}" in log
        assert answer(running) == "before"
        running.until(lambda: refused(running.ports["ADMIN"]))
        (tmp_path / "data").unlink()
        running.signal(signal.SIGHUP)
        running.says(TAKEN)
        assert answer(running) == "after"


def test_certificates_are_watched_and_checked(tmp_path: Path) -> None:
    """D52 done better: a new certificate is shown, a key that does not fit it is not."""
    authority = trustme.CA()

    def issue(name: str) -> None:
        made = authority.issue_cert(name)
        made.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
        made.private_key_pem.write_to_path(str(tmp_path / "key.pem"))

    issue("one.example")
    tls = (
        CONFIG.replace("http:", "https:")
        .replace("$HTTP", "$HTTPS")
        .replace("hostname: 127.0.0.1", "hostname: 127.0.0.1, tls: {default: {key: $D/key.pem, cert: $D/cert.pem}}")
    )
    text = "http: {port: $HTTP, hostname: 127.0.0.1}\n" + tls.replace("$D", str(tmp_path))
    with gateway(tmp_path, text) as running:
        assert shown_name(running.ports["HTTPS"]) == "one.example"
        authority.issue_cert("other.example").private_key_pem.write_to_path(str(tmp_path / "key.pem"))
        log = running.says(STILL)
        assert "cannot use a certificate" in log
        assert shown_name(running.ports["HTTPS"]) == "one.example"
        issue("two.example")
        running.says(TAKEN)
        assert shown_name(running.ports["HTTPS"]) == "two.example"
        # A certificate that comes while the configuration is wrong is not forgotten when that is right again.
        edit(running, "pipelines: [")
        running.says("gateway.config.yml is wrong")
        issue("three.example")
        running.says(STILL, 3)
        edit(running, text)
        running.says(TAKEN, 2)
        assert shown_name(running.ports["HTTPS"]) == "three.example"


def test_routes_of_policies_keep_their_place(tmp_path: Path) -> None:
    """D458, D464: oauth2 that comes with a reload is asked before the endpoints, as after a start."""
    text = CONFIG.replace("paths: '/'", "paths: ['/', '/login']") + "admin: {port: $ADMIN, host: localhost}\n"
    with gateway(tmp_path, text) as running:
        assert answer(running, "/login") == "before"
        edit(running, text.replace("policies: [terminate]\n", "policies: [terminate, oauth2]\n"))
        running.says(TAKEN)
        reloaded = ask(running.port, get("/login"))
        assert reloaded.body != b"before"
    with running:
        assert ask(running.port, get("/login")).status == reloaded.status
        assert answer(running, "/") == "before"


@pytest.mark.parametrize("name", ["EG_DISABLE_CONFIG_WATCH", "EGC_DISABLE_CONFIG_WATCH"])
def test_watching_can_be_switched_off(tmp_path: Path, name: str) -> None:
    """D56, D59, D396, C12: any value but the empty one, `false` too. Then the process is gunicorn."""
    with gateway(tmp_path, env={name: "false"}) as running:
        assert running.process is not None
        words = Path(f"/proc/{running.process.pid}/cmdline").read_bytes().split(b"\0")
        assert b"gunicorn" in words
        edit(running, AFTER)
        assert answer(running) == "before"


def shown_name(port: int) -> str:
    """The name in the certificate that a caller is shown."""
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return str(names.get_values_for_type(x509.DNSName)[0])


def refused(port: int) -> bool:
    """Whether nobody listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False
