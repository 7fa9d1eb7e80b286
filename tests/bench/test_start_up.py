"""Start-up is measured as it is, and a goal that is missed is said."""

import sys

import pytest

from tests.bench.start_up import COMMANDS, Command, Cost, lines, measure, missed

BARE = Cost(COMMANDS[0], [10.0, 11.0, 12.0])


@pytest.mark.slow
def test_each_run_but_the_first_counts() -> None:
    (bare,) = measure((Command("bare", (sys.executable, "-c", "pass")),), rounds=1)
    assert len(bare.samples) == 5
    assert all(sample > 0 for sample in bare.samples)


def test_what_ends_with_another_code_is_no_measurement() -> None:
    (cost,) = measure((Command("wrong", (sys.executable, "-c", "raise SystemExit(3)")),), rounds=1)
    assert cost.samples == []
    assert "FAILED: exit code 3" in "\n".join(lines([BARE, cost]))


@pytest.mark.parametrize(("median", "beside", "over"), [(61, False, True), (60, False, False), (71, True, False)])
def test_a_goal_may_leave_out_what_python_costs(median: float, beside: bool, over: bool) -> None:
    cost = Cost(Command("egc", ("egc",), 60, beside=beside), [1.0, median, 100.0])
    assert list(missed([BARE, cost])) == ([cost] if over else [])
    assert ("MISSED" if over else "kept") in list(lines([BARE, cost]))[-2]
