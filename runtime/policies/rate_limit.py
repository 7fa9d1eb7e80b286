"""The rate-limit policy: so many requests of a key in a window, the later ones of them slowed down."""

import heapq
import json
import logging
import math
import time
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_network
from typing import Literal

from egc.runtime.env import Misconfigured
from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange, ResponseHead
from egc.runtime.headers import Headers
from egc.runtime.javascript import JSError, Script
from egc.runtime.store import Hit, Store

_log = logging.getLogger("egc")

LONGEST_DELAY = 60.0
"""Seconds that a request waits at most; few callers wait as long."""
MOST_WAITING = 1000
"""Requests of one step that may wait in a worker at once."""

_MILLISECONDS = 1000
_QUIET_SECONDS = 60.0
_MOST = 999_999_999_999_999
"""The greatest integer of a structured field (RFC 9651 section 3.3.1)."""
_NO_KEY = frozenset(("", "undefined", "null"))
_MEDIA_RANGES = 64

_LIMIT = b"x-ratelimit-limit"
_REMAINING = b"x-ratelimit-remaining"
_RESET = b"x-ratelimit-reset"
_X_FIELDS = frozenset((_LIMIT, _REMAINING, _RESET))
_POLICY = b"ratelimit-policy"
_STANDING = b"ratelimit"


class RateLimit:
    """Refuse a key's requests beyond `max` in a window that starts with its first one (D220-D235).

    Arguments:
        rate_limit_by: the key, or a template's script that gives that of a request; None: the caller's address, of
            IPv6 its first 64 bits, for one caller has all of those. Where a script gives nothing or throws, the
            address counts too, and that is logged (D427).
        window_ms: how long a window is, in milliseconds.
        delay_after, delay_ms: hit n beyond `delay_after` waits (n - delay_after) x `delay_ms` milliseconds, up to
            LONGEST_DELAY; if either is 0, none waits. While MOST_WAITING requests wait, further ones get 503.
        max: hits let through; 0: all of them, and they are only counted.
        message, status_code: what one who is refused reads.
        headers: whether to tell the limit in headers, and in a refusal when to come back.
        rate_limit_headers: the form of those headers: Express Gateway's, draft-ietf-httpapi-ratelimit-headers-11's.
        skip_failed_requests, skip_successful_requests: take the hit back if the answer is >= 400, < 400. Of a caller
            who has left without an answer it stays.
        counter: the name of the counter. Steps that give the same one, and the same `window_ms`, count together.

    Raises Misconfigured for numbers that the schema does not allow: they may come from the environment.
    """

    answers: Literal["never"] = "never"

    def __init__(
        self,
        store: Store,
        *,
        rate_limit_by: str | Script | None = None,
        window_ms: int = 60_000,
        delay_after: int = 1,
        delay_ms: int = 1000,
        max: int = 5,
        message: str = "Too many requests, please try again later.",
        status_code: int = 429,
        headers: bool = True,
        rate_limit_headers: Literal["x-ratelimit", "draft-11", "none"] = "x-ratelimit",
        skip_failed_requests: bool = False,
        skip_successful_requests: bool = False,
        counter: str,
    ) -> None:
        for name, value, least in (
            ("windowMs", window_ms, 1),
            ("delayAfter", delay_after, 0),
            ("delayMs", delay_ms, 0),
            ("max", max, 0),
            ("statusCode", status_code, 200),
        ):
            if value < least or (name == "statusCode" and value > 599):
                raise Misconfigured(f"rate-limit: {value} is no {name}")
        store.will_count()
        self._store = store
        self._by = rate_limit_by
        self._counter = counter
        self._prefix = f"{counter}\0{window_ms}\0".encode()
        self._window = window_ms / _MILLISECONDS
        self._max = max
        self._delay_after = delay_after
        self._delay = delay_ms / _MILLISECONDS if delay_after else 0.0
        self._waiting: list[float] = []
        self._text = message
        self._json = json.dumps({"message": message}, separators=(",", ":"), ensure_ascii=False)
        self._status = status_code
        self._tells_when = headers
        self._form = rate_limit_headers if headers else "none"
        self._limit = (_LIMIT, b"%d" % max)
        item = _quoted(counter)
        self._item = item + b";"
        quota = min(max, _MOST)
        window = min(math.ceil(self._window), _MOST)
        self._policy = (_POLICY, b"%b;q=%d;w=%d" % (item, quota, window))
        self._skip_failed = skip_failed_requests
        self._skip_successful = skip_successful_requests
        self._quiet_until = 0.0

    async def __call__(self, x: Exchange) -> None:
        """Count the request; refuse it if it is one too many, or have it wait.

        Raises Refused, and StoreError when the store cannot count: no request passes uncounted.
        """
        now = time.time()
        key = self._key(x)
        hit = await self._store.hit(key, self._window, now)
        if self._form == "x-ratelimit":
            self._tell(x, hit)
        elif self._form == "draft-11" and self._max:
            self._tell_as_draft(x, hit, now)
        if hit.hits > self._max and self._max:
            raise self._refused(x, hit, now)
        if self._skip_failed or self._skip_successful:
            x.on_response(partial(self._take_back, key, hit))
        if self._delay and hit.hits > self._delay_after:
            self._slow_down(x, hit.hits)

    def _key(self, x: Exchange) -> bytes:
        """What is counted. Keys that a caller can choose are never those of an address."""
        if self._by is not None:
            try:
                text = self._by if isinstance(self._by, str) else str(self._by(x))
            except JSError as error:
                self._complain(str(error))
            else:
                if text not in _NO_KEY:
                    return self._prefix + b"=" + text.encode("utf-8", "surrogatepass")
                self._complain(f"it is {text!r}")
        return self._prefix + b"@" + _network(x.client)

    def _complain(self, why: str) -> None:
        """Say that there is no key, now and then: any caller can bring this about."""
        now = time.monotonic()
        if now > self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _log.warning("rate-limit %s: no key, the address counts instead: %r", self._counter, why[:200])

    def _tell(self, x: Exchange, hit: Hit) -> None:
        """Express Gateway's headers (D230); those of a later step take the place of an earlier one's."""
        if x.response_headers:
            x.response_headers = [field for field in x.response_headers if field[0] not in _X_FIELDS]
        x.response_headers += (
            self._limit,
            (_REMAINING, b"%d" % max(self._max - hit.hits, 0)),
            (_RESET, b"%d" % math.ceil(hit.resets_at)),
        )

    def _tell_as_draft(self, x: Exchange, hit: Hit, now: float) -> None:
        """The headers of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4: one item for each step."""
        if x.response_headers:
            x.response_headers = [
                (name, value)
                for name, value in x.response_headers
                if name not in (_POLICY, _STANDING) or not value.startswith(self._item)
            ]
        standing = b"%br=%d;t=%d" % (
            self._item,
            min(max(self._max - hit.hits, 0), _MOST),
            _seconds_until(hit.resets_at, now),
        )
        x.response_headers += (self._policy, (_STANDING, standing))

    def _refused(self, x: Exchange, hit: Hit, now: float) -> Refused:
        """The refusal, as HTML or JSON (D231, D429)."""
        headers: Headers = [(b"vary", b"Accept")]
        if self._tells_when:
            headers.append((b"retry-after", b"%d" % _seconds_until(hit.resets_at, now)))
        if _prefers_json(x):
            body, content_type = self._json, "application/json; charset=utf-8"
        else:
            body, content_type = self._text, "text/html; charset=utf-8"
        return Refused(self._status, body, content_type=content_type, headers=headers, reason="rate_limited")

    def _take_back(self, key: bytes, hit: Hit, x: Exchange, head: ResponseHead) -> None:
        """A response hook: un-count what the configuration does not count (D228)."""
        if self._skip_failed if head.status >= 400 else self._skip_successful:
            self._store.unhit(key, hit)

    def _slow_down(self, x: Exchange, hits: int) -> None:
        """Have the request wait (D226). Raises Refused 503 where too many wait already."""
        now = time.monotonic()
        waiting = self._waiting
        while waiting and waiting[0] <= now:
            heapq.heappop(waiting)
        if len(waiting) >= MOST_WAITING:
            headers = [(b"retry-after", b"%d" % _seconds_until(waiting[0], now))]
            raise Refused(503, "Service Unavailable", headers=headers, reason="too_many_waiting")
        delay = min(x.delay + (hits - self._delay_after) * self._delay, LONGEST_DELAY)
        heapq.heappush(waiting, now + delay)
        x.delay = delay


