"""A configuration of strangers may hold links and pipes: reading one never hangs, and tells nobody what it leads to."""

import os
from pathlib import Path

import pytest

from egc.compiler.cli import main
from egc.compiler.source import read_bytes

GATEWAY = "http: {port: 8080}\npolicies: []\napiEndpoints: {}\npipelines: {}\n"


def other(place: Path, kind: str) -> None:
    """Something at a place that is no file on a disk."""
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "directory":
        place.mkdir()
    else:
        place.symlink_to({"device": "/dev/zero", "environment": "/proc/self/environ", "itself": str(place)}[kind])


KINDS = ("pipe", "directory", "device", "environment", "itself")


@pytest.mark.parametrize("kind", KINDS)
def test_only_files_are_read(tmp_path: Path, kind: str) -> None:
    other(tmp_path / "one", kind)
    with pytest.raises(OSError):  # noqa: PT011 - which one is the system's affair
        read_bytes(tmp_path / "one")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [["lint"], ["lint", "--fix"], ["access"], ["test"]])
def test_a_configuration_that_is_no_file_cannot_be_read(
    tmp_path: Path, kind: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    other(tmp_path / "gateway.config.yml", kind)
    (tmp_path / "egc.test.yml").write_text("tests: []\n")
    assert main([*words, str(tmp_path)]) == 3
    assert os.environ["PATH"] not in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_a_baseline_that_is_no_file_is_an_environment_failure(tmp_path: Path, kind: str) -> None:
    (tmp_path / "gateway.config.yml").write_text(GATEWAY)
    other(tmp_path / "baseline", kind)
    assert main(["lint", str(tmp_path), "--baseline", str(tmp_path / "baseline")]) == (2 if kind == "directory" else 4)


@pytest.mark.parametrize("kind", KINDS)
def test_expectations_that_are_no_file_are_not_passed_by(tmp_path: Path, kind: str) -> None:
    (tmp_path / "gateway.config.yml").write_text(GATEWAY)
    other(tmp_path / "egc.access.yml", kind)
    assert main(["access", str(tmp_path)]) == 3


def test_a_link_to_what_is_no_configuration_is_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "config"
    home.mkdir()
    monkeypatch.chdir(home)
    (tmp_path / "netrc").write_text("machine example.com login me word hush\n")
    (home / "gateway.config.yml").symlink_to(tmp_path / "netrc")
    assert main(["lint", str(home)]) == 3
    captured = capsys.readouterr()
    assert "hush" not in captured.out + captured.err


def test_a_link_to_a_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "any.yml").write_text(GATEWAY)
    (tmp_path / "gateway.config.yml").symlink_to(tmp_path / "kept" / "any.yml")
    assert main(["validate", str(tmp_path)]) == 0
