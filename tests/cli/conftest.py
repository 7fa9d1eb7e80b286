"""The command line in this process, and servers for it to talk to."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from egc.compiler.cli import main
from tests.cli.gateway import Gateway
from tests.cli.wire import Wire


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """stdout as one JSON document."""
        return json.loads(self.out)


Egc = Callable[..., Result]


@pytest.fixture
def egc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Egc:
    """Run a command in an empty directory: `egc("users", "list", stdin="...")`."""
    monkeypatch.chdir(tmp_path)
    for name in ("EG_ADMIN_URL", "EG_CONFIG_DIR", "EGC_ADMIN_KEY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        code = main(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def wire(egc: Egc, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A stand-in for the Admin API that answers what a test tells it to; commands find it by EG_ADMIN_URL."""
    with Wire() as server:
        monkeypatch.setenv("EG_ADMIN_URL", server.url)
        yield server


@pytest.fixture
def gateway(egc: Egc, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A real Admin API with an empty store; commands find it by EG_ADMIN_URL."""
    with Gateway(tmp_path_factory.mktemp("data")) as server:
        monkeypatch.setenv("EG_ADMIN_URL", server.url)
        yield server
