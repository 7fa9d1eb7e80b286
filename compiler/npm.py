"""Plugins of Express Gateway that people use, and what takes their place here."""

import re

_NAME = re.compile(r"(?:express-gateway-)?(?:plugin-)?(.*?)(?:-(?:plugin|policy))?")

BUILT_IN = frozenset(("rewrite",))
"""Plugins whose policies are built in."""

_JWT = "the policy `jwt` verifies tokens: `jwt: {action: {jwksUri: ..., checkCredentialExistence: false}}`"
_LOGS = "the gateway writes each request to stdout as a line of JSON, and the policy `log` writes more"
_BODIES = "bodies are parsed where they are needed: request-transformer, response-transformer and json-schema read them"
_IP = "see examples/plugin, which does that in Python"
_TELEMETRY = "the log has the time and status of each request, as JSON; collect it from stdout"

_INSTEAD = {
    "rewrite": "the policy `rewrite` is built in",
    "lambda": "the policy `lambda-proxy` is not there: give the function a URL of its own, and `proxy` to that",
    "jwt-db": _JWT,
    "jwt-database": _JWT,
    "jwt-header-auth": f"{_JWT}; `forwardHeaders` of the policy `headers` passes claims on",
    "jwt-permissions": f"{_JWT}; a condition `expression` looks at its claims in `req.user`",
    "jwt": _JWT,
    "jwtscopes": "`scopes` of an apiEndpoint are checked against those of the token",
    "scopes": "`scopes` of an apiEndpoint are checked against those of the token",
    "auth0": _JWT,
    "keycloak": _JWT,
    "firebase-auth": _JWT,
    "token-validator": "`oauth2-introspect` asks the server that issued a token, `jwt` verifies one",
    "claims-forwarding": "`request-transformer` adds headers from expressions such as `consumer.sub`",
    "ip-whitelist": _IP,
    "logger": _LOGS,
    "custom-logger": _LOGS,
    "winston-logger": _LOGS,
    "morgan-logging": _LOGS,
    "request-logger": _LOGS,
    "file-log": _LOGS,
    "logging": _LOGS,
    "body-parser": _BODIES,
    "bodyparser": _BODIES,
    "body-modifier": "`request-transformer` and `response-transformer` change bodies",
    "body-modifier-example": "`request-transformer` and `response-transformer` change bodies",
    "healthcheck": "the Admin API answers `GET /health` and `GET /ready`",
    "metrics": _TELEMETRY,
    "metrics-example": _TELEMETRY,
    "prometheus-metrics-example": _TELEMETRY,
    "jaeger": _TELEMETRY,
    "moesif": _TELEMETRY,
    "errors": "`response-transformer` changes answers, with a condition on `res.statusCode` in its expressions",
    "session": "the built-in login of the policy `oauth2` keeps sessions",
    "cors": "the policy `cors` is built in",
}


def short(name: str) -> str:
    """The name of a plugin without what Express Gateway's plugins are called around it: `rewrite`."""
    found = _NAME.fullmatch(name.lower())
    return found[1] if found else name


def instead(*names: str) -> str:
    """What to use in the place of a plugin that has one of these names or paths."""
    for name in names:
        parts = [short(part.removesuffix(".js")) for part in name.split("/")]
        found = next((_INSTEAD[part] for part in reversed(parts) if part in _INSTEAD), None)
        if found is not None:
            return found
    return "write it in Python as examples/plugin shows, and name its module here: `package: plugins.audit`"


def is_built_in(*names: str) -> bool:
    """Whether a plugin that has one of these names or paths does what is built in."""
    return any(short(part) in BUILT_IN for name in names for part in name.split("/"))
