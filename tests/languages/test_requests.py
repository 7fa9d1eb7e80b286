"""What routes take, as languages: the same hosts and paths as path-to-regexp 0.1.13 and vhost 3.0.2 took."""

from typing import Any

import pytest

from egc.compiler.ecmascript import Untranslatable
from egc.compiler.languages import EVERYTHING, Beyond, Language
from egc.compiler.paths import host_pattern, host_regex, path_pattern, path_regex
from egc.compiler.requests import hosts, paths
from tests.paths.test_recorded import HOSTS, PATHS, rows, without_port


def taken(row: dict[str, Any]) -> list[str]:
    return [path for path, _ in row["matched"]]


def named(found: Language) -> list[str]:
    """The recorded hosts with a name of the language: those without one reach only `*` (D72)."""
    names = [(host, without_port(host).lower()) for host in HOSTS if host]
    return [host for host, name in names if name and name in found]


@pytest.mark.parametrize("row", rows("strings"))
def test_the_paths_of_a_path_string(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            path_pattern(row["pattern"])
        return
    found = paths(path_pattern(row["pattern"]))
    assert [path for path in PATHS if path in found] == taken(row)


@pytest.mark.parametrize("row", rows("regexes"))
def test_the_paths_of_a_path_regex(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            path_regex(row["pattern"])
        return
    pattern = path_regex(row["pattern"])
    if row["pattern"].startswith(("(?<=", "(?<!")):
        with pytest.raises(Beyond):
            paths(pattern)
        return
    found = paths(pattern)
    assert [path for path in PATHS if path in found] == taken(row)


@pytest.mark.parametrize("row", rows("hosts"))
def test_the_hosts_of_a_host(row: dict[str, Any]) -> None:
    found = hosts(host_pattern(row["pattern"]))
    assert named(found) == row["matched"]


@pytest.mark.parametrize("row", rows("host_regexes"))
def test_the_hosts_of_a_host_regex(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Untranslatable):
            host_regex(row["pattern"])
        return
    found = hosts(host_regex(row["pattern"]))
    assert named(found) == row["matched"]


def test_witnesses_are_requests_one_would_write() -> None:
    assert paths(path_pattern("/orders/:id(\\d+)")).witness() == "/orders/1"
    assert (paths(path_pattern("/api/*")) - paths(path_pattern("/api/:one"))).witness() == "/api/"
    assert paths(path_pattern("/api/v1/x")) <= paths(path_pattern("/api/*"))
    assert (paths(path_pattern("/a")) & paths(path_pattern("/b*"))).empty
    assert hosts(host_pattern("*.example.com")).witness() == "a.example.com"
    assert hosts(host_pattern("*")) == EVERYTHING
