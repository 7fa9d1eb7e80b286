"""The proxy policy: hand the request to a service."""

import base64
import re
from collections.abc import Mapping
from functools import partial
from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

from egc.runtime.env import Misconfigured
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange, ResponseHead
from egc.runtime.front import DOT_SEGMENT
from egc.runtime.headers import REQUEST_DROPPED, VIA, Headers, is_name, is_value
from egc.runtime.heads import Fields
from egc.runtime.upstream import QUIET_TIMEOUT, RESPONSE_TIMEOUT, Call, Pool, Pools, Service, Target, client_context
from egc.runtime.websocket import awaited_accept

_RUNS_OF_SLASHES = re.compile(r"/{2,}")
_TARGET = re.compile(r"[\x21-\x7e\x80-\xff]*")
_REWRITTEN_STATUSES = frozenset((201, 301, 302, 307, 308))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BODY_FIELDS = frozenset((b"content-length", b"content-type", b"transfer-encoding", b"content-encoding", b"expect"))
_CREDENTIALS = frozenset((b"authorization", b"cookie"))
_WITHOUT_LENGTH = frozenset(("GET", "HEAD", "TRACE"))
_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-port", b"x-forwarded-proto", b"x-forwarded-host"))

Rewrite = str | Mapping[str, str]


