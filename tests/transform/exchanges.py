"""Requests for the policies that look at bodies, without a gateway."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from egc.runtime.exchange import Exchange
from egc.runtime.routing import ANY, Endpoint, Route

Result = TypeVar("Result")
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")


def request(
    body: bytes = b"", *headers: tuple[bytes, bytes], method: str = "POST", url: str = "/", pieces: int = 1
) -> Exchange:
    """A request; its body comes in so many pieces, chunked where they are more than one."""
    fields = [(b"host", b"h"), *headers]
    x = Exchange(method, url, fields, "h", "http", "127.0.0.1")
    size = max(1, -(-len(body) // pieces))
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    if pieces > 1:
        x.chunked = True
        x.headers = [*fields, (b"transfer-encoding", b"chunked")]
    elif body:
        x.content_length = len(body)
        x.headers = [*fields, (b"content-length", b"%d" % len(body))]

    async def receive() -> tuple[bytes, bool]:
        part = parts.pop(0)
        return part, bool(parts)

    x.receive = receive
    x.begin(Route(ANY, ANY, ANY, Endpoint("api", scopes=()), None), ())
    return x


def run(waiting: Coroutine[Any, Any, Result]) -> Result:
    """Wait for it."""
    return asyncio.run(waiting)
