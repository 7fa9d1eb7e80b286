"""The response-transformer policy: other headers and another body for the caller."""

import logging
from typing import Literal

from egc.runtime import bodies
from egc.runtime.changes import BodyChanges, BodySteps, HeaderChanges, HeaderSteps
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answered, Exchange, ResponseHead
from egc.runtime.javascript import UNDEFINED, JSError, Value, header_text

_log = logging.getLogger("egc")

_READABLE = frozenset((b"gzip", b"x-gzip", b"deflate", b"identity"))


class ResponseTransformer:
    """Change the response on its way to the caller; to stand before `proxy` (D315-D320).

    Headers are changed in every response from here on, also those that the gateway makes; a script that throws
    answers 500 (D320, D461). Bodies are changed where the service answers with a JSON object of at most 1 MiB; a script
    that throws adds nothing, and what is to be removed is removed all the same. The service is asked for whole bodies
    in codings that the gateway reads.

    Arguments:
        headers: those to add and to remove.
        body: top-level properties to add and to remove.
    """

    answers: Literal["never"] = "never"

    def __init__(self, *, headers: HeaderChanges | None = None, body: BodyChanges | None = None) -> None:
        self._headers = None if headers is None else HeaderSteps(headers, _text)
        self._body = None if body is None else BodySteps(body)

    def __call__(self, x: Exchange) -> None:
        """Have the response changed once it comes."""
        if self._headers is not None:
            x.on_response(self._change_head)
        if self._body is not None:
            x.transform_response(self._change_body)
            _ask_for_readable(x)

    def _change_head(self, x: Exchange, head: ResponseHead) -> None:
        """Raises Refused 500 where a script throws."""
        if self._headers is None:
            return
        try:
            added = self._headers.added(x)
        except (JSError, Answered) as error:
            _log.error("response-transformer of %s: %s", x.endpoint.name, error)
            raise Refused(500, "Internal Server Error", reason="script_failed") from None
        removed = self._headers.removed
        gone = removed | self._headers.names
        head.headers = [field for field in head.headers if field[0].lower() not in gone]
        head.headers += [field for field in added if field[0] not in removed]

    def _change_body(self, x: Exchange, head: ResponseHead, body: bytes) -> bytes:
        if self._body is None:
            return body
        try:
            # As Node reads it: one byte that is no character is no way around what is to be removed.
            parsed = bodies.load(body.decode(errors="replace"))
        except bodies.Malformed:
            return body
        if not isinstance(parsed, dict):
            return body
        try:
            return bodies.dump(self._body.changed(x, parsed))
        except (JSError, Answered) as error:
            _log.error("response-transformer of %s: %s", x.endpoint.name, error)
        # A caller who makes a script throw is not to see what is removed for others.
        left = self._body.without_removed(parsed)
        return body if len(left) == len(parsed) else bodies.dump(left)


def _text(value: Value) -> str:
    """A header's text; `undefined` is sent as such (D459)."""
    return "undefined" if value is UNDEFINED else header_text(value)


def _ask_for_readable(x: Exchange) -> None:
    """Ask the service for what can be changed: a whole body, in a content coding that is known here."""
    accepted = b",".join(value for name, value in x.headers if name == b"accept-encoding")
    if accepted:
        kept = [part.strip() for part in accepted.split(b",") if part.partition(b";")[0].strip().lower() in _READABLE]
        x.set_header(b"accept-encoding", b", ".join(kept) or b"identity")
    x.remove_header(b"range")
    x.remove_header(b"if-range")