@lru_cache(maxsize=4096)
def _network(address: str) -> bytes:
    """An IPv4 address as it is, of an IPv6 address its network (RFC 6177: a site has 64 bits of it at least)."""
    if ":" in address:
        try:
            found = IPv6Address(address)
        except ValueError:
            return address.encode()
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped).encode()
        return str(ip_network((int(found), 64), strict=False)).encode()
    return address.encode()


def _seconds_until(end: float, now: float) -> int:
    """Whole seconds until `end`, which is to come: at least one."""
    return min(math.ceil(end - now), _MOST)


def _quoted(name: str) -> bytes:
    """A String of structured fields (RFC 9651 section 3.3.3)."""
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    return b'"%b"' % bytes(ord(one) if " " <= one <= "~" else ord("?") for one in text)


def _prefers_json(x: Exchange) -> bool:
    """Whether the caller would rather read JSON than HTML (RFC 9110 section 12.5.1); HTML where it takes neither."""
    accept = b",".join(value for name, value in x.headers if name == b"accept").lower()
    if b"application/" not in accept:
        return False
    html = json_ = (0.0, 0, 0)
    for position, media_range in enumerate(accept.split(b",", _MEDIA_RANGES)[:_MEDIA_RANGES]):
        name, _, parameters = media_range.partition(b";")
        name = name.strip()
        quality = _quality(parameters)
        # What is listed first wins among equals; the exact name says more than `*`.
        if name in (b"text/html", b"text/*", b"*/*"):
            html = _closer(html, (quality, _closeness(name), -position))
        if name in (b"application/json", b"application/*", b"*/*"):
            json_ = _closer(json_, (quality, _closeness(name), -position))
    return json_[0] > 0 and json_ > html


def _closeness(name: bytes) -> int:
    return 1 if name == b"*/*" else 2 if name.endswith(b"/*") else 3


def _closer(one: tuple[float, int, int], other: tuple[float, int, int]) -> tuple[float, int, int]:
    """Of two ranges that a type falls under, the one that names it more closely."""
    return other if other[1] > one[1] else one


def _quality(parameters: bytes) -> float:
    for parameter in parameters.split(b";"):
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
