"""Either side may be a file, a directory, an artifact or a revision; one that cannot be had is never a clean result."""

import json
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path

import pytest

from egc.compiler import compile_project
from egc.compiler.cli import main
from egc.compiler.keeping import Unkept, keep, kept
from egc.compiler.plan import Gateway
from tests.diff.configurations import BASE, replaced, written

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = "oauth2: {templates: pages, grants: [authorization_code]}\n"


@dataclass(frozen=True)
class Result:
    """What a call has printed and returned."""

    exit_code: int
    stdout: str
    stderr: str


def diff(*words: object) -> Result:
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = main(["diff", *map(str, words)])
    return Result(code, out.getvalue(), err.getvalue())


def git(repository: Path, *words: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=repository, check=True, capture_output=True)


def made(repository: Path, *words: str, given: str = "") -> str:
    """What git prints."""
    done = subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True, input=given, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose `sub/config` has changed since its one commit; the working directory is `sub`."""
    root = tmp_path / "repository"
    written(root / "sub" / "config", BASE.replace("policies: [", "policies: [oauth2, "), PAGES)
    (root / "sub" / "config" / "pages").mkdir()
    (root / "sub" / "config" / "pages" / "login.html").write_text("one")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    monkeypatch.chdir(root / "sub")
    return root


def test_a_file_and_its_directory_are_the_same(tmp_path: Path) -> None:
    config = written(tmp_path / "config", BASE)
    result = diff(config, config / "gateway.config.yml", "--exit-code")
    assert result.exit_code == 0
    assert "nothing that a client would notice" in result.stdout


def test_exit_codes(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a", BASE), written(tmp_path / "b", replaced(("max: 10", "max: 20")))
    assert main(["diff", str(one), str(other)]) == 0
    assert main(["diff", str(one), str(other), "--exit-code"]) == 1
    assert main(["diff", str(one), str(other), "--fail-on", "breaking"]) == 0
    assert main(["diff", str(one), str(other), "--fail-on", "breaking,weaker"]) == 1
    assert main(["diff", str(one), str(other), "--fail-on", "braking"]) == 2


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "github"])
def test_a_side_that_does_not_compile_is_no_result(form: str, tmp_path: Path) -> None:
    good = written(tmp_path / "a", BASE)
    bad = written(tmp_path / "b", replaced(("- key-auth:", "- no-such-policy:")))
    for sides in ((good, bad), (bad, good), (good, tmp_path / "nowhere")):
        result = diff(*sides, "--format", form)
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "error[" in result.stderr


def test_an_artifact_is_what_it_was_built_from(tmp_path: Path) -> None:
    config = written(tmp_path / "config", BASE)
    assert main(["build", str(config), "-o", str(tmp_path / "out")]) == 0
    assert diff(tmp_path / "out", config, "--exit-code").exit_code == 0
    after = written(tmp_path / "after", replaced(("'^/billing/internal'", "'^/billing/(secret|internal)'")))
    assert diff(tmp_path / "out", after).stdout.count("GET http://localhost/billing/secret") == 1
    module = tmp_path / "out" / "gateway.py"
    module.write_text(module.read_text() + "\n# edited\n")
    assert diff(tmp_path / "out", config).exit_code == 3
    (tmp_path / "out" / "plan.json").unlink()
    assert diff(tmp_path / "out", config).exit_code == 3


@pytest.mark.parametrize("place", ["/etc", "../config", "pages/../../config"])
def test_an_artifact_names_no_files_outside_of_it(tmp_path: Path, place: str) -> None:
    config = written(tmp_path / "config", BASE)
    assert main(["build", str(config), "-o", str(tmp_path / "out")]) == 0
    kept_plan = tmp_path / "out" / "plan.json"
    held = json.loads(kept_plan.read_text())
    at = 1 + [field.name for field in fields(Gateway)].index("files")
    assert held["plan"][at] == {"t": []}
    held["plan"][at] = {"t": [place]}
    kept_plan.write_text(json.dumps(held))
    result = diff(tmp_path / "out", config)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "outside of the artifact" in result.stderr


@pytest.mark.parametrize("example", sorted(path.parent.name for path in EXAMPLES.glob("*/gateway.config.yml")))
def test_a_plan_comes_back_as_it_was_kept(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / example))
    compiled = compile_project(EXAMPLES / example, {})
    module = compiled.files["gateway.py"]
    text = keep(compiled.plan, module)
    found = kept(text.encode(), module.encode())
    assert keep(found, module) == text
    assert found.routes == tuple(
        route for route in compiled.plan.routes if route.pipeline is None or not route.pipeline.skipped
    ) or any(pipeline.skipped for pipeline in compiled.plan.pipelines)
    assert found.listeners == compiled.plan.listeners


@pytest.mark.parametrize("spoilt", ["", "[]", '{"version": 1}', '{"version": 1, "module": "x", "plan": ["Gateway"]}'])
def test_what_is_no_plan_is_refused(spoilt: str) -> None:
    with pytest.raises(Unkept):
        kept(spoilt.encode(), b"")


def test_a_kept_plan_with_a_value_of_another_type_is_refused(tmp_path: Path) -> None:
    compiled = compile_project(written(tmp_path, BASE), {})
    module = compiled.files["gateway.py"]
    text = keep(compiled.plan, module)
    for old, new in (('"Listener"', '"Step"'), ('"http"', '"smtp"'), ('"api.example.com"', "7"), ('"Route"', '"X"')):
        assert old in text
        with pytest.raises(Unkept):
            kept(text.replace(old, new).encode(), module.encode())


def test_a_revision_is_compared_from_a_directory_below(repository: Path) -> None:
    assert diff("git:HEAD:config", "config", "--exit-code").exit_code == 0
    assert diff("git:HEAD:/sub/config", "git:HEAD:config/gateway.config.yml", "--exit-code").exit_code == 0
    (repository / "sub" / "config" / "pages" / "login.html").write_text("two")
    result = diff("git:HEAD:config", "config")
    assert "`pages/login.html` differs" in result.stdout
    (repository / "sub" / "config" / "gateway.config.yml").write_text(BASE)
    assert "git:HEAD:sub/config/gateway.config.yml:" in diff("git:HEAD:config", "config").stdout


@pytest.mark.parametrize(
    "name",
    ["git:HEAD", "git::config", "git:--help:config", "git:HEAD:nothing", "git:nothing:config", "git:HEAD:../../config",
     "git:-x:config", "git:HEAD:con\nfig", "git:HEAD:a/../../../etc"],
)  # fmt: skip
def test_what_git_cannot_give_is_no_result(name: str, repository: Path) -> None:
    result = diff(name, "config")
    assert result.exit_code == 4
    assert result.stdout == ""


def test_nothing_that_a_repository_configures_is_run(repository: Path) -> None:
    trap, sprung = repository / "trap", repository / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch '{sprung}'\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=trap diff=trap\n")
    for name in ("filter.trap.smudge", "filter.trap.clean", "diff.trap.textconv", "core.fsmonitor", "core.pager"):
        git(repository, "config", name, str(trap))
    git(repository, "config", "diff.external", str(trap))
    sprung.unlink(missing_ok=True)
    assert diff("git:HEAD:config", "git:HEAD:config", "--exit-code").exit_code == 0
    assert not sprung.exists()


def test_a_link_out_of_the_repository_is_not_followed(repository: Path) -> None:
    secret = repository.parent / "secret.yml"
    secret.write_text("hush: hush\n")
    (repository / "sub" / "linked").mkdir()
    (repository / "sub" / "linked" / "gateway.config.yml").symlink_to(secret)
    (repository / "sub" / "inner").mkdir()
    (repository / "sub" / "inner" / "gateway.config.yml").symlink_to("../config/gateway.config.yml")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "links")
    result = diff("git:HEAD:linked", "config")
    assert result.exit_code == 3
    assert "hush" not in result.stdout + result.stderr
    assert diff("git:HEAD:inner", "git:HEAD:inner", "--exit-code").exit_code == 0


def test_the_modules_can_be_compared_instead(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a", BASE), written(tmp_path / "b", replaced(("max: 10", "max: 20")))
    result = diff(one, other, "--code")
    assert "-    max=10,  # L15" in result.stdout
    assert "+    max=20,  # L15" in result.stdout
    assert diff(one, one, "--code").stdout == ""


def test_what_git_would_not_check_out_is_not_written(repository: Path) -> None:
    pages = made(repository, "rev-parse", "HEAD:sub/config/pages")
    tree = pages
    for _ in range(3):
        tree = made(repository, "mktree", given=f"040000 tree {tree}\t..\n")
    files = made(repository, "ls-tree", "HEAD:sub/config").replace(pages, tree)
    result = diff(f"git:{made(repository, 'mktree', given=files)}:/", "config")
    assert result.exit_code == 4
    assert "is no name of a file" in result.stderr


def test_an_object_that_is_not_there_is_no_result(repository: Path) -> None:
    line = f"100644 blob {'1' * 40}\tgateway.config.yml\n"
    result = diff(f"git:{made(repository, 'mktree', '--missing', given=line)}:/", "config")
    assert result.exit_code == 4
    assert "is not here" in result.stderr
