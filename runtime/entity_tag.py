"""Weak entity tags as Express makes them, and whether the caller has what they name (RFC 9110 section 13.1.2)."""

import base64
import hashlib

from egc.runtime.exchange import Exchange


def entity_tag(body: bytes) -> bytes:
    """The tag of a body: its length and the start of its SHA-1."""
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest())[:27]
    return b'W/"%x-%b"' % (len(body), digest)


def is_known(x: Exchange, tag: bytes) -> bool:
    """Whether the caller of a GET or HEAD says that it has the body of that tag, and does not reload."""
    if x.method not in ("GET", "HEAD"):
        return False
    known = x.header(b"if-none-match")
    if known is None or b"no-cache" in (x.header(b"cache-control") or b""):
        return False
    bare = tag.removeprefix(b"W/")
    return known.strip() == b"*" or any(one.strip().removeprefix(b"W/") == bare for one in known.split(b","))
