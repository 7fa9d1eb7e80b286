"""Configurations for tests of differences, and the short way to compare two."""

from pathlib import Path

from egc.compiler.diff import compare
from egc.compiler.diff.changes import Change, Difference
from egc.compiler.diff.sources import load

BASE = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: ['/orders', '/orders/*'], methods: [GET, POST], scopes: [read]}
  billing: {paths: '/billing/*'}
  health: {paths: /health}
serviceEndpoints:
  shop: {url: 'http://shop:8000'}
  bill: {url: 'https://bill.internal'}
policies: [basic-auth, cors, expression, headers, key-auth, log, proxy, rate-limit, terminate]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth:
      - rate-limit: {action: {max: 10, windowMs: 60000, delayMs: 0}}
      - proxy: {action: {serviceEndpoint: shop, proxyTimeout: 5000}}
  billing:
    apiEndpoints: [billing]
    policies:
      - terminate: {condition: {name: pathMatch, pattern: '^/billing/internal'}, action: {statusCode: 403}}
      - key-auth: {condition: {name: expression, expression: 'req.query.x == 1'}}
      - proxy: {action: {serviceEndpoint: bill}}
  health:
    apiEndpoints: [health]
    policies:
      - terminate: {action: {statusCode: 200, message: ok}}
"""


def written(directory: Path, gateway: str, system: str = "") -> Path:
    """A directory with a configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.config.yml").write_text(gateway)
    if system:
        (directory / "system.config.yml").write_text(system)
    return directory


def difference(place: Path, before: str, after: str, *, systems: tuple[str, str] = ("", "")) -> Difference:
    """What differs between two texts of gateway.config.yml, with those of system.config.yml."""
    one = written(place / "a", before, systems[0])
    other = written(place / "b", after, systems[1])
    return compare(load(str(one), {}), load(str(other), {}))


def replaced(*edits: tuple[str, str]) -> str:
    """BASE with parts of it replaced; each must be there."""
    text = BASE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def only(found: Difference) -> Change:
    """The one change that there is."""
    assert len(found.changes) == 1, [change.delta for change in found.changes]
    return found.changes[0]
