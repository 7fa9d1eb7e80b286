"""The compiled route table: hosts, paths and methods in the order of the configuration (D66-D103).

Patterns arrive as regular expressions that the compiler made; nothing here reads a pattern language.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import Literal, cast
from urllib.parse import quote, unquote_to_bytes

from egc.runtime.errors import Refused, page
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.headers import Headers
from egc.runtime.patterns import Match, pattern
from egc.runtime.store import Json
from egc.runtime.upstream import Call

Decision = Answer | Call | None
Decides = Callable[[Exchange], Decision]
Awaits = Callable[[Exchange], Coroutine[None, None, Decision]]
Pipeline = Decides | Awaits

Any = Literal["*"]
ANY: Any = "*"
"""Every host, every path, every method."""

Groups = tuple[str | None, ...]
Matches = Callable[[str], Match | None] | None

# What a pattern begins with before anything that is not a plain character, and what makes the last one optional.
_PLAIN = re.compile(r"([\w~.%/-]*)([?{]?)", re.ASCII)
_AFTER_A_SLASH_THAT_STAYS = re.compile(r"\*|:\w+(?![\w(*?])", re.ASCII)
_PLAIN_IN_REGEX = re.compile(r"\^([\w~%/-]*)([?{*]?)", re.ASCII)
_HOST_CACHE_SIZE = 1024
_HTML: Headers = [
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-type", b"text/html; charset=utf-8"),
]
_NO_PIPELINE = Answer(404, [(b"content-type", b"text/plain; charset=utf-8")], b"Not Found", "no_pipeline")


class Endpoint:
    """One definition of an apiEndpoint, as policies see it (D119).

    Arguments:
        name: its name in the configuration.
        scopes: which a caller needs, as listed.
        properties: what else the definition says, for scripts.
    """

    __slots__ = ("listed_scopes", "name", "properties", "scopes")

    def __init__(self, name: str, *, scopes: Sequence[str] = (), properties: Mapping[str, Json] | None = None) -> None:
        self.name = name
        self.scopes = frozenset(scopes)
        self.listed_scopes = tuple(scopes)
        self.properties: Mapping[str, Json] = properties or {}


class Host:
    """A host pattern. `regex` is matched, without regard to case, against Host without its port (D70, D73).

    `linear`: it is for RE2, and spells out its cases.
    """

    __slots__ = ("matches", "text")

    def __init__(self, text: str, regex: str, *, linear: bool = False) -> None:
        self.text = text
        self.matches = pattern(regex, ignore_case=not linear, linear=linear).match


class Path:
    """A path pattern: its text as configured, the regular expression it means, and the names of its groups.

    `sensitive` patterns (pathRegex) heed case. `strip` says what `stripPath` leaves of the URL: `path` nothing but
    `/`, `all` everything, `group` what begins with the first group. `linear`: the expression is for RE2, and spells
    out its cases.
    """

    __slots__ = ("matches", "names", "prefix", "strip", "text")

    def __init__(
        self,
        text: str,
        regex: str,
        *names: str,
        sensitive: bool = False,
        linear: bool = False,
        strip: Literal["path", "all", "group"] = "group",
    ) -> None:
        self.text = text
        self.names = names
        self.strip = strip
        self.matches = pattern(regex, ignore_case=not (sensitive or linear), linear=linear).match
        self.prefix = _prefix_of_regex(text) if sensitive else _prefix_of_path(text)


def _prefix_of_path(text: str) -> str:
    """What every path that the pattern takes begins with, in lower case; a slash or dot may go with a parameter."""
    found = _PLAIN.match(text)
    if found is None or "|" in text:
        return ""
    prefix = found[1][:-1] if found[2] else found[1]
    if not (prefix.endswith("/") and _AFTER_A_SLASH_THAT_STAYS.match(text, found.end())):
        prefix = prefix.rstrip("/.")
    return prefix.lower()


def _prefix_of_regex(text: str) -> str:
    """The same of a `pathRegex`, where it is anchored."""
    found = _PLAIN_IN_REGEX.match(text.replace("\\/", "/"))
    if found is None or "|" in text:
        return ""
    return (found[1][:-1] if found[2] else found[1]).lower()


class Route:
    """One path of one endpoint definition, and the pipeline that serves it.

    Arguments:
        host: a literal host, a `Host` pattern, or ANY.
        path: a literal path (any case, an optional trailing slash: D77), a `Path` pattern, or ANY.
        methods: upper-case methods; GET admits HEAD (D80).
        endpoint: the definition that policies see.
        pipeline: the compiled pipeline; None for an endpoint in no pipeline, which answers 404 (D44).
    """

    __slots__ = (
        "awaits",
        "decides",
        "endpoint",
        "host",
        "index",
        "listed",
        "match",
        "methods",
        "names",
        "path",
        "strip",
    )

    def __init__(
        self,
        host: "str | Host",
        path: "str | Path",
        methods: "Any | tuple[str, ...]",
        endpoint: Endpoint,
        pipeline: Pipeline | None,
    ) -> None:
        self.host = host
        self.path = path
        self.endpoint = endpoint
        self.awaits: Awaits | None = cast(Awaits, pipeline) if iscoroutinefunction(pipeline) else None
        self.decides: Decides | None = None if self.awaits else cast("Decides | None", pipeline)
        self.index = 0
        self.listed = () if methods == ANY else methods
        self.methods = None if methods == ANY else frozenset((*methods, "HEAD") if "GET" in methods else methods)
        self.names: tuple[str, ...] = path.names if isinstance(path, Path) else ("0",) if path == ANY else ()
        self.match: Matches = path.matches if isinstance(path, Path) else None
        self.strip: str = path.strip if isinstance(path, Path) else "all" if path == ANY else "path"


class _Group:
    """The routes of one host text, and for each beginning of a path the routes that may take it, in order.

    A request costs a binary search over the beginnings, however many endpoints there are: each path that begins with
    one of them sorts behind it and, whatever stands between begins with it too.
    """

    __slots__ = ("_candidates", "_prefixes", "_shorter", "index", "matches", "named", "routes")

    def __init__(self, index: int, host: "str | Host", routes: Sequence[Route]) -> None:
        self.index = index
        self.named = host.lower() if isinstance(host, str) and host != ANY else None
        self.matches: Callable[[str], object] = host.matches if isinstance(host, Host) else lambda _name: True
        self.routes = routes
        own: dict[str, list[Route]] = {"": []}
        for route in routes:
            own.setdefault(_prefix(route), []).append(route)
        self._prefixes = sorted(own)
        # By position in _prefixes: the longest other one that this one begins with, and the routes of both.
        self._shorter = [0]
        self._candidates: list[Candidates] = [tuple(map(_matcher, own[""]))]
        for position, prefix in enumerate(self._prefixes[1:], 1):
            shorter = position - 1
            while not prefix.startswith(self._prefixes[shorter]):
                shorter = self._shorter[shorter]
            both = (*self._candidates[shorter], *map(_matcher, own[prefix]))
            self._shorter.append(shorter)
            self._candidates.append(tuple(sorted(both, key=lambda matcher: matcher[0].index)))

    def candidates(self, lowered: str) -> "Candidates":
        """Routes that may take a path of that (lower-case) form, in order."""
        prefixes = self._prefixes
        position = bisect_right(prefixes, lowered) - 1
        while not lowered.startswith(prefixes[position]):
            position = self._shorter[position]
        return self._candidates[position]


Candidates = Sequence[tuple[Route, str, str, Matches]]


def _prefix(route: Route) -> str:
    path = route.path
    if isinstance(path, Path):
        return path.prefix
    return "" if path == ANY else path.lower().removesuffix("/")


def _matcher(route: Route) -> tuple[Route, str, str, Matches]:
    """What the look-up compares: the two spellings of a literal path, or the pattern."""
    path = route.path
    if isinstance(path, Path):
        return route, "", "", path.matches
    if path == ANY:
        return route, ANY, ANY, None
    bare = path.lower().removesuffix("/")
    return route, bare, bare + "/", None


class Table:
    """All routes, grouped by host text in order of first appearance (D67, D68)."""

    def __init__(self, routes: Sequence[Route]) -> None:
        grouped: dict[str, list[Route]] = {}
        for index, route in enumerate(routes):
            route.index = index
            text = route.host.text if isinstance(route.host, Host) else route.host
            grouped.setdefault(text, []).append(route)
        groups = [_Group(index, members[0].host, members) for index, members in enumerate(grouped.values())]
        self._patterns = tuple(group for group in groups if group.named is None)
        self._named: dict[str, list[_Group]] = {}
        for group in groups:
            if group.named is not None:
                self._named.setdefault(group.named, []).append(group)
        self._by_host: dict[str, tuple[_Group, ...]] = {}

    async def decide(self, x: Exchange) -> Answer | Call:
        """Run the pipelines of the routes that take the request until one decides (D99); 404 if none does (D101).

        Raises whatever a step raises to refuse the request.
        """
        method = x.method
        for group in self._groups_of(x.host):
            offered: list[str] = []
            last = -1
            url = ""
            # Look again with the new URL whenever a pipeline that fell through has rewritten it (D100).
            while url != x.url:
                url = x.url
                path = url.partition("?")[0]
                lowered = path.lower()
                for route, bare, slashed, matches in group.candidates(lowered):
                    if route.index <= last:
                        continue
                    if matches is not None:
                        match = matches(path)
                        if match is None:
                            continue
                        groups: Groups = match.groups()
                        if "%" in path:
                            _require_decodable(groups)
                    elif bare == ANY:
                        groups = (path,)
                        if "%" in path:
                            _require_decodable(groups)
                    elif lowered in (bare, slashed):
                        groups = ()
                    else:
                        continue
                    if route.methods is not None and method not in route.methods:
                        if method == "OPTIONS":
                            offered += route.listed
                        continue
                    last = route.index
                    x.begin(route, groups)
                    if route.awaits is not None:
                        decision = await route.awaits(x)
                    elif route.decides is not None:
                        decision = route.decides(x)
                    else:
                        return _NO_PIPELINE
                    if decision is not None:
                        return decision
                    method = x.method
                    if x.url != url:
                        break
            if offered:
                return _allow(offered)
        return _not_found(x)

    def _groups_of(self, host: str) -> tuple[_Group, ...]:
        """The groups whose host takes this Host value, in order; the answer is kept for the next time."""
        found = self._by_host.get(host)
        if found is None:
            name = hostname(host)
            groups = [*self._named.get(name, ()), *(group for group in self._patterns if group.matches(name))]
            found = tuple(sorted(groups, key=lambda group: group.index))
            if len(self._by_host) >= _HOST_CACHE_SIZE:
                self._by_host.clear()
            self._by_host[host] = found
        return found


def _not_found(x: Exchange) -> Answer:
    """The page for a request that no route answers (D101)."""
    path = quote(x.original_url.partition("?")[0], safe="/%:@!$&'()*+,;=-._~")
    return Answer(404, _HTML, page(f"Cannot {x.method} {path}"), "no_route" if x.route is None else "fell_through")


def _allow(methods: Sequence[str]) -> Answer:
    """The answer to OPTIONS where the path is routed but not that method (D81)."""
    listed = dict.fromkeys(name for method in methods for name in ((method, "HEAD") if method == "GET" else (method,)))
    text = ",".join(listed).encode()
    return Answer(200, [(b"allow", text), (b"content-type", b"text/html; charset=utf-8")], text)


def hostname(host: str) -> str:
    """A Host header's value without its port, in lower case (D70, D72)."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower()


def _require_decodable(groups: Groups) -> None:
    """Refuse a captured parameter that does not percent-decode to UTF-8 (D96)."""
    for value in groups:
        if value is not None and "%" in value:
            try:
                if re.search(r"%(?![0-9A-Fa-f]{2})", value):
                    raise ValueError
                unquote_to_bytes(value).decode()
            except ValueError:
                raise Refused(400, "Failed to decode a parameter of the path", reason="bad_path") from None
