"""Paths as Express matched them: letter case and a final slash do not matter, names are decoded one by one (C104).

Falcon routes on the decoded path, in which an escaped slash has become a separator. So the path is put in order from
its raw form first, and the parts that are names are decoded only when they have been told apart.
"""

from urllib.parse import quote, unquote

import falcon.asgi
from falcon.routing import BaseConverter

# fmt: off
_FIXED = frozenset((
    "users", "apps", "credentials", "scopes", "tokens", "status", "policies", "pipelines", "api-endpoints",
    "service-endpoints", "schemas", "health", "ready", "secret", "audit", "metrics",
))
# fmt: on
"""The words of the routes; a name in their place is never routed."""


class Paths:
    """Middleware: puts the path in order before Falcon routes it."""

    async def process_request(self, req: falcon.asgi.Request, _resp: falcon.asgi.Response) -> None:
        """Set `req.path`."""
        raw = req.scope.get("raw_path")
        path = quote(req.path) if raw is None else raw.partition(b"?")[0].decode("latin-1")
        parts = path.removesuffix("/").split("/")[1:]
        req.path = "/" + "/".join(_in_order(parts))


class Name(BaseConverter):
    """Decodes a part of the path that is a name: `{id:name}`."""

    def convert(self, value: str) -> str:
        """The name as its owner wrote it."""
        return unquote(value, errors="replace")


def _in_order(parts: list[str]) -> list[str]:
    """Routes alternate words and names, but for `/credentials/<type>/<id>/...`."""
    if not parts:
        return [""]
    words = {0, 3} if parts[0].lower() == "credentials" else {0, 2}
    return [part.lower() if place in words and part.lower() in _FIXED else part for place, part in enumerate(parts)]
