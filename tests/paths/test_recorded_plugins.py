"""Globs and the plugin's patterns take what minimatch 3.1.5 and path-to-regexp 3.3.0 took (recorded by record.mjs)."""

from typing import Any

import pytest

from egc.compiler import plan
from egc.compiler.globs import MAX_ALTERNATIVES, glob_pattern
from egc.compiler.patterns3 import fill3, match3
from egc.compiler.regexes import Untranslatable
from egc.runtime.fill import Fill, Part
from egc.runtime.patterns import Pattern, pattern
from tests.paths.test_recorded import recorded, rows

NAMES: list[str] = recorded("globs")["subjects"]
URLS: list[str] = recorded("patterns3")["subjects"]
VALUES: list[dict[str, str]] = recorded("fills")["subjects"]

QUADRATIC = "*.!(x).!(y|z)"
"""What may not be at each dot reaches to the end of the name: refused."""


def compiled(found: plan.Pattern) -> Pattern:
    return pattern(found.regex, ignore_case=found.ignore_case, linear=found.linear)


def fill(made: plan.Made) -> Fill:
    """What the emitted module makes of the setting."""
    parts: list[str | Part] = []
    for one in made.positional:
        if isinstance(one, plan.Made):
            name, fits = one.positional
            assert isinstance(name, str)
            assert isinstance(fits, plan.Pattern)
            settings: dict[str, Any] = {argument.keyword: argument.value for argument in one.arguments}
            parts.append(Part(name, compiled(fits), **settings))
        else:
            assert isinstance(one, str)
            parts.append(one)
    return Fill(*parts)


@pytest.mark.parametrize("row", rows("globs"))
def test_a_glob_takes_what_minimatch_took(row: dict[str, Any]) -> None:
    """D27, D135: `*` crosses dots, case counts, a leading dot is hidden, ports belong to the name."""
    if row["pattern"] == QUADRATIC:
        with pytest.raises(Untranslatable, match="could hold the gateway"):
            glob_pattern(QUADRATIC)
        return
    found = compiled(glob_pattern(row["pattern"]))
    names = [name for name in NAMES if "/" not in name]
    assert [name for name in names if found.match(name)] == [name for name in row["matched"] if "/" not in name]


def test_a_glob_may_end_in_an_open_bracket() -> None:
    found = compiled(glob_pattern("a*["))
    assert found.match("ab[")
    assert not found.match("ab[undefined")


def test_a_glob_with_very_many_alternatives_is_refused() -> None:
    assert glob_pattern(f"{{1..{MAX_ALTERNATIVES}}}.x")
    for glob in (f"{{1..{MAX_ALTERNATIVES + 2}}}", "{a,b}" * 12, "{" * 40 + "a,b" + "}" * 40):
        with pytest.raises(Untranslatable, match="braces"):
            glob_pattern(glob)


@pytest.mark.parametrize("row", rows("patterns3"))
def test_a_pattern_of_the_plugin_takes_what_path_to_regexp_took(row: dict[str, Any]) -> None:
    """D324, D328: the whole URL, query included; `:name*` takes several segments."""
    if row.get("error"):
        with pytest.raises(Untranslatable):
            match3(row["pattern"])
        return
    found, names = match3(row["pattern"])
    matches = [(url, compiled(found).search(url)) for url in URLS]
    assert list(names) == row["names"]
    assert [[url, list(match.groups())] for url, match in matches if match] == row["matched"]


@pytest.mark.parametrize("row", rows("fills"))
def test_a_target_of_the_plugin_is_filled_as_path_to_regexp_filled_it(row: dict[str, Any]) -> None:
    """D326, D328: values are percent-encoded and must fit the parameter that they fill."""
    if row.get("error"):
        with pytest.raises(Untranslatable):
            fill3(row["pattern"])
        return
    target = fill(fill3(row["pattern"]))
    for values, expected in zip(VALUES, row["filled"], strict=True):
        if "error" in expected:
            with pytest.raises(ValueError, match="parameter"):
                target(values)
        else:
            assert target(values) == expected["text"]
