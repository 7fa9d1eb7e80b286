"""`egc lint` and `egc rules` as people and pipelines call them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from egc.compiler import lint as engine
from egc.compiler.cli import ExitCode
from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Span
from egc.compiler.review import Review
from egc.compiler.rules import Check, Example, Rule, checks
from tests.cli.conftest import Egc

GOOD = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
policies: [terminate]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - terminate: {action: {statusCode: 204}}
"""

UNUSED = GOOD.replace("policies: [term", "  invoices: {host: api.example.com, paths: '/invoices*'}\npolicies: [term")
"""A warning, RT105 unused-endpoint, in line 4."""

WRONG = GOOD.replace("policies: [terminate]", "policies: [something-else]")
"""It does not compile."""

EXAMPLE = Example(GOOD)


def rule(code: str, name: str, severity: str = "warning", confidence: str = "proven", **more: object) -> Rule:
    """A rule for a test."""
    texts = {"summary": "S.", "why": "W.", "instead": "I.", "bad": EXAMPLE, "good": EXAMPLE}
    return Rule(code, name, severity, confidence, "safe", **{**texts, **more})  # type: ignore[arg-type] # of a test


SPELLED = rule("ST901", "spelled-wrong")
RISKY = rule("ST902", "risky-word", "error")
GUESS = rule("ST903", "a-guess", "error", "heuristic", strict="error")
QUIET = rule("ST904", "of-no-matter", "info")
OFF = rule("ST905", "off-by-default", default=False)


def words(rule: Rule, word: str, better: str = "", *, safe: bool = True) -> Check:
    """A check that finds a word in the file, and mends it if there is a better one."""

    def check(review: Review) -> Iterator[Diagnostic]:
        for number, line in enumerate(review.project.gateway.data.decode().split("\n"), 1):
            if (column := line.find(word) + 1) > 0:
                span = Span("gateway.config.yml", number, column, number, column + len(word))
                fix = Fix(f"write {better}", (Edit(span, better),), safe) if better else None
                yield rule.found(f"`{word}` is written here", span, fix=fix)

    return check


