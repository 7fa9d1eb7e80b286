"""TLS listeners: the certificate by name, and never plaintext where a certificate is bad."""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from tests.gateways import write
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

MODULE = """
http = Listener("http", host="127.0.0.1", port=PORTS["http"])
https = Listener(
    "https",
    host="127.0.0.1",
    port=PORTS["https"],
    certificates=(
        Certificate("*.shop.example", key="shop.pem", cert="shop.pem"),
        Certificate("default", key={key!r}, cert="default.pem"),
    ),
)
step = Terminate(status_code=200, message="hello")
api = Endpoint("api", scopes=())

def default(x: Exchange) -> Outcome:
    return step(x)

app = Gateway(routes=(Route(ANY, ANY, ANY, api, default),), listeners=(http, https), access_log=False)
"""


def certificates(directory: Path) -> trustme.CA:
    """Two key pairs as PEM files, and the authority that signed them."""
    authority = trustme.CA()
    for name, host in (("shop", "a.shop.example"), ("default", "gateway.example")):
        pair = authority.issue_cert(host).private_key_and_cert_chain_pem
        pair.write_to_path(str(directory / f"{name}.pem"))
    return authority


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
    authority = certificates(tmp_path)
    ports = {"http": free_port(), "https": free_port()}
    build = write(tmp_path / "artifact", MODULE.format(key="default.pem"), ports)
    with Running.artifact(build, port=ports["http"], env={"EGC_FILES": str(tmp_path)}):
        assert names(ports["https"], authority, "x.shop.example") == ["a.shop.example"]
        assert names(ports["https"], authority, "else.example") == ["gateway.example"]


def test_a_key_that_does_not_fit_ends_the_start(tmp_path: Path) -> None:
    certificates(tmp_path)
    ports = {"http": free_port(), "https": free_port()}
    build = write(tmp_path / "artifact", MODULE.format(key="shop.pem"), ports)
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
