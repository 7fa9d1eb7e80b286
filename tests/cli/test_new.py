"""`egc new`: files that compile, and no file lost."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Egc
from tests.cli.terminal import Terminal

FILES = [
    ".dockerignore",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "config/gateway.config.yml",
    "config/models/applications.json",
    "config/models/credentials.json",
    "config/models/users.json",
    "config/system.config.yml",
    "deploy/oauth.service",
]


def files(directory: Path) -> list[str]:
    """What a directory holds, in order."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("template", ["getting-started", "basic"])
def test_what_is_made_is_named_and_compiles(egc: Egc, tmp_path: Path, template: str) -> None:
    result = egc("new", "-n", "oauth", "-t", template)
    assert (result.code, result.out) == (0, "")
    assert files(tmp_path / "oauth") == FILES
    assert result.err.splitlines()[: len(FILES)] == [f"   create {name}" for name in FILES]
    assert result.err.splitlines()[len(FILES) :] == [
        "",
        "To start oauth, run the following commands:",
        "",
        "    cd oauth && egc run",
    ]
    checked = egc("validate", "oauth/config", "--fail-on", "warning")
    assert (checked.code, checked.out) == (0, "")


@pytest.mark.parametrize(
    ("name", "unit"), [("Our Orders!", "our-orders"), ("%n\\", "n"), ("…", "gateway"), ("a" * 90, "a" * 40)]
)
def test_a_unit_has_a_name_that_systemd_takes(egc: Egc, tmp_path: Path, name: str, unit: str) -> None:
    assert egc("new", "-n", name, "-d", "g").code == 0
    assert [path.name for path in (tmp_path / "g/deploy").iterdir()] == [f"{unit}.service"]
    text = (tmp_path / f"g/deploy/{unit}.service").read_text()
    assert f"Environment=EGC_DATA=/var/lib/{unit}\n" in text
    assert "@SLUG@" not in text


def test_without_what_serves_it_elsewhere(egc: Egc) -> None:
    made = json.loads(egc("new", "-n", "oauth", "--no-deploy", "--json").out)
    assert made["files"] == [name for name in FILES if "ocker" not in name and not name.startswith("deploy/")]


def test_with_oauth2_as_the_article_says_it_still_compiles(egc: Egc, tmp_path: Path) -> None:
    egc("new", "oauth")
    config = tmp_path / "oauth/config/gateway.config.yml"
    config.write_text(config.read_text().replace("# - oauth2:", "- oauth2:"))
    assert "- oauth2:\n" in config.read_text()
    assert egc("validate", "oauth/config").code == 0


@pytest.mark.parametrize("template", ["getting-started", "basic"])
def test_only_the_tutorial_has_the_old_grants(egc: Egc, tmp_path: Path, template: str) -> None:
    egc("gateway", "create", "-n", "g", "-t", template)
    text = (tmp_path / "g/config/system.config.yml").read_text()
    assert ("implicit" in text, "- password" in text) == (
        (True, True) if template == "getting-started" else (False, False)
    )
    assert "authorization_code" in text
    for known in ("keyboard cat", "sensitiveKey"):
        assert known not in text


def test_a_second_time_nothing_is_overwritten(egc: Egc, tmp_path: Path) -> None:
    egc("new", "oauth")
    config = tmp_path / "oauth/config/gateway.config.yml"
    config.write_text("mine")
    (tmp_path / "oauth/README.md").unlink()
    result = egc("new", "oauth")
    assert result.code == 1
    assert "✖ oauth/config/gateway.config.yml exists" in result.err
    assert config.read_text() == "mine"
    assert not (tmp_path / "oauth/README.md").exists()


def test_a_link_that_leads_nowhere_is_not_written_through(egc: Egc, tmp_path: Path) -> None:
    (tmp_path / "oauth").mkdir()
    (tmp_path / "oauth/README.md").symlink_to(tmp_path / "elsewhere")
    assert egc("new", "oauth").code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_what_cannot_be_finished_is_taken_back(egc: Egc, tmp_path: Path) -> None:
    # `config` is a file, so the first file below it cannot be made.
    (tmp_path / "oauth").mkdir()
    (tmp_path / "oauth/config").write_text("")
    result = egc("new", "oauth")
    assert result.code == 4
    assert "oauth/config/gateway.config.yml cannot be written" in result.err
    assert files(tmp_path) == ["oauth/config"]


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("-t", "magic", "-n", "x"), ("-n", "x" * 101), ("-n", "a\nb")])
def test_usage(egc: Egc, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert egc("new", *arguments).code == 2
    assert not list(tmp_path.iterdir())


def test_quiet_says_nothing(egc: Egc) -> None:
    result = egc("new", "-q", "-n", "my gateway", "-d", "some where")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_the_command_to_start_can_be_pasted(egc: Egc) -> None:
    assert "cd 'some where' && egc run" in egc("new", "-n", "x", "-d", "some where").err


def test_the_questions_of_the_article(tmp_path: Path) -> None:
    with Terminal("gateway", "create", directory=tmp_path) as terminal:
        terminal.expect("? What's the name of your Express Gateway? ").type("")
        terminal.expect("this one is required").expect("? What's the name of your Express Gateway? ").type("oauth")
        terminal.expect("? Where would you like to install your Express Gateway? (oauth) ").type("")
        terminal.expect("? What type of Express Gateway do you want to create?")
        terminal.expect("1) Getting Started with Express Gateway").expect("2) Basic (default pipeline with proxy)")
        terminal.type("3").expect("1 or 2").type("")
        terminal.expect("   create config/gateway.config.yml")
        assert terminal.wait() == 0
    assert files(tmp_path / "oauth") == FILES


def test_leaving_the_questions_writes_nothing(tmp_path: Path) -> None:
    with Terminal("new", directory=tmp_path) as terminal:
        terminal.expect("? What's the name of your Express Gateway? ").end_of_input()
        assert terminal.wait() == 130
    assert not list(tmp_path.iterdir())
