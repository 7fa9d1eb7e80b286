"""The tutorial, served: build, start, create what the article creates, say what to try, serve until Ctrl-C.

Ports: `EG_HTTP_PORT` (8080), `EG_ADMIN_PORT` (9876). State is kept in `.egc/` beside this file, so a second start finds
the users, apps and tokens of the first.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import requests

HERE = Path(__file__).resolve().parent
STATE = Path(os.environ.get("EGC_DEMO_STATE", HERE / ".egc"))
HTTP_PORT = int(os.environ.get("EG_HTTP_PORT", "8080"))
ADMIN_PORT = int(os.environ.get("EG_ADMIN_PORT", "9876"))
PUBLIC = f"http://localhost:{HTTP_PORT}"
ADMIN = f"http://localhost:{ADMIN_PORT}"


class Httpbin(BaseHTTPRequestHandler):
    """A small stand-in for httpbin: `/ip` says where the request came from, anything else what was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer: dict[str, object] = {"origin": self.client_address[0]}
        if self.path != "/ip":
            answer |= {"path": self.path, "headers": dict(self.headers.items())}
        body = json.dumps(answer, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the gateway logs each request."""


def main() -> int:
    """Run the demo; the exit code says how it went."""
    for port in (HTTP_PORT, ADMIN_PORT):
        if not _free(port):
            print(f"demo: port {port} is taken; stop what uses it, or set EG_HTTP_PORT and EG_ADMIN_PORT.")
            return 4
    httpbin = ThreadingHTTPServer(("127.0.0.1", 0), Httpbin)
    threading.Thread(target=httpbin.serve_forever, daemon=True).start()
    build = [sys.executable, "-m", "egc.compiler.cli", "build", str(HERE), "-o", str(STATE / "build")]
    if subprocess.run(build, check=False).returncode != 0:  # noqa: S603 - our own command
        return 3
    gateway = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "gunicorn", "-c", str(STATE / "build" / "gunicorn.conf.py")],
        env={
            **os.environ,
            "EG_HTTP_PORT": str(HTTP_PORT),
            "EG_ADMIN_PORT": str(ADMIN_PORT),
            "EGC_DATA": str(STATE / "data"),
            "HTTPBIN_URL": f"http://127.0.0.1:{httpbin.server_port}",
        },
    )
    signal.signal(signal.SIGTERM, lambda *_: gateway.terminate())
    try:
        if not _ready(gateway):
            return 4
        _say(_create())
        return gateway.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        gateway.terminate()
        gateway.wait()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _ready(gateway: "subprocess.Popen[bytes]") -> bool:
    while gateway.poll() is None:
        try:
            if requests.get(f"{ADMIN}/ready", timeout=1).ok:
                return True
        except requests.ConnectionError:
            time.sleep(0.1)
    return False


def _create() -> str:
    """Make val, the two credentials and testapp, as in the article, unless they are there already; the app's id."""
    user = requests.get(f"{ADMIN}/users/val", timeout=5)
    if user.status_code == 404:
        _post("/users", username="val", firstname="Valeri", lastname="Karpov", email="val@example.com")
        _post("/credentials", consumerId="val", type="oauth2", credential={})
        _post("/credentials", consumerId="val", type="basic-auth", credential={"password": "bacon"})
        _post("/apps", userId="val", name="testapp", redirectUri=f"{PUBLIC}/ip")
    apps = requests.get(f"{ADMIN}/apps", timeout=5).json()["apps"]
    return next(str(app["id"]) for app in apps if app["name"] == "testapp")


def _post(path: str, **body: object) -> None:
    response = requests.post(ADMIN + path, json=body, timeout=10)
    response.raise_for_status()


def _say(app_id: str) -> None:
    query = urlencode({"response_type": "token", "client_id": app_id, "redirect_uri": f"{PUBLIC}/ip"})
    print(
        f"""
The gateway of the tutorial is running. Closed without a token:

  curl {PUBLIC}/ip

Open this in a browser, log in as val with the password bacon, and press Allow:

  {PUBLIC}/oauth2/authorize?{query}

The browser ends at {PUBLIC}/ip#access_token=... and shows "Unauthorized", as it should: the token is in the
address. Copy it, write | for %7C, and

  curl -H "Authorization: Bearer TOKEN" {PUBLIC}/ip

Ctrl-C stops the gateway; what was created stays in {STATE / "data"}.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
