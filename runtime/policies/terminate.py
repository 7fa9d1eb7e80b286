"""The terminate policy: answer here and now."""

import base64
import hashlib
from typing import Literal

from egc.runtime.exchange import Answer, Exchange

_TYPE = (b"content-type", b"text/html; charset=utf-8")


class Terminate:
    """End the pipeline with a fixed answer (D321-D323).

    The body is literal. 204 and 304 drop it; a 2xx whose entity tag the caller already has becomes 304.
    """

    answers: Literal["always"] = "always"

    def __init__(self, *, status_code: int = 400, message: str = "Terminated") -> None:
        body = message.encode()
        etag = b'W/"%x-%b"' % (len(body), base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest())[:27])
        self._etag = etag
        self._fresh_possible = 200 <= status_code < 300
        if status_code in (204, 304):
            self._answer = Answer(status_code, [(b"etag", etag)])
        else:
            self._answer = Answer(status_code, [_TYPE, (b"etag", etag)], body)
        self._not_modified = Answer(304, [(b"etag", etag)])

    def __call__(self, x: Exchange) -> Answer:
        """Answer."""
        if self._fresh_possible and x.method in ("GET", "HEAD"):
            known = x.header(b"if-none-match")
            if known is not None and self._matches(known) and not _reloads(x):
                return self._not_modified
        return self._answer

    def _matches(self, known: bytes) -> bool:
        bare = self._etag.removeprefix(b"W/")
        return known.strip() == b"*" or any(tag.strip().removeprefix(b"W/") == bare for tag in known.split(b","))


def _reloads(x: Exchange) -> bool:
    return b"no-cache" in (x.header(b"cache-control") or b"")
