"""`egc explain`: every word that a configuration may hold has a page that is whole, in every form."""

import json
import re
from pathlib import Path

import pytest
import yaml

from egc.compiler import explain, reference
from egc.compiler.cli import ExitCode, main
from egc.compiler.render import visible
from egc.compiler.rules import Rule, pages
from tests.cli.terminal import Terminal

ROOT = Path(__file__).parents[2]
TOPICS = [pytest.param(topic, id=f"{topic.kind} {topic.word}") for topic in reference.topics()]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `egc explain` prints."""
    assert main(["explain", *words]) == ExitCode.CLEAN
    return capsys.readouterr().out


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_says_what_where_which_and_how_it_was(topic: reference.Topic) -> None:
    assert topic.text.endswith(".")
    assert topic.place
    assert topic.express_gateway.endswith(".")
    assert topic.type or topic.kind != "key"
    assert yaml.safe_load(topic.example)


@pytest.mark.parametrize("topic", [pytest.param(one, id=one.word) for one in reference.topics() if one.parts])
def test_what_a_page_names_has_a_page(topic: reference.Topic) -> None:
    for part in topic.parts:
        assert [one for one in reference.about(part) if one.kind == topic.kind]


def test_every_property_of_the_schemas_has_a_page() -> None:
    words = {topic.word for topic in reference.topics()}
    for path in (ROOT / "schemas" / "policies").glob("*.json"):
        assert {f"{path.stem}.{name}" for name in json.loads(path.read_text())["properties"]} <= words
    for name in ("gateway", "system"):
        assert set(json.loads((ROOT / "schemas" / f"{name}.json").read_text())["properties"]) <= words


def test_the_words_of_the_examples_have_pages() -> None:
    """What somebody finds in a configuration can be looked up, however deep it stands."""

    def keys(value: object) -> set[str]:
        if isinstance(value, list):
            return set[str]().union(*map(keys, value))
        return set(value).union(*map(keys, value.values())) if isinstance(value, dict) else set()

    text = (ROOT / "examples" / "oauth2-tutorial" / "gateway.config.yml").read_text()
    names = {"api", "httpbin", "default"}
    assert {key for key in keys(yaml.safe_load(text)) - names if not explain.found(key)} == set()


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_a_finding_is_found_by_code_and_by_name(page: Rule) -> None:
    assert explain.found(page.code.lower()) == explain.found(page.name) == (page,)
    text, markdown = explain.text(page), explain.markdown(page)
    for example in (page.bad, page.good):
        shown = "\n".join(map(visible, example.gateway.strip().split("\n")))
        assert shown in re.sub("^    ", "", text, flags=re.MULTILINE)
        assert shown in markdown


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("proxy", "Hand the request to a service"),
        ("proxy.stripPath", "type        true or false\n  default     false\n"),
        ("PROXY.STRIPPATH", "proxy.stripPath\n"),
        ("jwksUri", "jwt.jwksUri\n"),
        ("apiEndpoints.methods", "written     `apiEndpoints` of gateway.config.yml\n"),
        ("accessTokens.timeToExpiry", "83 days instead of two\n"),
        ("method.methods", "allowed     GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS\n"),
        ("rt106", "RT106 unreachable-policy\n"),
        ("terminate.statusCode", "allowed     200 to 599\n"),
    ],
)
def test_a_word_gives_its_page(word: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert expected in said(capsys, word)


def test_a_word_with_two_meanings_gives_both(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "oauth2")
    assert "oauth2 (policy)\n" in text
    assert "oauth2 (key)\n" in text


@pytest.mark.parametrize(
    ("word", "meant"),
    [("rate-limt", "rate-limit"), ("proxy.stripPaht", "proxy.stripPath"), ("unreachable-polcy", "unreachable-policy")],
)
def test_a_wrong_word_is_told_what_may_be_meant(word: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == ExitCode.USAGE
    assert f"`{meant}`" in capsys.readouterr().err


def test_without_a_word_it_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys)
    titles = [*map(explain.title, pages()), *map(explain.title, reference.topics())]
    assert [title for title in titles if f"  {title}  " not in text] == []


def test_all_pages_as_json_and_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    records = json.loads(said(capsys, "--all", "--format", "json"))["pages"]
    assert len(records) == len(pages()) + len(reference.topics())
    reference_text = said(capsys, "--all", "--format", "markdown")
    headings = re.findall(r"^### (.*)$", reference_text, flags=re.MULTILINE)
    assert len(headings) == len(records)
    assert reference_text.count("```yaml\n") * 2 == len(re.findall(r"^```", reference_text, flags=re.MULTILINE))


def test_all_takes_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--all", "proxy"]) == ExitCode.USAGE


def test_markdown_holds_no_html_of_a_page() -> None:
    assert explain.escaped("a <b>bold</b> *word* and `<code>`") == r"a \<b\>bold\</b\> \*word\* and `<code>`"


def test_on_a_terminal_a_page_is_laid_out(tmp_path: Path) -> None:
    with Terminal(
        "explain", "proxy.stripPath", directory=tmp_path, environ={"NO_COLOR": "", "TERM": "xterm"}
    ) as screen:
        screen.expect("proxy.stripPath").expect("\x1b[").expect("true or false").expect("Express Gateway")


def test_a_shell_completes_the_words() -> None:
    from egc.compiler.cli.explain import command, complete

    found = complete(command.make_context("explain", []), command.params[0], "proxy.str")
    assert [item.value for item in found] == ["proxy.strategy", "proxy.stripPath"]
