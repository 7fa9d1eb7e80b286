"""gunicorn's strict request parser, with the plain case read at once.

A head that has arrived whole and holds nothing unusual is cut into lines and fields by a few calls in C; anything else
goes the way it always went, so that what is refused, and why, stays gunicorn's.
"""

import re

from gunicorn.asgi.parser import InvalidChunkSize, LimitRequestHeaders, PythonProtocol

MAX_HEAD_BYTES = 16384

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class RequestParser(PythonProtocol):
    """Parses the requests of one connection."""

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
