"""The hooks of pre-commit, run by pre-commit itself out of a repository of egc."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ci.checkout import BROKEN, GOOD, OPEN, ROOT, egc_itself, git, repository

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def test_the_hooks_are_what_pre_commit_takes(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}
    subprocess.run(words, check=True, capture_output=True, env=environ)
    assert {hook["id"] for hook in HOOKS} == {"egc-validate", "egc-lint"}


@pytest.mark.slow
def test_a_commit_is_checked(tmp_path: Path) -> None:
    revision = egc_itself(tmp_path / "egc")
    checkout = tmp_path / "checkout"
    repository(checkout, GOOD)
    hooks = [{"id": "egc-validate"}, {"id": "egc-lint", "args": ["--fail-on", "warning"]}]
    config = {"repos": [{"repo": str(tmp_path / "egc"), "rev": revision, "hooks": hooks}]}
    (checkout / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(checkout, "add", "-A")

    def outcome(text: str) -> tuple[bool, bool, str]:
        """Whether validate and lint let a configuration pass, and what was printed."""
        (checkout / "config" / "gateway.config.yml").write_text(text)
        git(checkout, "add", "-A")
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--color=never"],
            cwd=checkout,
            env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=280,
        )
        printed = done.stdout
        passed = {
            line.split(".")[0]: line.endswith("Passed") for line in printed.splitlines() if line.startswith("egc ")
        }
        return passed["egc validate"], passed["egc lint"], printed + done.stderr

    changed = GOOD.replace("proxyTimeout: 5000", "proxyTimeout: 4000")
    validated, linted, printed = outcome(changed)
    assert (validated, linted) == (True, True), printed
    validated, linted, printed = outcome(OPEN)
    assert (validated, linted) == (True, False)
    assert "unauthenticated-endpoint" in printed
    validated, linted, printed = outcome(BROKEN)
    assert (validated, linted) == (False, False)
    assert "config/gateway.config.yml:12" in printed
