"""Field lines of services' answers: most come again and again, so each is read once and known by its bytes."""

import re
from dataclasses import dataclass
from enum import Enum, auto

_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
)
_LENGTH = re.compile(rb"[0-9]{1,15}")
_KEEP_ALIVE = re.compile(rb"\btimeout=([0-9]{1,6})\b", re.IGNORECASE)
_UNUSUAL = frozenset(
    (
        *(b"transfer-encoding", b"upgrade", b"trailer", b"te", b"proxy-authenticate", b"proxy-authorization"),
        b"proxy-connection",
    )
)
_EVENTS = b"text/event-stream"
_KNOWN = 2048
_LONGEST = 256


class Kind(Enum):
    """What a line is for."""

    FIELD = auto()
    LENGTH = auto()
    DATE = auto()
    KEPT = auto()
    LIFETIME = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read.

    Arguments:
        kind: a field that is passed on; Content-Length and Date, which are passed on too; `Connection: keep-alive`;
            `Keep-Alive` with the seconds that the connection may idle.
        name, value: the field, its name in lower case.
        wire: the line as it is passed on.
        number: the length in bytes or the seconds.
    """

    kind: Kind
    name: bytes
    value: bytes
    wire: bytes
    number: int = 0


KNOWN: dict[bytes, Line] = {}
"""The lines that have been read, by their bytes."""


def learn(text: bytes) -> Line | None:
    """A field line without its end, or None where there is anything to look at closely."""
    found = _read(text)
    if found is not None and len(text) <= _LONGEST and found.name != b"set-cookie":
        if len(KNOWN) >= _KNOWN:
            KNOWN.clear()
        KNOWN[text] = found
    return found


def _read(text: bytes) -> Line | None:
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    name, value = match[1].lower(), match[2] or b""
    wire = name + b": " + value + b"\r\n"
    if name == b"content-length":
        return Line(Kind.LENGTH, name, value, wire, int(value)) if _LENGTH.fullmatch(value) else None
    if name == b"connection":
        return Line(Kind.KEPT, name, value, b"") if value.lower() == b"keep-alive" else None
    if name == b"keep-alive":
        promised = _KEEP_ALIVE.search(value)
        return (
            Line(Kind.LIFETIME, name, value, b"", int(promised[1])) if promised else Line(Kind.KEPT, name, value, b"")
        )
    if name in _UNUSUAL or (name == b"content-type" and value[: len(_EVENTS)].lower() == _EVENTS):
        return None
    return Line(Kind.DATE if name == b"date" else Kind.FIELD, name, value, wire)
