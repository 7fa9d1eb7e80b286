"""The article's gateway, running: its configuration, its users and app, a stand-in for httpbin, and a browser."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from selenium import webdriver

from tests.needs import needs
from tests.running import Running, free_port

CONFIG = """\
http:
  port: {http}
  {trusted}
admin:
  port: {admin}
  hostname: localhost
apiEndpoints:
  api:
    host: localhost
    paths: '/ip'
serviceEndpoints:
  httpbin:
    url: 'http://127.0.0.1:{httpbin}'
policies:
  - basic-auth
  - cors
  - expression
  - key-auth
  - log
  - oauth2
  - proxy
  - rate-limit
pipelines:
  - name: default
    apiEndpoints:
      - api
    policies:
      - oauth2:
      - proxy:
          - action:
              serviceEndpoint: httpbin
              changeOrigin: true
"""


class Page(BaseHTTPRequestHandler):
    """Answers every GET; what httpbin and an app's redirect target have in common."""

    def do_GET(self) -> None:
        body = json.dumps({"origin": "127.0.0.1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def site() -> Iterator[int]:
    """A web site of its own origin; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Article:
    """The article's gateway with val, her two credentials, and a way to make apps."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.public = f"http://localhost:{running.port}"
        self.post("/users", username="val", firstname="Valeri", lastname="Karpov", email="val@example.com")
        self.post("/credentials", consumerId="val", type="oauth2", credential={})
        self.post("/credentials", consumerId="val", type="basic-auth", credential={"password": "bacon"})

    def post(self, path: str, **body: object) -> dict[str, str]:
        """Create something through the Admin API."""
        response = requests.post(self.running.admin + path, json=body, timeout=10)
        response.raise_for_status()
        made: dict[str, str] = response.json()
        return made

    def app(self, redirect_uri: str, name: str = "testapp") -> str:
        """A new app of val's; its id."""
        return self.post("/apps", userId="val", name=name, redirectUri=redirect_uri)["id"]

    def ip(self, token: str | None) -> requests.Response:
        """What `curl` gets from /ip, with or without the token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(f"{self.public}/ip", headers=headers, timeout=10)


def project(tmp_path: Path, httpbin: int, trusted: str = "") -> Running:
    """The article's configuration in a directory of its own, ready to be started."""
    config = tmp_path / "config"
    config.mkdir()
    http, admin = free_port(), free_port()
    (config / "gateway.config.yml").write_text(CONFIG.format(http=http, admin=admin, httpbin=httpbin, trusted=trusted))
    return Running.project(config, port=http, admin_port=admin)


@pytest.fixture
def article(tmp_path: Path, site: int) -> Iterator[Article]:
    """The article's gateway, running."""
    with project(tmp_path, site) as running:
        yield Article(running)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Headless Chromium with a profile of its own."""
    needs("chromium", "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.accept_insecure_certs = True
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()
