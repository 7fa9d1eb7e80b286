"""The rows of the path and host dialects, each with its own examples; test_recorded.py has many more of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler import paths
from egc.compiler.paths import host_pattern, host_regex, path_pattern, path_regex
from egc.compiler.plan import PathPattern
from egc.runtime.routing import Host
from egc.runtime.routing import Path as Route

Parameters = dict[str, str | None] | None


def parameters(pattern: PathPattern, path: str) -> Parameters:
    """The parameters that a path gives, None where it is not taken; a literal is compared as D77 says."""
    if pattern.regex is None:
        literal = pattern.text.lower().removesuffix("/")
        return {} if path.lower() in (literal, literal + "/") else None
    found = Route(pattern.text, pattern.regex, sensitive=pattern.sensitive, linear=pattern.linear).matches(path)
    return dict(zip(pattern.names, found.groups(), strict=True)) if found else None


PATHS: list[tuple[str, str, str, Parameters]] = [
    ("D77", "/admin", "/admin/", {}),
    ("D77", "/admin", "/admin//", None),
    ("D77", "/admin/", "/admin", {}),
    ("D85", "/admin", "/Admin/", {}),
    ("D86", "/admin/*", "/admin/", {"0": ""}),
    ("D86", "/admin/*", "/admin/x/y", {"0": "x/y"}),
    ("D86", "/admin/*", "/admin", None),
    ("D86", "/st/*/end/*", "/st/1/2/end/3/4", {"0": "1/2", "1": "3/4"}),
    ("D87", "/ep*", "/ep", {"0": ""}),
    ("D87", "/ep*", "/epx", {"0": "x"}),
    ("D87", "/ep*", "/ep/x", {"0": "/x"}),
    ("D88", "/u/:id", "/u/7", {"id": "7"}),
    ("D88", "/u/:id", "/u/7/8", None),
    ("D88", "/u/:id", "/u/", None),
    ("D89", "/o/:a?", "/o", {"a": None}),
    ("D89", "/o/:a?", "/o/", {"a": None}),
    ("D89", "/o/:a?", "/o/1", {"a": "1"}),
    ("D90", "/u/:id/x/:rest*", "/u/7/x/a/b/c", {"id": "7", "rest": "a", "0": "/b/c"}),
    ("D91", "/n/:id(\\d+)", "/n/12", {"id": "12"}),
    ("D91", "/n/:id(\\d+)", "/n/1a", None),
    ("D92", "/:f.json", "/f.json", {"f": "f"}),
    ("D93", "/ab?d", "/ad", {}),
    ("D93", "/ab+c", "/abbbc", {}),
    ("D93", "/ab+c", "/ac", None),
    ("D94", "/x(foo|bar)", "/xbar", {"0": "bar"}),
    ("D94", "/g/:x(foo|bar)", "/g/foo", {"x": "foo"}),
    ("D95", "/a.b", "/axb", None),
    ("D95", "/br[0-9]", "/br5", {}),
    ("D95", "/do$", "/do", {}),
    ("D95", "/do$", "/do$", None),
    ("D95", "/pi|pe", "/pix", {}),
    ("D95", "/pi|pe", "/xx/pe", {}),
    ("D452", "auth/*", "/auth/x", None),
    ("D452", "bar", "/bar", None),
    ("D453", "/two/:a-:b", "/two/x-y-z", {"a": "x-y", "b": "z"}),
    ("D453", "/g/(foo|bar)", "/g/foo", {}),
    ("D453", "/(api|v1)/*", "/v1/x", {"0": "x"}),
    ("D453", "/:a+", "/x", {"a": "x"}),
    ("D453", "/:a-from-:b", "/x-from-y-from-z", {"a": "x-from-y", "b": "z"}),
]


@pytest.mark.parametrize(("row", "pattern", "path", "expected"), PATHS)
def test_a_path_string(row: str, pattern: str, path: str, expected: Parameters) -> None:
    """D77, D85-D95, D452, D453."""
    assert parameters(path_pattern(pattern), path) == expected, row


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("/re/([0-9]+)$", "/xx/re/12", {"0": "12"}),
        ("/re/([0-9]+)$", "/re/12/x", None),
        ("/re/([0-9]+)$", "/RE/9", None),
        ("^/(a|b)/(c)?", "/b/", {"0": "b", "1": None}),
        ("^/api(.*)?$", "/api", {"0": None}),
    ],
)
def test_a_path_regex(source: str, path: str, expected: Parameters) -> None:
    """D78: anywhere in the path, case counts, groups are numbered; a group that took nothing has no value."""
    assert parameters(path_regex(source), path) == expected


@pytest.mark.parametrize(
    ("row", "host", "name", "taken"),
    [
        ("D70", "*.acme.com", "a.acme.com", True),
        ("D70", "*.acme.com", "A.Acme.COM", True),
        ("D70", "*.acme.com", "acme.com", False),
        ("D70", "*.acme.com", "a.b.acme.com", False),
        ("D70", "*.*.example.com", "a.b.example.com", True),
        ("D70", "*.*.example.com", "a.example.com", False),
        ("D70", "a*b.io", "axb.io", True),
        ("D70", "a*b.io", "ab.io", False),
        ("D70", "api.*", "api.io", True),
        ("D73", "re:api[0-9]+", "API7", True),
        ("D73", "re:^api[0-9]+$", "xapi7", False),
        ("D73", "re:api[0-9]+", "api7x", False),
    ],
)
def test_a_host(row: str, host: str, name: str, taken: bool) -> None:
    """D70, D73."""
    pattern = host_regex(host[3:]) if host.startswith("re:") else host_pattern(host)
    assert (Host(host, pattern.regex or "", linear=pattern.linear).matches(name) is not None) is taken, row


def test_every_host() -> None:
    """D71, D74: nothing, and `*`, is everything."""
    assert [host_pattern(text).text for text in ("", "*")] == ["*", "*"]
    assert [path_pattern(text).text for text in ("", "*")] == ["*", "*"]


@given(st.lists(st.from_regex(r"[A-Za-z0-9_~@-]{1,6}|:[A-Za-z0-9_]{1,4}", fullmatch=True), min_size=1, max_size=12))
def test_plain_paths_come_out_as_by_the_whole_dialect(segments: list[str]) -> None:
    text = "".join(f"/{segment}" for segment in segments)
    found = paths.path_pattern(text)
    if found.regex is not None:
        slow = paths._dialect(text, "group")
        assert (found, found.tree) == (slow, slow.tree)


@pytest.mark.parametrize("text", ["/:a" * 170, "/ab/:c" * 85, "/K_s~@-/:x"])
def test_long_plain_paths_come_out_as_by_the_whole_dialect(text: str) -> None:
    found, slow = paths.path_pattern(text), paths._dialect(text, "group")
    assert (found, found.tree) == (slow, slow.tree)
