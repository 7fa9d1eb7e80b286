"""`egc migrate check`: what of a project is supported, changed or unsupported, with places and an exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from egc.compiler.cli import main

GATEWAY = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - proxy:
          - condition: {name: method, methods: [GET]}
            action: {serviceEndpoint: orders, proxyTimeout: 5000}
"""


def told(path: Path, capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    """What the command says of a project."""
    assert main(["migrate", "check", str(path), "--format", "json"]) == code
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    return read


def project(directory: Path, gateway: str = GATEWAY, system: str = "", package: object = None) -> Path:
    """A project of Express Gateway."""
    (directory / "config").mkdir()
    (directory / "config" / "gateway.config.yml").write_text(gateway)
    if system:
        (directory / "config" / "system.config.yml").write_text(system)
    if package is not None:
        (directory / "package.json").write_text(json.dumps(package, indent=2))
    return directory


def abouts(found: dict[str, Any], verdict: str) -> dict[str, dict[str, Any]]:
    return {one["about"]: one for one in found[verdict]}


@pytest.mark.parametrize("inside", ["", "config"])
def test_what_does_what_it_did_is_supported(tmp_path: Path, capsys: pytest.CaptureFixture[str], inside: str) -> None:
    found = told(project(tmp_path) / inside, capsys, 0)
    supported = abouts(found, "supported")
    assert list(supported) == ["policy proxy", "condition method", "apiEndpoints", "serviceEndpoints", "pipelines"]
    assert supported["policy proxy"]["places"] == [f"{tmp_path}/config/gateway.config.yml:11"]
    assert (found["changed"], found["unsupported"]) == ([], [])


def test_data_that_is_to_be_carried_is_a_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    system = "crypto: {cipherKey: hidden}\ndb: {redis: {host: redis.example.com}}\naccessTokens: {tokenType: opaque}\n"
    found = told(project(tmp_path, system=system), capsys, 1)
    changed = abouts(found, "changed")
    assert {"crypto.cipherKey", "db.redis"} <= changed.keys()
    assert changed["db.redis"]["places"] == [f"{tmp_path}/config/system.config.yml:2"]
    assert "egc migrate --from-redis" in changed["db.redis"]["help"]
    assert "hidden" not in json.dumps(found)


def test_a_plugin_in_javascript_is_unsupported_wherever_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = {
        "dependencies": {
            "express-gateway": "^1.16.0",
            "express-gateway-plugin-rewrite": "1.3.0",
            "express-gateway-plugin-jwtscopes": "1.0.0",
            "lodash": "4",
        }
    }
    found = told(project(tmp_path, package=package), capsys, 3)
    unsupported = abouts(found, "unsupported")
    assert list(unsupported) == ["plugin express-gateway-plugin-jwtscopes"]
    assert unsupported["plugin express-gateway-plugin-jwtscopes"]["places"] == [f"{tmp_path}/package.json:5"]
    assert {"express-gateway", "plugin express-gateway-plugin-rewrite"} <= abouts(found, "supported").keys()


def test_what_needs_eg_compat_is_a_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project(tmp_path, GATEWAY.replace("proxyTimeout: 5000", "proxyTimeout: 5000, changOrigin: true"))
    changed = abouts(told(path, capsys, 1), "changed")["unknown-property"]
    assert changed["places"] == [f"{tmp_path}/config/gateway.config.yml:13"]
    assert "--eg-compat" in changed["help"]


def test_what_does_not_compile_says_that_there_may_be_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project(tmp_path, GATEWAY.replace("policies: [proxy]", "policies: [proxy, nonsense]\nnothing: 1"))
    found = told(path, capsys, 3)
    assert found["compiles"] is False
    assert found["unsupported"]
    assert main(["migrate", "check", str(path)]) == 3
    assert "does not compile" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[]", '{"dependencies": 7}', "[" * 100_000])
def test_a_package_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (project(tmp_path) / "package.json").write_text(text)
    assert "package.json" in abouts(told(tmp_path, capsys, 1), "changed")


def test_markdown_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "check", str(project(tmp_path)), "--format", "markdown"]) == 0
    out = capsys.readouterr().out
    assert "## Supported\n\n| what | says | where | help |\n" in out
    assert "Everything does what it did." in out
