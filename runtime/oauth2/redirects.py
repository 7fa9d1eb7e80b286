"""Redirect URIs: which are allowed, and how an answer is put into one (RFC 6749 3.1.2, RFC 9700 2.1, RFC 8252 7.3)."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

# These run or read something in the browser instead of leading to an app.
_REFUSED_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "about", "blob", "filesystem", "view-source"})
_USABLE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*\Z")
_LOOPBACK = re.compile(r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?].*)?\Z")
_PLAIN_HOST = re.compile(r"[A-Za-z0-9._-]+\Z")


def choose(registered: Sequence[str], requested: str | None) -> str | None:
    """The URI to send the answer to, or None if there is none that may be used.

    `requested` must equal one of `registered` character by character; on a loopback address only the port may differ
    (RFC 8252 section 7.3). Without `requested` the client must have registered exactly one (RFC 6749 3.1.2.3).
    """
    if requested is None:
        return registered[0] if len(registered) == 1 and is_usable(registered[0]) else None
    if not is_usable(requested):
        return None
    if requested in registered or any(_same_but_port(uri, requested) for uri in registered):
        return requested
    return None


def is_usable(uri: str) -> bool:
    """Whether a browser may be sent there: absolute, printable ASCII, no fragment, a scheme that leads to an app."""
    match = _USABLE.match(uri)
    if match is None:
        return False
    scheme = match["scheme"].lower()
    if scheme in _REFUSED_SCHEMES:
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) if scheme in ("http", "https") else uri[len(scheme) + 1 :] != ""


def names_a_host(uri: str) -> bool:
    """Whether the host of a usable URI is one: `*` stands for itself here, and no browser finds it."""
    return uri.partition(":")[0].lower() not in ("http", "https") or "*" not in (urlsplit(uri).hostname or "")


def is_in_clear(uri: str) -> bool:
    """Whether codes travel unencrypted to a usable URI: http beyond the device itself (RFC 9700 section 2.6)."""
    parts = urlsplit(uri)
    return parts.scheme.lower() == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def with_query(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The URI with `pairs` added to its query, which is kept (RFC 6749 section 3.1.2)."""
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return uri + joint + encode(pairs)


def with_fragment(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The URI with `pairs` as its fragment (RFC 6749 section 4.2.2)."""
    return uri + "#" + encode(pairs)


def encode(pairs: Sequence[tuple[str, str]]) -> str:
    """`name=value&...`; a space becomes %20, which every decoder reads alike, and surrogate escapes their bytes."""
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='', errors='surrogateescape')}" for name, value in pairs
    )


def policy_source(uri: str) -> str:
    """What `form-action` of a Content-Security-Policy must name so that the browser follows the answer to `uri`.

    The origin where it can be written there, else the scheme: custom schemes have no origin, IPv6 addresses and names
    outside ASCII no form in that grammar.
    """
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not _PLAIN_HOST.match(host):
        return parts.scheme + ":"
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def destination(uri: str) -> str:
    """Where `uri` leads, in a word or two for the consent page: the host, or the scheme of an app on the device."""
    parts = urlsplit(uri)
    return parts.hostname or f"{parts.scheme}:"


def _same_but_port(registered: str, requested: str) -> bool:
    ours, theirs = _LOOPBACK.match(registered), _LOOPBACK.match(requested)
    if ours is None or theirs is None or ours["host"] != theirs["host"] or ours["rest"] != theirs["rest"]:
        return False
    return theirs["port"] is None or 0 < int(theirs["port"]) < 65536
