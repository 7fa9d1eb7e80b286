"""Header rules that every message passes on its way through: hop-by-hop fields, identity, `Via`, no control characters.

Names are lower-case `bytes` throughout, as ASGI gives them.
"""

import itertools
import re
from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields that end at the next hop (RFC 9110 section 7.6.1)."""

IDENTITY = frozenset((b"eg-consumer-id", b"eg-request-id"))
"""Fields that only the gateway and its configuration set: inbound copies are dropped (D422, N26)."""

KEPT_THOUGH_NAMED = IDENTITY | frozenset(
    (
        *(b"host", b"content-length", b"content-type", b"content-encoding"),
        *(b"authorization", b"cookie", b"via", b"expect"),
    )
)
"""Fields that `Connection` cannot have removed: a caller must not cut away framing or what a policy decided on."""

VIA = b"1.1 egc"

_HOST = re.compile(rb"(?:[\w.~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?", re.ASCII)
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def _underscored(names: Iterable[bytes]) -> frozenset[bytes]:
    twins = set()
    for name in names:
        words = name.split(b"-")
        for joints in itertools.product((b"-", b"_"), repeat=len(words) - 1):
            twin = words[0] + b"".join(joint + word for joint, word in zip(joints, words[1:], strict=True))
            if b"_" in twin:
                twins.add(twin)
    return frozenset(twins)


FRAMING_TWINS = _underscored((b"transfer-encoding", b"content-length", b"proxy-connection", b"keep-alive"))
"""Spellings with `_` that some servers read as framing fields: refused (as in `Transfer_Encoding`)."""

IDENTITY_TWINS = _underscored(IDENTITY)
"""Spellings with `_` that some servers read as fields that only the gateway sets: inbound copies are dropped."""

_FORWARDED_TWINS = _underscored((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port"))
"""Spellings with `_` that some servers read as fields the gateway vouches for: dropped."""

REQUEST_DROPPED = (
    HOP_BY_HOP
    | _FORWARDED_TWINS
    | frozenset((b"host", b"content-length", b"http2-settings", b"eg-request-id", b"eg_request_id"))
)
"""Request fields that are not copied upstream; the proxy writes host and framing itself."""


def named_by_connection(values: Iterable[bytes]) -> frozenset[bytes]:
    """The fields that `Connection` declares hop-by-hop, less those a caller may not remove."""
    named = {token.strip().lower() for value in values for token in value.split(b",")}
    return frozenset(named - KEPT_THOUGH_NAMED)


def is_name(name: bytes) -> bool:
    """Whether `name` is a field name (a token)."""
    return _NAME.fullmatch(name) is not None


def is_host(value: bytes) -> bool:
    """Whether `value` is a host as the field Host has it, with or without a port (RFC 9110 section 7.2)."""
    return _HOST.fullmatch(value) is not None


def is_value(value: bytes) -> bool:
    """Whether `value` may stand in a field: no CR, LF, NUL or other control character."""
    return _VALUE.fullmatch(value) is not None
