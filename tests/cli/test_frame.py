"""The frame of the command line: commands by their files, exit codes, and what goes where."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from egc.compiler import cli
from egc.compiler.cli import ExitCode, egc, main, summary, words
from egc.compiler.cli import validate as validate_command

GOOD = """\
apiEndpoints: {api: {host: '*'}}
policies: [terminate]
pipelines: {p: {apiEndpoints: [api], policies: [{terminate: }]}}
"""
WARNING = GOOD.replace("pipelines", "services: 1\npipelines")
BAD = GOOD.replace("host", "hots")


def write(directory: Path, text: str) -> Path:
    (directory / "gateway.config.yml").write_text(text)
    return directory


def run(*words: str | Path, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """The real program."""
    clean = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    command = [sys.executable, "-m", "egc.compiler.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=clean | (env or {}))


# ---- Commands


def test_every_command_is_there_under_its_words() -> None:
    ctx = click.Context(egc)
    for word, module in words().items():
        assert isinstance(egc.get_command(ctx, word), click.Command), module
        assert summary(module).endswith("."), module


def test_every_file_with_other_words_exists() -> None:
    assert set(cli.WORDS) <= set(words().values())


def test_aliases_call_the_same_command() -> None:
    ctx = click.Context(egc)
    assert egc.get_command(ctx, "app") is egc.get_command(ctx, "apps")
    assert egc.get_command(ctx, "credential:scope") is egc.get_command(ctx, "credential:scopes")


def test_help_shows_each_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    commands = capsys.readouterr().out.split("Options:")[1].split("Examples:")[0]
    shown = re.findall(r"^  ([a-z:-]+)  ", commands, re.MULTILINE)
    assert sorted(shown) == cli.egc.list_commands(click.Context(egc))
    assert "validate" in shown
    assert "credential:scopes" in shown
    assert "app" not in shown


@pytest.mark.parametrize("line", ["--help", "users create --help"])
def test_help_imports_nothing_heavy(line: str) -> None:
    """What takes long to import is not imported to show help; `make bench` measures the time."""
    heavy = (
        *("yaml", "jsonschema", "requests", "urllib3", "http.client", "ssl", "rich", "jinja2", "falcon", "gunicorn"),
        *("cryptography", "joserfc", "tree_sitter", "asyncio", "re2", "redis", "importlib.metadata"),
    )
    script = (
        "import sys; from egc.compiler.cli import main; code = main(sys.argv[1:]); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script, *line.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == "[]\n"


# ---- Exit codes


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", ExitCode.USAGE),
        ("nonsense", ExitCode.USAGE),
        ("validate --nonsense", ExitCode.USAGE),
        ("validate --format pdf", ExitCode.USAGE),
        ("validate a b", ExitCode.USAGE),
        ("--help", ExitCode.CLEAN),
        ("--version", ExitCode.CLEAN),
        ("validate no/such/place", ExitCode.DOES_NOT_COMPILE),
    ],
)
def test_exit_code(line: str, code: ExitCode, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == code
    out, err = capsys.readouterr()
    assert (not out) == (code == ExitCode.USAGE)
    assert "Traceback" not in out + err


def test_a_near_miss_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["validat"])
    assert "Did you mean 'validate'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (GOOD, [], 0),
        (WARNING, [], 0),
        (WARNING, ["--fail-on", "warning"], 1),
        (BAD, [], 3),
        (BAD, ["--fail-on", "warning"], 3),
    ],
)
def test_validate_exit_code(tmp_path: Path, text: str, options: list[str], code: int) -> None:
    assert main(["validate", str(write(tmp_path, text)), *options]) == code


def test_a_bug_goes_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret-free")

    monkeypatch.setattr("egc.compiler.check", bug)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["validate", "--format", "text", "a-word-of-mine"]) == ExitCode.BUG
    out, err = capsys.readouterr()
    [report] = tmp_path.glob("egc-bug-*.txt")
    assert out == ""
    assert str(report) in err
    assert "Traceback" not in err
    assert "ZeroDivisionError: secret-free" in report.read_text()
    assert "a-word-of-mine" not in report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(13, "Permission denied", "somewhere"), ExitCode.ENVIRONMENT),
        (cli.EnvironmentFailure("the store is away"), ExitCode.ENVIRONMENT),
        (click.Abort(), ExitCode.INTERRUPTED),
    ],
)
def test_other_failures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: ExitCode
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("egc.compiler.check", fail)
    assert main(["validate"]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    rows = "\n".join(f"  e{n}: {n}" for n in range(5000))
    write(tmp_path, f"policies: []\napiEndpoints:\n{rows}\n")
    command = [sys.executable, "-m", "egc.compiler.cli", "validate", "--format", "text", str(tmp_path)]
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert done.returncode == ExitCode.READER_GONE
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("access DIR >&-", ExitCode.ENVIRONMENT),
        ("access DIR >&- 2>&-", ExitCode.ENVIRONMENT),
        ("access DIR >/dev/full", ExitCode.ENVIRONMENT),
        ("access DIR >/dev/full 2>&1", ExitCode.ENVIRONMENT),
        ("explain RT106 >&-", ExitCode.ENVIRONMENT),
        ("--help >&-", ExitCode.ENVIRONMENT),
        ("validate DIR 2>/dev/full", ExitCode.ENVIRONMENT),
        ("validate DIR/no 2>/dev/full", ExitCode.DOES_NOT_COMPILE),
        ("route GET / DIR/no >&- 2>&-", ExitCode.DOES_NOT_COMPILE),
        ("access DIR/no 2>/dev/full", ExitCode.DOES_NOT_COMPILE),
        ("validate --no 2>/dev/full", ExitCode.USAGE),
        ("validate DIR <&- >&- 2>&-", ExitCode.CLEAN),
    ],
)
def test_streams_that_are_closed_or_full(tmp_path: Path, line: str, code: ExitCode) -> None:
    write(tmp_path, GOOD)
    shell = f"exec {sys.executable} -m egc.compiler.cli {line.replace('DIR', str(tmp_path))}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) <= 1


# ---- validate


def test_findings_are_the_result(tmp_path: Path) -> None:
    done = run("validate", write(tmp_path, BAD))
    assert done.stdout.startswith(f"{tmp_path}/gateway.config.yml:1:22: error[CO104] unknown-property: `hots`")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_nothing_wrong_is_said_beside_the_result(tmp_path: Path) -> None:
    done = run("validate", write(tmp_path, GOOD))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "The configuration is good.\n"


def test_json_lines(tmp_path: Path) -> None:
    done = run("validate", "--format", "jsonl", write(tmp_path, BAD))
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == ["CO104"]
    assert done.stderr == ""


def test_github_is_the_default_there(tmp_path: Path) -> None:
    done = run("validate", write(tmp_path, BAD), env={"GITHUB_ACTIONS": "true"})
    assert done.stdout.startswith("::error file=")


@pytest.mark.parametrize(("there", "taken"), [(True, "config/gateway.config.yml"), (False, "gateway.config.yml")])
def test_default_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], there: bool, taken: str
) -> None:
    write(tmp_path, BAD)
    if there:
        (tmp_path / "config").mkdir()
        write(tmp_path / "config", BAD)
    monkeypatch.chdir(tmp_path)
    main(["validate", "--format", "text"])
    assert capsys.readouterr().out.startswith(f"{taken}:1:")


def test_validate_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert main(["validate", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.config.yml"]


def test_validate_says_what_path_is() -> None:
    assert "PATH" in (validate_command.command.help or "")