class Proxy:
    """Send the request to `service` and its answer back (D254-D305).

    Arguments:
        service: where to; None answers 502 (D255). Several URLs are taken in turn (D292).
        change_origin: send the service's Host instead of the caller's.
        prepend_path: put the path of the service's URL in front.
        ignore_path: leave the request's path and query away.
        strip_path: leave away what the route's pattern has in front of its first parameter or `*` (D285-D291).
        xfwd: append to X-Forwarded-For, -Port, -Proto and set -Host.
        secure: verify the service's certificate.
        auth: `user:password` for a Basic Authorization where the caller sent none.
        headers: request headers that override the caller's, whatever their case.
        follow_redirects: follow the service's redirects instead of passing them on.
        auto_rewrite, host_rewrite, protocol_rewrite: rewrite Location when it names the service.
        cookie_domain_rewrite, cookie_path_rewrite: rewrite Set-Cookie; a mapping may have the key `*`.
        preserve_header_key_case: keep the case of the service's header names.
        to_proxy: send an absolute-form target unparsed, as a path (D269).
        proxy_timeout, timeout: seconds without a byte from the service until 504; the smaller counts. Where neither is
            set, WebSockets and server-sent events may be silent for an hour.
        proxy_url: an intermediate HTTP proxy.
        target: `ca_file`, `cert_file`, `key_file`, `passphrase` for TLS to the service.
        method: send this method instead of the caller's.
        local_address: source address of the connections.
        ws: pass WebSocket connections on (D276, D405); where not, the service sees an ordinary GET.
    """

    answers: Literal["always"] = "always"

    def __init__(
        self,
        service: Service | None,
        *,
        change_origin: bool = True,
        prepend_path: bool = True,
        ignore_path: bool = False,
        strip_path: bool = False,
        xfwd: bool = False,
        secure: bool = True,
        auth: str | None = None,
        headers: Mapping[str, str] | None = None,
        follow_redirects: bool = False,
        auto_rewrite: bool = False,
        host_rewrite: str | None = None,
        protocol_rewrite: Literal["http", "https"] | None = None,
        cookie_domain_rewrite: Rewrite | None = None,
        cookie_path_rewrite: Rewrite | None = None,
        preserve_header_key_case: bool = False,
        to_proxy: bool = False,
        proxy_timeout: float | None = None,
        timeout: float | None = None,
        proxy_url: str | None = None,
        target: Mapping[str, str] | None = None,
        method: str | None = None,
        local_address: str | None = None,
        ws: bool = True,
    ) -> None:
        self._service = service
        self._change_origin = change_origin
        self._ignore_path = ignore_path
        self._strip_path = strip_path
        self._xfwd = xfwd
        self._to_proxy = to_proxy
        self._method = method
        self._keep_case = preserve_header_key_case
        self._ws = ws
        limits = [limit for limit in (proxy_timeout, timeout) if limit]
        self._response = min(limits, default=RESPONSE_TIMEOUT)
        self._quiet = min(limits, default=QUIET_TIMEOUT)
        fixed = {name.lower().encode(): _line(name, value) for name, value in (headers or {}).items()}
        self._fixed = b"".join(fixed.values())
        self._own_request_id = b"eg-request-id" not in fixed
        self._authorization = b""
        if auth is not None and b"authorization" not in fixed:
            self._authorization = b"authorization: Basic %b\r\n" % base64.b64encode(auth.encode())
        self._dropped = REQUEST_DROPPED | frozenset(fixed) | {b"via"} | (_FORWARDED if xfwd else frozenset())
        self._location = _Location(auto_rewrite, host_rewrite, protocol_rewrite)
        self._cookies = [
            (re.compile(rb"(;\s*" + attribute + rb"=)([^;]+)", re.IGNORECASE), rewrite)
            for attribute, rewrite in (
                (b"domain", _mapping(cookie_domain_rewrite)),
                (b"path", _mapping(cookie_path_rewrite)),
            )
            if rewrite
        ]
        self._changes_response = self._location.active or bool(self._cookies)
        self._keeps_path = not (ignore_path or strip_path or to_proxy)
        self._turn = 0
        self._sites: tuple[_Site, ...] = ()
        self._redirects: _Redirects | None = None
        self._is_plain = not (self._keep_case or self._changes_response or follow_redirects)
        if service is not None:
            tls = partial(client_context, verify=secure, files=dict(target or {}))
            pools = Pools(tls=tls, local_address=local_address, response=self._response, proxy_url=proxy_url)
            self._sites = tuple(_Site(pools.pool(target), target, prepend_path) for target in service.targets)
            if follow_redirects:
                self._redirects = _Redirects(pools)

    def __call__(self, x: Exchange) -> Answer | Call:
        """Choose the target and write the request's head.

        Raises Refused for a URL that no request line can carry, or of which changes have made one with dot segments.
        """
        sites = self._sites
        if not sites:
            return Answer(502, [(b"content-type", b"text/plain; charset=utf-8")], b"Bad Gateway", "no_service")
        site = sites[self._turn]
        if len(sites) > 1:
            self._turn = (self._turn + 1) % len(sites)
        method = self._method or x.method
        path = x.url
        if path is not x.original_url or not (self._keeps_path and site.keeps_path):
            path = site.path(self._rest(x))
        host = site.target.authority if self._change_origin or not x.host else x.host
        parts = [f"{method} {site.pool.prefix}{path} HTTP/1.1\r\nhost: {host}\r\n".encode("latin-1"), self._lines(x)]
        accept = None
        if x.tunnel is not None and self._ws and method == "GET":
            accept = awaited_accept(x)
            if accept is not None:
                parts.append(b"connection: Upgrade\r\nupgrade: websocket\r\n")
        if self._own_request_id:
            parts.append(b"eg-request-id: %b\r\n" % x.request_id.encode())
        if self._xfwd:
            parts.append(_forwarded(x))
        length = x.content_length if x.body is None else len(x.body)
        chunked = x.chunked and x.body is None
        if chunked:
            parts.append(b"transfer-encoding: chunked\r\n\r\n")
        elif length is not None:
            parts.append(b"content-length: %d\r\n\r\n" % length)
        elif method in _WITHOUT_LENGTH:
            parts.append(b"\r\n")
        else:
            # Said for what may have a body: some services refuse such a request without it (RFC 9110 section 8.6).
            parts.append(b"content-length: 0\r\n\r\n")
        has_body = chunked or bool(length)
        head = b"".join(parts)
        if self._is_plain and not has_body and accept is None:
            return Call(site.pool, method, path, head, response=self._response, quiet=self._quiet)
        return Call(
            site.pool,
            method,
            path,
            head,
            body=x.body,
            has_body=has_body,
            chunked=chunked,
            expects_continue=x.expects_continue and has_body,
            keep_case=self._keep_case,
            response=self._response,
            quiet=self._quiet,
            accept=accept,
            finish=partial(self._finish, site.target) if self._changes_response else None,
            follow=self._redirects,
        )

    def _lines(self, x: Exchange) -> bytes:
        """The lines of the caller's fields that go on to the service, and of those that the step sets."""
        headers = x.headers
        if type(headers) is Fields:
            lines = headers.lines.get(self)
            if lines is not None:
                return lines
        dropped = self._dropped | x.connection_fields if x.connection_fields else self._dropped
        authorization = self._authorization
        via = b""
        parts: list[bytes] = []
        for name, value in headers:
            if name not in dropped:
                if name == b"authorization":
                    authorization = b""
                parts += (name, b": ", value, b"\r\n")
            elif name == b"via":
                via += value + b", "
        parts += (b"via: ", via, VIA, b"\r\n", self._fixed, authorization)
        lines = b"".join(parts)
        if type(headers) is Fields and not x.connection_fields:
            headers.keep(self, lines)
        return lines

    def _rest(self, x: Exchange) -> str:
        """What of the request's URL goes behind the path of the service's URL (D278-D280, D285-D291)."""
        if self._ignore_path:
            return ""
        url = x.url
        if self._to_proxy and x.absolute_form and url == x.original_url:
            return "/" + x.absolute_form
        if url is not x.original_url:
            url = url.partition("#")[0].replace("\\", "/")
            if _TARGET.fullmatch(url) is None:
                raise Refused(500, "Internal Server Error", reason="bad_rewritten_url")
        if self._strip_path:
            url = _stripped(x, url)
        if not url.startswith("/"):
            url = "/" + url
        if url is not x.original_url and DOT_SEGMENT.search(url.partition("?")[0]):
            # `/x*` takes `/x../y`, of which stripPath would leave `/../y`.
            raise Refused(400, "Bad Request", reason="dot_segments")
        return url

    def _finish(self, target: Target, x: Exchange, head: ResponseHead) -> None:
        """Rewrite Location and Set-Cookie (D266, D267)."""
        headers: Headers = []
        for name, value in head.headers:
            lowered = name.lower()
            changed = value
            if lowered == b"location" and self._location.active and head.status in _REWRITTEN_STATUSES:
                changed = self._location.rewritten(value, target, x.host)
            elif lowered == b"set-cookie":
                for pattern, rewrite in self._cookies:
                    changed = pattern.sub(partial(_attribute, rewrite), changed, count=1)
            headers.append((name, changed))
        head.headers = headers


