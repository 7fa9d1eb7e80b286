"""Routing (D66-D103): which pipeline takes a request, host by host and path by path."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.paths import host_pattern, host_regex, path_pattern, path_regex
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.routing import ANY, Endpoint, Host, Path, Route, Table
from egc.runtime.upstream import Call

Methods = tuple[str, ...]


def route(
    name: str,
    *,
    host: str = ANY,
    path: str = ANY,
    methods: str = "",
    regex: bool = False,
    falls: bool = False,
    rewrites: str = "",
    becomes: str = "",
    unused: bool = False,
) -> Route:
    """A route whose pipeline answers with its name and the parameters, or falls through, having rewritten the URL."""

    def pipeline(x: Exchange) -> Answer | Call | None:
        if rewrites:
            x.url = rewrites
        if becomes:
            x.method = becomes
        return None if falls or rewrites or becomes else Answer(200, [], f"{name} {dict(x.params)}".encode())

    where: str | Host = host
    if host.startswith("re:"):
        found = host_regex(host[3:])
        where = Host(host, found.regex or "", linear=found.linear)
    elif "*" in host and host != ANY:
        found = host_pattern(host)
        where = Host(host, found.regex or "", linear=found.linear)
    what: str | Path = path
    if regex:
        pattern = path_regex(path)
        what = Path(path, pattern.regex or "", *pattern.names, sensitive=True, linear=pattern.linear)
    elif set(path) & set(":*?+()[]\\|") and path != ANY:
        pattern = path_pattern(path)
        what = Path(path, pattern.regex or "", *pattern.names, linear=pattern.linear)
    allowed = tuple(methods.split(",")) if methods else ANY
    return Route(where, what, allowed, Endpoint(name), None if unused else pipeline)


def ask(routes: Sequence[Route], url: str, *, host: str = "h", method: str = "GET") -> Answer:
    """What the table decides."""
    x = Exchange(method, url, [], host, "http", "127.0.0.1")
    decision = asyncio.run(Table(routes).decide(x))
    assert isinstance(decision, Answer)
    return decision


def taken(routes: Sequence[Route], url: str, *, host: str = "h", method: str = "GET") -> str | None:
    """The name of the route that answers; None where none does."""
    answer = ask(routes, url, host=host, method=method)
    return answer.body.decode().partition(" ")[0] if answer.status == 200 else None


HOSTS = [
    ("api.example", "api.example", True),
    ("api.example", "API.Example", True),
    ("api.example", "api.example:8080", True),
    ("API.example", "api.example", True),
    ("api.example", "api.example.org", False),
    ("api.example", "xapi.example", False),
    ("api.example", "", False),
    (ANY, "anything", True),
    (ANY, "", True),
    ("*.acme.com", "a.acme.com", True),
    ("*.acme.com", "A.ACME.COM:80", True),
    ("*.acme.com", "acme.com", False),
    ("*.acme.com", "a.b.acme.com", False),
    ("*.acme.com", ".acme.com", False),
    ("*.*.example.com", "a.b.example.com", True),
    ("*.*.example.com", "a.example.com", False),
    ("a*b.io", "axb.io", True),
    ("a*b.io", "ab.io", False),
    ("a*b.io", "a.b.io", False),
    ("api.*", "api.io", True),
    ("port.io:81", "port.io:81", False),
    ("[::1]", "[::1]:80", True),
    ("[::1]", "[::1]", True),
    ("re:api[0-9]+", "api12", True),
    ("re:api[0-9]+", "API12:80", True),
    ("re:api[0-9]+", "xapi12", False),
    ("re:aa|bb", "bb", True),
    ("re:aa|bb", "aax", False),
    ("re:aa|bb", "xaa", False),
]


@pytest.mark.parametrize(("pattern", "host", "takes"), HOSTS)
def test_host(pattern: str, host: str, takes: bool) -> None:
    """Hosts are compared without their port and without regard to case (D70-D73, D446)."""
    assert (taken([route("it", host=pattern)], "/", host=host) == "it") is takes


PATHS = [
    ("/admin", "/admin", True),
    ("/admin", "/Admin/", True),
    ("/admin", "/admin//", False),
    ("/admin", "/admin/x", False),
    ("/admin", "/administer", False),
    ("/admin", "/admin?x=/y", True),
    ("/admin/", "/admin", True),
    ("/Admin", "/admin", True),
    ("/", "/", True),
    ("/", "/x", False),
    (ANY, "/", True),
    (ANY, "/any/thing", True),
    ("/admin/*", "/admin/", True),
    ("/admin/*", "/admin/a/b", True),
    ("/admin/*", "/admin", False),
    ("/ep*", "/ep", True),
    ("/ep*", "/epx/y", True),
    ("/u/:id", "/u/5", True),
    ("/u/:id", "/u/5/", True),
    ("/u/:id", "/u/", False),
    ("/u/:id", "/u/5/6", False),
    ("/U/:id", "/u/5", True),
    ("/o/:a?", "/o", True),
    ("/o/:a?", "/o/1", True),
    ("/n/:id(\\d+)", "/n/12", True),
    ("/n/:id(\\d+)", "/n/x", False),
    ("/ab?d", "/ad", True),
    ("/ab?d", "/abd", True),
    ("/a?/b", "//b", True),
    ("/a?/b", "/a/b", True),
    ("/pi|pe", "/pix", True),
    ("/pi|pe", "/xx/pe", True),
    (":any", "x", True),
    ("/a%20b", "/a%20b", True),
    ("/a b", "/a%20b", False),
    ("admin", "/admin", False),
]


@pytest.mark.parametrize(("pattern", "path", "takes"), PATHS)
def test_path(pattern: str, path: str, takes: bool) -> None:
    """Paths are matched raw, without regard to case, one trailing slash optional (D76, D77, D85-D95)."""
    assert (taken([route("it", path=pattern)], path) == "it") is takes


@pytest.mark.parametrize(
    ("pattern", "path", "takes"),
    [
        ("/re/([0-9]+)$", "/xx/re/12", True),
        ("/re/([0-9]+)$", "/re/x", False),
        ("/Re", "/re", False),
        ("^/a", "/ab", True),
    ],
)
def test_path_regex(pattern: str, path: str, takes: bool) -> None:
    """A pathRegex heeds case and may match anywhere (D78)."""
    assert (taken([route("it", path=pattern, regex=True)], path) == "it") is takes


def test_parameters() -> None:
    """Captured parameters are percent-decoded, unnamed ones numbered (D86, D96)."""
    assert ask([route("it", path="/st/*/end/*")], "/st/1/2/end/3/4").body == b"it {'0': '1/2', '1': '3/4'}"
    assert ask([route("it", path="/u/:id")], "/u/a%2Fb%C3%A9").body == "it {'id': 'a/b\u00e9'}".encode()


@pytest.mark.parametrize("value", ["%zz", "%", "%2", "%ff", "%C3%28"])
def test_undecodable_parameter(value: str) -> None:
    """A parameter that cannot be decoded is refused with 400, the whole path of `*` is one (D96, D382).

    Elsewhere in a path it is nobody's business.
    """
    for path in ("/u/:id", "*"):
        with pytest.raises(Refused) as refused:
            ask([route("it", path=path)], f"/u/{value}")
        assert refused.value.status == 400
    assert taken([route("it", path="^/x", regex=True)], f"/x/{value}") == "it"


def test_groups_come_in_order_of_first_appearance() -> None:
    """All routes of a host string stand where its first one stands (D67, D68)."""
    routes = [route("A", path="/a"), route("B", host="api.io", path="/h"), route("C", path="/h")]
    assert taken(routes, "/h", host="api.io") == "C"
    assert taken(routes[1:], "/h", host="api.io") == "B"


def test_fall_through() -> None:
    """A pipeline that decides nothing hands the request on, into later groups too (D99, D102)."""
    routes = [route("A", falls=True), route("B", path="/x", falls=True), route("C", host="h", path="/x")]
    assert taken(routes, "/x") == "C"
    answer = ask(routes, "/y")
    assert (answer.status, answer.reason) == (404, "fell_through")


def test_fall_through_with_another_method() -> None:
    """The rest of the matching goes by the new method (D100)."""
    routes = [route("A", becomes="POST"), route("B", methods="GET"), route("C", methods="POST")]
    assert taken(routes, "/") == "C"


def test_fall_through_with_a_rewritten_url() -> None:
    """The rest of the matching goes by the new URL, and earlier routes are not tried again (D100)."""
    routes = [
        route("new", path="/new"),
        route("A", path="/old", rewrites="/new?x"),
        route("B", path="/old"),
        route("C", path="/new"),
    ]
    assert taken(routes, "/old") == "C"
    assert taken([*routes[1:3], route("D", host="h", path="/new")], "/old") == "D"


def test_rewriting_in_circles_ends() -> None:
    """Each route runs at most once a request, however the URL changes."""
    routes = [route("A", rewrites="/b"), route("B", rewrites="/a"), route("C", rewrites="/b")]
    assert ask(routes, "/a").status == 404


def test_methods() -> None:
    """Another method goes on to the next route; GET admits HEAD (D80, D81)."""
    routes = [route("A", methods="GET,PUT"), route("B", methods="POST")]
    assert [taken(routes, "/", method=method) for method in ("GET", "HEAD", "PUT", "POST", "DELETE")] == [
        "A", "A", "A", "B", None,
    ]  # fmt: skip


def test_options_answers_itself() -> None:
    """OPTIONS on a path that has routes, none of which accepts it, lists their methods (D81)."""
    routes = [route("A", path="/x", methods="GET,PUT"), route("B", path="/x", methods="POST,PUT")]
    answer = ask(routes, "/x", method="OPTIONS")
    assert answer.status == 200
    assert (b"allow", b"GET,HEAD,PUT,POST") in answer.headers
    assert answer.body == b"GET,HEAD,PUT,POST"
    assert ask(routes, "/y", method="OPTIONS").status == 404
    assert taken([*routes, route("C")], "/x", method="OPTIONS") == "C"


def test_endpoint_without_pipeline() -> None:
    """404 in plain text (D44, D379)."""
    answer = ask([route("A", unused=True), route("B")], "/")
    assert (answer.status, answer.body) == (404, b"Not Found")
    assert (b"content-type", b"text/plain; charset=utf-8") in answer.headers


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/x?secret=1", "/x"),
        ("/%3Cscript%3E", "/%3Cscript%3E"),
        ("/<script>&'\"", "/%3Cscript%3E&amp;&#39;%22"),
        ("/{{7*7}}", "/%7B%7B7*7%7D%7D"),
    ],
)
def test_page(path: str, shown: str) -> None:
    """The page for nothing found shows method and path, escaped, and no query (D101)."""
    answer = ask([], path)
    assert answer.status == 404
    assert f"<pre>Cannot GET {shown}</pre>" in answer.body.decode()
    assert (b"content-security-policy", b"default-src 'none'") in answer.headers
    assert (b"x-content-type-options", b"nosniff") in answer.headers


def test_a_thousand_routes() -> None:
    """Each of many routes is found, and only a few are looked at."""
    routes = [route(f"r{number}", path=f"/p{number}/:id") for number in range(1000)]
    table = Table(routes)
    for number in (0, 500, 999):
        assert taken(routes, f"/p{number}/x") == f"r{number}"
        (group,) = table._groups_of("h")
        assert len(group.candidates(f"/p{number}/x")) == 1


@pytest.mark.parametrize(
    ("path", "regex", "prefix"),
    [
        ("/api/e7/*", False, "/api/e7/"),
        ("/api/e7*", False, "/api/e7"),
        ("/api/E7/:id/x", False, "/api/e7/"),
        ("/api/:id?", False, "/api"),
        ("/api/:id*", False, "/api"),
        ("/api/:id(x)?", False, "/api"),
        ("/file.:ext?", False, "/file"),
        ("/ab?d", False, "/a"),
        ("/ab{0,2}d", False, "/a"),
        ("/ab+d", False, "/ab"),
        ("/pi|pe", False, ""),
        ("*/x", False, ""),
        ("^/api/e7/x", True, "/api/e7/x"),
        (r"^\/api\/E7", True, "/api/e7"),
        ("^/api/e7*", True, "/api/e"),
        ("^/api/e.", True, "/api/e"),
        ("^/a|/b", True, ""),
        ("/api/e7", True, ""),
    ],
)
def test_what_a_pattern_begins_with(path: str, regex: bool, prefix: str) -> None:
    """A route is looked at only where the path begins as every path does that its pattern takes."""
    assert Path(path, ".", sensitive=regex).prefix == prefix


@pytest.mark.parametrize("host", [ANY, "h"])
@pytest.mark.parametrize("path", ["/api/p{}", "/api/p{}/*", "/api/p{}*", "/api/p{}/:id"])
def test_a_common_beginning_hides_nothing(host: str, path: str) -> None:
    """Of a thousand endpoints under one path only those are looked at whose beginning the path has."""
    (group,) = Table([route(f"r{number}", host=host, path=path.format(number)) for number in range(1000)])._groups_of(
        "h"
    )
    for number in (0, 500, 999):
        assert 1 <= len(group.candidates(f"/api/p{number}/x")) <= 3


def test_a_thousand_hosts() -> None:
    """Of many hosts the one that was asked for is found at once, in its place among the patterns (D67, D68)."""
    hosts = [route(f"r{number}", host=f"h{number}.acme") for number in range(1000)]
    table = [route("first", host="*.acme", path="/x"), *hosts, route("last", host="*.acme", path="/y")]
    assert taken(table, "/x", host="H7.acme") == "first"
    assert taken(table, "/y", host="H7.acme") == "last"
    assert taken(table, "/z", host="H7.acme") == "r7"
    assert taken([*hosts, *table], "/x", host="H7.acme") == "r7"


def test_many_hosts_do_not_fill_the_memory() -> None:
    """What is remembered of hosts is bounded."""
    table = Table([route("it")])
    for number in range(5000):
        asyncio.run(table.decide(Exchange("GET", "/", [], f"h{number}", "http", "1.1.1.1")))
    assert len(table._by_host) <= 1024


SEGMENTS = st.sampled_from(
    ["a", "A", "b", "ab", ":id", "*", "a*", ":x?", "a.b", "%61", "(a|b)", "a+", "a?", ":x*", ":x(a)?", "aa?b", ""]
)
PATTERNS = st.one_of(st.just(ANY), st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)))
ROUTES = st.lists(
    st.tuples(
        st.sampled_from([ANY, "h", "*.h", "re:h|g"]), PATTERNS, st.sampled_from(["", "GET", "POST,PUT"]), st.booleans()
    ),
    max_size=8,
)
URLS = st.lists(st.sampled_from(["a", "A", "b", "ab", "aab", "a.b", "%61", "c", ""]), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


def linear(routes: Sequence[Route], url: str, host: str, method: str) -> str | None:
    """What a table without buckets would decide: every route in order, group by group."""
    groups: dict[str, list[Route]] = {}
    for one in routes:
        groups.setdefault(one.host.text if isinstance(one.host, Host) else one.host, []).append(one)
    for members in groups.values():
        first = members[0].host
        if isinstance(first, Host):
            if first.matches(host) is None:
                continue
        elif first not in (ANY, host):
            continue
        offered = False
        for one in members:
            if isinstance(one.path, Path):
                fits = one.path.matches(url) is not None
            else:
                fits = one.path == ANY or url.lower() in (
                    one.path.lower().removesuffix("/"),
                    one.path.lower().removesuffix("/") + "/",
                )
            if not fits:
                continue
            if one.methods is not None and method not in one.methods:
                offered = offered or method == "OPTIONS"
                continue
            x = Exchange(method, url, [], host, "http", "1.1.1.1")
            x.begin(one, ())
            decision = one.decides(x) if one.decides is not None else None
            if decision is not None:
                return one.endpoint.name
        if offered:
            return "OPTIONS"
    return None


@given(
    specs=ROUTES,
    url=URLS,
    host=st.sampled_from(["h", "x.h", "g", "other"]),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
)
def test_buckets_change_nothing(specs: list[tuple[str, str, str, bool]], url: str, host: str, method: str) -> None:
    """The table finds exactly what trying every route in order finds."""
    routes = [
        route(f"r{number}", host=where, path=path, methods=methods, falls=falls)
        for number, (where, path, methods, falls) in enumerate(specs)
    ]
    expected = linear(routes, url, host, method)
    answer = ask(routes, url, host=host, method=method)
    if expected == "OPTIONS":
        assert dict(answer.headers)[b"allow"]
    else:
        assert (answer.body.decode().partition(" ")[0] if answer.status == 200 else None) == expected
