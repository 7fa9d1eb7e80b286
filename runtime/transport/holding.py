"""Responses held back until they are whole, for steps that make another body of them (D316-D319, D430)."""

from typing import Protocol

from egc.runtime.bodies import Malformed, TooLong, describe, inflate, is_object
from egc.runtime.exchange import Exchange, ResponseHead
from egc.runtime.headers import Headers
from egc.runtime.upstream import UpstreamError

RESPONSE_LIMIT = 1 << 20
"""How many bytes of a response are held, as sent and decoded; a longer one passes as it is."""

_CODINGS = frozenset((b"", b"identity", b"gzip", b"x-gzip", b"deflate"))
_STREAMS = frozenset(
    (
        b"text/event-stream",
        b"application/json-seq",
        b"application/jsonl",
        b"application/ndjson",
        b"application/x-ndjson",
        b"application/stream+json",
    )
)
"""Media types whose parts are to be read as they come."""


class Reply(Protocol):
    """A response of a service while it arrives."""

    status: int
    headers: Headers
    ended: bool
    error: UpstreamError | None

    def take(self) -> bytes: ...

    async def wait(self) -> None: ...


async def hold(x: Exchange, reply: Reply) -> bytes:
    """Let the transforms of the exchange make another body of a response that is one JSON object.

    The first bytes decide: what is no object passes as it comes. Others are held until they are whole, or longer than
    RESPONSE_LIMIT.

    Returns what has been taken of the body, or what was made of it; where it was not whole, the reply has the rest.
    Raises UpstreamError where the service fails: the caller has got nothing yet.
    """
    fields = {name.lower(): value for name, value in reply.headers}
    media = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
    coding = fields.get(b"content-encoding", b"").strip().lower()
    if reply.status in (204, 206, 304) or coding not in _CODINGS or media in _STREAMS:
        return b""
    if x.method == "HEAD":
        # The length that a GET would have is known once its body is made.
        reply.headers = [field for field in reply.headers if field[0].lower() != b"content-length"]
        return b""
    length = fields.get(b"content-length", b"0")
    if length.isdigit() and int(length) > RESPONSE_LIMIT:
        return b""
    held, whole = await _whole(reply, sniffs=coding in (b"", b"identity"))
    if not whole:
        return held
    try:
        body = inflate(held, coding, RESPONSE_LIMIT)
    except (Malformed, TooLong):
        return held
    if not is_object(body):
        return held
    head = ResponseHead(reply.status, reply.headers)
    made = body
    for transform in x.transforms or ():
        made = transform(x, head, made)
    if made is body:
        return held
    reply.status, reply.headers = head.status, describe(head.headers, made)
    return made


async def _whole(reply: Reply, *, sniffs: bool) -> tuple[bytes, bool]:
    """The body, and whether it is all of it: not where it is too long, or (where `sniffs` says so) no object."""
    pieces: list[bytes] = []
    size = 0
    undecided = sniffs
    while True:
        ended = reply.ended
        piece = reply.take()
        pieces.append(piece)
        size += len(piece)
        if undecided and piece:
            found = is_object(piece)
            undecided = found is None
            if found is False:
                return b"".join(pieces), False
        if ended or size > RESPONSE_LIMIT:
            return b"".join(pieces), ended
        if reply.error is not None:
            raise reply.error
        await reply.wait()
