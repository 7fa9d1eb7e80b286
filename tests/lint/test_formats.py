"""Every form of findings: what machines read is well-formed, and nothing of a configuration gets out of its place."""

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft7Validator
from jsonschema.protocols import Validator

from egc.compiler.diagnostics import Edit, Fix, Related, Report, Span
from egc.compiler.render import forms, render
from egc.compiler.source import read

HERE = Path(__file__).parent / "formats"

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "\r\n::error file=x::y",
    "\n::stop-commands::x",
    "<script>alert(1)</script>",
    "]]><!-- & -->",
    "`</code><img src=x onerror=alert(1)>`",
    "` | a | b |\n| c |",
    "[click](https://evil.example) ![x](//evil.example/x)",
    "https://evil.example www.evil.example @someone #1",
    "\u202e\u2066\u200b\ufeff\x00\x7f\x85\u2028",
    "\ud800",
    '{"a": "\\"}',
    "%0A%0D{0}",
    "*a* _b_ ~~c~~ $d$ :smile:",
]


def schema(name: str) -> Validator:
    """A schema of the directory `formats`."""
    found = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(found)
    return Draft7Validator(found)


def report(words: str = "b", root: str = "dir/") -> Report:
    """Findings of all severities with all that can be said of one, and words in all of its sentences."""
    text = "a:\n  b: 1\n"
    made = Report({"a.yml": text}, root)
    read("a.yml", text.encode(), None, made)
    fix = Fix(f"mend {words}", (Edit(Span("a.yml", 2, 3, 2, 4), f"c {words}"),), safe=False)
    related = (
        Related(Span("a.yml", 1, 1, 1, 2), f"here {words}"),
        Related(Span("b.yml", 1, 1, 1, 2), f"there {words}"),
    )
    made.error(
        "RT106",
        "unreachable-policy",
        f"wrong `{words}`",
        Span("a.yml", 2, 3, 2, 4),
        related=related,
        help=f"do {words}",
        witness=f"GET http://x/{words} -> 200",
        fix=fix,
        confidence="heuristic",
    )
    made.warning("RT105", "unused-endpoint", words, Span("a.yml", 1, 1, 1, 2))
    made.warning("RT105", "unused-endpoint", f"again {words}", Span("a.yml", 1, 1, 1, 2))
    made.add("CO110", "implicit-path-semantics", "info", words, Span("a.yml", 2, 6, 2, 7))
    return made


def test_a_form_is_a_file() -> None:
    assert forms() == ("text", "concise", "github", "gitlab", "json", "jsonl", "junit", "markdown", "sarif")


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("words", HOSTILE)
def test_no_form_lets_a_sign_through_that_moves_the_cursor(form: str, words: str) -> None:
    written = render(report(words), form, colour=False)
    written.encode()
    assert set(re.findall("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", written)) <= {"\n"}


@pytest.mark.parametrize("form", forms())
def test_no_form_shows_the_password_of_a_url(form: str) -> None:
    written = render(report("http://me:pa55word@host/x"), form)
    assert "host" in written
    assert "pa55word" not in unescape(written)


@pytest.mark.parametrize("form", forms())
def test_a_secret_of_a_key_that_an_edit_moves_is_not_shown(form: str) -> None:
    made = Report()
    edits = (Edit(Span("a.yml", 1, 1, 1, 1), "jwt:\n  secretOrPublicKey: hunter2hunter2\n"),)
    made.warning("RT106", "unreachable-policy", "m", Span("a.yml", 1, 1, 1, 2), fix=Fix("move it", edits, safe=False))
    assert "hunter2" not in render(made, form)


@pytest.mark.parametrize("words", ["b", *HOSTILE])
def test_json_and_its_lines_hold_the_same_records(words: str) -> None:
    document = json.loads(render(report(words), "json"))
    assert document["schema_version"] == 1
    assert document["findings"] == [json.loads(line) for line in render(report(words), "jsonl").split("\n")[:-1]]
    for one in document["findings"]:
        schema("record").validate(one)
    assert json.loads(render(Report(), "json")) == {"schema_version": 1, "findings": []}


