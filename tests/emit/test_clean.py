"""What is emitted passes ruff and mypy as it is, hostile texts and long lines included."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from egc.compiler import compile_project
from tests.emit.hostile import TRAPS, tree
from tests.emit.test_hostile import compiled

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")

LONG = "a-very-long-name-that-does-not-fit-into-a-line-of-any-module-that-people-like-to-read"


def modules(directory: Path) -> list[Path]:
    """Modules of every kind: the examples, one for each trap, and one in which nothing fits into its line."""
    found = []

    def put(name: str, files: dict[str, str]) -> None:
        place = directory / name
        place.mkdir()
        for file in ("gateway.py", "gunicorn.conf.py"):
            (place / file).write_text(files[file])
            found.append(place / file)

    for example in sorted(ROOT.glob("examples/*/gateway.config.yml")):
        for lines in (True, False):
            name = f"{example.parent.name}_{lines}".replace("-", "_")
            put(name, dict(compile_project(example.parent, {}, lines=lines).files))
    for number, trap in enumerate([*TRAPS, LONG, LONG + "${A}", "b" * 60]):
        put(f"trap_{number}", compiled(tree(configuration(trap)), tree({"oauth2": {"issuer": trap}}))[1])
    return found


def configuration(text: str) -> dict[str, object]:
    action = {
        "serviceEndpoint": text,
        "headers": {text: text, "b": text * 2},
        "auth": text,
        "target": {"keyFile": text},
    }
    return {
        "http": {"port": 1, "hostname": text},
        "https": {"tls": {text: {"key": text, "cert": text, "ca": [text, text]}}},
        "apiEndpoints": {
            text: {"host": text, "scopes": [text, LONG], LONG: "x"},
            LONG: {"paths": ["/" + LONG, "/:a/*"]},
        },
        "serviceEndpoints": {text: {"urls": ["http://h/" + LONG, "http://h"]}},
        "policies": ["oauth2", "proxy", "terminate"],
        "pipelines": {
            text: {"apiEndpoints": [text], "policies": [{"oauth2": None}, {"proxy": {"action": action}}]},
            LONG: {"apiEndpoints": [LONG], "policies": [{"oauth2": None}]},
            "empty": {"apiEndpoints": [], "policies": []},
        },
    }


@pytest.mark.skipif(RUFF is None, reason="ruff is not installed")
def test_emitted_modules_are_formatted_and_clean(tmp_path: Path) -> None:
    assert RUFF
    assert modules(tmp_path)
    run = [RUFF, "format", "--isolated", "--diff", str(tmp_path)]
    result = subprocess.run(run, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[:4000]
    checked = [RUFF, "check", "--config", str(ROOT / "pyproject.toml"), "--ignore", "E501", str(tmp_path)]
    result = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[:4000]


def test_emitted_modules_are_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    for place in modules(tmp_path):
        place.rename(tmp_path / f"{place.parent.name}_{place.name.partition('.')[0]}.py")
    run = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), str(tmp_path)]
    result = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stdout[:4000]
