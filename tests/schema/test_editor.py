"""The language server that editors run for YAML reads what `egc schema --modeline` wrote, and helps."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egc.compiler.cli import ExitCode, main
from tests.needs import needs

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "language_server"

GATEWAY = """\
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*', methods: [GET]}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth:
      - proxy:
          condition: {name: method, methods: [GET]}
          action:
            serviceEndpoint: orders
            stripPath: true
"""


class Server:
    """A language server, spoken to over its pipes."""

    def __init__(self, place: Path) -> None:
        program = place / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
        self._process = subprocess.Popen(["node", program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        self.ask("initialize", processId=None, rootUri=None, capabilities={"workspace": {"configuration": False}})
        self.tell("initialized")
        settings = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
        self.tell("workspace/didChangeConfiguration", settings=settings)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def tell(self, method: str, **params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: object) -> Any:
        """Send a request and return its result."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == number and "method" not in message:
                return message["result"]

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a document, and return what is wrong with it."""
        uri = path.as_uri()
        self.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found

    def _send(self, message: dict[str, object]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """The next message; requests of the server are answered with nothing."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        return message


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    needs("node", "npm")
    place = tmp_path_factory.mktemp("language-server")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=120)
    server = Server(place)
    yield server
    server.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A configuration that has been told its schema."""
    path = tmp_path / "gateway.config.yml"
    path.write_text(GATEWAY)
    assert main(["schema", "--modeline", str(path)]) == ExitCode.CLEAN
    return path


def place(text: str, mark: str) -> dict[str, int]:
    """Line and character of the last character of a mark."""
    before = text[: text.index(mark) + len(mark) - 1]
    return {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


def test_a_good_file_has_no_finding(server: Server, gateway: Path) -> None:
    assert server.open(gateway, gateway.read_text()) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("stripPath: true", "stripPaht: true", "stripPaht"),
        ("stripPath: true", "stripPath: perhaps", "boolean"),
        ("- key-auth:", "- key-auht:", "key-auht"),
        ("name: method,", "name: methd,", "anyOf|Value is not accepted|allOf"),
        ("methods: [GET]}\n          action", "methods: [PSOT]}\n          action", "GET"),
        ("{url: 'http://localhost:3000'}", "{}", "url"),
    ],
)
def test_a_mistake_is_underlined(server: Server, gateway: Path, right: str, wrong: str, said: str) -> None:
    text = gateway.read_text()
    assert right in text
    found = server.open(gateway, text.replace(right, wrong, 1))
    assert any(word in one["message"] for one in found for word in said.split("|")), found
    changed = {
        number
        for number, pair in enumerate(zip(text.split("\n"), text.replace(right, wrong, 1).split("\n"), strict=True))
        if pair[0] != pair[1]
    }
    assert any(
        one["range"]["start"]["line"] <= max(changed) and one["range"]["end"]["line"] >= min(changed) for one in found
    )


def test_a_key_is_explained(server: Server, gateway: Path) -> None:
    text = gateway.read_text()
    server.open(gateway, text)
    hover = server.ask("textDocument/hover", textDocument={"uri": gateway.as_uri()}, position=place(text, "stripP"))
    shown = json.dumps(hover)
    assert "Leave away what the endpoint's path has" in shown
    assert "Express Gateway:" in shown


def test_keys_are_offered(server: Server, gateway: Path) -> None:
    text = gateway.read_text() + "            proxyT"
    server.open(gateway, text)
    offered = server.ask(
        "textDocument/completion",
        textDocument={"uri": gateway.as_uri()},
        position=place(text, "proxyT") | {"character": 18},
    )
    items = offered["items"] if isinstance(offered, dict) else offered
    assert "proxyTimeout" in {item["label"] for item in items}
