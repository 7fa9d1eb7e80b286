"""`egc schema`: one document for each file that takes what egc takes, and refuses what its schemas refuse."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from egc.compiler.catalogue import built_in
from egc.compiler.cli import ExitCode, main
from egc.compiler.cli.schema import catalogue_of
from egc.compiler.diagnostics import Report
from egc.compiler.editor_schema import document
from egc.compiler.node import Mapping, Node, Sequence
from egc.compiler.rules import pages
from egc.compiler.source import read
from tests import large

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("examples/*/*.config.yml"))
CASES = sorted((ROOT / "tests" / "validate" / "cases").glob("*.txt"))

OF_SCHEMA = ("CO101", "CO104", "CO112", "CO124", "CO125", "CO141", "CO142")
"""Findings that a schema can make."""

BEYOND = re.compile(
    r"so the endpoint takes"  # an endpoint may have any further keys
    r"|^this is not read: `"  # a step that is a single value is taken, and not read
)
"""Mistakes that no schema can tell."""

FINDING = re.compile(r"^(gateway|system)\.config\.yml:(\d+):\d+: \w+\[(\w+)\] [\w-]+: (.*)$", re.MULTILINE)


@cache
def validator(kind: Literal["gateway", "system"]) -> Draft7Validator:
    return Draft7Validator(document(kind, built_in()))


def kind_of(path: Path) -> Literal["gateway", "system"]:
    return "gateway" if path.name.startswith("gateway") else "system"


def tree_of(text: str, name: str) -> Node | None:
    """The tree of a file as an editor reads it: variables are text."""
    return read(name, text.encode(), None, Report())


def seen(node: Node) -> object:
    """A tree as JSON."""
    if isinstance(node, Mapping):
        return {entry.name: seen(entry.value) for entry in node}
    if isinstance(node, Sequence):
        return [seen(item) for item in node]
    value = node.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def every(errors: Any) -> Iterator[ValidationError]:
    """Errors, and what each alternative has against a value."""
    for error in errors:
        yield error
        yield from every(error.context or ())


@pytest.mark.parametrize("kind", ["gateway", "system"])
def test_a_document_is_draft_07_and_stands_alone(kind: Literal["gateway", "system"]) -> None:
    found = document(kind, built_in())
    Draft7Validator.check_schema(found)
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(found)
    assert '"$id"' not in text
    assert "x-egc" not in text
    references = set(re.findall(r'"\$ref": "([^"]*)"', text))
    assert references
    assert {one for one in references if one.removeprefix("#/definitions/") not in found["definitions"]} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}")
def test_the_examples_are_valid(path: Path) -> None:
    tree = tree_of(path.read_text(), path.name)
    assert tree is not None
    found = document(kind_of(path), catalogue_of(path.parent))
    assert [error.message for error in Draft7Validator(found).iter_errors(seen(tree))] == []


def test_a_large_configuration_is_valid() -> None:
    for kind, text in (("gateway", large.gateway(12)), ("system", large.SYSTEM)):
        tree = tree_of(text, f"{kind}.config.yml")
        assert tree is not None
        schema = validator("gateway" if kind == "gateway" else "system")
        assert [error.message for error in schema.iter_errors(seen(tree))] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_what_a_page_calls_right_is_valid(page: Any) -> None:
    tree = tree_of(page.good.gateway, "gateway.config.yml")
    if not page.good.files and tree is not None:  # which may bring policies
        assert [error.message for error in validator("gateway").iter_errors(seen(tree))] == []


def mistakes() -> Iterator[Any]:
    for case in CASES:
        written, _, answer = case.read_text(encoding="utf-8").partition("\n--------\n")
        texts = {"gateway": written.split("\n==== ")[0]}
        for part in written.split("\n==== ")[1:]:
            name, _, text = part.partition("\n")
            texts[name.partition(".")[0]] = text
        for kind, line, code, message in FINDING.findall(answer):
            tree = tree_of(texts[kind] + "\n", f"{kind}.config.yml") if code in OF_SCHEMA else None
            variable = "${" in "".join(texts[kind].split("\n")[int(line) - 1 : int(line)])
            if tree is not None and not variable and not BEYOND.search(message):
                yield pytest.param(kind, tree, int(line), id=f"{case.stem}-{kind}-{line}-{message[:40]}")


@pytest.mark.parametrize(("kind", "tree", "line"), list(mistakes()))
def test_a_mistake_is_refused_where_it_is(kind: Literal["gateway", "system"], tree: Node, line: int) -> None:
    places = []
    for error in every(validator(kind).iter_errors(seen(tree))):
        node: Node = tree
        lines = (1, 10_000)
        for step in error.absolute_path:
            if isinstance(node, Mapping):
                entry = node.entry(str(step))
                assert entry is not None
                lines = (entry.key.span.line, entry.value.span.end_line)
                node = entry.value
            elif isinstance(node, Sequence):
                node = node.items[int(step)]
                lines = (node.span.line, node.span.end_line)
        places.append(lines)
    assert any(first <= line <= last for first, last in places)


def test_plugins_of_a_configuration_are_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    example = ROOT / "examples" / "plugin"
    assert main(["schema", "gateway", "--plugins", str(example)]) == ExitCode.CLEAN
    found = json.loads(capsys.readouterr().out)
    assert "ip-allow-list" in found["definitions"]["policy"]["properties"]
    assert "from-network" in found["definitions"]["condition"]["properties"]["name"]["enum"]
    assert main(["schema", "system", "--plugins", str(example)]) == ExitCode.CLEAN
    assert (
        "package" in json.loads(capsys.readouterr().out)["properties"]["plugins"]["properties"]["callers"]["properties"]
    )


def test_a_variable_may_stand_for_any_value() -> None:
    text = large.gateway(1).replace("proxyTimeout: 5000", "proxyTimeout: ${T:-5}").replace("true", "${FLAG}")
    tree = tree_of(text, "gateway.config.yml")
    assert tree is not None
    assert [error.message for error in validator("gateway").iter_errors(seen(tree))] == []


def test_an_editor_is_told_how_express_gateway_was() -> None:
    strip = document("gateway", built_in())["definitions"]["policy.proxy"]["properties"]["stripPath"]
    assert "*Express Gateway:*" in strip["markdownDescription"]
