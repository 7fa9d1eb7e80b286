"""What `egc build` wrote is served by plain gunicorn, where the compiler's libraries are not installed (P50)."""

import subprocess
from pathlib import Path

import pytest
import requests

from tests.running import EGC, Running, free_port
from tests.story.conftest import CONFIG, Article

pytestmark = pytest.mark.slow

BARE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"yaml", "jsonschema", "click", "requests", "rich", "tree_sitter"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def test_artifact_runs_without_the_compilers_libraries(tmp_path: Path, site: int) -> None:
    config, bare = tmp_path / "config", tmp_path / "bare"
    config.mkdir()
    bare.mkdir()
    http, admin = free_port(), free_port()
    text = CONFIG.format(http="${PORT_OF_TEST:-1}", admin=admin, httpbin=site, trusted="")
    (config / "gateway.config.yml").write_text(text)
    (bare / "sitecustomize.py").write_text(BARE)
    subprocess.run([*EGC, "build", str(config), "-o", str(tmp_path / "build")], check=True, capture_output=True)
    env = {"PYTHONPATH": str(bare), "PORT_OF_TEST": str(http)}
    with Running.artifact(tmp_path / "build", port=http, admin_port=admin, env=env) as running:
        article = Article(running)
        assert article.ip(None).status_code == 401
        app = article.app(f"{article.public}/ip")
        secret = article.post("/credentials", consumerId=app, type="oauth2", credential={})["secret"]
        grant = {"grant_type": "client_credentials"}
        token = requests.post(f"{article.public}/oauth2/token", data=grant, auth=(app, secret), timeout=10).json()
        assert article.ip(token["access_token"]).status_code == 200
    assert (tmp_path / "build" / "data" / "egc.db").is_file()
