"""Files of numbers: of one worker each, and of all together; what was counted stays, whoever ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from egc.runtime.metrics.cells import Cells, Found, read

LABELS = [["pipeline", "one", "p"], ["pipeline", "two", "p"]]
WIDTH = 3
KILLED = """
import sys, time
from pathlib import Path
from egc.runtime.metrics.cells import Cells
cells = Cells(Path(sys.argv[1]), [["pipeline", "one", "p"], ["pipeline", "two", "p"]], 3)
while True:
    cells.numbers[4] += 1.0
    print(int(cells.numbers[4]), flush=True)
"""


def found(directory: Path) -> list[Found]:
    return list(read(directory, WIDTH))


def test_each_worker_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    one, two = (Cells(tmp_path / "metrics", LABELS, WIDTH) for _ in range(2))
    one.numbers[0] += 1.0
    two.numbers[0] += 2.5
    assert [(file.numbers[0], file.alive) for file in found(tmp_path / "metrics")] == [(1.0, True), (2.5, True)]
    assert (tmp_path / "metrics").stat().st_mode & 0o077 == 0
    assert (tmp_path / "metrics" / "0").stat().st_mode & 0o077 == 0
    one.close()
    two.close()
    assert [(file.numbers[0], file.alive) for file in found(tmp_path / "metrics")] == [(1.0, False), (2.5, False)]


def test_the_next_worker_goes_on_with_the_numbers_of_one_that_ended(tmp_path: Path) -> None:
    for total in range(1, 5):
        cells = Cells(tmp_path, LABELS, WIDTH)
        cells.numbers[1] += 1.0
        [file] = found(tmp_path)
        assert (file.numbers[1], file.alive) == (total, True)
        cells.close()


def test_what_a_killed_worker_has_counted_is_there(tmp_path: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    for _ in range(100):
        worker.stdout.readline()
    os.kill(worker.pid, signal.SIGKILL)
    told = [int(line) for line in worker.stdout.read().splitlines()]
    worker.wait()
    [file] = found(tmp_path)
    assert not file.alive
    assert file.numbers[4] >= max(told, default=100)


def test_other_rows_take_along_what_both_have(tmp_path: Path) -> None:
    before = Cells(tmp_path, LABELS, WIDTH)
    before.numbers[0], before.numbers[3] = 7.0, 9.0
    before.close()
    after = Cells(tmp_path, [["pipeline", "new", "p"], ["pipeline", "two", "p"]], WIDTH)
    [file] = found(tmp_path)
    assert list(file.numbers) == [0.0, 0.0, 0.0, 9.0, 0.0, 0.0]
    after.numbers[3] += 1.0
    assert found(tmp_path)[0].numbers[3] == 10.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0"]
    after.close()


def test_rows_of_others_are_added_up_whatever_they_are(tmp_path: Path) -> None:
    one = Cells(tmp_path, LABELS, WIDTH)
    two = Cells(tmp_path, [["pipeline", "new", "p"]], WIDTH)
    assert [file.labels for file in found(tmp_path)] == [LABELS, [["pipeline", "new", "p"]]]
    one.close()
    two.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"egc metrics 1\n\0\0", b"egc metrics 1\n\0\0" + b"\xff" * 64, os.urandom(4096)],
    ids=["empty", "nonsense", "cut", "lengths", "noise"],
)
def test_a_file_that_is_none_is_not_read_and_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0").write_bytes(content)
    assert found(tmp_path) == []
    cells = Cells(tmp_path, LABELS, WIDTH)
    cells.numbers[0] += 1.0
    assert [file.numbers[0] for file in found(tmp_path)] == [1.0]
    cells.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "0").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        Cells(tmp_path / "metrics", LABELS, WIDTH)
    assert (tmp_path / "target").read_bytes() == b"theirs"
