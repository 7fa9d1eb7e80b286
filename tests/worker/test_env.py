"""Look-ups in the environment: typed, and each failure is one sentence that names its variable."""

from collections.abc import Callable
from pathlib import Path

import pytest

from egc.runtime import env
from egc.runtime.env import Misconfigured
from tests.gateways import gateway, in_front_of

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (env.text, "", ""),
    (env.text, " a ", " a "),
    (env.port, "0", 0),
    (env.port, "65535", 65535),
    (env.integer, "-5", -5),
    (env.number, "1.5", 1.5),
    (env.number, "1e3", 1000.0),
    (env.flag, "true", True),
    (env.flag, "false", False),
    (env.url, "https://h:80/p?q", "https://h:80/p?q"),
    (env.url, "http://[::1]", "http://[::1]"),
]
BAD: list[tuple[Callable[[str], object], str, str]] = [
    (env.port, "", "a whole number"),
    (env.port, "65536", "a port from 0 to 65535"),
    (env.port, "-1", "a port from 0 to 65535"),
    (env.port, "http", "a whole number"),
    (env.port, "80 ", "a whole number"),
    (env.integer, "1.0", "a whole number"),
    (env.integer, "1_000", "a whole number"),
    (env.integer, "\u0665", "a whole number"),
    (env.integer, "9" * 5000, "a whole number"),
    (env.number, "", "a number"),
    (env.number, "nan", "a number"),
    (env.number, "inf", "a number"),
    (env.flag, "yes", "true or false"),
    (env.flag, "TRUE", "true or false"),
    (env.url, "h:80", "an absolute http or https URL"),
    (env.url, "ftp://h", "an absolute http or https URL"),
    (env.url, "http://", "an absolute http or https URL"),
    (env.url, "http://h:99999", "an absolute http or https URL"),
    (env.url, "http://[", "an absolute http or https URL"),
]


@pytest.mark.parametrize(("look", "value", "expected"), GOOD)
def test_good(monkeypatch: pytest.MonkeyPatch, look: Callable[[str], object], value: str, expected: object) -> None:
    """A value of the right kind is read as it is."""
    monkeypatch.setenv("EGC_TEST", value)
    assert look("EGC_TEST") == expected


@pytest.mark.parametrize(("look", "value", "kind"), BAD)
def test_bad(monkeypatch: pytest.MonkeyPatch, look: Callable[[str], object], value: str, kind: str) -> None:
    """Any other is refused, with the variable, what it should be, and what it is."""
    monkeypatch.setenv("EGC_TEST", value)
    with pytest.raises(Misconfigured, match=f"EGC_TEST should be {kind}, not "):
        look("EGC_TEST")


@pytest.mark.parametrize("look", [env.text, env.port, env.integer, env.number, env.flag, env.url])
def test_missing(monkeypatch: pytest.MonkeyPatch, look: Callable[[str], object]) -> None:
    """A variable that is not set and has no default is named."""
    monkeypatch.delenv("EGC_TEST", raising=False)
    with pytest.raises(Misconfigured, match="environment variable EGC_TEST is not set"):
        look("EGC_TEST")


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default stands in for what is not set; an empty value is set (D5)."""
    monkeypatch.delenv("EGC_TEST", raising=False)
    assert env.port("EGC_TEST", 8080) == 8080
    assert env.flag("EGC_TEST", default=False) is False
    assert env.number("EGC_TEST", 0.1) == 0.1
    monkeypatch.setenv("EGC_TEST", "")
    assert env.text("EGC_TEST", "default") == ""


def test_a_password_in_a_url_is_not_repeated() -> None:
    """What cannot be read is shown, unless it may hold a password."""
    with pytest.raises(Misconfigured) as error:
        env.to_url("htp://me:hunter2@h/")
    assert "hunter2" not in str(error.value)


def test_a_gateway_without_its_variable(tmp_path: Path) -> None:
    """It does not start, and says why in one sentence."""
    module = in_front_of(1, more='env.url("EGC_TEST_MISSING")')
    with pytest.raises(AssertionError, match=r"egc: .*environment variable EGC_TEST_MISSING is not set") as error:
        gateway(tmp_path / "artifact", module).start()
    assert "Traceback" not in str(error.value)
