"""`egc plugins`: what EG people type, and system.config as it was but for what was asked."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Egc
from tests.cli.terminal import Terminal

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"

SYSTEM = """\
# What this gateway keeps.
accessTokens:
  timeToExpiry: 7200000   # two hours

plugins:
  callers:
    package: plugins.callers   # ours
    remember: 50
accessLog: false
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a plugin beside it."""
    home = tmp_path / "config"
    shutil.copytree(EXAMPLE, home, ignore=shutil.ignore_patterns(".egc", "data", "gateway.py"))
    (home / "system.config.yml").write_text(SYSTEM)
    return home


def without_policies(config: Path) -> None:
    """A configuration that needs no plugin."""
    (config / "gateway.config.yml").write_text("http: {port: 8080}\npolicies:\n  - proxy\n")


def test_what_is_enabled_and_what_could_be_is_listed(egc: Egc, config: Path) -> None:
    [enabled] = json.loads(egc("plugins", "list", "--json").out)
    assert enabled == {
        "name": "callers",
        "package": "plugins.callers",
        "state": "enabled",
        "policies": ["count-callers", "ip-allow-list"],
        "conditions": ["from-network"],
        "why": "",
    }
    (config / "system.config.yml").unlink()
    assert egc("plugins", "list").out == "callers  plugins.callers  disabled\n"


def test_a_setting_is_changed_and_nothing_else(egc: Egc, config: Path) -> None:
    assert egc("plugins", "configure", "callers", "-o", "remember=200").code == 0
    assert (config / "system.config.yml").read_text() == SYSTEM.replace("50", "200")


@pytest.mark.parametrize("setting", ["remember=many", "remember=true", "rember=3", "remember="])
def test_a_setting_that_cannot_be_is_refused(egc: Egc, config: Path, setting: str) -> None:
    assert egc("plugins", "configure", "callers", "-o", setting).code == 2
    assert (config / "system.config.yml").read_text() == SYSTEM


def test_what_the_schema_refuses_is_not_written(egc: Egc, config: Path) -> None:
    result = egc("plugins", "configure", "callers", "-o", "remember=0")
    assert result.code == 3
    assert "nothing was written" in result.err
    assert (config / "system.config.yml").read_text() == SYSTEM


def test_disabling_takes_the_entry_out_and_enabling_puts_it_in(egc: Egc, config: Path) -> None:
    without_policies(config)
    assert egc("plugins", "disable", "callers").code == 0
    text = (config / "system.config.yml").read_text()
    assert "callers" not in text
    assert "# two hours" in text
    assert egc("plugins", "disable", "callers").code == 1
    assert egc("plugins", "enable", "plugins.callers", "-o", "remember=7").code == 0
    assert "\n  callers:\n    package: plugins.callers\n    remember: 7\n" in (config / "system.config.yml").read_text()


def test_a_plugin_that_is_needed_is_not_disabled(egc: Egc, config: Path) -> None:
    result = egc("plugins", "disable", "callers")
    assert result.code == 3
    assert "there is no policy `ip-allow-list`" in result.err
    assert (config / "system.config.yml").read_text() == SYSTEM


@pytest.mark.parametrize("there", ["", "# nothing yet\n", "# nothing yet", "plugins:\n", "plugins: {}\n", None])
def test_the_first_plugin_of_a_configuration(egc: Egc, config: Path, there: str | None) -> None:
    without_policies(config)
    system = config / "system.config.yml"
    system.unlink()
    if there is not None:
        system.write_text(there)
    result = egc("plugins", "enable", "plugins.callers")
    assert result.code == 0, result.err
    assert system.read_text().startswith((there or "").removesuffix("plugins: {}\n").removesuffix("plugins:\n"))
    assert [one["state"] for one in json.loads(egc("plugins", "list", "--json").out)] == ["enabled"]


def test_installing_lists_its_policies_as_express_gateway_does(egc: Egc, config: Path) -> None:
    without_policies(config)
    assert egc("plugins", "install", "plugins.callers", "-n", "-g", "-o", "remember=5").err == "✔ Plugin installed!\n"
    text = (config / "gateway.config.yml").read_text()
    assert text == "http: {port: 8080}\npolicies:\n  - proxy\n  - count-callers\n  - ip-allow-list\n"


@pytest.mark.parametrize(
    ("package", "code", "says"),
    [
        ("express-gateway-plugin-rewrite", 0, "is built in"),
        ("express-gateway-plugin-jwt-db", 1, "the policy `jwt` verifies tokens"),
        ("express-gateway-plugin-mine", 1, "is JavaScript"),
        ("audit", 1, "is no Python module that is here"),
        ("../audit", 1, "is JavaScript"),
    ],
)
def test_npm_plugins_are_answered_with_what_to_do(egc: Egc, config: Path, package: str, code: int, says: str) -> None:
    result = egc("plugins", "install", package)
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert (config / "system.config.yml").read_text() == SYSTEM


def test_a_plugin_that_was_never_installed_cannot_be_configured(egc: Egc, config: Path) -> None:
    result = egc("plugins", "configure", "audit", "-o", "a=b")
    assert (result.code, result.err) == (1, "✖ Plugin not installed: audit\n")


@pytest.mark.slow
def test_the_questions(config: Path) -> None:
    without_policies(config)
    with Terminal("plugins", "install", "plugins.callers", directory=config.parent) as terminal:
        terminal.expect("? Set value for remember: (50) ").type("many").expect("should be of type integer")
        terminal.expect("? Set value for remember: (50) ").type("60")
        terminal.expect("? Would you like to enable this plugin in system config?").type("")
        terminal.expect("? Would you like to add new policies to gateway config?").type("n")
        terminal.expect("Plugin installed!")
        assert terminal.wait() == 0
    assert (config / "system.config.yml").read_text() == SYSTEM.replace("50", "60")
    assert "callers" not in (config / "gateway.config.yml").read_text()
