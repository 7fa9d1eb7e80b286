"""The bare server: gunicorn's own asgi worker with an application that answers at once, without any gateway."""

import sys

from tests.bench.contenders import Place, Running
from tests.bench.contenders.nginx import BODY_BYTES
from tests.bench.processes import GATEWAY_CORE, Process, free_port
from tests.bench.workload import Case

NAME = "floor (no gateway)"

_APPLICATION = f"""\
BODY = b'x' * {BODY_BYTES}
HEADERS = [(b'content-type', b'text/plain'), (b'content-length', b'%d' % len(BODY))]
async def app(scope, receive, send):
    if scope['type'] != 'http':
        return
    await send({{'type': 'http.response.start', 'status': 200, 'headers': HEADERS}})
    await send({{'type': 'http.response.body', 'body': BODY}})
"""


def start(case: Case, place: Place) -> Running | None:
    """The bare server, for the cases that ask for it."""
    if not case.floor:
        return None
    port = free_port()
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / "floor.py").write_text(_APPLICATION)
    command = [sys.executable, "-m", "gunicorn", "-k", "asgi", "--asgi-loop", "uvloop", "--http-parser", "python"]
    command += ["--asgi-lifespan", "off", "--keep-alive", "60", "--log-level", "warning", "-b", f"127.0.0.1:{port}"]
    log = place.folder / "floor.log"
    process = Process([*command, "floor:app"], core=GATEWAY_CORE, port=port, log=log, cwd=place.folder)
    return Running(process, f"http://127.0.0.1:{port}")
