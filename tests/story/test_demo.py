"""`make demo`: the tutorial is served, and everything the article creates is there; a taken port is one sentence."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.running import free_port

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parent.parent.parent / "examples" / "oauth2-tutorial" / "demo.py"


def start(tmp_path: Path, http: int, admin: int) -> "subprocess.Popen[str]":
    """The demo, with its state in a directory of the test's."""
    env = os.environ | {
        "EG_HTTP_PORT": str(http),
        "EG_ADMIN_PORT": str(admin),
        "EGC_DEMO_STATE": str(tmp_path / "demo"),
    }
    return subprocess.Popen(
        [sys.executable, str(DEMO)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def said(demo: "subprocess.Popen[str]") -> str:
    """What the demo prints until it has said all it has to say."""
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            break
    return "".join(lines)


def test_demo_serves_the_tutorial_and_finds_it_again(tmp_path: Path) -> None:
    http, admin = free_port(), free_port()
    apps = set()
    for _ in range(2):
        demo = start(tmp_path, http, admin)
        try:
            text = said(demo)
            link = re.search(r"http://localhost:\d+/oauth2/authorize\?\S+", text)
            assert link, text
            assert f'curl -H "Authorization: Bearer TOKEN" http://localhost:{http}/ip' in text
            assert requests.get(f"http://localhost:{http}/ip", timeout=10).status_code == 401
            browser = requests.Session()
            assert "Log in" in browser.get(link[0], timeout=10).text
            form = {"username": "val", "password": "bacon"}
            consent = browser.post(f"http://localhost:{http}/login", data=form, timeout=10)
            assert "testapp" in consent.text
            apps.update(re.findall(r"client_id=([0-9a-f-]+)", link[0]))
        finally:
            demo.terminate()
            demo.communicate(timeout=30)
    assert len(apps) == 1


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start(tmp_path, port, free_port())
        out, err = demo.communicate(timeout=60)
    assert demo.returncode == 4
    assert out == f"demo: port {port} is taken; stop what uses it, or set EG_HTTP_PORT and EG_ADMIN_PORT.\n"
    assert err == ""
