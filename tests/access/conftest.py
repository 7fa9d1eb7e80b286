"""A configuration in a directory of its own, and `egc access` in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from egc.compiler.cli import main

SHOP = """\
http: {port: 8080}
apiEndpoints:
  invoices: {host: api.example.com, paths: '/invoices/*', scopes: [invoices.read]}
  admin: {host: api.example.com, paths: '/admin/*', methods: [GET, DELETE], scopes: [admin]}
  prices: {paths: '/prices'}
  lost: {paths: '/lost'}
serviceEndpoints:
  billing: {url: 'http://localhost:3000'}
  catalogue: {urls: ['http://localhost:3001', 'http://localhost:3002']}
policies: [key-auth, rate-limit, proxy]
pipelines:
  money:
    apiEndpoints: [invoices, admin]
    policies:
      - key-auth:
      - rate-limit: {action: {max: 20, windowMs: 1000, delayMs: 0}}
      - proxy: {action: {serviceEndpoint: billing}}
  shop:
    apiEndpoints: [prices]
    policies:
      - proxy: {action: {serviceEndpoint: catalogue}}
"""
"""Two guarded endpoints, an open one and one in no pipeline."""


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


Access = Callable[..., Result]


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Access:
    """Run `egc access` on a configuration: `access("--format", "json", gateway=..., expect=...)`."""
    monkeypatch.chdir(tmp_path)
    for name in ("EG_CONFIG_DIR", "GITHUB_ACTIONS", "EGC_EG_COMPAT"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, gateway: str = SHOP, system: str = "", expect: str = "") -> Result:
        config = tmp_path / "config"
        config.mkdir(exist_ok=True)
        for name, text in (
            ("gateway.config.yml", gateway),
            ("system.config.yml", system),
            ("egc.access.yml", expect),
        ):
            (config / name).unlink(missing_ok=True)
            if text:
                (config / name).write_text(text, encoding="utf-8")
        code = main(["access", "config", *arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run
