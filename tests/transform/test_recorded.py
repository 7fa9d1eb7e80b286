"""Forms and JSON Schema against what the npm packages of Express Gateway were recorded to make of the same input."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from egc.runtime import forms
from egc.runtime.json_schema import Schema
from egc.runtime.patterns import pattern

HERE = Path(__file__).parent
FORMS: dict[str, Any] = json.loads((HERE / "forms.json").read_text())
SCHEMAS: dict[str, Any] = json.loads((HERE / "json_schema.json").read_text())
PATTERNS = {"^a": pattern("^a"), "[0-9]+": pattern("[0-9]+"), "b$": pattern(r"b\Z"), ".*x": pattern(".*x")}


def test_forms_are_read_as_qs_reads_them() -> None:
    """D141, D307: `extended`, with the depth and the number of parameters of body-parser 1.20."""
    for text, expected in FORMS["bodies"]:
        found: object
        try:
            found = forms.parse(text)
        except forms.TooDeep:
            found = "deep"
        except forms.TooMany:
            found = "many"
        assert found == expected, text


def test_queries_are_read_as_qs_reads_them() -> None:
    """D98: five levels, lists of twenty, and nothing is refused."""
    for text, expected in FORMS["queries"]:
        assert forms.parse(text, depth=5, list_index=20, strict=False) == expected, text


def test_forms_are_written_as_form_urlencoded_writes_them() -> None:
    """D308: `x%5By%5D=2`."""
    for value, expected in FORMS["written"]:
        assert forms.serialise(value) == expected, value


@pytest.mark.parametrize("kind", ["schemas", "formats", "coercion"])
def test_schemas_hold_as_ajv_has_it(kind: str) -> None:
    """D144: the same answer, and the same value with its types coerced and its defaults filled in."""
    for definition, value, valid, changed in SCHEMAS[kind]:
        found = copy.deepcopy(value)
        wrong = Schema(definition, PATTERNS).wrong(found)
        assert (wrong is None) is valid, (definition, value, wrong)
        if valid:
            assert json.dumps(found, sort_keys=True) == json.dumps(changed, sort_keys=True) or found == changed, (
                definition,
                value,
            )
