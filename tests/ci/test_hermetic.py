"""Commands that only look at a configuration open no socket and write nothing.

Twice: in a process that ends at the first attempt (`watched.py`), and in one that has no network and whose whole file
system is read-only.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from egc.compiler.cli import words
from tests.ci import watched
from tests.ci.checkout import BROKEN, GOOD, OPEN, ROOT, SYSTEM, repository

pytestmark = pytest.mark.slow

LOOKING = {
    "validate": [["validate", "good"], ["validate", "broken"], ["validate", "good", "--format", "sarif"]],
    "lint": [["lint", "open"], ["lint", "good", "--strict"], ["lint", "open", "--fix", "--unsafe-fixes", "--diff"]],
    "access": [["access", "good"], ["access", "open", "--format", "html"]],
    "diff": [
        ["diff", "good", "open"],
        ["diff", "good", "open", "--format", "html"],
        ["diff", "--code", "good", "open"],
    ],
    "explain": [["explain"], ["explain", "RT106", "proxy"], ["explain", "--all", "--format", "markdown"]],
    "schema": [["schema", "gateway"], ["schema", "system"]],
    "rules": [["rules"], ["rules", "--format", "json"]],
}
"""By command: words that it is called with; `good`, `open` and `broken` are configurations."""

REHEARSALS = [
    ["diff", "git:HEAD~1:config", "config"],
    ["route", "GET", "http://api.example.com/orders", "config"],
    ["trace", "GET http://api.example.com/orders", "config"],
]
"""What writes a copy of something to work on: a revision, or the compiled gateway."""

RUNS = [pytest.param(words, id=" ".join(words)) for runs in LOOKING.values() for words in runs]

READ_ONLY = (
    *("unshare", "--map-root-user", "--net", "--mount", "sh", "-ec"),
    'mount --make-rprivate /; mount -o remount,bind,ro /; mount -t tmpfs -o ro none /dev/shm; exec "$@"',
    "sh",
)


ONLY_TEMPORARY = (
    *READ_ONLY[:-2],
    "mount --make-rprivate /; mount -o remount,bind,ro /; mount -t tmpfs none /dev/shm;"
    ' code=0; "$@" || code=$?; test -z "$(ls -A /dev/shm)" || exit 98; exit $code',
    "sh",
)
"""The same with one place to write to, which must be empty again at the end."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the configurations."""
    found = tmp_path_factory.mktemp("hermetic")
    for name, text in (("good", GOOD), ("open", OPEN), ("broken", BROKEN)):
        (found / name).mkdir()
        (found / name / "gateway.config.yml").write_text(text)
        (found / name / "system.config.yml").write_text(SYSTEM)
    return found


def state(directory: Path) -> dict[str, tuple[bytes, int]]:
    """What is in a directory, and when each file was changed."""
    return {
        str(path.relative_to(directory)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def run(command: tuple[str, ...], directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, with nothing of this process's own settings."""
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(directory), **environ}
    return subprocess.run(command, cwd=directory, env=clean, capture_output=True, text=True, timeout=120)


@cache
def can_be_read_only() -> bool:
    """Whether this kernel lets us take network and writing away."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*READ_ONLY, "true"], capture_output=True, check=False).returncode == 0


def need_read_only() -> None:
    """Skip the calling test where the kernel does not let us; fail it where everything must run."""
    if not can_be_read_only():
        if os.environ.get("EGC_REQUIRE_ALL") == "1":
            pytest.fail("this kernel makes no read-only name space")
        pytest.skip("this kernel makes no read-only name space")


def egc(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "egc.compiler.cli", *words)


def test_the_commands_are_there() -> None:
    assert set(LOOKING) <= set(words())


@pytest.mark.parametrize("said", RUNS)
def test_no_socket_and_no_write_is_tried(said: list[str], place: Path) -> None:
    before = state(place)
    done = run((sys.executable, "-m", "tests.ci.watched", *said), place)
    assert done.returncode in (0, 1, 3), done.stderr
    assert state(place) == before


@pytest.mark.parametrize("said", RUNS)
def test_it_works_without_network_and_read_only(said: list[str], place: Path) -> None:
    need_read_only()
    free, bare = run(egc(*said), place), run((*READ_ONLY, *egc(*said)), place)
    assert bare.returncode == free.returncode, bare.stderr
    assert (bare.stdout, bare.stderr) == (free.stdout, free.stderr)


@pytest.mark.parametrize("said", REHEARSALS, ids=" ".join)
def test_what_lays_something_out_needs_a_directory_of_temporary_files_and_leaves_it_empty(
    said: list[str], tmp_path: Path
) -> None:
    need_read_only()
    checkout = tmp_path / "checkout"
    repository(checkout, GOOD, OPEN)
    done = run((*ONLY_TEMPORARY, *egc(*said)), checkout, TMPDIR="/dev/shm")
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "script",
    [
        "open('x', 'w')",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import os; os.mkdir('x')",
        "import subprocess; subprocess.run(['true'])",
        "import tempfile; tempfile.mkstemp()",
        "import os; os.open('x', os.O_CREAT | os.O_RDWR)",
        "from pathlib import Path; Path('x').touch()",
    ],
)
def test_whoever_writes_or_calls_is_caught(script: str, tmp_path: Path) -> None:
    hooked = f"import sys; from tests.ci.watched import watch; sys.addaudithook(watch); {script}"
    done = run((sys.executable, "-c", hooked), tmp_path)
    assert done.returncode == watched.CAUGHT, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["open('x', 'w')", "import socket; socket.create_connection(('1.1.1.1', 53), 5)"])
def test_there_is_no_network_and_nothing_can_be_written(script: str, tmp_path: Path) -> None:
    need_read_only()
    done = run((*READ_ONLY, sys.executable, "-c", script), tmp_path)
    assert done.returncode == 1
    assert "OSError" in done.stderr
