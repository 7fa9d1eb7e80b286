"""Completion in the shells themselves: somebody presses Tab."""

from pathlib import Path

import pytest

from egc.compiler.cli import main
from tests.cli.terminal import Terminal
from tests.needs import needs

pytestmark = pytest.mark.slow

CASES = [
    ("egc valid", "ate"),
    ("egc credential:s", "copes"),
    ("egc credential:scopes re", "move"),
    ("egc users dea", "ctivate"),
    ("egc credentials create -t b", "asic-auth"),
    ("egc credentials create --secret-f", "ile"),
    ("egc build con", "figuration"),
    ("egc validate --format js", "on"),
]
"""What is typed, and what Tab adds."""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `egc completion` prints."""
    needs(shell)
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory with something to complete."""
    (tmp_path / "configuration").mkdir()
    return tmp_path


def test_bash(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "rc").write_text(f"PS1='> '\nbind 'set enable-bracketed-paste off'\n{script('bash', capsys)}")
    complete("exec bash --noprofile --rcfile rc -i", home)


def test_zsh(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".zshrc").write_text(f"PS1='> '\nautoload -U compinit\ncompinit -D\n{script('zsh', capsys)}")
    complete("exec zsh -d -i", home)


def complete(shell: str, home: Path) -> None:
    """Type each line in a shell of its own, press Tab, and see what appears."""
    for typed, added in CASES:
        environ = {"HOME": str(home), "ZDOTDIR": str(home), "TERM": "dumb", "HISTFILE": "/dev/null"}
        with Terminal(shell=shell, directory=home, environ=environ) as terminal:
            terminal.expect("> ").press(typed).expect(typed[-1]).press("\t").expect(added)


def test_fish(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "egc.fish").write_text(script("fish", capsys))
    for typed, added in CASES:
        asked = f"source egc.fish; complete -C '{typed}'"
        shell = f'HOME={home} exec fish --no-config -c "{asked}"'
        with Terminal(shell=shell, directory=home) as terminal:
            assert terminal.wait() == 0
        assert f"{typed.split()[-1]}{added}" in terminal.seen
