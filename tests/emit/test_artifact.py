"""P9: an artifact is written whole or not at all, and a failed build leaves the old one alone."""

import json
import multiprocessing
import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from egc.compiler import check, compile_project, write
from egc.compiler.artifact import put
from egc.compiler.cli import egc, main
from egc.compiler.diagnostics import DoesNotCompile

EXAMPLE = Path(__file__).parents[2] / "examples" / "terminate"
PARTS = {"gateway.py", "gunicorn.conf.py", "manifest.json"}


def test_build_writes_four_files_and_says_so_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(egc, ["build", str(EXAMPLE), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"Wrote gateway.py, gunicorn.conf.py, manifest.json, plan.json to {tmp_path / 'out'}\n"
    assert {path.name for path in (tmp_path / "out").iterdir()} == PARTS | {"plan.json"}
    assert "# L5" in (tmp_path / "out" / "gateway.py").read_text()


def test_no_lines_leaves_the_places_out(tmp_path: Path) -> None:
    CliRunner().invoke(egc, ["build", str(EXAMPLE), "-o", str(tmp_path), "--no-lines"])
    text = (tmp_path / "gateway.py").read_text()
    assert not re.search(r"L\d", text)


def test_a_configuration_that_does_not_compile_leaves_the_old_artifact(tmp_path: Path) -> None:
    config, out = tmp_path / "config", tmp_path / "out"
    config.mkdir()
    text = (EXAMPLE / "gateway.config.yml").read_text()
    (config / "gateway.config.yml").write_text(text)
    assert main(["build", str(config), "-o", str(out)]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (config / "gateway.config.yml").write_text(text.replace("- terminate\n", "- terminator\n"))
    assert main(["build", str(config), "-o", str(out)]) == 3
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(DoesNotCompile):
        compile_project(config, {})
    assert check(config, {}).errors


def test_what_is_no_python_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "gateway.py").write_text("old")
    with pytest.raises(SyntaxError):
        put({"gateway.py": "(", "manifest.json": "{}"}, (), tmp_path, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"gateway.py": "old"}


def test_templates_come_along_and_replace_the_old_ones(tmp_path: Path) -> None:
    config, out = tmp_path / "config", tmp_path / "out"
    (config / "pages").mkdir(parents=True)
    (config / "pages" / "login.html").write_text("one")
    (config / "gateway.config.yml").write_text("http: {port: 1}\npolicies: [oauth2]\n")
    (config / "system.config.yml").write_text("oauth2: {templates: pages, grants: [implicit]}\n")
    write(compile_project(config, {}), out)
    assert (out / "pages" / "login.html").read_text() == "one"
    (config / "pages" / "login.html").rename(config / "pages" / "consent.html")
    write(compile_project(config, {}), out)
    assert [path.name for path in (out / "pages").iterdir()] == ["consent.html"]
    assert {path.name for path in out.iterdir()} == PARTS | {"pages"}
    assert 'templates="pages"' in (out / "gateway.py").read_text()


def test_the_manifest_names_variables_but_no_secret_clock_or_place(tmp_path: Path) -> None:
    (tmp_path / "gateway.config.yml").write_text(
        "http: {port: '${PORT:-80}'}\npolicies: [terminate]\n"
        "apiEndpoints: {a: {host: '${API_HOST}', paths: '/${API_TOKEN}'}}\n"
        "pipelines: {p: {apiEndpoints: [a], policies: [{terminate: {action: {message: '${PASSWORD:-hush}'}}}]}}\n"
    )
    compiled = compile_project(tmp_path, {"API_HOST": "a.io", "API_TOKEN": "s3cret", "PORT": "99"})
    manifest = json.loads(compiled.files["manifest.json"])
    assert manifest["variables"] == {
        "at_start": {"PASSWORD": "(hidden)", "PORT": "80"},
        "at_build": {"API_HOST": "a.io", "API_TOKEN": "(hidden)"},
    }
    assert manifest["endpoints"] == ["a"]
    assert str(tmp_path) not in "".join(compiled.files.values())


def write_for_ever(out: str, ready: "multiprocessing.synchronize.Event") -> None:
    texts = [dict.fromkeys(PARTS, f"# {letter * 20000}\n") for letter in "ab"]
    put(texts[0], (), Path(out), Path(out))
    ready.set()
    while True:
        for files in texts:
            put(files, (), Path(out), Path(out))


def test_a_killed_build_leaves_whole_files(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        ready = context.Event()
        writer = context.Process(target=write_for_ever, args=(str(tmp_path), ready))
        writer.start()
        assert ready.wait(30)
        assert writer.pid
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        for name in PARTS:
            assert (tmp_path / name).read_text() in {f"# {letter * 20000}\n" for letter in "ab"}
