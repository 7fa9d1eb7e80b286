"""How a rate-limit step is compiled: its counter's name, and the warning for delays that nobody wrote (D427, D428)."""

from pathlib import Path

import pytest

from egc.compiler.diagnostics import Diagnostic
from tests.lower.project import build, findings, told

HEAD = """\
http: {port: 1}
apiEndpoints: {a: {paths: /a}, b: {paths: /b}}
policies: [rate-limit, terminate]
pipelines:
"""


def counters(directory: Path, *pipelines: str) -> list[object]:
    """The counter of each rate-limit step."""
    plan = build(directory, HEAD + "\n".join(pipelines)).plan
    return [
        argument.value
        for pipeline in plan.pipelines
        for step in pipeline.steps
        for argument in step.arguments
        if argument.keyword == "counter"
    ]


def pipeline(name: str, endpoint: str, *steps: str) -> str:
    written = "".join(f"      - rate-limit: {step}\n" for step in steps)
    return f"  {name}:\n    apiEndpoints: [{endpoint}]\n    policies:\n{written}      - terminate:\n"


OFF = "{action: {delayMs: 0}}"


def test_each_step_has_a_counter_of_its_own(tmp_path: Path) -> None:
    """D232, D427."""
    found = counters(tmp_path, pipeline("p", "a", OFF, OFF), pipeline("q", "b", OFF))
    assert found == ["p_1_rate_limit", "p_2_rate_limit", "q_1_rate_limit"]


def test_steps_that_name_a_counter_share_it(tmp_path: Path) -> None:
    """D427."""
    named = "{action: {delayMs: 0, counter: all}}"
    assert counters(tmp_path, pipeline("p", "a", named), pipeline("q", "b", named, OFF)) == [
        "all",
        "all",
        "q_2_rate_limit",
    ]


def test_a_counter_keeps_its_name_when_lines_move(tmp_path: Path) -> None:
    """What was counted outlives a new build."""
    text = pipeline("p", "a", OFF)
    assert counters(tmp_path, "  # a comment\n\n" + text) == counters(tmp_path, text)


def warned(directory: Path, step: str) -> list[Diagnostic]:
    return [one for one in findings(directory, HEAD + pipeline("p", "a", step)) if one.name == "delayed-by-default"]


@pytest.mark.parametrize("step", ["", "{action: {max: 100}}", "{action: {max: 0}}", "{action: {delayMs: }}"])
def test_delays_by_default_are_told_at_build(tmp_path: Path, step: str) -> None:
    """D229, D428."""
    (found,) = warned(tmp_path, step)
    assert (found.code, found.severity, found.span.line) == ("RL207", "warning", 8)


@pytest.mark.parametrize(
    "step",
    [OFF, "{action: {delayAfter: 0}}", "{action: {delayAfter: 3}}", "{action: {delayMs: 50}}", "{action: {max: 1}}"],
)
def test_delays_that_are_written_are_not(tmp_path: Path, step: str) -> None:
    """D428. With max 1 nobody is ever slowed down."""
    assert warned(tmp_path, step) == []


@pytest.mark.parametrize(
    "setting",
    [
        "windowMs: 0",
        "max: -1",
        "delayMs: -1",
        "delayAfter: -1",
        "statusCode: 99",
        "rateLimitHeaders: draft-03",
        "counter: ''",
    ],
)
def test_settings_without_sense_are_errors_in_their_line(tmp_path: Path, setting: str) -> None:
    found = findings(tmp_path, HEAD + pipeline("p", "a", f"{{action: {{{setting}}}}}"))
    (error,) = [one for one in found if one.severity == "error"]
    assert error.span.line == 8
    assert setting.partition(":")[0] in error.message


def test_numbers_may_stay_variables(tmp_path: Path) -> None:
    text = HEAD + pipeline("p", "a", "{action: {max: '${MAX:-7}', delayMs: 0}}")
    assert 'max=env.integer("MAX", 7)' in build(tmp_path, text).files["gateway.py"]


def test_an_unknown_setting_is_told(tmp_path: Path) -> None:
    found = findings(tmp_path, HEAD + pipeline("p", "a", "{action: {delayMs: 0, key: ip}}"))
    assert told(found, "unknown-property").span.line == 8
