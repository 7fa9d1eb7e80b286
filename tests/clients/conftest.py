"""A running gateway with a user, a confidential and a public app, and a person who logs in and allows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import pytest
import requests

from tests.running import Running, free_port

CALLBACK = "http://127.0.0.1/cb"
PASSWORD = "bacon"
CONFIG = """\
http:
  port: {http}
  hostname: 127.0.0.1
admin:
  port: {admin}
  hostname: localhost
apiEndpoints:
  api:
    host: '*'
    paths: /api
policies:
  - oauth2
  - terminate
pipelines:
  - name: default
    apiEndpoints:
      - api
    policies:
      - oauth2:
      - terminate:
          - action:
              statusCode: 200
              message: in
"""


@dataclass
class Authority:
    """The running gateway: `issuer`, the id and secret of an app, and the id of one that has no secret."""

    issuer: str
    client_id: str
    client_secret: str
    public_id: str

    def allow(self, url: str) -> str:
        """What a person does with the authorization URL; returns where the browser is sent at the end."""
        browser = requests.Session()
        asked = browser.get(url, allow_redirects=False, timeout=10)
        assert asked.headers["location"] == "/login"
        form = {"username": "val", "password": PASSWORD}
        back = browser.post(f"{self.issuer}/login", form, allow_redirects=False, timeout=10).headers["location"]
        page = browser.get(self.issuer + back, allow_redirects=False, timeout=10)
        found = re.search(r'name="transaction_id"[^>]*value="([^"]+)"', page.text)
        assert found is not None, page.text
        decision = {"transaction_id": unescape(found[1]), "decision": "allow"}
        sent = browser.post(f"{self.issuer}/oauth2/authorize/decision", decision, allow_redirects=False, timeout=10)
        assert sent.status_code == 302
        return sent.headers["location"]

    def opens(self, token: str) -> int:
        """The status that the protected endpoint answers to the token."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.issuer}/api", headers=headers, timeout=10).status_code


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One gateway for all clients."""
    config = tmp_path_factory.mktemp("clients") / "config"
    config.mkdir()
    http, admin = free_port(), free_port()
    (config / "gateway.config.yml").write_text(CONFIG.format(http=http, admin=admin))
    with Running.project(config, port=http, admin_port=admin) as running:

        def create(path: str, **body: object) -> dict[str, str]:
            response = requests.post(running.admin + path, json=body, timeout=10)
            response.raise_for_status()
            made: dict[str, str] = response.json() if response.content.startswith(b"{") else {}
            return made

        create("/users", username="val", firstname="Valeri", lastname="Karpov")
        create("/credentials", consumerId="val", type="basic-auth", credential={"password": PASSWORD})
        create("/scopes", scopes=["read", "write"])
        app = create("/apps", userId="val", name="site", redirectUri=CALLBACK)["id"]
        scopes = {"scopes": ["read", "write"]}
        secret = create("/credentials", consumerId=app, type="oauth2", credential=scopes)["secret"]
        public = create("/apps", userId="val", name="phone", redirectUri=CALLBACK, clientType="public")["id"]
        create("/credentials", consumerId=public, type="oauth2", credential=scopes)
        yield Authority(running.url, app, secret, public)
