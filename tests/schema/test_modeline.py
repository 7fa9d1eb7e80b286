"""`egc schema --modeline`: one line more at the top, and nothing else of the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.cli import ExitCode, main
from egc.compiler.editor_schema import modeline

LINE = b"# yaml-language-server: $schema=gateway.config.schema.json"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a: 1\n", LINE + b"\na: 1\n"),
        (b"", LINE + b"\n"),
        (b"a: 1", LINE + b"\na: 1"),
        (b"a: 1\r\nb: 2\r\n", LINE + b"\r\na: 1\r\nb: 2\r\n"),
        (b"\xef\xbb\xbfa: 1\n", b"\xef\xbb\xbf" + LINE + b"\na: 1\n"),
        (b"# yaml-language-server: $schema=http://elsewhere/\na: 1\n", LINE + b"\na: 1\n"),
        (b"#yaml-language-server: $schema=x\r\na: 1\r\n", LINE + b"\r\na: 1\r\n"),
        (b"# yaml-language-server: $schema=x", LINE + b"\n"),
        (b"# a comment\na: 1\n", LINE + b"\n# a comment\na: 1\n"),
        (b"\xff\x00 no text\n", LINE + b"\n\xff\x00 no text\n"),
    ],
)
def test_the_line(before: bytes, after: bytes) -> None:
    assert modeline(before, "gateway.config.schema.json") == after


@given(st.binary(max_size=80))
def test_twice_is_once_and_the_rest_stays(data: bytes) -> None:
    once = modeline(data, "s.json")
    assert modeline(once, "s.json") == once
    assert data.removeprefix(b"\xef\xbb\xbf").endswith(once.partition(b"\n")[2]) or data.startswith(b"#")


def test_files_get_their_line_and_a_schema_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway, system = tmp_path / "gateway.config.yml", tmp_path / "system.config.yaml"
    gateway.write_bytes(b"policies: []\r\n")
    gateway.chmod(0o640)
    system.write_bytes(b"db: {}\n")
    words = ["schema", "--modeline", str(gateway), "--modeline", str(system)]
    assert main(words) == ExitCode.CLEAN
    assert capsys.readouterr().out == ""
    assert gateway.read_bytes() == LINE + b"\r\npolicies: []\r\n"
    assert system.read_bytes() == LINE.replace(b"gateway", b"system") + b"\ndb: {}\n"
    assert gateway.stat().st_mode & 0o777 == 0o640
    assert json.loads((tmp_path / "gateway.config.schema.json").read_text())["title"]
    assert main(words) == ExitCode.CLEAN
    assert gateway.read_bytes().count(b"yaml-language-server") == 1


def test_a_url_is_referred_to_and_no_schema_written(tmp_path: Path) -> None:
    gateway = tmp_path / "gateway.config.yml"
    gateway.write_text("policies: []\n")
    assert main(["schema", "--modeline", str(gateway), "--url", "https://example.com/g.json"]) == ExitCode.CLEAN
    assert gateway.read_text() == "# yaml-language-server: $schema=https://example.com/g.json\npolicies: []\n"
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.config.yml"]


@pytest.mark.parametrize("name", ["gateway.config.json", "other.yml"])
def test_other_files_are_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.config.yml").write_text("policies: []\n")
    (tmp_path / name).write_text("{}\n")
    words = ["schema", "--modeline", str(tmp_path / "gateway.config.yml"), "--modeline", str(tmp_path / name)]
    assert main(words) == ExitCode.USAGE
    assert (tmp_path / name).read_text() == "{}\n"
    assert (tmp_path / "gateway.config.yml").read_text() == "policies: []\n"


@pytest.mark.parametrize("url", ["https://example.com/a b", "https://example.com/\nadmin: {}"])
def test_a_url_cannot_add_lines(url: str, tmp_path: Path) -> None:
    gateway = tmp_path / "gateway.config.yml"
    gateway.write_text("policies: []\n")
    assert main(["schema", "--modeline", str(gateway), "--url", url]) == ExitCode.USAGE
    assert gateway.read_text() == "policies: []\n"