def test_a_record_holds_all_that_is_known() -> None:
    *_, found, _ = json.loads(render(report(), "json"))["findings"]
    assert found == {
        "code": "RT106",
        "name": "unreachable-policy",
        "severity": "error",
        "confidence": "heuristic",
        "message": "wrong `b`",
        "file": "dir/a.yml",
        "start": {"line": 2, "column": 3},
        "end": {"line": 2, "column": 4},
        "related": [
            {
                "message": "here b",
                "file": "dir/a.yml",
                "start": {"line": 1, "column": 1},
                "end": {"line": 1, "column": 2},
            },
            {
                "message": "there b",
                "file": "dir/b.yml",
                "start": {"line": 1, "column": 1},
                "end": {"line": 1, "column": 2},
            },
        ],
        "witness": "GET http://x/b -> 200",
        "fix": {
            "message": "mend b",
            "safety": "unsafe",
            "edits": [
                {"file": "dir/a.yml", "start": {"line": 2, "column": 3}, "end": {"line": 2, "column": 4}, "text": "c b"}
            ],
        },
        "fingerprint": "RT106:a.yml:a.b",
        "help": "do b",
    }


def test_no_two_findings_have_one_fingerprint() -> None:
    for form, key in (("json", "fingerprint"), ("gitlab", "fingerprint")):
        document = json.loads(render(report(), form))
        found = [one[key] for one in (document["findings"] if form == "json" else document)]
        assert len(found) == len(set(found)) == 4
    assert "RT105:a.yml:a#2" in render(report(), "jsonl")


@pytest.mark.parametrize("words", ["b", *HOSTILE])
@pytest.mark.parametrize("root", ["", "./", "dir/", "/abs/dir/", "dir with space/ü%/"])
def test_sarif_is_valid(words: str, root: str) -> None:
    log = json.loads(render(report(words, root), "sarif"))
    schema("sarif").validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    schema("sarif").validate(json.loads(render(Report(), "sarif")))


