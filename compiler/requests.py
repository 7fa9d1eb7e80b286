"""Classes of requests: hosts, targets and methods; their meet, their difference, and a request that is in one.

A host is the value of the field Host as it was sent, with its port; a target is what the request line says, with its
query, undecoded. What the gateway refuses before any route is asked is in no class.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from egc.compiler.ecmascript import Node, read
from egc.compiler.languages import EVERYTHING, NOTHING, Beyond, Language, starting, text, whole, within
from egc.compiler.paths import ANY
from egc.compiler.plan import HostPattern, PathPattern

METHODS = (
    *("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "QUERY", "COPY", "LOCK", "MKCOL", "MOVE"),
    *("PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT", "MKACTIVITY"),
    *("CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK", "UNLINK"),
    "SOURCE",
)
"""The methods that a gateway takes (D454), those first that read best in a witness."""

EVERY_METHOD = frozenset(METHODS)

_NAME = r"([\w.~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])"
_PORT = "(:[0-9]{0,5})?"
_DOT_SEGMENT = r"([/\\]|%2[fF]|%5[cC])(\.|%2[eE]){1,2}([/\\;]|%2[fF]|%5[cC]|$)"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what a caller would send to see for themselves. `host` is empty where any will do."""

    method: str
    host: str
    target: str

    def __str__(self) -> str:
        return f"{self.method} http://{self.host}{self.target}"


@dataclass(frozen=True, slots=True)
class Requests:
    """All requests with a host, a target and a method of these.

    `exact` is False where the class may hold requests that do not come here: an expression beyond regular languages,
    a URL that a script has changed.
    """

    hosts: Language
    targets: Language
    methods: frozenset[str]
    exact: bool = True

    def __and__(self, other: "Requests") -> "Requests":
        return Requests(
            self.hosts & other.hosts,
            self.targets & other.targets,
            self.methods & other.methods,
            self.exact and other.exact,
        )

    def minus(self, other: "Requests") -> tuple["Requests", ...]:
        """What is left of it without the requests of another, as classes that do not overlap.

        An inexact `other` may take less than it says: nothing is left out, and what is left is inexact too.
        Raises Beyond.
        """
        if (self & other).empty:
            return (self,)
        if not other.exact:
            return (Requests(self.hosts, self.targets, self.methods, exact=False),)
        targets = self.targets & other.targets
        parts = (
            Requests(self.hosts, self.targets, self.methods - other.methods, self.exact),
            Requests(self.hosts, self.targets - other.targets, self.methods & other.methods, self.exact),
            Requests(self.hosts - other.hosts, targets, self.methods & other.methods, self.exact),
        )
        return tuple(part for part in parts if not part.empty)

    @property
    def empty(self) -> bool:
        """Whether no request is in it, but perhaps ones that a gateway refuses. Raises Beyond."""
        return not self.methods or self.hosts.empty or self.targets.empty

    def __contains__(self, request: object) -> bool:
        return (
            isinstance(request, Request)
            and request.method in self.methods
            and request.host in self.hosts
            and request.target in self.targets
            and request.target in admissible()
        )

    def witness(self) -> Request | None:
        """A request of the class that reads well; None for an empty one. Raises Beyond."""
        method = next((method for method in METHODS if method in self.methods), None)
        if method is None:
            return None
        host = _nicest(self.hosts, "localhost", "www.example.com", "api.example.com")
        target = next((target for target in ("/", self.targets.witness()) if target in self.targets), None)
        if target is not None and target not in admissible():
            target = (self.targets & admissible()).witness()
        return None if host is None or target is None else Request(method, host, target)


@lru_cache(maxsize=4096)
def _nicest(language: Language, *liked: str) -> str | None:
    return next((word for word in liked if word in language), None) or language.witness()


@cache
def _tree(source: str) -> Node:
    return read(source)


@cache
def every_host() -> Language:
    """What the field Host may say."""
    return whole(_tree(_NAME + _PORT))


@cache
def every_target() -> Language:
    """What a request line may say, and some of what it may not: see `admissible`."""
    return whole(_tree(r"\/[!\"$-~]*"))


@cache
def admissible() -> Language:
    """What a request line may say: no dot segments and no NUL in the path. It is costly to meet it with others."""
    return (_path() - within(_tree(_DOT_SEGMENT)) - within(_tree("%00"))) + whole(_tree(r"(\?[!\"$-~]+)?"))


@cache
def everything() -> Requests:
    """Every request that a gateway takes."""
    return Requests(every_host(), every_target(), EVERY_METHOD)


def hosts(pattern: HostPattern) -> Language:
    """The hosts that a pattern takes: Host without its port, in any case (D70-D73).

    Raises Beyond.
    """
    if pattern.text == ANY:
        return EVERYTHING
    if pattern.tree is None:
        return text(pattern.text, ignore_case=True) if pattern.text in _names() else NOTHING
    return starting(pattern.tree) & _names()


def with_port(names: Language) -> Language:
    """The values of the field Host that have one of these names, whatever port they say."""
    return every_host() if names is EVERYTHING else names + whole(_tree(_PORT))


@cache
def _names() -> Language:
    return whole(_tree(_NAME))


def paths(pattern: PathPattern) -> Language:
    """The paths that a pattern takes: the request target up to its query, undecoded (D76-D96).

    Raises Beyond.
    """
    if pattern.text == ANY and not pattern.sensitive:
        return EVERYTHING
    if pattern.tree is not None:
        return starting(pattern.tree)
    bare = text(pattern.text.removesuffix("/"), ignore_case=True)
    return bare | bare + text("/")


def with_query(found: Language) -> Language:
    """The targets whose path is one of these, whatever query they have."""
    return every_target() if found is EVERYTHING else (found & _path()) + _query()


@cache
def _path() -> Language:
    return whole(_tree(r"\/[!\"$->@-~]*"))


@cache
def _query() -> Language:
    return whole(_tree(r"(\?[!\"$-~]*)?"))


def admitted(methods: Iterable[str] | None) -> frozenset[str]:
    """The methods that a route takes which lists these: GET admits HEAD (D80). None is for all."""
    if methods is None:
        return EVERY_METHOD
    found = frozenset(methods)
    return (found | {"HEAD"} if "GET" in found else found) & EVERY_METHOD


def taken(host: HostPattern, path: PathPattern, methods: Iterable[str] | None) -> Requests:
    """What a route takes if nothing before it does; inexact, and more, where a pattern is beyond regular languages."""
    named, all_hosts = _named(host)
    targets, all_targets = _targets(path)
    return Requests(named, targets, admitted(methods), all_hosts and all_targets)


@lru_cache(maxsize=4096)
def _named(host: HostPattern) -> tuple[Language, bool]:
    try:
        return with_port(hosts(host)), True
    except Beyond:
        return every_host(), False


@lru_cache(maxsize=4096)
def _targets(path: PathPattern) -> tuple[Language, bool]:
    try:
        return with_query(paths(path)), True
    except Beyond:
        return every_target(), False


def first(classes: Iterable[Requests]) -> Iterator[Request]:
    """A witness of each class that is known to have one."""
    for one in classes:
        try:
            found = one.witness()
        except Beyond:
            continue
        if found is not None:
            yield found
