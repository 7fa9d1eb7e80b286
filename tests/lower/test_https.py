"""The https section: when there is a listener, and what it is told (D24-D30)."""

from pathlib import Path

import pytest

from tests.lower.project import build, findings, told

REST = """
admin: null
apiEndpoints: {all: {}}
policies: [terminate]
pipelines: {main: {apiEndpoints: [all], policies: [terminate: []]}}
"""


def https(directory: Path, section: str, http: str = "") -> str:
    """The emitted listeners of a configuration with this https section."""
    text = build(directory, f"{http}\nhttps: {section}\n{REST}").files["gateway.py"]
    return text[text.index("# ---- Listeners") : text.index("# ---- Endpoints")]


def test_https_needs_tls(tmp_path: Path) -> None:
    """D24: without `tls` there is no listener; Express Gateway said nothing."""
    found = findings(tmp_path, f"http: {{port: 8080}}\nhttps: {{port: 8443}}\n{REST}")
    assert told(found, "https-without-tls").severity == "warning"
    assert "https" not in https(tmp_path, "{port: 8443}", "http: {port: 8080}")


def test_key_and_certificate_are_needed(tmp_path: Path) -> None:
    """D25: a start failure in Express Gateway."""
    found = findings(tmp_path, f"https: {{tls: {{default: {{key: a.pem}}}}}}\n{REST}")
    assert "`cert`" in told(found, "missing-property").message


def test_authorities_are_a_list(tmp_path: Path) -> None:
    """D25: a bare string is rejected by the schema."""
    section = "{tls: {default: {key: a.pem, cert: b.pem, ca: c.pem}}}"
    assert any(one.severity == "error" for one in findings(tmp_path, f"https: {section}\n{REST}"))


def test_files_stay_where_they_are(tmp_path: Path) -> None:
    """D25, D26: paths are kept as written, and count from where the gateway starts."""
    text = https(tmp_path, "{tls: {default: {key: a.pem, cert: /b.pem, ca: [c.pem, d.pem]}}}")
    assert 'Certificate("default", key="a.pem", cert="/b.pem", ca=("c.pem", "d.pem"))' in " ".join(text.split())


def test_no_certificate_at_all(tmp_path: Path) -> None:
    """D28: the listener is there, and every handshake fails."""
    assert "certificates=()" in https(tmp_path, "{port: 8443, tls: {}}")


def test_options(tmp_path: Path) -> None:
    """D29: client certificates, ciphers and the lowest version."""
    options = "{requestCert: true, rejectUnauthorized: false, ciphers: ECDHE+AESGCM, minVersion: TLSv1.3}"
    text = https(tmp_path, f"{{tls: {{default: {{key: a, cert: b}}}}, options: {options}}}")
    for setting in (
        "request_cert=True",
        "reject_unauthorized=False",
        'ciphers="ECDHE+AESGCM"',
        'min_version="TLSv1.3"',
    ):
        assert setting in text


@pytest.mark.parametrize(("option", "name"), [("dhparam", "unsupported-tls-option"), ("key", "unsupported-tls-option")])
def test_an_option_that_would_be_lost_is_an_error(tmp_path: Path, option: str, name: str) -> None:
    """D29: whatever Node takes was passed on."""
    section = f"{{tls: {{default: {{key: a, cert: b}}}}, options: {{{option}: x}}}}"
    assert told(findings(tmp_path, f"https: {section}\n{REST}"), name)


def test_http_and_https_serve_the_same(tmp_path: Path) -> None:
    """D30."""
    compiled = build(tmp_path, f"http: {{port: 1}}\nhttps: {{port: 2, tls: {{default: {{key: a, cert: b}}}}}}\n{REST}")
    assert [listener.name for listener in compiled.plan.listeners] == ["http", "https"]
    assert compiled.files["gateway.py"].count("routes=") == 1


def test_a_glob_for_names_of_servers_is_a_pattern_of_the_module(tmp_path: Path) -> None:
    """D27."""
    text = https(tmp_path, '{tls: {"*.demo.io": {key: a, cert: b}, a.io: {key: a, cert: b}}}')
    assert r'"*.demo.io", matches=pattern(r"^[^.].*\.demo\.io\Z"), key="a", cert="b"' in " ".join(text.split())
    assert 'Certificate("a.io", key="a", cert="b")' in text


def test_a_glob_for_names_of_servers_that_could_hold_a_worker_is_an_error(tmp_path: Path) -> None:
    section = '{tls: {"*.!(x).!(y|z)": {key: a, cert: b}}}'
    assert told(findings(tmp_path, f"https: {section}\n{REST}"), "invalid-pattern")
