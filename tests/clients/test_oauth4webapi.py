"""oauth4webapi from npm, the strictest client there is, unmodified, against a running gateway."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import CALLBACK, Authority
from tests.needs import needs

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script beside an installation of what the lock file names."""
    needs("node", "npm")
    place = tmp_path_factory.mktemp("oauth4webapi")
    for name in ("package.json", "package-lock.json", "oauth4webapi.mjs"):
        shutil.copy(HERE / name, place / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=120)
    return place / "oauth4webapi.mjs"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["basic", "post", "none"])
def test_discovery_code_with_pkce_refresh_client_credentials_and_revocation(
    authority: Authority, script: Path, method: str
) -> None:
    public = method == "none"
    settings = {
        "issuer": authority.issuer,
        "client_id": authority.public_id if public else authority.client_id,
        "client_secret": None if public else authority.client_secret,
        "redirect_uri": CALLBACK,
        "method": method,
    }
    process = subprocess.Popen(
        ["node", str(script), json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    answer = authority.allow(url) if url else ""
    output, errors = process.communicate(answer + "\n", timeout=60)
    assert (process.returncode, output) == (0, "done\n"), errors
