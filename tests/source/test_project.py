"""Which files belong to a configuration, and what is said when one is not there."""

from pathlib import Path

import pytest

from egc.compiler.diagnostics import DoesNotCompile, Report
from egc.compiler.source import read_project


def write(directory: Path, *names: str) -> None:
    for name in names:
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")


def test_all_files_of_a_directory(tmp_path: Path) -> None:
    write(tmp_path, "gateway.config.yml", "system.config.yml", "models/users.json", "models/credentials.json")
    project = read_project(tmp_path, {}, Report())
    assert [source.name for source in project.sources] == [
        "gateway.config.yml",
        "system.config.yml",
        "models/users.json",
        "models/credentials.json",
    ]
    assert project.gateway.data == b"{}"


def test_a_file_brings_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "other.yml", "gateway.config.yml", "system.config.json")
    project = read_project(tmp_path / "other.yml", {}, Report())
    assert [source.name for source in project.sources] == ["other.yml", "system.config.json"]


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("yml", "yaml", "json"), "yml"),
        (("yaml", "json"), "yaml"),
        (("json",), "json"),
    ],
)
def test_yml_comes_first(tmp_path: Path, there: tuple[str, ...], taken: str) -> None:
    write(tmp_path, *(f"gateway.config.{ending}" for ending in there))
    assert read_project(tmp_path, {}, Report()).gateway.name == f"gateway.config.{taken}"


def test_without_system_config(tmp_path: Path) -> None:
    write(tmp_path, "gateway.config.yml")
    assert read_project(tmp_path, {}, Report()).system is None


def test_models_keep_their_dollars(tmp_path: Path) -> None:
    write(tmp_path, "gateway.config.yml", "models/users.json")
    (tmp_path / "models" / "users.json").write_text('{"pattern": "${X}"}')
    report = Report()
    project = read_project(tmp_path, {"X": "1"}, report)
    assert project.models["users"].data == b'{"pattern": "${X}"}'
    assert project.models["users"].tree.get("pattern").value == "${X}"  # type: ignore[union-attr]  # a mapping


def refused(path: Path) -> Report:
    with pytest.raises(DoesNotCompile) as error:
        read_project(path, {}, Report())
    return error.value.report


def test_no_configuration_here(tmp_path: Path) -> None:
    write(tmp_path, "config/gateway.config.yml")
    [found] = refused(tmp_path)
    assert found.name == "unreadable-file"
    assert str(tmp_path / "config") in found.help


@pytest.mark.parametrize("kind", ["absent", "directory"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    if kind == "directory":
        (tmp_path / "gateway.config.yml").mkdir()
        [found] = refused(tmp_path)
    else:
        [found] = refused(tmp_path / "gateway.config.yml")
    assert found.code == "YA100"


def test_errors_of_all_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, "gateway.config.yml", "system.config.yml", "models/users.json")
    for name in ("gateway.config.yml", "system.config.yml", "models/users.json"):
        (tmp_path / name).write_text("[")
    assert [found.span.file for found in refused(tmp_path)] == [
        "gateway.config.yml",
        "models/users.json",
        "system.config.yml",
    ]
