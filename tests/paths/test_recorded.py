"""Path and host patterns take what path-to-regexp 0.1.13 and vhost 3.0.2 took, recorded once under Node 20."""

import json
from pathlib import Path
from typing import Any

import pytest

from egc.compiler.paths import half_anchored, host_pattern, host_regex, path_pattern, path_regex
from egc.compiler.plan import HostPattern, PathPattern
from egc.compiler.regexes import Untranslatable
from egc.runtime.routing import Host
from egc.runtime.routing import Path as Route

HERE = Path(__file__).parent


def recorded(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return loaded


def rows(name: str) -> list[Any]:
    return [pytest.param(row, id=row["pattern"] or "empty") for row in recorded(name)["patterns"]]


PATHS: list[str] = recorded("strings")["subjects"]
HOSTS: list[str | None] = recorded("hosts")["subjects"]


def matched(pattern: PathPattern) -> list[list[object]]:
    """What the route table makes of a pattern (D77 for literals)."""
    if pattern.regex is None:
        bare = pattern.text.lower().removesuffix("/")
        return [[path, []] for path in PATHS if path.lower() in (bare, bare + "/")]
    compiled = Route(pattern.text, pattern.regex, sensitive=pattern.sensitive, linear=pattern.linear)
    found = [(path, compiled.matches(path)) for path in PATHS]
    return [[path, list(match.groups())] for path, match in found if match]


@pytest.mark.parametrize("row", rows("strings"))
def test_a_path_string_takes_what_express_took(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            path_pattern(row["pattern"])
        return
    pattern = path_pattern(row["pattern"])
    assert [list(pattern.names), matched(pattern)] == [row["names"], row["matched"]]


@pytest.mark.parametrize("row", rows("regexes"))
def test_a_path_regex_takes_what_express_took(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            path_regex(row["pattern"])
        return
    pattern = path_regex(row["pattern"])
    assert [list(pattern.names), matched(pattern)] == [row["names"], row["matched"]]


def without_port(host: str) -> str:
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]


def hosts(pattern: HostPattern) -> list[str]:
    named = [(host, without_port(host)) for host in HOSTS if host]
    if pattern.regex is None:
        return [host for host, name in named if name.lower() == pattern.text.lower()]
    compiled = Host(pattern.text, pattern.regex, linear=pattern.linear)
    return [host for host, name in named if name and compiled.matches(name)]


@pytest.mark.parametrize("row", rows("hosts"))
def test_a_host_takes_what_vhost_took(row: dict[str, Any]) -> None:
    assert hosts(host_pattern(row["pattern"])) == row["matched"]


@pytest.mark.parametrize("row", rows("host_regexes"))
def test_a_host_regex_takes_what_vhost_took(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            host_regex(row["pattern"])
        return
    assert hosts(host_regex(row["pattern"])) == row["matched"]


def test_a_host_regex_with_alternatives_is_anchored_as_a_whole() -> None:
    """D446: Express Gateway took `aax` and `xbb` too; the two hosts that were meant stay."""
    assert hosts(host_regex("aa|bb")) == ["aa", "bb"]
    assert half_anchored("aa|bb")
    assert not half_anchored("(aa|bb)")
    assert not half_anchored(r"a[|(]\|b")
    assert not half_anchored("^aa|bb$")


@pytest.mark.parametrize(
    ("pattern", "half"), [("(){0}", False), ("(a){0}|b", True), ("()?|b", True), ("(a|())+", False)]
)
def test_every_host_regex_that_compiles_is_judged(pattern: str, half: bool) -> None:
    host_regex(pattern)
    assert half_anchored(pattern) is half
