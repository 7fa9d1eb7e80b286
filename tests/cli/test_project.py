"""Where the command line finds the Admin API, and the commands that need none."""

import hashlib
import json
from pathlib import Path

import pytest

from egc.compiler.cli._project import find_admin
from egc.compiler.diagnostics import DoesNotCompile
from tests.cli.conftest import Egc


@pytest.fixture
def project(egc: Egc, tmp_path: Path) -> Path:
    """The `config` directory of the project that the working directory is in."""
    config = tmp_path / "config"
    config.mkdir()
    return config


@pytest.mark.parametrize(
    ("gateway", "system", "url"),
    [
        ("{}", "", "http://localhost:9876"),
        ("admin: {port: 1234}", "", "http://localhost:1234"),
        ("admin: {port: '${NOT_SET:-1234}', host: a.test}", "", "http://a.test:1234"),
        ("admin: {hostname: old.test, host: new.test}", "", "http://old.test:9876"),
        ("admin: {host: 0.0.0.0}", "", "http://localhost:9876"),
        ("admin: {host: '::1', port: 1}", "", "http://[::1]:1"),
        ("admin:", "cli: {url: 'https://admin.test/base/'}", "https://admin.test/base"),
    ],
)
def test_the_configuration_says_where(project: Path, gateway: str, system: str, url: str) -> None:
    (project / "gateway.config.yml").write_text(gateway)
    if system:
        (project / "system.config.yml").write_text(system)
    assert find_admin().url == url


def test_the_variable_wins_and_reads_no_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D64."""
    (project / "gateway.config.yml").write_text("{broken")
    monkeypatch.setenv("EG_ADMIN_URL", "http://there.test:1/")
    assert find_admin().url == "http://there.test:1"


def test_without_a_configuration_the_default_holds(egc: Egc) -> None:
    assert find_admin().url == "http://localhost:9876"


def test_the_project_above_is_found_by_its_scope_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "gateway.config.yml").write_text("admin: {port: 1234}")
    below = project.parent / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_admin().url == "http://localhost:9876"
    (project.parent / ".yo-rc.json").write_text("{}")
    assert find_admin().url == "http://localhost:1234"


def test_the_directory_of_the_variable_is_read(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EG_CONFIG_DIR", str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "gateway.config.json").write_text('{"admin": {"port": 4321}}')
    assert find_admin().url == "http://localhost:4321"


def test_a_configuration_that_cannot_be_read_is_shown(egc: Egc, project: Path) -> None:
    (project / "gateway.config.yml").write_text("admin: {port: 1")
    with pytest.raises(DoesNotCompile):
        find_admin()
    result = egc("users", "list")
    assert (result.code, result.out) == (3, "")
    assert "gateway.config.yml:" in result.err


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://x/",
        "http:///",
        "http://[::1",
        "http://x:99999",
        "http://u:p@x/",
        "http://x/?a=b",
        "http://é/",
    ],
)
def test_an_address_that_is_none_is_a_usage_error(egc: Egc, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EG_ADMIN_URL", url)
    result = egc("users", "list")
    assert (result.code, "EG_ADMIN_URL" in result.err) == (2, True)


def test_the_key_and_its_digest_belong_together(egc: Egc) -> None:
    made = egc("admin-key", "--json").json
    assert isinstance(made, dict)
    assert made["keyDigest"] == f"sha256:{hashlib.sha256(made['key'].encode()).hexdigest()}"
    shown = egc("admin-key")
    digest = hashlib.sha256(shown.out.strip().encode()).hexdigest()
    assert f"keyDigest: sha256:{digest}" in shown.err
    assert shown.out.strip() != made["key"]


def commands() -> list[tuple[str, ...]]:
    """Every group and command of egc."""
    import click

    from egc.compiler.cli import egc as top

    found: list[tuple[str, ...]] = [()]
    waiting: list[tuple[click.Command, tuple[str, ...]]] = [(top, ())]
    while waiting:
        command, words = waiting.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                found.append((*words, name))
                waiting.append((child, (*words, name)))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_is_there_at_every_level(egc: Egc, words: tuple[str, ...]) -> None:
    result = egc(*words, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: {' '.join(('egc', *words))} ")
    assert len(words) == 0 or "Example" in result.out or words == ("validate",)
    assert egc(*words, "-h").out == result.out


WITHOUT_RESULTS = {
    "completion": "a script for a shell",
    "schema": "JSON in any case",
    "store export": "lines of JSON in any case",
}


def test_every_command_with_results_writes_them_as_json_on_request() -> None:
    import click

    from egc.compiler.cli import egc as top

    found = set()
    for words in commands():
        command: click.Command = top
        for word in words:
            assert isinstance(command, click.Group)
            child = command.get_command(click.Context(command), word)
            assert child is not None
            command = child
        runs = not isinstance(command, click.Group) or command.invoke_without_command
        if runs and not any("--json" in parameter.opts for parameter in command.params):
            found.add(" ".join(words))
    assert found == set(WITHOUT_RESULTS)


def test_version(egc: Egc) -> None:
    result = egc("--version")
    assert result.code == 0
    assert json.dumps(result.out.strip()).count(".") >= 1
