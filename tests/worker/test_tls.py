"""TLS listeners: the certificate by name, and never plaintext where a certificate is bad."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from egc.compiler.globs import glob_pattern
from tests.callers import Broken, Caller, get
from tests.gateways import write
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

MODULE = """
from egc.runtime.conditions.tls_client_authenticated import TlsClientAuthenticated
from egc.runtime.patterns import pattern

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
https = Listener(
    "https",
    host="127.0.0.1",
    port=PORTS["https"],
    certificates=({certificates}),
    request_cert={ask},
    reject_unauthorized={refuse},
)
step = Terminate(status_code=200, message="hello")
known = Terminate(status_code=203, message="known")
certified = TlsClientAuthenticated()
api = Endpoint("api", scopes=())

def default(x: Exchange) -> Outcome:
    if certified(x):
        return known(x)
    return step(x)

app = Gateway(routes=(Route(ANY, ANY, ANY, api, default),), listeners=(http, https), access_log=False)
"""

DEFAULT = 'Certificate("default", key="default.pem", cert="default.pem"),'
DIFFERENT = 'Certificate("default", key="shop.pem", cert="default.pem"),'
NAMED = 'Certificate("exact.example", key="exact.pem", cert="exact.pem"),'


def glob(text: str, file: str) -> str:
    """The certificate of a glob, as it is emitted."""
    found = glob_pattern(text)
    return f"Certificate({text!r}, matches=pattern({found.regex!r}), key='{file}.pem', cert='{file}.pem'),"


def certificates(directory: Path) -> trustme.CA:
    """Key pairs as PEM files, and the authority that signed them."""
    authority = trustme.CA()
    hosts = {"shop": "a.shop.example", "exact": "exact.example", "default": "gateway.example"}
    for name, host in hosts.items():
        pair = authority.issue_cert(host).private_key_and_cert_chain_pem
        pair.write_to_path(str(directory / f"{name}.pem"))
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    return authority


@contextmanager
def serving(directory: Path, *written: str, ask: bool = False, refuse: bool = True) -> Iterator[int]:
    """A gateway with these certificates; the port of its TLS listener."""
    ports = {"http": free_port(), "https": free_port()}
    module = MODULE.format(certificates=" ".join(written), ask=ask, refuse=refuse)
    build = write(directory / "artifact", module, ports)
    with Running.artifact(build, port=ports["http"], env={"EGC_FILES": str(directory)}):
        yield ports["https"]


def names(port: int, authority: trustme.CA, asked: str) -> list[str]:
    """The names in the certificate that the gateway shows to a caller who asks for `asked`."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname=asked) as secure,
    ):
        shown = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
        alternatives = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return alternatives.get_values_for_type(x509.DNSName)


def test_certificate_by_name(tmp_path: Path) -> None:
    """D26, D27: in the order of the file, `*` crosses dots, case counts, and the default takes the rest."""
    authority = certificates(tmp_path)
    with serving(tmp_path, NAMED, glob("*.shop.example", "shop"), DEFAULT) as port:
        shown = {
            asked: names(port, authority, asked)
            for asked in ("exact.example", "x.shop.example", "y.x.shop.example", "shop.example", "X.Shop.example")
        }
    assert shown == {
        "exact.example": ["exact.example"],
        "x.shop.example": ["a.shop.example"],
        "y.x.shop.example": ["a.shop.example"],
        "shop.example": ["gateway.example"],
        "X.Shop.example": ["gateway.example"],
    }


def test_the_first_certificate_that_fits(tmp_path: Path) -> None:
    """D27."""
    authority = certificates(tmp_path)
    with serving(tmp_path, glob("{exact,other}.example", "shop"), NAMED, glob("*", "default")) as port:
        assert names(port, authority, "exact.example") == ["a.shop.example"]
        assert names(port, authority, "third.example") == ["gateway.example"]


@pytest.mark.parametrize("written", ["", NAMED])
def test_no_certificate_for_a_name(tmp_path: Path, written: str) -> None:
    """D27, D28: the handshake fails."""
    authority = certificates(tmp_path)
    with serving(tmp_path, written) as port, pytest.raises(ssl.SSLError):
        names(port, authority, "third.example")


@pytest.mark.parametrize(
    ("refuse", "shows", "status"),
    [
        (True, "ours", 203),
        (True, "none", 0),
        (True, "theirs", 0),
        (False, "none", 200),
        (False, "ours", 203),
        (False, "theirs", 0),
    ],
)
def test_client_certificates(tmp_path: Path, refuse: bool, shows: str, status: int) -> None:
    """D29, D139: with `rejectUnauthorized` or without; the `ca` of the certificate says who is trusted.

    203 is what a step answers whose condition is tlsClientAuthenticated.
    """
    authority = certificates(tmp_path)
    trusting = 'Certificate("default", key="default.pem", cert="default.pem", ca=("ca.pem",)),'
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if shows != "none":
        signer = authority if shows == "ours" else trustme.CA()
        signer.issue_cert("caller.example").configure_cert(context)
    answered = 0
    with serving(tmp_path, trusting, ask=True, refuse=refuse) as port:
        try:
            with Caller(port, tls=context, name="gateway.example") as caller:
                reply = caller.send(get()).reply()
                answered = reply.status if reply is not None else 0
        except (OSError, Broken):
            pass
    assert answered == status


def test_a_key_that_does_not_fit_ends_the_start(tmp_path: Path) -> None:
    certificates(tmp_path)
    ports = {"http": free_port(), "https": free_port()}
    build = write(tmp_path / "artifact", MODULE.format(certificates=DIFFERENT, ask=False, refuse=True), ports)
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", str(build / "gunicorn.conf.py")],
        env={"PATH": "/usr/bin:/bin", "EGC_FILES": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "egc: cannot use a certificate of the configuration" in ended.stderr
    assert "Traceback" not in ended.stderr
    for port in ports.values():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 1)
