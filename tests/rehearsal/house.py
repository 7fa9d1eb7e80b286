"""Configurations that are rehearsed in tests, in a directory of their own."""

import os
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from egc.compiler.cli._rehearsing import compiled_here, read_caller, read_request, rehearsing
from egc.runtime.rehearsal import Happened, Rehearsal, Stub

HOUSE = """
http: {port: '${HOUSE_PORT:-8080}'}
apiEndpoints:
  orders: {host: '*', paths: '/orders/*', scopes: [read]}
  shop: {host: shop.example, paths: '/shop*', methods: [GET, POST]}
  keys: {host: '*', paths: '/keys'}
  people: {host: '*', paths: '/people'}
  counted: {host: '*', paths: '/counted'}
  nowhere: {host: '*', paths: '/nowhere'}
  scripted: {host: '*', paths: '/scripted'}
serviceEndpoints:
  backend: {url: '${BACKEND_URL:-http://backend.example/base}'}
  shop: {url: 'https://shop.internal'}
policies: [oauth2, key-auth, basic-auth, proxy, rate-limit, terminate, expression, response-transformer, log]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: backend, stripPath: true}}
  shop:
    apiEndpoints: [shop]
    policies:
      - terminate:
          condition: {name: method, methods: POST}
          action: {statusCode: 405, message: no posting}
      - proxy: {action: {serviceEndpoint: shop}}
  keys:
    apiEndpoints: [keys]
    policies:
      - key-auth:
      - proxy: {action: {serviceEndpoint: backend, ignorePath: true}}
  people:
    apiEndpoints: [people]
    policies:
      - basic-auth:
      - proxy: {action: {serviceEndpoint: backend}}
  counted:
    apiEndpoints: [counted]
    policies:
      - rate-limit: {action: {max: 2, windowMs: 600000, delayAfter: 1, delayMs: 60000}}
      - proxy: {action: {serviceEndpoint: backend}}
  scripted:
    apiEndpoints: [scripted]
    policies:
      - terminate:
          condition: {name: expression, expression: "req.headers['x-stop'] === 'yes'"}
          action: {statusCode: 451, message: stopped}
      - log: {action: {message: "seen ${req.method}"}}
      - response-transformer: {action: {body: {add: {seen: "true"}}}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 2000}}
"""


def write(directory: Path, text: str = HOUSE) -> Path:
    """A configuration directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.config.yml").write_text(textwrap.dedent(text))
    return directory


@contextmanager
def house(
    directory: Path,
    text: str = HOUSE,
    *,
    services: Mapping[str, Stub] | None = None,
    urls: Mapping[str, Stub] | None = None,
    store: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Rehearsal]:
    """A configuration that can be asked."""
    variables = {**os.environ, **(environ or {})}
    compiled = compiled_here(write(directory, text), variables, eg_compat=False)
    with rehearsing(compiled, variables, services=services, urls=urls, store=store) as rehearsal:
        yield rehearsal


def ask(
    rehearsal: Rehearsal, request: str, *headers: str, caller: str = "", scopes: tuple[str, ...] | None = None
) -> Happened:
    """What comes of a request."""
    who = read_caller(caller, scopes) if caller else None
    return rehearsal.ask(read_request(request, headers), who)
