"""The table of deliberate differences is true: every row has its test, every difference its row, and none is idle."""

import ast
import re
from pathlib import Path

import pytest

from tests.parity.case import Case, load_all

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
_ROW = re.compile(r"\| `([a-z0-9-]+)` \|(.*)\| `([^`]+)` \|")


def table() -> dict[str, str]:
    """Test by id, for each row of differences.md. Raises AssertionError for an id given twice."""
    rows: dict[str, str] = {}
    for line in (HERE / "differences.md").read_text().splitlines():
        found = _ROW.fullmatch(line)
        if found:
            assert found[1] not in rows, f"{found[1]} is given twice"
            rows[found[1]] = found[3]
    return rows


CASES = load_all()
ROWS = table()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_differs_only_where_it_names_a_row(case: Case) -> None:
    unknown = [(place, row) for place, row in case.rows_used() if row not in ROWS]
    assert not unknown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_difference_is_idle(case: Case) -> None:
    for exchange in case.exchanges:
        if exchange.egc is not None:
            assert case.expected(exchange) != case.answers[exchange.name], exchange.name
    if case.egc is not None:
        assert case.expected_start() != case.started


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_exchange_has_its_answer(case: Case) -> None:
    recorded = list(case.answers)
    assert recorded == ([exchange.name for exchange in case.exchanges] if case.started else [])


@pytest.mark.parametrize("row", ROWS)
def test_every_row_names_a_test_that_shows_it(row: str) -> None:
    name, _, function = ROWS[row].partition("::")
    if not function:
        used = {used for case in CASES if case.path == HERE / name for _, used in case.rows_used()}
        assert row in used, f"{name} does not show {row}"
        return
    tree = ast.parse((PROJECT / name).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert function in functions, f"there is no {ROWS[row]}"


def test_every_line_of_the_table_is_a_row() -> None:
    lines = [line for line in (HERE / "differences.md").read_text().splitlines() if line.startswith("| `")]
    assert len(lines) == len(ROWS)