class _Site:
    """One target of the step: its pool, and how its URL's path joins with a request's."""

    __slots__ = ("_base", "_query", "keeps_path", "pool", "target")

    def __init__(self, pool: Pool, target: Target, prepend_path: bool) -> None:
        self.pool = pool
        self.target = target
        self._base = _RUNS_OF_SLASHES.sub("/", target.path) if prepend_path else "/"
        self._query = target.query if prepend_path else ""
        self.keeps_path = self._base == "/" and not self._query

    def path(self, rest: str) -> str:
        """The path and query to ask for. Both paths stay as they are but for the slash between them (D280, D281)."""
        path = self._base if not rest else rest if self._base == "/" else self._base.rstrip("/") + rest
        if self._query:
            before, mark, query = path.partition("?")
            return f"{before}?{self._query}&{query}" if mark and query else f"{before}?{self._query}"
        return path


class _Location:
    """Rewrites a Location that names the service itself (D266)."""

    __slots__ = ("_auto", "_host", "_protocol", "active")

    def __init__(self, auto: bool, host: str | None, protocol: str | None) -> None:
        self._auto = auto
        self._host = host
        self._protocol = protocol
        self.active = auto or host is not None or protocol is not None

    def rewritten(self, value: bytes, target: Target, host: str) -> bytes:
        try:
            parts = urlsplit(value.decode("latin-1"))
            same_host = parts.netloc != "" and Target(value.decode("latin-1")).authority == target.authority
        except ValueError:
            return value
        if not same_host:
            return value
        netloc = self._host or (self._auto and host) or parts.netloc
        return urlunsplit(parts._replace(scheme=self._protocol or parts.scheme, netloc=netloc)).encode("latin-1")


