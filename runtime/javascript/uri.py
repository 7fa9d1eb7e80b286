"""encodeURIComponent and its kin (ECMA-262 section 19.2.6, annex B.2.1)."""

import re
from urllib.parse import quote

from egc.runtime.javascript.convert import string
from egc.runtime.javascript.values import UNDEFINED, Value, Values, bounded, characters, error, units

_COMPONENT = "-_.!~*'()"
_URI = _COMPONENT + ";/?:@&=+$,#"
_RESERVED = frozenset(";/?:@&=+$,#")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_UNESCAPED = re.compile(r"%u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})")
_URL = re.compile(r"[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7a\x7c\x7e%]|%(?![0-9A-Fa-f]{2})")


def _encode(value: Value, safe: str) -> str:
    text = string(value)
    if _LONE.search(text):
        raise error("URIError", "URI malformed")
    return bounded(quote(characters(text), safe=safe))


def _decode(value: Value, kept: frozenset[str]) -> str:
    text = string(value)

    def piece(found: re.Match[str]) -> str:
        data = bytes.fromhex(found[0].replace("%", ""))
        try:
            decoded = data.decode()
        except UnicodeDecodeError:
            raise error("URIError", "URI malformed") from None
        if kept and any(character in kept for character in decoded):
            at = 0
            parts = []
            for character in decoded:
                width = 3 * len(character.encode())
                parts.append(found[0][at : at + width] if character in kept else character)
                at += width
            decoded = "".join(parts)
        return units(decoded)

    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise error("URIError", "URI malformed")
    return _ESCAPED.sub(piece, text)


def encode_url(text: str) -> str:
    """A URL for Location, as the package encodeurl writes it: what is encoded stays."""
    return _URL.sub(lambda found: "%25" if found[0] == "%" else quote(found[0], safe=""), characters(text))


def encode_component(this: Value, arguments: Values) -> Value:
    """encodeURIComponent."""
    return _encode(arguments[0] if arguments else UNDEFINED, _COMPONENT)


def encode(this: Value, arguments: Values) -> Value:
    """encodeURI."""
    return _encode(arguments[0] if arguments else UNDEFINED, _URI)


def decode_component(this: Value, arguments: Values) -> Value:
    """decodeURIComponent."""
    return _decode(arguments[0] if arguments else UNDEFINED, frozenset())


def decode(this: Value, arguments: Values) -> Value:
    """decodeURI."""
    return _decode(arguments[0] if arguments else UNDEFINED, _RESERVED)


def escape(this: Value, arguments: Values) -> Value:
    """escape."""
    made = []
    for character in string(arguments[0] if arguments else UNDEFINED):
        if character.isascii() and (character.isalnum() or character in "@*_+-./"):
            made.append(character)
        else:
            code = ord(character)
            made.append(f"%{code:02X}" if code < 256 else f"%u{code:04X}")
    return bounded("".join(made))


def unescape(this: Value, arguments: Values) -> Value:
    """unescape."""
    text = string(arguments[0] if arguments else UNDEFINED)
    return _UNESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
