"""The formats of JSON Schema, as loosely as Ajv 6 checks them by default (its `fast` ones)."""

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv6Address
from types import MappingProxyType

from egc.runtime.patterns import pattern

_HOST_LENGTH = 253
_CLOCK = r"(?:[0-2]\d:[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?"
_ZONE = r"(?:[zZ]|[+-]\d\d(?::?\d\d)?)"
_BYTE = r"(?:25[0-5]|2[0-4]\d|[01]?\d\d?)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_WORD = r"[a-z0-9\x{a1}-\x{ffff}]"
_HEX = "%[0-9a-f]{2}"

_URL = pattern(
    r"(?i)^(?:https?|ftp)://(?:\S+(?::\S*)?@)?"
    r"(?:((?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4])))"
    rf"|(?:(?:{_WORD}+-)*{_WORD}+)(?:\.(?:{_WORD}+-)*{_WORD}+)*\.[a-z\x{{a1}}-\x{{ffff}}]{{2,}})"
    r"(?::\d{2,5})?(?:/\S*)?\z",
    linear=True,
)
_PRIVATE = re.compile(r"(?:10|127)\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.")


def _matching(regex: str) -> Callable[[str], bool]:
    """Whether a whole text matches, in time that grows as the text does."""
    program = pattern(rf"(?i)^(?:{regex})\z", linear=True)
    return lambda text: program.search(text) is not None


_hostname = _matching(rf"{_LABEL}(?:\.{_LABEL})*\.?")


def _is_hostname(text: str) -> bool:
    return len(text.removesuffix(".")) <= _HOST_LENGTH and _hostname(text)


def _is_ipv6(text: str) -> bool:
    address, mark, zone = text.strip().partition("%")
    if mark and not zone:
        return False
    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def _is_url(text: str) -> bool:
    found = _URL.search(text)
    return found is not None and _PRIVATE.match(found.group(1) or "") is None


FORMATS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "date": _matching(r"\d\d\d\d-[0-1]\d-[0-3]\d"),
        "time": _matching(f"{_CLOCK}{_ZONE}?"),
        "date-time": _matching(rf"\d\d\d\d-[0-1]\d-[0-3]\d[t\s]{_CLOCK}{_ZONE}"),
        "uri": _matching(r"[a-z][a-z0-9+\-.]*:\S*"),
        "uri-reference": _matching(r"(?:(?:[a-z][a-z0-9+\-.]*:)?/?/)?(?:[^\\\s#][^\s#]*)?(?:#[^\\\s]*)?"),
        "uri-template": _matching(
            rf"""(?:(?:[^\x00-\x20"'<>%\\^`{{|}}]|{_HEX})|\{{[+#./;?&=,!@|]?(?:[a-z0-9_]|{_HEX})+"""
            rf"""(?::[1-9][0-9]{{0,3}}|\*)?(?:,(?:[a-z0-9_]|{_HEX})+(?::[1-9][0-9]{{0,3}}|\*)?)*\}})*"""
        ),
        "url": _is_url,
        "email": _matching(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*"),
        "hostname": _is_hostname,
        "ipv4": _matching(rf"(?:{_BYTE}\.){{3}}{_BYTE}"),
        "ipv6": _is_ipv6,
        "uuid": _matching("(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
        "json-pointer": _matching("(?:/(?:[^~/]|~0|~1)*)*"),
        "json-pointer-uri-fragment": _matching(rf"#(?:/(?:[a-z0-9_\-.!$&'()*+,;:=@]|{_HEX}|~0|~1)*)*"),
        "relative-json-pointer": _matching("(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)"),
    }
)
"""Whether a text has a format, by the format's name."""
