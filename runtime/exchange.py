"""What a pipeline reads and changes, and what it decides.

Pipelines decide, transports act: a pipeline is a function of one `Exchange` that returns an `Outcome` and does no
upstream I/O itself. A transport (ASGI today) makes the exchange, runs the pipeline and carries the outcome out.
"""

import asyncio
from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import randbytes
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from egc.runtime.errors import Refused
from egc.runtime.headers import Headers, is_host, is_value
from egc.runtime.in_task import in_task
from egc.runtime.store import Application, Json, Token, User

if TYPE_CHECKING:
    from egc.runtime.conditions.regexpmatch import Found
    from egc.runtime.javascript.context import Context
    from egc.runtime.routing import Endpoint, Route
    from egc.runtime.transport.tunnel import Accept, Tunnel
    from egc.runtime.upstream import Call

_CLOSE = ((b"connection", b"close"),)
_TO_BASE62 = bytes.maketrans(b"+/", b"eg")


class Answer:
    """A response made by the gateway. `body` is sent with its length; a HEAD request gets the length alone."""

    __slots__ = ("body", "headers", "reason", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"", reason: str = "") -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reason = reason


class ResponseHead:
    """The head of the response on its way to the caller; response hooks may change it."""

    __slots__ = ("headers", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers


ResponseHook = Callable[["Exchange", ResponseHead], None]

BodyTransform = Callable[["Exchange", ResponseHead, bytes], bytes]
"""Makes another body of a whole response body; it may change the head, which has not been sent yet."""

BODY_LIMIT = 100 * 1024
"""How many bytes of a request body a policy may look at, decoded (D143, D310)."""

BODY_SECONDS = 60.0
"""How long a request body that a policy looks at may take to arrive."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A consumer whom somebody else vouches for: the payload of a token, an introspection response (D190, D253)."""

    values: Mapping[str, Json]

    @property
    def id(self) -> str:
        """What goes upstream as `eg-consumer-id`: the member `id`, else nothing."""
        found = self.values.get("id")
        text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        return text if is_value(text.encode()) else ""


Consumer: TypeAlias = User | Application | Claims


class Answered(Exception):
    """A step that is no answering policy has answered all the same: a script called `res.send` (D423)."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__(answer.status)
        self.answer = answer


class Exchange:
    """One request on its way through the gateway, and what policies have made of it so far.

    `url` is the raw request target in origin form (path, and `?` with the query), which steps may rewrite;
    `original_url` is what the caller sent. `headers` are the request's, names in lower case. `client` is the address
    the request came from and `scheme` the one the caller used, both after trusted proxies had their say; `peer` is
    the address at the other end of the socket. `absolute_form` is the target as sent, where it was a whole URL.

    `receive` gives the next piece of the request body and whether more follows; `body` is the whole body once
    `read_body` has run or a step has replaced it, and then it is what goes upstream. `parsed` is what a step has made
    of the body for the steps behind it (`req.body`), None for nothing. `certified`: the caller has shown a TLS
    certificate that was verified. `script` belongs to compiled JavaScript, and to nobody else. `matched` is what the
    conditions of `rewrite` have found for it: the parameters of a path by name, or an expression (D324-D327).

    `tunnel` answers 101, where the server can; `tunnelled` is what the connection has become then.
    """

    __slots__ = (
        "_consumer",
        "_request_id",
        "absolute_form",
        "body",
        "certified",
        "chunked",
        "client",
        "connection_fields",
        "content_length",
        "delay",
        "endpoint",
        "expects_continue",
        "groups",
        "handler",
        "headers",
        "hooks",
        "host",
        "http_version",
        "matched",
        "method",
        "original_url",
        "parsed",
        "peer",
        "receive",
        "response_headers",
        "route",
        "scheme",
        "script",
        "token",
        "transforms",
        "tunnel",
        "tunnelled",
        "url",
    )

    endpoint: "Endpoint"
    handler: str
    """Who answers instead of a pipeline; there only where somebody does."""

    def __init__(self, method: str, url: str, headers: Headers, host: str, scheme: str, peer: str) -> None:
        self.method = method
        self.url = url
        self.original_url = url
        self.headers = headers
        self.host = host
        self.scheme = scheme
        self.peer = peer
        self.client = peer
        self.http_version = "1.1"
        self.certified = False
        self.absolute_form = ""
        self.content_length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.connection_fields: frozenset[bytes] = frozenset()
        self.route: Route | None = None
        self.groups: tuple[str | None, ...] = ()
        self._consumer: Consumer | None = None
        self.token: Token | None = None
        self.response_headers: Headers = []
        self.hooks: list[ResponseHook] | None = None
        self.delay = 0.0
        self.transforms: list[BodyTransform] | None = None
        self.receive: Callable[[], Awaitable[tuple[bytes, bool]]] | None = None
        self.body: bytes | None = None
        self.parsed: Json = None
        self.script: Context | None = None
        self.matched: Mapping[str, str | None] | Found | None = None
        self.tunnel: Accept | None = None
        self.tunnelled: Tunnel | None = None
        self._request_id = ""

    def begin(self, route: "Route", groups: tuple[str | None, ...]) -> None:
        """Start the pipeline of `route`: a fresh context, while changes to the request stay (D97, D100)."""
        self.route = route
        self.endpoint = route.endpoint
        self.groups = groups
        self._request_id = ""
        self.matched = None
        if self.script is not None:
            self.script.begin()

    @property
    def path(self) -> str:
        """The path of `url`, still percent-encoded."""
        return self.url.partition("?")[0]

    @property
    def request_id(self) -> str:
        """22 random letters and digits, one per pipeline match (D116)."""
        if not self._request_id:
            # An identifier for logs, not a secret.
            self._request_id = b2a_base64(randbytes(16))[:22].translate(_TO_BASE62).decode()  # noqa: S311
        return self._request_id

    @property
    def params(self) -> Mapping[str, str]:
        """Parameters of the matched path by name, unnamed ones by position, percent-decoded (D96, D98)."""
        return {
            name: unquote(value)
            for name, value in zip(self.route.names if self.route else (), self.groups, strict=False)
            if value is not None
        }

    def header(self, name: bytes) -> bytes | None:
        """The first request header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def consumer(self) -> Consumer | None:
        """Who is calling, once somebody has said so. The service reads the id in `eg-consumer-id` (D151)."""
        return self._consumer

    @consumer.setter
    def consumer(self, consumer: Consumer | None) -> None:
        self._consumer = consumer
        if consumer is not None and consumer.id:
            self.set_header(b"eg-consumer-id", consumer.id.encode())
        else:
            # Nor is it said to be the one before.
            self.remove_header(b"eg-consumer-id")

    def set_header(self, name: bytes, value: bytes) -> None:
        """Put a request header in the place of all of that (lower-case) name (D421).

        It goes upstream even where the caller had it removed by `Connection`. Raises Refused 500 for a value that
        cannot stand in a header, and for a Host that is none.
        """
        if not is_value(value) or (name == b"host" and not is_host(value)):
            raise Refused(500, "Internal Server Error", reason="bad_header_value")
        if name == b"host":
            self.host = value.decode("ascii")
        headers = [field for field in self.headers if field[0] != name]
        headers.append((name, value))
        self.headers = headers
        if name in self.connection_fields:
            self.connection_fields -= {name}

    def remove_header(self, name: bytes) -> None:
        """Take all request headers of that (lower-case) name away; they stay away from the service."""
        self.headers = [field for field in self.headers if field[0] != name]
        if name in self.connection_fields:
            self.connection_fields -= {name}

    def forget(self, *names: bytes) -> None:
        """Take request headers of these (lower-case) names away, and those that a service may read as one of them.

        Some servers take `_` in a name for `-`.
        """
        plain = {name.replace(b"_", b"-") for name in names}
        self.headers = [field for field in self.headers if field[0].replace(b"_", b"-") not in plain]

    def on_response(self, hook: ResponseHook) -> None:
        """Have `hook` called with the response's head, whoever makes the response.

        The hook that comes last is called first, as Express Gateway's policies wrap the response: the first step has
        the last word.
        """
        if self.hooks is None:
            self.hooks = []
        self.hooks.insert(0, hook)

    def transform_response(self, transform: BodyTransform) -> None:
        """Have `transform` make another body of the service's response, where it is one that can be held.

        The one that comes last is called first, before all hooks.
        """
        if self.transforms is None:
            self.transforms = []
        self.transforms.insert(0, transform)

    async def read_body(self, limit: int = BODY_LIMIT) -> bytes:
        """The whole request body, as sent; it is kept, and goes upstream from here on.

        A caller that waits to be invited (`Expect: 100-continue`) is invited by the server; the service is not asked.

        Arguments:
            limit: bytes. Raises Refused 413 for more, and 408 where it takes longer than BODY_SECONDS.
        """
        if self.body is None:
            if self.content_length is not None and self.content_length > limit:
                raise _too_large()
            if self.receive is not None and (self.chunked or self.content_length):
                await in_task()
                try:
                    async with asyncio.timeout(BODY_SECONDS):
                        self.body = await _read(self.receive, limit)
                except TimeoutError:
                    raise Refused(408, "Request Timeout", headers=_CLOSE, reason="slow_body") from None
            elif self.content_length is not None:
                self.body = b""
            if self.expects_continue:
                self.expects_continue = False
                self.remove_header(b"expect")
        elif len(self.body) > limit:
            raise _too_large()
        return self.body or b""


Outcome: TypeAlias = "Answer | Call | None"
"""An answer made here, a call to a service, or nothing: the matching goes on with the next route (D99)."""


async def _read(receive: Callable[[], Awaitable[tuple[bytes, bool]]], limit: int) -> bytes:
    """All pieces of a body. Raises Refused 413 as soon as there are more than `limit` bytes."""
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        piece, more = await receive()
        size += len(piece)
        if size > limit:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _too_large() -> Refused:
    return Refused(413, "Payload Too Large", headers=_CLOSE, reason="body_too_large")
