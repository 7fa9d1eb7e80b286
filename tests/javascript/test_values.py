"""What policies ask of values: text, header fields, truth, JSON (D214, D303, D362)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime import javascript as js
from egc.runtime.javascript.values import units
from egc.runtime.store import Json
from tests.javascript.running import run

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (js.UNDEFINED, "undefined"),
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (js.array(1, js.array(2, None), "a"), "1,2,,a"),
        (js.record({"a": 1}), "[object Object]"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud83d!", "\ufffd!"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_text_is_what_javascript_writes(value: js.Value, text: str) -> None:
    """D362"""
    assert js.text(value) == text


def test_a_list_in_a_header_is_joined() -> None:
    """D214, D362"""
    assert js.header_text(js.array(1, "b", None)) == "1, b, null"
    assert js.header_text(200.0) == "200"
    assert js.header_text(js.record()) == "[object Object]"


@pytest.mark.parametrize("value", [js.UNDEFINED, "a\r\nb: c", "a\0", "\u20ac", js.array("a\n")])
def test_what_no_field_can_carry_is_an_error(value: js.Value) -> None:
    """D214, D303"""
    with pytest.raises(js.JSError):
        js.header_text(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        ("false", True),
        (0, False),
        (-0.0, False),
        (math.nan, False),
        (None, False),
        (js.UNDEFINED, False),
        (js.array(), True),
        (js.record(), True),
        (1e-300, True),
    ],
)
def test_truth(value: js.Value, expected: bool) -> None:
    """D136"""
    assert js.truthy(value) is expected


@given(JSON)
def test_json_comes_back_as_it_went_in(value: Json) -> None:
    assert js.to_json(js.from_json(value)) == value


@given(st.text())
def test_strings_are_counted_in_code_units(text: str) -> None:
    assert js.get(units(text), "length") == len(text.encode("utf-16-le")) // 2
    assert js.text(units(text)) == text


def test_what_json_leaves_out_is_left_out() -> None:
    value = run("({a: undefined, b: () => 1, c: [undefined, () => 1], d: NaN, e: new Date(0), f: {toJSON: () => 7}})")
    assert js.to_json(value) == {"c": [None, None], "d": None, "e": "1970-01-01T00:00:00.000Z", "f": 7}


def test_a_template_is_text() -> None:
    """D342, D351, D352"""
    assert run(
        "${req.method} ${req.originalUrl} ${[1, [2]]} ${{}} ${undefined} ${res.test}", kind="template"
    ).startswith("GET /api")  # type: ignore[union-attr]
    assert run("a\\tb \\${x} \\`", kind="template") == "a\tb ${x} `"
    assert run("", kind="template") == ""


def test_the_local_time_is_utc() -> None:
    assert run("new Date(0).toString()") == "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)"
    assert run("new Date(0).toLocaleString()") == "1/1/1970, 12:00:00 AM"
    assert run("new Date('2020-07-01').getHours() + new Date(0).getTimezoneOffset()") == 0
    assert run("Math.abs(Date.now() - new Date().getTime()) < 1000") is True
    with pytest.raises(js.JSError, match="not supported"):
        run("new Date(0).toLocaleString('de-DE')")


def test_instances_are_known_wherever_they_come_from() -> None:
    """D345: in Express Gateway objects from outside have foreign prototypes"""
    assert run("req.query.tag instanceof Array && req.rawHeaders.constructor === [].constructor") is True
