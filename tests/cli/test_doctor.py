"""`egc doctor`: what is in the way is found, named and gets advice."""

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from egc.compiler.cli import main
from tests.running import Running, free_port

GATEWAY = """\
http: {{port: {port}, host: 127.0.0.1}}
admin: {{port: {admin}, host: 127.0.0.1}}
apiEndpoints:
  orders: {{paths: '/orders'}}
serviceEndpoints:
  orders: {{url: 'http://127.0.0.1:{service}'}}
policies: [proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - proxy: {{action: {{serviceEndpoint: orders}}}}
{more}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that is good."""
    for name in ("EGC_DATA", "EG_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EGC_FILES", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "config"
    directory.mkdir(mode=0o755)
    return written(directory)


def written(directory: Path, more: str = "", **ports: int) -> Path:
    ports = {"port": free_port(), "admin": free_port(), "service": 1} | ports
    (directory / "gateway.config.yml").write_text(GATEWAY.format(more=more, **ports))
    return directory


def secured(directory: Path, key: str, certificate: str) -> None:
    """Add a listener for https."""
    files = f"{{key: config/{key}, cert: config/{certificate}}}"
    written(directory, f"https: {{port: {free_port()}, host: 127.0.0.1, tls: {{default: {files}}}}}")


def examined(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> list[dict[str, Any]]:
    """What the command finds."""
    found = main(["doctor", "--json", *words])
    out = capsys.readouterr().out
    assert found == code, out
    checks: list[dict[str, Any]] = json.loads(out)["checks"]
    return checks


def bad(checks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["what"], one["state"]) for one in checks if one["state"] != "ok" and one["what"] != "open files"]


def test_a_good_configuration_is_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json", "config"])
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert bad(checks) == []
    assert {"Python", "packages", "clock", "configuration", "files", "port", "store", "disk"} <= {
        one["what"] for one in checks
    }
    assert not (config / "data").exists()


def test_a_port_that_is_taken_is_named_with_who_has_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        written(config, port=taken.getsockname()[1])
        port = taken.getsockname()[1]
        checks = examined(capsys, 4, "config")
    assert bad(checks) == [("port", "error")]
    detail = next(one["detail"] for one in checks if one["state"] == "error")
    assert f"Port {port} is taken" in detail
    assert f"process {os.getpid()}" in detail


@pytest.mark.slow
def test_the_ports_of_the_gateway_itself_are_in_nobodys_way(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port, admin = free_port(), free_port()
    written(config, port=port, admin=admin)
    with Running.project(config, port=port, admin_port=admin):
        checks = examined(capsys, 0, "config")
    assert bad(checks) == []
    details = [one["detail"] for one in checks if one["what"] == "port"]
    assert [one.rpartition(":")[2] for one in details] == [
        f"{number} is taken by this gateway, which runs already." for number in (port, admin)
    ]


def test_a_configuration_that_does_not_compile(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "gateway.config.yml").write_text("policies: [nonsense]")
    assert ("configuration", "error") in bad(examined(capsys, 4, "config"))


def test_a_configuration_that_everybody_may_change(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "gateway.config.yml").chmod(0o666)
    assert bad(examined(capsys, 4, "config")) == [("files", "error")]


@pytest.mark.parametrize(("days", "state", "code"), [(-1, "error", 4), (5, "warning", 1), (300, "ok", 0)])
def test_certificates_that_end_soon(
    config: Path, capsys: pytest.CaptureFixture[str], days: int, state: str, code: int
) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("localhost", not_after=datetime.now(UTC) + timedelta(days=days))
    made.private_key_pem.write_to_path(str(config / "key.pem"))
    made.cert_chain_pems[0].write_to_path(str(config / "cert.pem"))
    (config / "key.pem").chmod(0o600)
    secured(config, "key.pem", "cert.pem")
    checks = examined(capsys, code, "config")
    found = {one["detail"].split()[0]: one["state"] for one in checks if one["what"] == "TLS"}
    assert found == {str(config / "key.pem"): "ok", str(config / "cert.pem"): state}


def test_a_key_that_everybody_may_read(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = trustme.CA().issue_cert("localhost")
    made.private_key_and_cert_chain_pem.write_to_path(str(config / "both.pem"))
    (config / "both.pem").chmod(0o644)
    secured(config, "both.pem", "both.pem")
    assert ("TLS", "warning") in bad(examined(capsys, 1, "config"))


def test_a_store_that_others_may_read(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "data").mkdir(mode=0o700)
    (config / "data" / "egc.db").touch(mode=0o644)
    assert ("store: permissions", "error") in bad(examined(capsys, 4, "config"))


def test_services_are_asked_only_when_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "service" not in {one["what"] for one in examined(capsys, 0, "config")}
    assert bad(examined(capsys, 1, "config", "--online")) == [("service", "warning")]
    with socket.socket() as service:
        service.bind(("127.0.0.1", 0))
        service.listen()
        written(config, service=service.getsockname()[1])
        assert bad(examined(capsys, 0, "config", "--online")) == []


def test_an_artifact_is_looked_at_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "config", "-o", "dist"]) == 0
    capsys.readouterr()
    assert bad(examined(capsys, 0, "dist")) == []


def test_a_variable_that_the_start_needs_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The build does not know it, the start does."""
    text = (config / "gateway.config.yml").read_text().splitlines()
    (config / "gateway.config.yml").write_text(
        "\n".join(["http: {port: '${NO_SUCH_PORT}', host: 127.0.0.1}", *text[1:]])
    )
    checks = examined(capsys, 4, "config")
    assert "NO_SUCH_PORT" in next(one["detail"] for one in checks if one["state"] == "error")


def test_lines_for_people(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "config"])
    assert "ok: configuration: config compiles." in capsys.readouterr().out
