"""A large configuration, for measuring: `python -m tests.large DIRECTORY [ENDPOINTS]` writes one.

With 300 endpoints it has 300 services, 300 pipelines and some 4,900 lines, and it uses what configurations use: keys,
tokens, rate limits, expressions, transformers, CORS, paths with parameters, variables with defaults.
"""

import sys
from collections.abc import Callable
from pathlib import Path

TOP = """\
http:
  port: ${EG_HTTP_PORT:-8080}
admin:
  port: 9876
  host: localhost
"""
POLICIES = (
    "cors",
    "key-auth",
    "oauth2",
    "jwt",
    "rate-limit",
    "request-transformer",
    "expression",
    "terminate",
    "proxy",
)

SYSTEM = """\
db:
  redis:
    emulate: true
oauth2:
  grants: [authorization_code, client_credentials, refresh_token]
accessTokens:
  timeToExpiry: 600000
"""


def gateway(endpoints: int = 300) -> str:
    """The text of a gateway.config.yml with so many endpoints, services and pipelines; it has no finding."""
    lines = [TOP, "apiEndpoints:\n"]
    lines += [endpoint(number) for number in range(endpoints)]
    lines.append("serviceEndpoints:\n")
    lines += [f"  service{number}:\n    url: http://localhost:{3000 + number}\n" for number in range(endpoints)]
    lines.append("policies:\n")
    lines += [f"  - {policy}\n" for policy in POLICIES]
    lines.append("pipelines:\n")
    lines += [pipeline(number) for number in range(endpoints)]
    return "".join(lines)


def endpoint(number: int) -> str:
    """One endpoint; each takes requests of its own."""
    return f"""\
  endpoint{number}:
    host: {"api" if number % 3 else "admin"}{number % 7}.example.com
    paths: [/things{number}, /things{number}/:id]
"""


def pipeline(number: int) -> str:
    """The pipeline of an endpoint, one of several kinds."""
    return KINDS[number % len(KINDS)](number)


def keys(number: int) -> str:
    """Who has a key may send so much."""
    return f"""\
  pipeline{number}:
    apiEndpoints: [endpoint{number}]
    policies:
      - key-auth:
          - action:
              disableQueryParam: true
      - rate-limit:
          - action: {{max: {10 + number}, windowMs: 60000, delayMs: 0, rateLimitBy: "${{consumer.id}}"}}
"""


def tokens(number: int) -> str:
    """Who has a token of ours; the service is told who it is."""
    return f"""\
  pipeline{number}:
    apiEndpoints: [endpoint{number}]
    policies:
      - oauth2:
      - request-transformer:
          - action:
              headers: {{add: {{x-user: "consumer.id || 'nobody'"}}, remove: [cookie]}}
"""


def browsers(number: int) -> str:
    """Pages of another origin, with a token of somebody else."""
    return f"""\
  pipeline{number}:
    apiEndpoints: [endpoint{number}]
    policies:
      - cors: {{action: {{origin: https://app{number}.example.com, credentials: true}}}}
      - jwt:
          - action:
              jwksUri: https://login.example.com/keys
"""


def conditions(number: int) -> str:
    """Some requests are answered here."""
    return f"""\
  pipeline{number}:
    apiEndpoints: [endpoint{number}]
    policies:
      - key-auth: {{action: {{disableQueryParam: true}}}}
      - terminate:
          - condition: {{name: expression, expression: "req.query.version === '{number}'"}}
            action: {{statusCode: 410, message: gone}}
"""


def proxied(kind: Callable[[int], str]) -> Callable[[int], str]:
    """A kind of pipeline, with the service behind it."""
    return lambda number: (
        kind(number)
        + f"""\
      - proxy:
          - action:
              serviceEndpoint: service{number}
              proxyTimeout: 5000
"""
    )


KINDS = tuple(proxied(kind) for kind in (keys, tokens, browsers, conditions))


def write(directory: Path, endpoints: int = 300) -> Path:
    """Write the configuration into a directory, and return that."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.config.yml").write_text(gateway(endpoints))
    (directory / "system.config.yml").write_text(SYSTEM)
    return directory


if __name__ == "__main__":
    write(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:]))
