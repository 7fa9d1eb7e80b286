"""2,000 times SIGKILL for writers of the store: nothing acknowledged is lost (P41)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("EGC_STORE_MANY_KILLS", "2000"))
FEW = 40
LONG = 540
"""Acknowledgements of a writer at the most: half a million in all (P41)."""


def kill(directory: Path, kills: int, most: int) -> None:
    """Run `tests.store.kills`; it finds that enough was acknowledged, and nothing is lost."""
    command = [sys.executable, "-m", "tests.store.kills", str(directory / "data"), str(kills), str(most)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    acknowledged, lost = done.stdout.splitlines()
    assert int(acknowledged.split()[0]) > kills * most * 0.463
    assert lost == "0 lost"


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_few_sigkills(tmp_path: Path) -> None:
    kill(tmp_path, FEW, 24)


@pytest.mark.hostile
@pytest.mark.timeout(3600)
def test_what_was_acknowledged_survives_thousands_of_sigkills(tmp_path: Path) -> None:
    kill(tmp_path, KILLS, LONG)
