"""What a person reads about a wrong configuration: each file of `cases` is a configuration, dashes, and the answer.

A line `==== name` begins another file of the same configuration. `--golden` rewrites the answers.
"""

from pathlib import Path

import pytest

from egc.compiler import check
from egc.compiler.render import render

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
DASHES = "\n--------\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_answer(case: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    written, _, expected = case.read_text(encoding="utf-8").partition(DASHES)
    name = "gateway.config.yml"
    for part in f"{name}\n{written}\n".split("\n==== "):
        name, _, text = part.partition("\n")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    answer = render(check(tmp_path, {"EMPTY": ""}), "text").replace(f"{tmp_path}/", "")
    if pytestconfig.getoption("--golden", default=False):
        case.write_text(written + DASHES + answer, encoding="utf-8")
        return
    assert answer == expected