def test_sarif_says_what_is_known() -> None:
    (run,) = json.loads(render(report(root="dir ä/"), "sarif"))["runs"]
    found = next(one for one in run["results"] if one["ruleId"] == "RT106")
    assert found["level"] == "error"
    assert found["message"]["text"] == ("wrong `b`\nwitness: GET http://x/b -> 200\nfix (unsafe): mend b\nhelp: do b")
    assert found["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "dir%20%C3%A4/a.yml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 4},
            }
        }
    ]
    assert [one["message"]["text"] for one in found["relatedLocations"]] == ["here b", "there b"]
    (change,) = found["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "c b"}
    rule = run["tool"]["driver"]["rules"][found["ruleIndex"]]
    assert rule["name"] == "UnreachablePolicy"
    assert rule["shortDescription"]["text"]


def test_sarif_makes_no_link_of_what_a_configuration_says() -> None:
    (run,) = json.loads(render(report("[click](https://evil.example)"), "sarif"))["runs"]
    for one in run["results"]:
        texts = [one["message"], *(place["message"] for place in one.get("relatedLocations", ()))]
        texts += [fix["description"] for fix in one.get("fixes", ())]
        assert not [text for text in texts if "[click](" in text["text"]]


@pytest.mark.parametrize("words", ["b", *HOSTILE])
@pytest.mark.parametrize("root", ["", "./", "dir/", "/abs/dir/"])
def test_gitlab_is_valid(words: str, root: str) -> None:
    schema("gitlab").validate(json.loads(render(report(words, root), "gitlab")))
    assert render(Report(), "gitlab") == "[]\n"


def test_gitlab_says_what_is_known() -> None:
    *_, found, _ = json.loads(render(report(root="./"), "gitlab"))
    assert found["description"] == "unreachable-policy: wrong `b`"
    assert (found["check_name"], found["severity"], found["location"]["path"]) == ("RT106", "critical", "a.yml")
    assert found["location"]["positions"]["begin"] == {"line": 2, "column": 3}


ATTRIBUTES = {
    "testsuites": set[str](),
    "testsuite": {"name", "tests", "failures", "errors", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "system-out": set[str](),
}
"""The elements of JUnit's reports that egc writes, with the attributes that all readers of them know."""


@pytest.mark.parametrize("words", ["b", *HOSTILE])
def test_junit_is_valid(words: str) -> None:
    root = ElementTree.fromstring(render(report(words), "junit"))
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
    (suite,) = root
    cases = list(suite)
    assert {case.tag for case in cases} == {"testcase"}
    assert suite.get("tests") == str(len(cases)) == "4"
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "3"
    assert suite.get("errors") == "0"
    assert len(suite.findall("testcase/system-out")) == 1


def test_junit_has_a_test_that_passed_where_nothing_is_found() -> None:
    (case,) = ElementTree.fromstring(render(Report(), "junit")).iter("testcase")
    assert list(case) == []


def test_junit_says_what_is_known() -> None:
    suite = ElementTree.fromstring(render(report(), "junit"))
    (case,) = (one for one in suite.iter("testcase") if (one.get("name") or "").startswith("RT106"))
    (failure,) = case
    assert case.get("classname") == "dir/a.yml"
    assert (failure.get("message"), failure.get("type")) == ("wrong `b`", "error")
    assert failure.text == "dir/a.yml:2:3\nwitness: GET http://x/b -> 200\nfix (unsafe): mend b\nhelp: do b"


@pytest.mark.parametrize("words", ["b", *HOSTILE])
def test_github_is_one_command_a_finding(words: str) -> None:
    lines = render(report(words), "github").split("\n")
    assert lines.pop() == ""
    assert len(lines) == 4
    for line in lines:
        head, _, message = line.removeprefix("::").partition("::")
        assert re.fullmatch(
            r"(error|warning|notice) file=dir/a\.yml,line=\d+,col=\d+,endLine=\d+,endColumn=\d+,title=\S+ \S+", head
        )
        assert re.fullmatch(r"(?:[^%\r\n]|%(?:25|0A|0D))*", message)


@pytest.mark.parametrize("words", ["b", *HOSTILE])
def test_concise_is_one_line_a_finding(words: str) -> None:
    lines = render(report(words), "concise").split("\n")
    assert len(lines) == 5
    assert all(
        re.match(r"dir/a\.yml:\d+:\d+: (error|warning|info)\[[A-Z]{2}\d{3}\] [a-z-]+: ", line) for line in lines[:4]
    )


def test_concise() -> None:
    assert render(report(), "concise").split("\n")[2] == "dir/a.yml:2:3: error[RT106] unreachable-policy: wrong `b`"


@pytest.mark.parametrize("words", ["b", *HOSTILE])
def test_markdown_is_a_table_without_other_mark_up(words: str) -> None:
    lines = render(report(words), "markdown").split("\n")
    assert lines[:4] == ["### egc: 1 error, 2 warnings, 1 info", "", "| | finding | place | |", "|---|---|---|---|"]
    rows = lines[4:-1]
    assert len(rows) == 4
    for row in rows:
        assert row.count("|") == 5
        bare = re.sub(r"</?code>|<br>|<!-- -->|&#\d+;|\*(witness|help|fix \((un)?safe\)):\*", "", row)
        assert set(bare) & set("<>`*_[]~#@&\\") == set()
        assert "www." not in bare
        assert "://" not in bare


def test_markdown_without_findings() -> None:
    assert render(Report(), "markdown") == "### egc: no findings\n"


def test_text_says_witness_fix_and_help() -> None:
    lines = render(report(), "text").split("\n")
    begin = lines.index("dir/a.yml:2:3: error[RT106] unreachable-policy: wrong `b`")
    assert lines[begin + 1 : begin + 11] == [
        "  |",
        "1 | a:",
        "  | - here b",
        "2 |   b: 1",
        "  |   ^",
        "  = dir/b.yml:1:1: there b",
        "  = witness: GET http://x/b -> 200",
        "  = fix (unsafe): mend b   (egc lint --fix --unsafe-fixes)",
        "  = help: do b",
        "  = help: egc explain RT106",
    ]
