"""Plain requests, read at once: what nearly every request looks like, and nothing else.

A connection's requests differ in their first line and carry the same fields again and again, so a block of fields is
read once and known by its bytes from then on. Whatever is unusual about a request is left to `RequestParser`, so that
there is one reading of it, and one refusal.
"""

import re

from egc.runtime.front import DOT_SEGMENT, METHODS, SPECIAL
from egc.runtime.headers import is_host

MAX_BLOCK_BYTES = 4096
_KNOWN_BLOCKS = 512
_KNOWN_PROXIES = 4

_START = re.compile(rb"([A-Z-]{3,20}) (/[!\"$-~]*) HTTP/1\.1")
_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
_LENGTH = re.compile(rb"[0-9]{1,12}")


class Fields(list[tuple[bytes, bytes]]):
    """The fields of plain requests: nobody changes this list, a step that changes fields makes a list of its own.

    `host` is the value of Host, `length` that of Content-Length, where there is one. `lines` keeps, for a few proxy
    steps, the lines that they make of these fields.
    """

    __slots__ = ("host", "length", "lines")

    def __init__(self, fields: list[tuple[bytes, bytes]], host: str, length: int | None) -> None:
        super().__init__(fields)
        self.host = host
        self.length = length
        self.lines: dict[object, bytes] = {}

    def keep(self, proxy: object, lines: bytes) -> None:
        """Remember the lines that a proxy step makes of these fields."""
        if len(self.lines) < _KNOWN_PROXIES:
            self.lines[proxy] = lines


class PlainRequest:
    """A request that was read whole: `end` is where it ends in the bytes it was read from."""

    __slots__ = ("body", "end", "fields", "method", "target")

    def __init__(self, method: str, target: str, fields: Fields, body: bytes | None, end: int) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.end = end


class PlainRequests:
    """Reads plain requests within the limits of a server.

    Arguments:
        line_bytes, fields, field_bytes: the longest request line, the most fields, the longest field.
    """

    def __init__(self, *, line_bytes: int, fields: int, field_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._most_fields = fields
        self._longest = field_bytes - 2
        self._known: dict[bytes, Fields] = {}

    def read(self, data: bytes) -> PlainRequest | None:
        """The request that `data` begins with, if it is plain and all of it is there."""
        end = data.find(b"\r\n\r\n")
        line = data.find(b"\r\n")
        if end < 0 or not line <= self._line_bytes or end - line > MAX_BLOCK_BYTES:
            return None
        start = _START.fullmatch(data, 0, line)
        if start is None:
            return None
        block = data[line + 2 : end]
        fields = self._known.get(block)
        if fields is None:
            fields = self._read(block)
            if fields is None:
                return None
        method, target = start[1].decode(), start[2].decode()
        if method not in METHODS:
            return None
        if target.endswith("?") and target.find("?") == len(target) - 1:
            # An empty query is none.
            target = target[:-1]
        if ("." in target or "%" in target) and _is_odd(target.partition("?")[0]):
            return None
        end += 4
        body = None
        if fields.length:
            body = data[end : end + fields.length]
            if len(body) < fields.length:
                return None
            end += fields.length
        return PlainRequest(method, target, fields, body, end)

    def _read(self, block: bytes) -> Fields | None:
        lines = block.split(b"\r\n")
        if len(lines) > self._most_fields:
            return None
        fields: list[tuple[bytes, bytes]] = []
        host: bytes | None = None
        length: int | None = None
        for line in lines:
            found = _LINE.fullmatch(line)
            if found is None or len(line) > self._longest:
                return None
            name, value = found[1].lower(), found[2].rstrip(b" \t")
            if name == b"host":
                if host is not None or not is_host(value):
                    return None
                host = value
            elif name == b"content-length":
                if length is not None or _LENGTH.fullmatch(value) is None:
                    return None
                length = int(value)
            elif name in SPECIAL and not (name == b"connection" and value == b"keep-alive"):
                return None
            fields.append((name, value))
        if host is None or len({name for name, _ in fields}) < len(fields):
            # Which fields may come twice is for the parser to say.
            return None
        if len(self._known) >= _KNOWN_BLOCKS:
            self._known.clear()
        known = self._known[block] = Fields(fields, host.decode("ascii"), length)
        return known


def _is_odd(path: str) -> bool:
    """Whether there are dot segments or NUL in a path, which are refused."""
    return DOT_SEGMENT.search(path) is not None or "%00" in path
