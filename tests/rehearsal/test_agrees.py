"""What a rehearsal says is what a running gateway does: the same requests to both, with a real store and service."""

import json
from pathlib import Path

import pytest
import requests

from egc.compiler.cli._rehearsing import compiled_here, read_caller, read_request, rehearsing
from egc.compiler.cli._routed import routed
from egc.runtime.rehearsal import Happened, Stub
from tests.callers import ask as raw
from tests.callers import get
from tests.rehearsal.house import write
from tests.running import Running, free_port
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

CONFIG = """
http: {port: %(port)d}
admin: {port: %(admin)d}
apiEndpoints:
  open: {host: '*', paths: ['/open/*', '/exact']}
  named: {host: 'named.example', paths: '/named', methods: [GET, PUT]}
  tokens: {host: '*', paths: '/tokens/*', scopes: [read]}
  keys: {host: '*', paths: '/keys/:id'}
  counted: {host: '*', paths: '/counted'}
  falls: {host: '*', paths: '/falls/*'}
  alone: {host: '*', paths: '/alone'}
  old: {host: '*', paths: '/old/*'}
serviceEndpoints:
  backend: {url: 'http://127.0.0.1:%(upstream)d/base'}
policies: [oauth2, key-auth, proxy, rate-limit, terminate, expression, rewrite, request-transformer, cors]
pipelines:
  open:
    apiEndpoints: [open]
    policies:
      - cors:
      - terminate:
          condition: {name: expression, expression: "req.query.stop === '1'"}
          action: {statusCode: 451, message: stopped}
      - request-transformer: {action: {headers: {add: {x-made: "req.method + '!'"}}}}
      - proxy: {action: {serviceEndpoint: backend, stripPath: true}}
  named:
    apiEndpoints: [named]
    policies:
      - expression: {action: {jscode: "req.url = '/elsewhere?a=1'"}}
      - proxy: {action: {serviceEndpoint: backend}}
  tokens:
    apiEndpoints: [tokens]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: backend}}
  keys:
    apiEndpoints: [keys]
    policies:
      - key-auth:
      - proxy: {action: {serviceEndpoint: backend, ignorePath: true}}
  counted:
    apiEndpoints: [counted]
    policies:
      - rate-limit: {action: {max: 2, windowMs: 600000, delayAfter: 0}}
      - proxy: {action: {serviceEndpoint: backend}}
  falls:
    apiEndpoints: [falls]
    policies:
      - terminate:
          condition: {name: pathMatch, pattern: '/gone'}
          action: {statusCode: 410, message: gone}
  old:
    apiEndpoints: [old]
    policies:
      - rewrite:
          condition: {name: regexpmatch, match: '^/old/(.*)$'}
          action: {rewrite: '/new/$1'}
      - proxy: {action: {serviceEndpoint: backend}}
"""

REQUESTS = (
    *("GET /open/a/b?x=1", "GET /open/a?stop=1", "OPTIONS /open/a", "POST /open/a", "HEAD /open/a", "GET /EXACT/"),
    *("GET http://named.example/named", "PUT http://named.example/named", "DELETE http://named.example/named"),
    *("OPTIONS http://named.example/named", "GET http://other.example/named", "GET /tokens/1", "GET /keys/1"),
    *("GET /counted", "GET /counted", "GET /counted", "GET /falls/1", "GET /falls/gone", "GET /alone", "GET /none"),
    *("GET /old/a?b=c", "GET /open/%2e%2e/x", "GET /open/%zz", "POST /oauth2/token"),
)
HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "t", "x-sent": "1", "connection": "keep-alive"}
STUB = Stub(203, (("content-type", "application/json"), ("x-answer", "yes")), b'{"ok":true}')
OWN = frozenset(("date", "connection", "server", "set-cookie", "x-ratelimit-reset", "transfer-encoding"))
"""What the server adds, and what is another each time."""


async def answer(wire: Wire) -> None:
    await wire.body()
    fields = [(name.encode(), value.encode()) for name, value in STUB.headers]
    await wire.respond(STUB.body, status="203 Non-Authoritative Information", headers=fields)


def plain(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in fields if name.lower() not in OWN)


