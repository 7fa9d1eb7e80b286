"""One bounded HTTP exchange of the gateway's own: for a key set, for an introspection."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from egc.runtime.headers import Headers
from egc.runtime.in_task import in_task
from egc.runtime.upstream import (
    CONNECT_TIMEOUT,
    RESPONSE_TIMEOUT,
    Call,
    Connection,
    Pool,
    Pools,
    Target,
    UpstreamError,
    UpstreamTimeout,
    client_context,
)

_ON_THE_LINE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole response; header names are in lower case."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The first field of that name."""
        return next((value for key, value in self.headers if key == name), None)


class Place:
    """A URL that the gateway asks, with the connections to its origin. Certificates are checked.

    Raises ValueError for a URL that no request line can carry, OSError or ssl.SSLError when the system's certificates
    cannot be read.
    """

    def __init__(self, url: str) -> None:
        target = Target(url)
        self.authority = target.authority
        self.path = target.path + (f"?{target.query}" if target.query else "")
        if _ON_THE_LINE.fullmatch(self.authority + self.path) is None:
            raise ValueError("a URL may hold printable ASCII characters only")
        self.pool: Pool = Pools(tls=_verified).pool(target)


def _verified() -> ssl.SSLContext:
    return client_context(verify=True, files={})


async def fetch(
    place: Place,
    method: str = "GET",
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    within: float,
    limit: int,
) -> Fetched:
    """Send a request and hold its whole response. Redirects are not followed.

    A request whose kept connection turns out to have been closed is sent once more: what is asked here changes
    nothing, whatever its method.

    Arguments:
        headers: further fields, names in lower case.
        within: seconds for all of it.
        limit: bytes of the response body.

    Raises UpstreamError: no answer in time, none at all, or a longer one.
    """
    lines = [
        f"{method} {place.pool.prefix}{place.path} HTTP/1.1",
        f"host: {place.authority}",
        "accept-encoding: identity",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    call = Call(place.pool, method, place.path, head, body=body, has_body=bool(body), response=RESPONSE_TIMEOUT)
    try:
        await in_task()
        async with asyncio.timeout(within):
            while True:
                connection = place.pool.take() or await place.pool.connect(min(within, CONNECT_TIMEOUT))
                answer = _Answer(connection, limit)
                try:
                    connection.send(call, answer, body)
                    if body:
                        connection.end_body()
                    return await answer.whole
                except BaseException as error:
                    connection.abort()
                    if not _was_closed(error, connection):
                        raise
    except TimeoutError:
        raise UpstreamTimeout("upstream_timeout") from None


def _was_closed(error: BaseException, connection: Connection) -> bool:
    """Whether the other end had closed a kept connection before it saw the request."""
    reset = isinstance(error, UpstreamError) and error.reason == "upstream_reset"
    return reset and connection.used and not connection.answered


class _Answer:
    """The sink of a response that is held as a whole."""

    def __init__(self, connection: Connection, limit: int) -> None:
        self.whole: asyncio.Future[Fetched] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._limit = limit
        self._status = 0
        self._headers: Headers = []
        self._pieces: list[bytes] = []

    def informational(self, status: int, headers: Headers) -> None: ...

    def head(self, status: int, headers: Headers, measured: bool) -> None:
        self._status = status
        self._headers = headers

    def data(self, chunk: bytes) -> None:
        self._limit -= len(chunk)
        if self._limit >= 0:
            self._pieces.append(chunk)
        elif not self.whole.done():
            self.whole.set_exception(UpstreamError("upstream_protocol", "response too large"))

    def complete(self) -> None:
        if not self.whole.done():
            self.whole.set_result(Fetched(self._status, self._headers, b"".join(self._pieces)))

    def failed(self, error: UpstreamError) -> None:
        if not self.whole.done():
            self.whole.set_exception(error)

    def flush(self) -> None: ...

    def writable(self) -> None: ...
