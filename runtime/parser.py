"""gunicorn's strict request parser, with the plain case read at once.

A head that has arrived whole and holds nothing unusual is cut into lines and fields by a few calls in C; anything else
goes the way it always went, so that what is refused, and why, stays gunicorn's.
"""

import re

from gunicorn.asgi.parser import InvalidChunkSize, LimitRequestHeaders, PythonProtocol

MAX_HEAD_BYTES = 16384

_PLAIN_START = re.compile(rb"([A-Z]{3,20}) (/[!-~]*) HTTP/1\.1")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection"))
_NOTED = frozenset((b"connection", b"upgrade", b"expect"))
_1_1 = (1, 1)


class RequestParser(PythonProtocol):
    """Parses the requests of one connection."""

    def feed(self, data: bytes) -> None:
        if self._buffer or self._state != "request_line" or not self._read_whole(data):
            super().feed(data)

    def _read_whole(self, data: bytes) -> bool:
        """Read a head that is all of `data`. False, and nothing read, if there is anything to look at closely."""
        end = data.find(b"\r\n\r\n")
        if not 0 < end == len(data) - 4 <= MAX_HEAD_BYTES:
            return False
        line, _, block = data[:end].partition(b"\r\n")
        start = _PLAIN_START.fullmatch(line)
        if start is None or len(line) > self._limit_request_line or not self._read_plain(block):
            return False
        self.method, self.path = start.groups()
        self.http_version = _1_1
        self._finalize_headers()
        return True

    def _parse_headers(self) -> bool:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD_BYTES:
            raise LimitRequestHeaders("Request header fields are too large together")
        if end <= 0 or self._header_count or not self._read_plain(bytes(buffer[:end])):
            plain: bool = super()._parse_headers()
            return plain
        del buffer[: end + 4]
        self._scan_from = 0
        self._finalize_headers()
        return True

    def _finalize_headers(self) -> None:
        fields = self._headers_list
        names = {name for name, _ in fields}
        if len(names) < len(fields) or self.http_version != _1_1 or not names.isdisjoint(_FRAMING):
            super()._finalize_headers()
            return
        # No field twice, and none that frames anything: a request without a body.
        self.headers = fields
        if self._on_headers_complete:
            self._on_headers_complete()
        self._state = "complete"
        self.is_complete = True
        if self._on_message_complete:
            self._on_message_complete()

    def _parse_chunked_body(self) -> bool:
        whole: bool = super()._parse_chunked_body()
        if self._chunk_size >> 63:
            raise InvalidChunkSize("a chunk of more bytes than can be counted")
        return whole

    def _read_plain(self, block: bytes) -> bool:
        """Read all fields of a head. False, and nothing read, if there is anything about it to look at closely."""
        lines = block.split(b"\r\n")
        breaks = len(lines) - 1
        if block.count(b"\n") != breaks or block.count(b"\r") != breaks or _CONTROLS.search(block):
            return False
        if len(lines) > self._limit_request_fields:
            return False
        longest = self._limit_request_field_size - 2
        token = _TOKEN.fullmatch
        fields = []
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or len(line) > longest or token(name) is None:
                return False
            fields.append((name.lower(), value.strip(b" \t")))
        self._headers_list = fields
        self._header_count = len(fields)
        return True


class Head:
    """What the worker goes by of a request whose head has been read; in the place of gunicorn's CallbackRequest."""

    __slots__ = (
        "_expect_100_continue",
        "chunked",
        "closes",
        "content_length",
        "fields",
        "method",
        "target",
        "upgrades",
        "version",
    )

    def __init__(self, parser: RequestParser) -> None:
        self.method: str = parser.method.decode("ascii")
        self.target: bytes = parser.path
        self.version: tuple[int, int] = parser.http_version
        self.fields: list[tuple[bytes, bytes]] = parser.headers
        self.content_length: int = parser.content_length or 0
        self.chunked: bool = parser.is_chunked
        self.upgrades = False
        self._expect_100_continue = False
        connection: bytes | None = None
        for name, value in self.fields:
            if name not in _NOTED:
                continue
            if name == b"connection":
                if connection is None:
                    connection = value.strip(b" \t").lower()
            elif name == b"upgrade":
                self.upgrades = True
            elif value.lower() == b"100-continue":
                # Of an HTTP/1.0 request it does not count (RFC 9110 section 10.1.1).
                self._expect_100_continue = self.version >= _1_1
        self.closes = (
            not parser.should_keep_alive
            or self.method == "CONNECT"
            or connection == b"close"
            or (connection != b"keep-alive" and self.version < _1_1)
        )