class _Redirects:
    """Follows the service's redirects (D265): 301, 302 and 303 as GET without body, 307 and 308 where it has none."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def __call__(self, call: Call, status: int, headers: Headers) -> Call | None:
        if status not in _REDIRECTS:
            return None
        location = next((value for name, value in headers if name.lower() == b"location"), None)
        if location is None or (call.has_body and status in (307, 308)):
            return None
        origin = call.pool.target
        base = f"{'https' if origin.secure else 'http'}://{origin.authority}{call.path}"
        try:
            url = urljoin(base, location.decode("latin-1"))
            target = Target(url)
        except ValueError:
            return None
        rest = target.path + (f"?{target.query}" if target.query else "")
        if not target.host or urlsplit(url).scheme not in ("http", "https") or _TARGET.fullmatch(rest) is None:
            return None
        method = call.method if status in (307, 308) or call.method == "HEAD" else "GET"
        pool = self._pools.elsewhere(target)
        elsewhere = target.authority != origin.authority or target.secure != origin.secure
        dropped = {b"host"}
        if elsewhere:
            dropped |= _CREDENTIALS
        if method != call.method or call.has_body:
            dropped |= _BODY_FIELDS
        lines = call.head.removesuffix(b"\r\n\r\n").split(b"\r\n")[1:]
        kept = [line for line in lines if line.partition(b":")[0].lower() not in dropped]
        start = f"{method} {pool.prefix}{rest} HTTP/1.1\r\nhost: {target.authority}".encode("latin-1")
        return Call(
            pool,
            method,
            rest,
            b"\r\n".join([start, *kept, b"", b""]),
            keep_case=call.keep_case,
            response=call.response,
            quiet=call.quiet,
            accept=call.accept,
            finish=call.finish,
            follow=call.follow,
        )


def _stripped(x: Exchange, url: str) -> str:
    """What `stripPath` leaves of the URL, by the pattern that matched (D286-D290)."""
    path, mark, query = url.partition("?")
    route = x.route
    strip = route.strip if route is not None else "all"
    if strip == "all":
        return url
    if strip == "path":
        return "/" + mark + query
    match = route.match(path) if route is not None and route.match is not None else None
    if match is None or match.start(1) < 0:
        # Rewritten into something the pattern does not take, or its first parameter is absent: nothing in front left.
        return url if match is None else "/" + mark + query
    return "/" + path[match.start(1) :].removeprefix("/") + mark + query


def _forwarded(x: Exchange) -> bytes:
    """The X-Forwarded fields (D261): what the caller sent, and behind it what this hop saw."""
    _, colon, port = x.host.rpartition(":")
    if not colon or not port.isdigit():
        port = "443" if x.scheme == "https" else "80"
    seen = {b"x-forwarded-for": x.peer, b"x-forwarded-port": port, b"x-forwarded-proto": x.scheme}
    lines = []
    for name, value in seen.items():
        earlier = b", ".join(value for key, value in x.headers if key == name)
        lines.append(b"%b: %b%b\r\n" % (name, earlier + b"," if earlier else b"", value.encode()))
    host = x.header(b"x-forwarded-host") or x.host.encode("latin-1")
    lines.append(b"x-forwarded-host: %b\r\n" % host)
    return b"".join(lines)


def _line(name: str, value: str) -> bytes:
    """A configured header as a line. Raises Misconfigured, without its value, if it cannot be one."""
    try:
        line = name.encode("latin-1"), str(value).encode("latin-1")
    except UnicodeEncodeError:
        line = b"", b""
    if not is_name(line[0]) or not is_value(line[1]):
        raise Misconfigured(f"the proxy cannot send the header {name!r}: its name or its value is none")
    return b"%b: %b\r\n" % line


def _mapping(rewrite: Rewrite | None) -> Mapping[bytes, bytes]:
    if rewrite is None:
        return {}
    pairs = {"*": rewrite} if isinstance(rewrite, str) else rewrite
    return {old.encode("latin-1"): new.encode("latin-1") for old, new in pairs.items()}


def _attribute(rewrite: Mapping[bytes, bytes], match: re.Match[bytes]) -> bytes:
    """A cookie attribute after rewriting: an empty new value removes it, one not named stays (D267)."""
    new = rewrite.get(match[2], rewrite.get(b"*"))
    if new is None:
        return match[0]
    return match[1] + new if new else b""
