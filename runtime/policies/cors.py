"""The cors policy: which pages of other origins may read responses, as browsers ask it (the Fetch standard)."""

from collections.abc import Sequence
from typing import Literal

from egc.runtime.env import Misconfigured
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.headers import Headers, is_value
from egc.runtime.patterns import Pattern

Origin = str | bool | Pattern | Sequence[str | Pattern]

_METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")


class Cors:
    """Answer preflights and mark responses (D194-D208, D455).

    Every OPTIONS request ends here, with no body; others go on, and what is set stays on every later answer. What they
    depend on is added to `Vary`.

    Arguments:
        origin: `*` for all; another text is sent as it is, whatever the request's Origin; a list or a pattern allows
            those that are equal or match; True allows the request's own, False or an empty text switches it off.
        methods, allowed_headers, exposed_headers: a list, or a text as it is to be sent. Without `allowed_headers` a
            preflight is allowed those that it asks for; with an empty list, none.
        credentials: whether pages may send cookies.
        max_age: for how many seconds a browser may remember a preflight's answer.
        options_success_status: status of preflights.
        preflight_continue: let OPTIONS requests go on as well.
    """

    answers: Literal["maybe"] = "maybe"

    def __init__(
        self,
        *,
        origin: Origin = "*",
        methods: str | Sequence[str] = _METHODS,
        allowed_headers: str | Sequence[str] | None = None,
        exposed_headers: str | Sequence[str] | None = None,
        credentials: bool = False,
        max_age: int | None = None,
        options_success_status: int = 204,
        preflight_continue: bool = False,
    ) -> None:
        self._off = origin is False or origin == ""
        self._any = origin is True
        self._exact: frozenset[bytes] = frozenset()
        self._patterns: tuple[Pattern, ...] = ()
        every: Headers = []
        if isinstance(origin, str):
            every += _header("access-control-allow-origin", origin)
        elif not isinstance(origin, bool):
            entries: Sequence[str | Pattern] = origin if isinstance(origin, Sequence) else (origin,)
            self._exact = frozenset(entry.encode() for entry in entries if isinstance(entry, str))
            self._patterns = tuple(entry for entry in entries if not isinstance(entry, str))
        self._echoes = not isinstance(origin, str)
        if credentials:
            every += _header("access-control-allow-credentials", "true")
        exposed = _header("access-control-expose-headers", exposed_headers)
        allowed = _header("access-control-allow-headers", allowed_headers)
        self._every = [*every, *exposed]
        self._preflight = [
            *every,
            *_header("access-control-allow-methods", methods),
            *allowed,
            *_header("access-control-max-age", None if max_age is None else str(max_age)),
            *exposed,
        ]
        self._asks = allowed_headers is None or allowed_headers == ""
        by_origin = (b"Origin",) if origin != "*" else ()
        self._vary = by_origin
        self._preflight_vary = (*by_origin, b"Access-Control-Request-Headers") if self._asks else by_origin
        self._continues = preflight_continue
        # 204 has no body, but some browsers wait for one unless told (as the npm package `cors` has it).
        length = [(b"content-length", b"0")] if options_success_status in (204, 304) else []
        self._answer = Answer(options_success_status, length, b"")

    def __call__(self, x: Exchange) -> Answer | None:
        """Answer an OPTIONS request; mark the response of others."""
        if self._off:
            return None
        preflight = x.method == "OPTIONS"
        _set(x, self._preflight if preflight else self._every)
        if self._echoes:
            origin = _field(x, b"origin")
            if origin and (self._any or origin in self._exact or self._matches(origin)):
                _set(x, [(b"access-control-allow-origin", origin)])
        if preflight and self._asks:
            asked = _field(x, b"access-control-request-headers")
            if asked:
                _set(x, [(b"access-control-allow-headers", asked)])
        vary = self._preflight_vary if preflight else self._vary
        if vary:
            _vary(x, vary)
        return self._answer if preflight and not self._continues else None

    def _matches(self, origin: bytes) -> bool:
        text = origin.decode("latin-1")
        return any(pattern.search(text) is not None for pattern in self._patterns)


def _header(name: str, value: str | Sequence[str] | None) -> Headers:
    """A header of a text or of a list; none of an empty one. Raises Misconfigured for what no header can hold."""
    text = value if isinstance(value, str) else ",".join(value or ())
    if not text:
        return []
    encoded = text.encode()
    if not is_value(encoded):
        raise Misconfigured(f"{text!r} cannot stand in the header {name}")
    return [(name.encode(), encoded)]


def _field(x: Exchange, name: bytes) -> bytes:
    return b", ".join(value for key, value in x.headers if key == name)


def _set(x: Exchange, headers: Headers) -> None:
    """Put response headers in the place of earlier ones of the same names."""
    if x.response_headers:
        names = {name for name, _ in headers}
        x.response_headers = [field for field in x.response_headers if field[0].lower() not in names]
    x.response_headers += headers


def _vary(x: Exchange, fields: tuple[bytes, ...]) -> None:
    """Add to what the response varies by (RFC 9110 section 12.5.5)."""
    known = [part.strip() for key, value in x.response_headers if key.lower() == b"vary" for part in value.split(b",")]
    if b"*" in known:
        return
    lowered = {part.lower() for part in known}
    known += [field for field in fields if field.lower() not in lowered]
    _set(x, [(b"vary", b", ".join(known))])
