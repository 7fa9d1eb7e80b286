"""What must hold before any policy runs: one reading of the request, whoever parsed it.

gunicorn's parser refuses most malformed requests; the gaps it leaves (no Host, a Host that is none, an
absolute target that names another host, `Transfer_Encoding`) and dot segments, which a service would read as another
path than the one a policy saw, are refused here. Trusted proxies have their say here too.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.headers import FRAMING_TWINS, IDENTITY, IDENTITY_TWINS, is_host, named_by_connection
from egc.runtime.listener import Listener

METHODS = frozenset(
    (
        *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"),
        *(
            "COPY",
            "LOCK",
            "MKCOL",
            "MOVE",
            "PROPFIND",
            "PROPPATCH",
            "SEARCH",
            "UNLOCK",
            "BIND",
            "REBIND",
            "UNBIND",
            "ACL",
        ),
        *("REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE"),
        *("PURGE", "MKCALENDAR", "LINK", "UNLINK", "SOURCE"),
    )
)
"""The verbs that Express Gateway's server knows, less CONNECT; any other is refused (D454)."""

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(/.*)?", re.IGNORECASE | re.DOTALL)
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]*")
DOT_SEGMENT = re.compile(r"(?:[/\\]|%2[fF]|%5[cC])(?:\.|%2[eE]){1,2}(?=[/\\;]|%2[fF]|%5[cC]|\Z)")
_ENCODED_NUL = "%00"
_CLOSE = ((b"connection", b"close"),)
_MAX_LENGTH = (1 << 63) - 1
_GIVEN = IDENTITY | IDENTITY_TWINS
SPECIAL = (
    frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"))
    | FRAMING_TWINS
    | _GIVEN
)
"""Fields that say how a request is read, or that a caller may not send."""


def admit(x: Exchange, scope: Mapping[str, Any], listener: Listener) -> None:
    """Fill the exchange from the request's head, or refuse the request with 400 or 417."""
    if x.method not in METHODS:
        raise _bad("unknown method")
    x.http_version = scope["http_version"]
    host = b""
    hosts = 0
    made_up = False
    for name, value in x.headers:
        if name not in SPECIAL:
            continue
        if name == b"host":
            host = value
            hosts += 1
        elif name == b"content-length":
            if not value.isdigit() or (x.content_length is not None and x.content_length != int(value)):
                raise _bad("bad Content-Length")
            x.content_length = int(value)
            if x.content_length > _MAX_LENGTH:
                # Some services would count in 64 bits and read a shorter one.
                raise _bad("bad Content-Length")
        elif name == b"connection":
            if value not in (b"keep-alive", b"close"):
                x.connection_fields |= named_by_connection((value,))
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise _bad("bad Transfer-Encoding")
            x.chunked = True
        elif name == b"expect":
            if value.strip().lower() != b"100-continue":
                raise Refused(417, "Expectation Failed", headers=_CLOSE, reason="bad_expect")
            x.expects_continue = x.http_version != "1.0"
        elif name in _GIVEN:
            made_up = True
        elif name != b"upgrade":
            raise _bad("ambiguous framing field")
    if x.chunked and x.content_length is not None:
        raise _bad("Content-Length beside Transfer-Encoding")
    if hosts > 1 or (hosts and not is_host(host)) or (not hosts and x.http_version != "1.0"):
        raise _bad("bad Host")
    if made_up:
        # Identity is for the gateway to give: no step and no service sees what a caller says it is (D422).
        x.headers = [field for field in x.headers if field[0] not in _GIVEN]
    x.host = host.decode("ascii")
    _read_target(x, scope["raw_path"], scope["query_string"], host)
    if listener.asks_certificates:
        tls = scope.get("extensions", {}).get("tls", {})
        x.certified = bool(tls.get("client_cert_chain")) and not tls.get("client_cert_error")
    if listener.trusted:
        believe_proxies(x, listener)


def _read_target(x: Exchange, path: bytes, query: bytes, host: bytes) -> None:
    if not path.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(path)
        if absolute is None:
            raise _bad("bad request target")
        if absolute[1].lower() != host.lower():
            raise _bad("the request target names another host than Host")
        x.absolute_form = (path + b"?" + query if query else path).decode("latin-1")
        path = absolute[2] or b"/"
    if _TARGET.fullmatch(path) is None or _TARGET.fullmatch(query) is None:
        raise _bad("bad request target")
    text = path.decode("ascii")
    if ("." in text or "%" in text) and (DOT_SEGMENT.search(text) or _ENCODED_NUL in text):
        raise _bad("dot segments or NUL in the path")
    x.url = x.original_url = f"{text}?{query.decode('ascii')}" if query else text


def believe_proxies(x: Exchange, listener: Listener) -> None:
    """Take address and scheme from proxies that the configuration trusts, as far back as trust reaches."""
    if not _trusted(listener, x.peer):
        return
    forwarded_for = (value for name, value in x.headers if name == b"x-forwarded-for")
    hops = [hop.strip() for value in forwarded_for for hop in value.decode("latin-1").split(",")]
    while hops:
        try:
            address = ipaddress.ip_address(hops.pop().strip("[]"))
        except ValueError:
            break
        if isinstance(address, ipaddress.IPv6Address):
            if address.scope_id is not None:
                # A zone means something on the machine that wrote it only, and may be any text.
                break
            address = address.ipv4_mapped or address
        x.client = str(address)
        if not _trusted(listener, x.client):
            break
    protocol = (x.header(b"x-forwarded-proto") or b"").rpartition(b",")[2].strip().lower()
    if protocol in (b"http", b"https"):
        x.scheme = protocol.decode()


def _trusted(listener: Listener, address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in listener.trusted)


def _bad(reason: str) -> Refused:
    return Refused(400, "Bad Request", headers=_CLOSE, reason=reason)
