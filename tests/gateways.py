"""Gateways written by hand for tests: a module and a gunicorn.conf.py in a directory, served as an artifact is."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.running import Running, free_port

HEAD = """
from egc.runtime import Certificate, Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.terminate import Terminate
from egc.runtime.routing import ANY, Endpoint, Host, Path, Route
from egc.runtime.upstream import Service

require(api=1)
PORTS = {ports!r}
"""

CONF = """
from pathlib import Path
from egc.runtime.arbiter import on_starting
from egc.runtime.serving import address, log_level
bind = {bind!r}
wsgi_app = "gateway:app"
chdir = str(Path(__file__).parent)
worker_class = "egc.runtime.worker.GatewayWorker"
workers = 1
asgi_loop = "uvloop"
http_parser = "python"
keepalive = 5
timeout = 30
graceful_timeout = 4
limit_request_line = 16384
limit_request_fields = 100
limit_request_field_size = 16384
forwarded_allow_ips = ""
secure_scheme_headers = {{}}
header_map = "dangerous"
asgi_lifespan = "on"
loglevel = log_level()
"""


def write(directory: Path, module: str, ports: Mapping[str, int], **settings: object) -> Path:
    """Write an artifact.

    Arguments:
        directory: where; made if it is not there.
        module: the gateway's module, without its imports; `PORTS` gives it the listeners' ports.
        ports: port by listener name, in the order in which they are bound.
        settings: gunicorn's, beside or instead of those of an emitted artifact.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.py").write_text(HEAD.format(ports=dict(ports)) + textwrap.dedent(module))
    conf = CONF.format(bind=[f"127.0.0.1:{port}" for port in ports.values()])
    conf += "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    (directory / "gunicorn.conf.py").write_text(conf)
    return directory


def gateway(directory: Path, module: str, *, env: Mapping[str, str] | None = None, **settings: object) -> Running:
    """A gateway with one plain listener on a free port; not started yet."""
    port = free_port()
    return Running.artifact(write(directory, module, {"http": port}, **settings), port=port, env=env)


def in_front_of(upstream: int, *, proxy: str = "", more: str = "", access_log: bool = False) -> str:
    """The module of a gateway that proxies everything to a port of this machine.

    Arguments:
        upstream: the port.
        proxy: further arguments of the proxy step.
        more: statements before the application, which may append to `routes`.
    """
    return f"""
http = Listener("http", host="127.0.0.1", port=PORTS["http"])
api = Endpoint("api", scopes=())
upstream = Service("upstream", urls=("http://127.0.0.1:{upstream}",))
step = Proxy(upstream, {proxy})

def default(x: Exchange) -> Outcome:
    return step(x)

routes = []
{textwrap.dedent(more)}
routes.append(Route(ANY, ANY, ANY, api, default))
app = Gateway(routes=tuple(routes), listeners=(http,), access_log={access_log})
"""
