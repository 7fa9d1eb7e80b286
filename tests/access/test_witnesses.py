"""Witnesses as commands: whoever copies one into a shell gets from the gateway what its row says."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.access.views import of
from tests.needs import needs
from tests.running import Running, free_port

ANSWERS = """\
http: {{port: {port}}}
apiEndpoints:
  named: {{host: '*.example.com', paths: "/it's;x/*", methods: [POST]}}
  seen: {{paths: '/seen/:id(\\\\d+)', methods: [HEAD, GET]}}
  odd: {{pathRegex: '^/odd/[[{{]'}}
  lost: {{paths: /lost}}
  falling: {{paths: /falling}}
policies: [key-auth, terminate, rewrite]
pipelines:
  named: {{apiEndpoints: [named], policies: [{{terminate: {{action: {{statusCode: 201}}}}}}]}}
  seen:
    apiEndpoints: [seen]
    policies:
      - terminate: {{condition: {{name: method, methods: HEAD}}, action: {{statusCode: 202}}}}
      - terminate: {{condition: {{name: hostMatch, pattern: 'other.*'}}, action: {{statusCode: 403}}}}
      - terminate: {{action: {{statusCode: 203}}}}
  odd: {{apiEndpoints: [odd], policies: [{{terminate: {{action: {{statusCode: 206}}}}}}]}}
  falling:
    apiEndpoints: [falling]
    policies:
      - terminate: {{condition: {{name: method, methods: PUT}}, action: {{statusCode: 207}}}}
"""

KEY = """\
apiEndpoints:
  api: {paths: '/api'}
policies: [AUTH, terminate]
pipelines:
  main:
    apiEndpoints: [api]
    policies:
      - AUTH:
      - terminate: {action: {statusCode: 204}}
"""


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("key-auth", ["-H", "Authorization: apiKey $KEY"]),
        ("basic-auth", ["-u", "$NAME:$PASSWORD"]),
        ("oauth2", ["-H", "Authorization: Bearer $TOKEN"]),
        ("key-auth: {action: {apiKeyHeader: X-Key}}", []),
    ],
)
def test_a_command_has_a_place_for_the_credential(policy: str, words: list[str]) -> None:
    name, _, action = policy.partition(":")
    gateway = KEY.replace("[AUTH", f"[{name}").replace("- AUTH:", f"- {name}:{action}")
    row = next(row for row in of(gateway).rows if row.endpoint == "api")
    assert shlex.split(row.curl) == ["curl", "-i", *words, "http://localhost/api"]


@pytest.mark.slow
def test_every_command_gets_what_its_row_says(tmp_path: Path) -> None:
    needs("curl", "sh")
    config, port = tmp_path / "config", free_port()
    config.mkdir()
    gateway = ANSWERS.format(port=port)
    (config / "gateway.config.yml").write_text(gateway)
    rows = of(gateway).rows
    assert len(rows) == 10
    with Running.project(config, port=port, admin_port=None):
        for row in rows:
            printed = subprocess.run(["sh", "-c", f"{row.curl} -s"], capture_output=True, timeout=20, check=True).stdout
            status = printed.split()[1].decode()
            assert status == str(row.access.status), row.curl
