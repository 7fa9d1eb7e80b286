"""What the fast test of a schema takes, `jsonschema` takes too; and it takes every example that there is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from egc.compiler.accepts import test as made
from egc.compiler.diagnostics import Report
from egc.compiler.schema import Checker
from egc.compiler.source import read_project

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    str(path.relative_to(ROOT / "schemas")): json.loads(path.read_text())
    for path in sorted((ROOT / "schemas").rglob("*.json"))
    if path.parent.name in ("policies", "conditions") or path.stem in ("gateway", "system")
}
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/gateway.config.yml"))


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    1.0,
    0.5,
    99999,
    "",
    "x",
    "${A}",
    "round-robin",
    [],
    ["x"],
    ["x", "x"],
    {},
    {"a": 1},
]


def names(schema: Any) -> set[str]:
    """All keys that a schema speaks of."""
    if isinstance(schema, list):
        return set[str]().union(*map(names, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(names, schema.values()))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_of_ours_is_understood(name: str) -> None:
    assert made(SCHEMAS[name]).__qualname__ != made({"not": {}}).__qualname__


@given(name=st.sampled_from(sorted(SCHEMAS)), data=st.data())
def test_what_is_taken_is_allowed(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    keys = st.sampled_from([*sorted(names(schema)), "other"])
    values = st.recursive(
        st.sampled_from(ODD),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=6,
    )
    top = st.sampled_from([*schema.get("properties", {}), "other"])
    value = data.draw(st.dictionaries(top, values, max_size=3) | values)
    if made(schema)(value):
        Draft7Validator(schema).validate(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_one_wrong_property_is_not_taken(name: str) -> None:
    """Each property alone, with each odd value: the two agree, but for what is left to `jsonschema`."""
    schema = SCHEMAS[name]
    agreed = 0
    for key in schema.get("properties", {}):
        for value in ODD:
            fast, slow = made(schema)({key: value}), Draft7Validator(schema).is_valid({key: value})
            assert slow or not fast
            agreed += fast == slow
    assert agreed >= 0.9 * len(ODD) * len(schema.get("properties", {}))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_taken(example: Path) -> None:
    """So a good configuration needs no `jsonschema`, which takes longer to load than all of its own checks."""
    report = Report()
    project = read_project(example, {}, report)
    for name, source in (("gateway", project.gateway), ("system", project.system)):
        if source is not None:
            schema = SCHEMAS[f"{name}.json"]
            checker = Checker(source.tree, schema, report, lambda found, entry, known: None, None)
            assert made(schema)(checker.coerced(source.tree, schema))


@pytest.mark.parametrize(
    ("schema", "value", "taken"),
    [
        ({"type": "integer"}, True, False),
        ({"type": "number"}, True, False),
        ({"type": "boolean"}, 1, False),
        ({"minimum": 2}, 1, False),
        ({"minimum": 2}, "1", True),
        ({"exclusiveMinimum": 0}, 0, False),
        ({"uniqueItems": True}, ["a", "a"], False),
        ({"uniqueItems": True}, ["a", "b"], True),
        ({"required": ["a"]}, {"b": 1}, False),
        ({"properties": {"a": False}}, {"a": 1}, False),
        ({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": False}, {"ab": "x"}, True),
        ({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": False}, {"ab": 1}, False),
        ({"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": False}, {"b": "x"}, False),
        ({"properties": {"a": {"$ref": "#"}}, "additionalProperties": False}, {"a": {"a": {}}}, True),
        ({"properties": {"a": {"$ref": "#"}}, "additionalProperties": False}, {"a": {"b": {}}}, False),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 1}, False),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, True),
        ({"not": {}}, 1, False),
        ({"$ref": "http://elsewhere/"}, 1, False),
    ],
)
def test_keywords(schema: dict[str, Any], value: object, taken: bool) -> None:
    assert made(schema)(value) is taken
