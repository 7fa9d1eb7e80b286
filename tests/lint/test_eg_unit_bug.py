"""MG903: lifetimes of signed tokens."""

import pytest

from egc.compiler.diagnostics import Diagnostic
from egc.compiler.lint.eg_unit_bug import RULE
from tests.lint.configurations import found

NAME = "eg-unit-bug"
KEYS = {"PUBLIC_KEY": "x" * 40, "PRIVATE_KEY": "x" * 40}


def told(system: str) -> list[Diagnostic]:
    return found(NAME, RULE.bad.gateway, system, KEYS)


@pytest.mark.parametrize(
    ("written", "here", "there"),
    [
        ("7200000", "2 hours", "83.3 days"),
        ("7200", "7.2 seconds", "2 hours"),
        ("900000", "15 minutes", "10.4 days"),
        ("${LIFE:-60000}", "60 seconds", "16.7 hours"),
    ],
)
def test_both_lengths_are_told(written: str, here: str, there: str) -> None:
    (one,) = told(RULE.bad.system.replace("7200000", written))
    assert (
        one.message == f"tokens live {here} by this; in Express Gateway, which read it as seconds, they lived {there}"
    )
    assert (one.span.file, one.span.line) == ("system.config.yml", 7)


def test_what_was_meant_as_seconds_is_offered_as_milliseconds() -> None:
    (one,) = told(RULE.bad.system.replace("7200000", "7200"))
    assert one.help == "is it milliseconds? write 7200000 for 2 hours"


def test_what_was_written_for_egc_is_not_warned_of_where_it_is_plainly_milliseconds() -> None:
    """Express Gateway knew no `oauth2.grants`."""
    grants = "oauth2: {grants: [client_credentials]}\n"
    assert [one.severity for one in told(RULE.bad.system)] == ["warning"]
    assert [one.severity for one in told(grants + RULE.bad.system)] == ["info"]
    assert [one.severity for one in told(grants + RULE.bad.system.replace("7200000", "7200"))] == ["warning"]


def test_opaque_tokens_lived_as_long_as_written() -> None:
    gateway = RULE.bad.gateway.replace(
        "{action: {jwt: {secretOrPublicKey: '${PUBLIC_KEY}', algorithms: [RS256], audience: orders}}}", ""
    )
    system = "oauth2: {grants: [client_credentials]}\naccessTokens: {timeToExpiry: 7200000}\n"
    assert found(NAME, gateway, system) == []


def test_other_lifetimes_are_another_matter() -> None:
    system = RULE.good.system + "refreshTokens: {timeToExpiry: 7200000}\n"
    assert told(system) == []
