"""The schemas are draft-07, say something of everything, and allow what the examples of their properties show."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

ROOT = Path(__file__).parent.parent.parent / "schemas"
FILES = sorted(ROOT.rglob("*.json"))


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all schemas inside of it."""
    yield schema
    inner: list[Any] = []
    for keyword in ("properties", "patternProperties", "definitions"):
        inner += schema.get(keyword, {}).values()
    for keyword in ("anyOf", "oneOf", "allOf"):
        inner += schema.get(keyword, [])
    inner += [schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        if isinstance(part, dict):
            yield from parts(part)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_schema(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert re.fullmatch(r"http://express-gateway\.io/(models|schemas)/[A-Za-z0-9./-]+\.json", schema["$id"])
    assert schema["title"]
    assert schema["description"]
    for part in parts(schema):
        for name, described in part.get("properties", {}).items():
            assert described.get("title"), name
            assert described.get("description", "").endswith("."), name
            assert described["title"] != described["description"], name
        for name, described in part.get("patternProperties", {}).items():
            assert described.get("description"), name
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/definitions/") in schema["definitions"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_defaults_and_examples_are_allowed(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    for part in parts(schema):
        for described in part.get("properties", {}).values():
            whole = {**described, "definitions": schema.get("definitions", {})}
            for value in (*described.get("examples", ()), *([described["default"]] if "default" in described else ())):
                Draft7Validator(whole).validate(value)


def test_ids_are_unique() -> None:
    ids = [json.loads(file.read_text(encoding="utf-8"))["$id"] for file in FILES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", sorted((ROOT / "policies").glob("*.json")), ids=lambda file: str(file.stem))
def test_policy_says_how_it_is_compiled(file: Path) -> None:
    about = json.loads(file.read_text(encoding="utf-8"))["x-egc"]
    needed = {"class", "answers", "waits", "takes"}
    assert needed <= set(about) <= needed | {"role", "changes"}
    assert about["answers"] in ("never", "maybe", "always")
