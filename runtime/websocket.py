"""What a gateway has to know of WebSocket (RFC 6455): a valid opening handshake, and where a frame ends."""

import os
import re
from base64 import b64encode
from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egc.runtime.exchange import Exchange

GOING_AWAY = b"\x88\x02\x03\xe9"
"""A close frame with status 1001, as a server sends it (sections 5.5.1 and 7.4.1)."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_VERSION = re.compile(rb"[0-9]{1,3}")
_CLOSE = 0x8


def masked(frame: bytes) -> bytes:
    """A frame without payload mask and of less than 126 bytes, as a client sends it (section 5.3)."""
    key = os.urandom(4)
    payload = bytes(byte ^ key[place % 4] for place, byte in enumerate(frame[2:]))
    return bytes((frame[0], frame[1] | 0x80)) + key + payload


def awaited_accept(x: "Exchange") -> bytes | None:
    """The Sec-WebSocket-Accept that answers this request, or None where it is no opening handshake (section 4.2.1).

    What has a body, two Upgrade fields or any other protocol is none: it is handled as if it had not asked
    (RFC 9110 section 7.8), so that bytes behind it are never anything but the next request.
    """
    if x.method != "GET" or x.http_version != "1.1" or b"upgrade" not in x.connection_fields:
        return None
    if x.chunked or x.content_length or x.body:
        return None
    found: dict[bytes, bytes] = {}
    for name, value in x.headers:
        if name == b"upgrade" or name.startswith(b"sec-websocket-"):
            if name in (b"upgrade", b"sec-websocket-key", b"sec-websocket-version") and name in found:
                return None
            found[name] = value
    if found.get(b"upgrade", b"").lower() != b"websocket" or not x.connection_fields.isdisjoint(
        found.keys() - {b"upgrade"}
    ):
        return None
    key = found.get(b"sec-websocket-key", b"")
    if _KEY.fullmatch(key) is None or _VERSION.fullmatch(found.get(b"sec-websocket-version", b"")) is None:
        return None
    # What the protocol asks for; nothing is kept secret by it.
    return b64encode(sha1(key + _GUID).digest())  # noqa: S324


class Frames:
    """Follows the frames of one direction, by their headers alone (section 5.2). `closing`: a close frame has begun."""

    __slots__ = ("_header", "_left", "closing")

    def __init__(self) -> None:
        self._left = 0
        self._header = b""
        self.closing = False

    @property
    def between(self) -> bool:
        """Whether the bytes so far end where a frame ends."""
        return not self._left and not self._header

    def feed(self, data: bytes) -> None:
        """So many more bytes have passed."""
        at = self._left
        if at >= len(data):
            self._left = at - len(data)
            return
        if self._header:
            data = self._header + data
        size = len(data)
        while size - at >= 2:
            kind, length = data[at] & 0x0F, data[at + 1] & 0x7F
            head = 6 if data[at + 1] & 0x80 else 2
            if length > 125:
                wide = 2 if length == 126 else 8
                head += wide
                length = int.from_bytes(data[at + 2 : at + 2 + wide])
            if size - at < head:
                break
            self.closing = self.closing or kind == _CLOSE
            at += head + length
            if at > size:
                break
        self._left = max(0, at - size)
        self._header = data[at:]
