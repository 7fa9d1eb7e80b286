"""Who may talk to the Admin API: a Host that it knows (against DNS rebinding), and a key where one is set (P39)."""

import hmac
import ipaddress
import re

import falcon.asgi

from egc.runtime.errors import Refused
from egc.runtime.oauth2.secrets import stored_digest

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/@\s]+)(:\d{1,5})?")
_KEY_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OPEN = ("/health", "/ready")


class Guard:
    """Middleware: refuses foreign Host names (421) and, with a key, callers without it (401).

    Arguments:
        allowed_hosts: host names besides the loopback ones, without port.
        key_digest: `stored_digest` of the key, or None for no key. Raises ValueError if it is something else.

    `/health` and `/ready` are open: whoever probes them uses an address, has no key and learns nothing but a word.
    """

    def __init__(self, allowed_hosts: tuple[str, ...], key_digest: str | None) -> None:
        if key_digest is not None and not _KEY_DIGEST.fullmatch(key_digest):
            raise ValueError("the digest of the admin key must be sha256: and 64 hexadecimal digits")
        self._allowed = frozenset(host.lower().strip("[]").rstrip(".") for host in allowed_hosts)
        self._key_digest = key_digest

    async def process_request(self, req: falcon.asgi.Request, _resp: falcon.asgi.Response) -> None:
        """Raises Refused."""
        known = self._knows(req.get_header("Host") or "")
        keyed = self._key_digest is None or self._opens(req.get_header("Authorization") or "")
        if req.path in _OPEN:
            req.context.trusted = known and keyed
            return
        if not known:
            raise Refused(
                421,
                "The Admin API does not know this Host. Name it in admin.allowedHosts, or use localhost.",
                reason="admin_host",
            )
        if not keyed:
            raise Refused(
                401,
                "The Admin API needs its key: Authorization: Bearer <key>",
                headers=((b"www-authenticate", b'Bearer realm="admin"'),),
                reason="admin_key",
            )

    def _knows(self, header: str) -> bool:
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        name = match[1].lower().strip("[]").rstrip(".")
        return name in self._allowed or is_loopback(name)

    def _opens(self, header: str) -> bool:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or self._key_digest is None:
            return False
        return hmac.compare_digest(stored_digest(key.strip()).encode(), self._key_digest.encode())


def is_loopback(name: str) -> bool:
    """Whether a host name or address, without port and brackets, is this machine's own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
