"""Who we are to the caller, and whether a form was sent from our own pages."""

import re
from urllib.parse import urlsplit

import falcon.asgi

from egc.runtime.oauth2.errors import PageError

_NETLOC = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")


class Origin:
    """The issuer, by configuration or else from the request (RFC 8414 section 2, RFC 9207).

    The request's scheme and host are what the gateway made of them: behind a trusted proxy, what that proxy said.
    """

    def __init__(self, issuer: str | None) -> None:
        self._issuer = None if issuer is None else issuer.rstrip("/")

    def issuer(self, req: falcon.asgi.Request) -> str:
        """The issuer identifier, such as `https://api.example.com`. Raises PageError 400 for an impossible Host."""
        return self._issuer or _own(req)

    def check_form(self, req: falcon.asgi.Request) -> None:
        """Raise PageError 403 if a form was sent from another site.

        A browser says so in Sec-Fetch-Site or Origin; with neither header it is no browser, and there is no session
        of somebody else to abuse.
        """
        refused = PageError(403, "This form came from somewhere else", "Go back, reload the page and try again.")
        if req.get_header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise refused
        origin = req.get_header("Origin")
        if origin is None:
            return
        ours = {_own(req).lower()}
        if self._issuer is not None:
            parts = urlsplit(self._issuer)
            ours.add(f"{parts.scheme}://{parts.netloc}".lower())
        if origin.lower() not in ours:
            raise refused


def address(req: falcon.asgi.Request) -> str:
    """The caller's address. Not `req.remote_addr`, which a forged X-Forwarded-For can choose.

    Kept in the scope, because ASGI allows `client` to be an iterable that can be read once.
    """
    if "egc.address" not in req.scope:
        client = tuple(req.scope.get("client") or ())
        req.scope["egc.address"] = str(client[0]) if client else "unknown"
    return str(req.scope["egc.address"])


def _own(req: falcon.asgi.Request) -> str:
    netloc = req.netloc
    if not _NETLOC.match(netloc):
        raise PageError(400, "Unknown host", "The Host header of this request is not a host name.")
    return f"{req.scheme}://{netloc}"