@pytest.fixture
def project(tmp_path: Path, egc: Egc) -> Path:
    """The file of a configuration in the working directory, without findings."""
    file = tmp_path / "gateway.config.yml"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that find words of GOOD, in place of those of egc."""
    made = (
        (SPELLED, words(SPELLED, "/orders*", "/orders/*")),
        (RISKY, words(RISKY, "api.example.com", "www.example.com", safe=False)),
        (GUESS, words(GUESS, "204")),
        (QUIET, words(QUIET, "8080")),
        (OFF, words(OFF, "[terminate]")),
    )
    pages = tuple(one for one, _ in made)
    monkeypatch.setattr(engine, "checks", lambda: made)
    monkeypatch.setattr(engine, "pages", lambda: pages)
    monkeypatch.setattr("egc.compiler.rules.pages", lambda: pages)


def found(egc: Egc, *options: str) -> list[str]:
    """The codes of what is found, each with its severity."""
    document = json.loads(egc("lint", "--format", "json", *options).out)
    return sorted(f"{one['code']} {one['severity']}" for one in document["findings"])


# ---- Exit codes


def test_nothing_is_found(egc: Egc, project: Path) -> None:
    result = egc("lint")
    assert (result.code, result.out, result.err) == (ExitCode.CLEAN, "", "Nothing is found.\n")


def test_a_warning_is_shown_and_fails_only_where_that_is_asked_for(egc: Egc, project: Path) -> None:
    project.write_text(UNUSED, encoding="utf-8")
    result = egc("lint")
    assert result.code == ExitCode.CLEAN
    assert "gateway.config.yml:4:3: warning[RT105] unused-endpoint" in result.out
    assert egc("lint", "--fail-on", "warning").code == ExitCode.FINDINGS


def test_a_finding_of_the_reviewer_fails(egc: Egc, project: Path, rules: None) -> None:
    assert egc("lint").code == ExitCode.FINDINGS
    assert egc("lint", "--ignore", "risky-word").code == ExitCode.CLEAN
    assert egc("lint", "--ignore", "risky-word", "--fail-on", "warning").code == ExitCode.FINDINGS
    assert egc("lint", "--select", "ST904").code == ExitCode.CLEAN
    assert egc("lint", "--select", "ST904", "--fail-on", "info").code == ExitCode.FINDINGS


@pytest.mark.parametrize(
    "options", [[], ["--select", "RT"], ["--fix"], ["--diff"], ["--statistics"], ["--format", "sarif"]]
)
def test_what_does_not_compile_is_never_clean(egc: Egc, project: Path, options: list[str]) -> None:
    project.write_text(WRONG, encoding="utf-8")
    result = egc("lint", *options)
    assert result.code == ExitCode.DOES_NOT_COMPILE
    assert "CO103" in result.out
    assert project.read_text(encoding="utf-8") == WRONG


def test_what_does_not_compile_is_mended_if_it_compiles_then(egc: Egc, project: Path) -> None:
    project.write_text(GOOD.replace("policies: [terminate]", "policies: [terminat]"), encoding="utf-8")
    assert egc("lint").code == ExitCode.DOES_NOT_COMPILE
    assert egc("lint", "--fix").code == ExitCode.CLEAN
    assert project.read_text(encoding="utf-8") == GOOD


def test_a_configuration_that_is_not_there_does_not_compile(egc: Egc) -> None:
    for options in ([], ["--fix"], ["--diff"], ["--baseline", "b.json", "--write-baseline"]):
        assert egc("lint", *options, "nowhere").code == ExitCode.DOES_NOT_COMPILE


def test_bytes_that_are_no_text_do_not_compile(egc: Egc, project: Path) -> None:
    project.write_bytes(b"http: {port: 8080}\n# \xff\n")
    for options in ([], ["--fix"], ["--diff"]):
        assert egc("lint", *options).code == ExitCode.DOES_NOT_COMPILE


def test_a_rule_that_fails_is_a_bug_and_no_result(egc: Egc, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(review: Review) -> Iterator[Diagnostic]:
        yield SPELLED.found("the first", Span("gateway.config.yml", 1, 1, 1, 2))
        raise KeyError("second")

    monkeypatch.setattr(engine, "checks", lambda: ((SPELLED, broken),))
    for options in ([], ["--fix"], ["--diff"], ["--statistics"]):
        result = egc("lint", *options)
        assert (result.code, result.out) == (ExitCode.BUG, "")
        assert "the rule ST901 spelled-wrong has failed" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--select", "unused-endpiont"], "no finding is called 'unused-endpiont'; did you mean `unused-endpoint`?"),
        (["--ignore", "RT1O5"], "no finding is called 'RT1O5'; did you mean `RT1"),
        (["--select", "X"], "no finding is called 'X'; see `egc rules`"),
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix or --diff"),
        (["--write-baseline"], "--write-baseline goes with --baseline FILE"),
        (["--statistics", "--diff"], "--statistics does not go with --diff"),
        (["--watch", "--diff"], "--watch goes neither with --diff nor with --write-baseline"),
        (["--fail-on", "never"], "'never' is not one of"),
        (["--format", "yaml"], "'yaml' is not one of"),
    ],
)
def test_what_makes_no_sense_is_told(egc: Egc, project: Path, options: list[str], message: str) -> None:
    result = egc("lint", *options)
    assert result.code == ExitCode.USAGE
    assert result.out == ""
    assert message in result.err


# ---- What is shown


def test_the_defaults(egc: Egc, project: Path, rules: None) -> None:
    """Errors and warnings that are proven; a guess is a warning at most; infos and what is off are not shown."""
    assert found(egc) == ["ST901 warning", "ST902 error", "ST903 warning"]


def test_strict(egc: Egc, project: Path, rules: None) -> None:
    everything = ["ST901 warning", "ST902 error", "ST903 error", "ST904 info", "ST905 warning"]
    assert found(egc, "--strict") == everything
    assert found(egc, "--strict", "--min-severity", "error") == ["ST902 error", "ST903 error"]


def test_a_rule_may_count_more_under_strict(egc: Egc, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = rule("ST906", "more-under-strict", strict="error")
    monkeypatch.setattr(engine, "checks", lambda: ((public, words(public, "8080")),))
    monkeypatch.setattr(engine, "pages", lambda: (public,))
    assert found(egc) == ["ST906 warning"]
    assert found(egc, "--strict") == ["ST906 error"]


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (["--select", "ST904"], ["ST904 info"]),
        (["--select", "st904"], ["ST904 info"]),
        (["--select", "of-no-matter,off-by-default"], ["ST904 info", "ST905 warning"]),
        (["--select", "ST90", "--ignore", "ST901", "--ignore", "risky-word, a-guess"], ["ST904 info", "ST905 warning"]),
        (
            ["--select", "ST", "--min-severity", "warning"],
            ["ST901 warning", "ST902 error", "ST903 warning", "ST905 warning"],
        ),
        (["--min-severity", "info"], ["ST901 warning", "ST902 error", "ST903 warning", "ST904 info"]),
        (["--min-severity", "error"], ["ST902 error"]),
        (["--min-confidence", "proven"], ["ST901 warning", "ST902 error"]),
    ],
)
def test_selections(egc: Egc, project: Path, rules: None, options: list[str], codes: list[str]) -> None:
    assert found(egc, *options) == codes


def test_findings_of_the_stages_and_of_rules_come_in_the_order_of_the_file(
    egc: Egc, project: Path, rules: None
) -> None:
    project.write_text(UNUSED, encoding="utf-8")
    lines = egc("lint", "--format", "concise").out.splitlines()
    assert [line.split()[1].split("[")[1][:5] for line in lines] == ["ST902", "ST901", "RT105", "ST902", "ST903"]


def test_a_comment_excuses(egc: Egc, project: Path) -> None:
    project.write_text(UNUSED.replace("'/invoices*'}", "'/invoices*'}  # egc: ignore[RT105] to come"), encoding="utf-8")
    assert egc("lint").out == ""
    assert "RT105" in egc("validate").out


def test_statistics(egc: Egc, project: Path, rules: None) -> None:
    project.write_text(UNUSED, encoding="utf-8")
    result = egc("lint", "--statistics")
    assert result.out == (
        "2  ST902  error    risky-word\n"
        "1  RT105  warning  unused-endpoint\n"
        "1  ST901  warning  spelled-wrong\n"
        "1  ST903  warning  a-guess\n"
    )
    assert result.code == ExitCode.FINDINGS
    first, *_ = json.loads(egc("lint", "--statistics", "--format", "json").out)["statistics"]
    assert first == {"code": "ST902", "name": "risky-word", "severity": "error", "count": 2}


# ---- Fixes


def test_fix_makes_safe_fixes_and_shows_what_is_left(egc: Egc, project: Path, rules: None) -> None:
    project.chmod(0o640)
    result = egc("lint", "--fix", "--format", "concise")
    assert project.read_text(encoding="utf-8") == GOOD.replace("/orders*", "/orders/*")
    assert stat.S_IMODE(project.stat().st_mode) == 0o640
    assert "fixed gateway.config.yml:3:43: ST901 spelled-wrong" in result.err
    assert "ST901" not in result.out
    assert "ST902" in result.out
    assert result.code == ExitCode.FINDINGS


def test_unsafe_fixes_are_made_where_they_are_asked_for(egc: Egc, project: Path, rules: None) -> None:
    result = egc("lint", "--fix", "--unsafe-fixes")
    assert "host: www.example.com, paths: '/orders/*'" in project.read_text(encoding="utf-8")
    assert result.code == ExitCode.CLEAN


def test_a_symbolic_link_stays_one(egc: Egc, project: Path, rules: None, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere.yml"
    project.rename(place)
    project.symlink_to(place)
    egc("lint", "--fix")
    assert project.is_symlink()
    assert "/orders/*" in place.read_text(encoding="utf-8")


def test_only_what_is_selected_is_fixed(egc: Egc, project: Path, rules: None) -> None:
    egc("lint", "--fix", "--unsafe-fixes", "--select", "risky-word")
    assert "host: www.example.com, paths: '/orders*'" in project.read_text(encoding="utf-8")


def test_diff_shows_and_writes_nothing(egc: Egc, project: Path, rules: None) -> None:
    result = egc("lint", "--diff")
    assert project.read_text(encoding="utf-8") == GOOD
    assert result.code == ExitCode.FINDINGS
    assert result.out.splitlines()[:2] == ["--- gateway.config.yml", "+++ gateway.config.yml"]
    changes = [line for line in result.out.splitlines()[2:] if line[0] in "+-"]
    assert changes == [
        "-  orders: {host: api.example.com, paths: '/orders*'}",
        "+  orders: {host: api.example.com, paths: '/orders/*'}",
    ]
    assert "would fix gateway.config.yml:3:43: ST901 spelled-wrong" in result.err
    egc("lint", "--fix")
    assert egc("lint", "--diff").code == ExitCode.CLEAN


def test_a_diff_shows_no_secret_and_moves_no_cursor(egc: Egc, project: Path, rules: None) -> None:
    line = '  backend: {url: "http://localhost", proxyOptions: {auth: "me:hunter2", headers: {a: "\\u202e\t"}}}\n'
    text = GOOD.replace("policies: [term", f"serviceEndpoints:\n{line}policies: [term")
    project.write_text(text, encoding="utf-8")
    result = egc("lint", "--diff", "--select", "ST901")
    assert "serviceEndpoints" in result.out
    assert "hunter2" not in result.out
    assert "\t" not in result.out


@pytest.mark.parametrize("better", ["/orders(", "/orders'}\n  orders: {host: '"])
def test_what_would_not_compile_is_not_written(
    egc: Egc, project: Path, monkeypatch: pytest.MonkeyPatch, better: str
) -> None:
    monkeypatch.setattr(engine, "checks", lambda: ((SPELLED, words(SPELLED, "/orders*", better)),))
    for option in ("--fix", "--diff"):
        result = egc("lint", option)
        assert project.read_text(encoding="utf-8") == GOOD
        assert "nothing is changed: with all fixes made, gateway.config.yml:" in result.err
        assert "ST901" in result.out


def test_system_config_is_mended_too(egc: Egc, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = project.with_name("system.config.yml")
    system.write_text("session: {secret: one}\r\n", encoding="utf-8", newline="")

    def check(review: Review) -> Iterator[Diagnostic]:
        assert review.project.system is not None
        if b"one" in review.project.system.data:
            span = Span("system.config.yml", 1, 19, 1, 22)
            yield SPELLED.found("m", span, fix=Fix("write two", (Edit(span, "two\n"),), safe=True))

    monkeypatch.setattr(engine, "checks", lambda: ((SPELLED, check),))
    egc("lint", "--fix")
    assert system.read_bytes() == b"session: {secret: two\r\n}\r\n"
    assert project.read_text(encoding="utf-8") == GOOD


# ---- Baselines


def test_a_baseline_hides_what_is_known(egc: Egc, project: Path, rules: None) -> None:
    assert egc("lint", "--baseline", "known.json", "--write-baseline").code == ExitCode.CLEAN
    known = json.loads(project.with_name("known.json").read_text(encoding="utf-8"))
    assert known["findings"] == {
        "ST901:gateway.config.yml:apiEndpoints.orders.paths": 1,
        "ST902:gateway.config.yml:apiEndpoints.orders.host": 1,
        "ST903:gateway.config.yml:pipelines.orders.policies[0].terminate.action.statusCode": 1,
    }
    result = egc("lint", "--baseline", "known.json")
    assert (result.code, result.out) == (ExitCode.CLEAN, "")
    assert result.err == "Nothing new is found.\n"
    project.write_text("# moved down\n\n" + UNUSED, encoding="utf-8")
    result = egc("lint", "--baseline", "known.json", "--format", "concise")
    assert [line.split()[1] for line in result.out.splitlines()] == ["warning[RT105]", "error[ST902]"]
    assert result.code == ExitCode.FINDINGS


def test_a_baseline_is_written_over_nothing_else(egc: Egc, project: Path, rules: None) -> None:
    before = project.read_bytes()
    result = egc("lint", "--write-baseline", "--baseline", str(project))
    assert result.code == ExitCode.USAGE
    assert "is no baseline; it is not overwritten" in result.err
    assert project.read_bytes() == before
    place = project.with_name("known.json")
    for text in ("", '{\n<<<<<<< ours\n  "schema_version": 1,\n'):
        place.write_text(text, encoding="utf-8")
        assert egc("lint", "--baseline", "known.json", "--write-baseline").code == ExitCode.CLEAN
        assert json.loads(place.read_text(encoding="utf-8"))["findings"]


def test_what_is_gone_is_told(egc: Egc, project: Path, rules: None) -> None:
    egc("lint", "--baseline", "known.json", "--write-baseline")
    egc("lint", "--fix")
    result = egc("lint", "--baseline", "known.json")
    assert "no longer found, though the baseline has it: ST901:gateway.config.yml:" in result.err
    assert result.code == ExitCode.CLEAN


def test_what_is_no_baseline_is_told(egc: Egc, project: Path) -> None:
    project.with_name("known.json").write_text("{}", encoding="utf-8")
    result = egc("lint", "--baseline", "known.json")
    assert result.code == ExitCode.USAGE
    assert "known.json is no baseline: it holds no `findings`" in result.err
    assert egc("lint", "--baseline", "missing.json").code == ExitCode.ENVIRONMENT


# ---- Forms


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
@pytest.mark.parametrize("command", ["lint", "validate"])
def test_every_form(egc: Egc, project: Path, command: str, form: str) -> None:
    project.write_text(UNUSED, encoding="utf-8")
    result = egc(command, "--format", form)
    assert result.code == ExitCode.CLEAN
    assert "RT105" in result.out


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab"])
def test_machines_get_one_document_on_stdout_and_nothing_else(egc: Egc, project: Path, form: str) -> None:
    json.loads(egc("lint", "--format", form).out)
    project.write_text(WRONG, encoding="utf-8")
    json.loads(egc("lint", "--format", form, "--fix").out)


def test_build_and_run_show_warnings_in_every_form(egc: Egc, project: Path, tmp_path: Path) -> None:
    project.write_text(UNUSED, encoding="utf-8")
    result = egc("build", "--format", "concise", "-o", str(tmp_path / "dist"))
    assert "RT105" in result.err
    assert "= help" not in result.err
    project.write_text(WRONG, encoding="utf-8")
    for command in (["build", "-o", str(tmp_path / "dist")], ["run"]):
        result = egc(*command, "--format", "jsonl")
        assert result.code == ExitCode.DOES_NOT_COMPILE
        assert {json.loads(line)["severity"] for line in result.err.splitlines()} == {"error"}


# ---- Rules


def test_rules_lists_what_rules_and_stages_find(egc: Egc) -> None:
    listed = json.loads(egc("rules", "--format", "json").out)["rules"]
    codes = [one["code"] for one in listed]
    assert codes == sorted(codes)
    assert {one["from"] for one in listed if one["code"] in ("SC101", "ST801", "ST802")} == {"lint"}
    assert {one["from"] for one in listed if one["code"] in ("CO103", "YA101")} == {"build"}
    assert {rule.code for rule, _ in checks()} <= set(codes)
    text = egc("rules").out
    assert len(text.splitlines()) == len(listed)
    table = egc("rules", "--format", "markdown").out.splitlines()
    assert len(table) == len(listed) + 2
    assert {line.count("|") for line in table} == {8}


# ---- Watching


def put(file: Path, text: str) -> None:
    """Put a file there whole, so that nobody sees half of it."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


@pytest.mark.slow
def test_watch_reviews_again_when_a_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "gateway.config.yml"
    file.write_text(GOOD, encoding="utf-8")
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environ.pop("GITHUB_ACTIONS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "egc.compiler.cli", "lint", "--watch", "--format", "concise", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == "Watching for changes; Ctrl-C ends.\n"
        put(file, UNUSED)
        assert "RT105" in process.stdout.readline()
        assert process.stderr.readline() == "Watching for changes; Ctrl-C ends.\n"
        put(file, WRONG)
        assert "CO102" in process.stdout.readline() + process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == ExitCode.INTERRUPTED
    finally:
        process.kill()
        process.communicate()
