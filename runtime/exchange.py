"""What a pipeline reads and changes, and what it decides.

Pipelines decide, transports act: a pipeline is a function of one `Exchange` that returns an `Outcome` and does no
upstream I/O itself. A transport (ASGI today) makes the exchange, runs the pipeline and carries the outcome out.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from random import randbytes
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from egc.runtime.headers import Headers
from egc.runtime.store import Application, Token, User

if TYPE_CHECKING:
    from egc.runtime.routing import Endpoint, Route
    from egc.runtime.upstream import Call

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


class Exchange:
    """One request on its way through the gateway, and what policies have made of it so far.

    `url` is the raw request target in origin form (path, and `?` with the query), which steps may rewrite;
    `original_url` is what the caller sent. `headers` are the request's, names in lower case. `client` is the address
    the request came from and `scheme` the one the caller used, both after trusted proxies had their say; `peer` is
    the address at the other end of the socket. `absolute_form` is the target as sent, where it was a whole URL.
    """

    __slots__ = (
        "_request_id",
        "absolute_form",
        "body",
        "chunked",
        "client",
        "connection_fields",
        "consumer",
        "content_length",
        "delay",
        "endpoint",
        "expects_continue",
        "groups",
        "headers",
        "hooks",
        "host",
        "http_version",
        "method",
        "original_url",
        "peer",
        "response_headers",
        "route",
        "scheme",
        "token",
        "url",
    )

    endpoint: "Endpoint"

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
        self.absolute_form = ""
        self.content_length: int | None = None
        self.chunked = False
        self.expects_continue = False
        self.connection_fields: frozenset[bytes] = frozenset()
        self.route: Route | None = None
        self.groups: tuple[str | None, ...] = ()
        self.consumer: User | Application | None = None
        self.token: Token | None = None
        self.response_headers: Headers = []
        self.hooks: list[ResponseHook] | None = None
        self.delay = 0.0
        self.body: bytes | None = None
        self._request_id = ""

    def begin(self, route: "Route", groups: tuple[str | None, ...]) -> None:
        """Start the pipeline of `route`: a fresh context, while changes to the request stay (D97, D100)."""
        self.route = route
        self.endpoint = route.endpoint
        self.groups = groups
        self._request_id = ""

    @property
    def path(self) -> str:
        """The path of `url`, still percent-encoded."""
        return self.url.partition("?")[0]

    @property
    def request_id(self) -> str:
        """22 random letters and digits, one per pipeline match (D116)."""
        if not self._request_id:
            # An identifier for logs, not a secret.
            self._request_id = b64encode(randbytes(16))[:22].translate(_TO_BASE62).decode()  # noqa: S311
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

    def on_response(self, hook: ResponseHook) -> None:
        """Have `hook` called with the response's head, whoever makes the response."""
        if self.hooks is None:
            self.hooks = []
        self.hooks.append(hook)


Outcome: TypeAlias = "Answer | Call | None"
"""An answer made here, a call to a service, or nothing: the matching goes on with the next route (D99)."""
