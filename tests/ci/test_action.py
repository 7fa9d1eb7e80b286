"""The GitHub Action and the GitLab job do what they say: their own scripts, run by bash in a checkout."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.checkout import BROKEN, GOOD, OPEN, ROOT, git, repository

pytestmark = pytest.mark.slow

ACTION = yaml.safe_load((ROOT / ".github" / "action" / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
GITLAB = yaml.safe_load((ROOT / ".gitlab" / "egc.yml").read_text())["egc"]


@dataclass
class Workflow:
    """A job that uses the action.

    Arguments:
        checkout: where the repository is.
        home: where the runner keeps its files.
        inputs: what the job gives besides the defaults.
    """

    checkout: Path
    home: Path
    inputs: dict[str, str] = field(default_factory=dict)
    path: str = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def value(self, text: str) -> str:
        """A text with its expressions worked out, those that the action uses."""
        inputs = {name: str(about["default"]) for name, about in ACTION["inputs"].items()} | self.inputs
        known = {f"inputs.{name}": value for name, value in inputs.items()}
        known |= {"github.action_path": str(ROOT / ".github" / "action"), "github.event.pull_request.base.sha": ""}
        for _ in range(2):
            text = re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], text)
        return text

    def run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a step as the runner does, and give what follows the PATH that it asked for."""
        self.home.mkdir(exist_ok=True)
        files = {f"GITHUB_{name}": str(self.home / name.lower()) for name in ("OUTPUT", "PATH", "STEP_SUMMARY")}
        for name in files.values():
            Path(name).touch()
        environ = {
            "PATH": self.path,
            "HOME": str(self.home),
            "RUNNER_TEMP": str(self.home),
            "GITHUB_ACTIONS": "true",
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))},
            **files,
            **{name: self.value(value) for name, value in step.get("env", {}).items()},
        }
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=self.checkout, env=environ, capture_output=True, text=True, timeout=250)
        self.path = ":".join([*reversed(Path(files["GITHUB_PATH"]).read_text().split()), self.path])
        return done

    @property
    def outputs(self) -> dict[str, str]:
        """What the steps have given."""
        lines = (self.home / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def summary(self) -> str:
        return (self.home / "step_summary").read_text()


INSTALL, LINT, DIFF = STEPS


def test_nothing_from_outside_is_a_part_of_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
        assert "uses" not in step
    assert set(ACTION["outputs"]) == {"sarif", "diff"}


def test_a_good_configuration_passes(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    repository(checkout, GOOD)
    job = Workflow(checkout, tmp_path / "runner")
    done = job.run(LINT)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    sarif = json.loads(Path(job.outputs["sarif"]).read_text())
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"] == []
    done = job.run(DIFF)
    assert (done.returncode, done.stdout) == (0, "There is no base to compare with.\n")


@pytest.mark.parametrize(
    ("text", "fail_on", "code", "name"),
    [
        (OPEN, "warning", 1, "unauthenticated-endpoint"),
        (OPEN, "error", 0, "unauthenticated-endpoint"),
        (BROKEN, "error", 3, "unknown-service-endpoint"),
    ],
)
def test_findings_are_annotations_and_sarif(text: str, fail_on: str, code: int, name: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    repository(checkout, text)
    job = Workflow(checkout, tmp_path / "runner", {"fail-on": fail_on})
    done = job.run(LINT)
    assert done.returncode == code, done.stderr
    assert re.search(rf"^::(error|warning) file=config/gateway.config.yml,line=\d+,.*{name}", done.stdout, re.MULTILINE)
    sarif = json.loads(Path(job.outputs["sarif"]).read_text())
    assert name in json.dumps(sarif["runs"][0])


@pytest.mark.parametrize(("fail_on", "code"), [("", 0), ("weaker,breaking", 1), ("breaking", 0)])
def test_a_weaker_configuration_is_told_in_the_summary(fail_on: str, code: int, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    base, _ = repository(checkout, GOOD, OPEN)
    job = Workflow(checkout, tmp_path / "runner", {"base": base, "fail-on-diff": fail_on})
    done = job.run(DIFF)
    assert done.returncode == code, done.stderr
    assert "weaker" in job.summary
    assert Path(job.outputs["diff"]).read_text() == job.summary


def test_the_base_is_fetched_where_the_checkout_is_shallow(tmp_path: Path) -> None:
    origin, checkout = tmp_path / "origin", tmp_path / "checkout"
    base, _ = repository(origin, GOOD, OPEN)
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--depth=1", origin.as_uri(), str(checkout))
    job = Workflow(checkout, tmp_path / "runner", {"base": base})
    done = job.run(DIFF)
    assert done.returncode == 0, done.stderr
    assert "weaker" in job.summary


@pytest.mark.parametrize(("before", "said"), [(BROKEN, "does not compile"), ("", "")])
def test_a_base_that_is_no_configuration_fails_nobody(before: str, said: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    base, _ = repository(checkout, before, GOOD)
    job = Workflow(checkout, tmp_path / "runner", {"base": base, "fail-on-diff": "breaking"})
    done = job.run(DIFF)
    assert done.returncode == 0, done.stderr
    assert said in job.summary


def test_a_new_configuration_is_told(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    base, _ = repository(checkout, GOOD, GOOD)
    git(checkout, "mv", "config", "other")
    job = Workflow(checkout, tmp_path / "runner", {"base": base, "path": "other"})
    done = job.run(DIFF)
    assert done.returncode == 0, done.stderr
    assert "is new" in job.summary


@pytest.mark.parametrize("base", ["--output=/tmp/x", "$(touch stolen)", "main; touch stolen", "-h", "a b"])
def test_a_base_that_is_no_revision_is_refused(base: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    repository(checkout, GOOD)
    done = Workflow(checkout, tmp_path / "runner", {"base": base}).run(DIFF)
    assert done.returncode == 2
    assert sorted(path.name for path in checkout.iterdir()) == [".git", "config"]


@pytest.mark.parametrize("path", ["$(touch stolen)", "--help", "config; touch stolen", "`touch stolen`"])
def test_a_path_is_nothing_but_a_path(path: str, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    base, _ = repository(checkout, GOOD, GOOD)
    job = Workflow(checkout, tmp_path / "runner", {"path": path, "base": base})
    assert job.run(LINT).returncode == 3
    job.run(DIFF)
    assert sorted(each.name for each in checkout.iterdir()) == [".git", "config"]


def test_the_action_installs_egc(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    repository(checkout, GOOD)
    job = Workflow(checkout, tmp_path / "runner", path=os.environ["PATH"])
    done = job.run(INSTALL)
    assert done.returncode == 0, done.stderr
    assert job.path.startswith(str(tmp_path / "runner" / "egc" / "bin"))
    done = job.run(LINT)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_job_of_gitlab_writes_its_report(tmp_path: Path) -> None:
    repository(tmp_path / "checkout", OPEN)
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **GITLAB["variables"]}
    (script,) = GITLAB["script"]
    subprocess.run(["bash", "-ec", script], cwd=tmp_path / "checkout", env=environ, check=True)
    report = json.loads((tmp_path / "checkout" / GITLAB["artifacts"]["reports"]["codequality"]).read_text())
    assert "config/gateway.config.yml" in {finding["location"]["path"] for finding in report}