def without_ids(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a service is sent, less what is another each time."""
    return [field for field in plain(fields) if field[0] not in ("eg-request-id", "eg-consumer-id", "authorization")]


def compare(request: str, running: Running, upstream: Upstream, happened: Happened, **more: str) -> None:
    method, _, url = request.partition(" ")
    host, target = ("localhost", url) if url.startswith("/") else url.removeprefix("http://").split("/", 1)
    target = target if target.startswith("/") else f"/{target}"
    before = len(upstream.requests)
    fields = [f"{name}: {value}" for name, value in {**HEADERS, **more}.items()]
    real = raw(running.port, get(target, *fields, method=method, host=host), method)
    assert (happened.status, happened.body) == (real.status, real.body), request
    assert plain(list(happened.headers)) == plain(real.headers), request
    received = upstream.requests[before:]
    assert len(happened.sent) == len(received), request
    for sent, got in zip(happened.sent, received, strict=True):
        assert (sent.method, sent.url) == (got.method, f"http://127.0.0.1:{upstream.port}{got.target}")
        seen = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in got.headers]
        assert without_ids(list(sent.headers)) == without_ids(seen), request


def test_a_rehearsal_agrees_with_the_running_gateway(tmp_path: Path) -> None:
    with Upstream(answer) as upstream:
        port, admin = free_port(), free_port()
        ports = {"port": port, "admin": admin, "upstream": upstream.port}
        path = write(tmp_path / "config", CONFIG % ports)
        with Running.project(path, port=port, admin_port=admin) as running:
            api = requests.Session()
            user = api.post(f"{running.admin}/users", json={"username": "ann", "firstname": "A", "lastname": "B"})
            made = {"name": "web", "redirectUri": "https://web.example/cb", "userId": user.json()["id"]}
            app = api.post(f"{running.admin}/apps", json=made).json()
            api.post(f"{running.admin}/scopes", json={"scopes": ["read"]})
            body = {"consumerId": app["id"], "type": "oauth2", "credential": {"scopes": ["read"]}}
            secret = api.post(f"{running.admin}/credentials", json=body).json()["secret"]
            body = {"consumerId": app["id"], "type": "key-auth", "credential": {}}
            key = api.post(f"{running.admin}/credentials", json=body).json()
            granted = requests.post(
                f"{running.url}/oauth2/token",
                json={
                    "grant_type": "client_credentials",
                    "client_id": app["id"],
                    "client_secret": secret,
                    "scope": "read",
                },
            ).json()
            compiled = compiled_here(path, {}, eg_compat=False)
            data = path / "data"
            real = {"services": {"backend": STUB}, "store": data}
            headers = [f"{name}: {value}" for name, value in HEADERS.items()]
            asked: list[tuple[str, Happened, dict[str, str]]] = []
            with rehearsing(compiled, {}, **real) as rehearsal:  # type: ignore[arg-type]  # as its signature says
                asked += [(request, rehearsal.ask(read_request(request, headers)), {}) for request in REQUESTS]
                for request, who, credential in (
                    ("GET /tokens/1", "app:web", f"Bearer {granted['access_token']}"),
                    ("GET /keys/1?a=b", f"key:{key['keyId']}", f"apiKey {key['keyId']}:{key['keySecret']}"),
                ):
                    happened = rehearsal.ask(read_request(request, headers), read_caller(who, ["read"]))
                    asked.append((request, happened, {"authorization": credential}))
            for request, happened, more in asked:
                compare(request, running, upstream, happened, **more)


@pytest.mark.parametrize("request_", ["GET /open/a/b?x=1", "GET /keys/7", "GET /old/a?b=c", "GET /tokens/1?q"])
def test_route_names_the_url_that_trace_asks_for(tmp_path: Path, request_: str) -> None:
    from egc.compiler.cli._rehearsing import loaded

    path = write(tmp_path, CONFIG % {"port": 8080, "admin": 9876, "upstream": 3000})
    compiled = compiled_here(path, {}, eg_compat=False)
    with rehearsing(compiled, {}) as rehearsal:
        caller = read_caller("app:web", ["read"])
        (sent,) = rehearsal.ask(read_request(request_), caller).sent
    with loaded(compiled, {}) as artifact:
        found = routed(compiled, artifact, read_request(request_))
        json.dumps(found.data())
        assert [url for one in found.taken for way in one.ways for url in way.upstream] == [sent.url]
