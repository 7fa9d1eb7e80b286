"""CO113, EN602 and EN604: values that are read as something else."""

import pytest

from egc.compiler.mends import Text
from tests.lint.configurations import found

TEXT = """
apiEndpoints:
  api: {paths: '/a*'}
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
policies: [proxy, rate-limit, log]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - rate-limit: {action: {max: %s, rateLimitBy: '${req.ip}', delayAfter: 0, windowMs: 1000}}
      - log: {action: {message: '%s'}}
      - proxy: {action: {serviceEndpoint: s, headers: {X-A: %s}}}
"""


def told(value: str = "x", most: str = "10", message: str = "x") -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in found("yaml-lookalike", TEXT % (most, message, value))]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("010", "8"),
        ("12:30", "750"),
        ("1e3", "1000"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("1.10", "1.1"),
        ("True", "true"),
    ],
)
def test_text_that_comes_out_otherwise_is_a_warning(written: str, read: str) -> None:
    assert told(written) == [("warning", f"`{written}` is read as `{read}`, for it has no quotes")]


@pytest.mark.parametrize("written", ["no", "on", "Yes", "OFF"])
def test_flags_of_other_readers_are_info(written: str) -> None:
    assert told(written) == [("info", f"`{written}` is text here, but a flag for other readers of YAML")]


@pytest.mark.parametrize("written", ["'010'", '"12:30"', "10", "1.5", "true", "v010", "0", "nobody", "!!str 010", "''"])
def test_what_is_what_it_seems_is_fine(written: str) -> None:
    assert told(written) == []


def test_a_message_to_people_may_be_no() -> None:
    text = (TEXT % ("10", "x", "x")).replace("policies: [proxy,", "policies: [terminate, proxy,")
    said = text.replace("      - proxy:", "      - terminate: {action: {message: No}}\n      - proxy:")
    assert found("yaml-lookalike", said) == []


def test_a_number_that_is_not_the_one_it_seems_is_told_too() -> None:
    (one,) = told(most="010")
    assert one[1].startswith("`010` is read as 8")
    assert told(most="1e3") == []
    assert told(most="0") == []


def test_the_fix_puts_it_in_quotes() -> None:
    text = TEXT % ("10", "x", "010")
    (one,) = found("yaml-lookalike", text)
    assert one.fix is not None
    assert one.fix.safe
    (edit,) = one.fix.edits
    whole = Text("gateway.config.yml", text)
    assert (whole.at(edit.span), edit.text) == ("010", "'010'")


def test_values_of_system_config_count() -> None:
    (one,) = found("yaml-lookalike", TEXT % ("10", "x", "x"), "crypto: {cipherKey: 0123}\n")
    assert str(one.span) == "system.config.yml:1:21"


@pytest.mark.parametrize("value", ["0123", "1e3", "12:30", "null"])
def test_a_variable_without_quotes_that_changes_is_told_without_its_value(value: str) -> None:
    (one,) = found("env-changes-type", TEXT % ("10", "x", "${B}"), environ={"B": value})
    assert one.severity == "warning"
    assert value not in one.message


@pytest.mark.parametrize(("written", "value"), [("${B}", "123"), ("'${B}'", "0123"), ("a${B}", "0123"), ("${B}", "")])
def test_a_variable_that_stays_as_it_is_is_fine(written: str, value: str) -> None:
    assert found("env-changes-type", TEXT % ("10", "x", written), environ={"B": value}) == []


def test_a_variable_that_is_meant_to_be_a_number_is_fine() -> None:
    assert found("env-changes-type", TEXT % ("${B}", "x", "x"), environ={"B": "1e3"}) == []


def test_a_path_that_is_built_from_a_number_is_told() -> None:
    text = (TEXT % ("10", "x", "x")).replace("paths: '/a*'", "paths: '/a*', host: ${B}")
    (one,) = found("env-changes-type", text, environ={"B": "0x10"})
    assert one.message.endswith("egc and Express Gateway use the text of that")


def test_two_dollars_are_no_escape() -> None:
    (one,) = found("env-escape", TEXT % ("10", "x", "'a $${B:-c} d'"))
    assert one.message == "`$${B:-c}` stays as it is, with both dollars: this is no escape"
    (one,) = found("env-escape", TEXT % ("10", "x", "'$${B} ${C:-d}'"))
    assert "`$${B}`" in one.message


def test_in_javascript_two_dollars_are_a_dollar_and_a_value() -> None:
    assert found("env-escape", TEXT % ("10", "costs $${requestID}", "$")) == []
