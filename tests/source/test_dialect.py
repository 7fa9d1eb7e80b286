"""The dialect of js-yaml 3, row by row (D12-D15, and what PyYAML reads otherwise)."""

from datetime import UTC, date, datetime

import pytest

from egc.compiler.node import Regexp
from tests.source.reading import fault, place, value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # words
        ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("~", None), ("null", None), ("NULL", None), ("nUll", "nUll"), ("", None),
        # whole numbers
        ("0", 0), ("-0", 0), ("17", 17), ("+17", 17), ("-17", -17), ("1_000", 1000), ("1_000_", "1_000_"),
        ("010", 8), ("-010", -8), ("08", "08"), ("0o10", "0o10"), ("0x1f", 31), ("-0x1F", -31),
        ("0b11", 3), ("0b12", "0b12"),
        ("12:30", 750), ("12:30:45", 45045), ("0:30", "0:30"), ("12:60", "12:60"),
        ("9007199254740993", 9007199254740992), ("0xffffffffffffffff", 18446744073709551615.0),
        # other numbers; JavaScript has one kind of them
        ("1e3", 1000), ("1.5e3", 1500), ("1.5", 1.5), ("1.", 1), (".5", 0.5), ("-.5", "-.5"), ("1e", "1e"),
        ("1_0.5", 10.5),
        ("12:30.5", 750.5), ("1.2.3", "1.2.3"), ("127.0.0.1", "127.0.0.1"), ("+", "+"), (".", "."),
        # dates
        ("2001-01-01", date(2001, 1, 1)), ("2001-1-1", "2001-1-1"),
        ("2001-12-14t21:59:43.10-05:00", datetime(2001, 12, 15, 2, 59, 43, 100_000, UTC)),
        ("2001-12-14 21:59:43", datetime(2001, 12, 14, 21, 59, 43, tzinfo=UTC)),
        # quotes and tags say otherwise
        ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("!!int 12", 12), ("!!float 12", 12), ("! 12", "12"),
        ("!!null ''", None), ("!!bool true", True), ('"\\u00e9\\x41"', "\u00e9A"),
        ("!!js/regexp /a\\/b$/gi", Regexp("a\\/b$", "gi")), ("!!js/regexp a+", Regexp("a+", "")),
        ("http://localhost:3000", "http://localhost:3000"), ("a#b", "a#b"), ("a # b", "a"),
    ],
)  # fmt: skip
def test_scalar(text: str, expected: object) -> None:
    found = value(f"a: {text}\n")
    assert found == {"a": expected}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(expected)


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        (".inf", "YA110", 4),
        (".nan", "YA110", 4),
        ("1e999", "YA110", 4),
        ("2001-02-30", "YA110", 4),
        ("!!int x", "YA110", 4),
        ("!!js/regexp /a/s", "YA110", 4),
        ("!!js/function 'function () {}'", "SC115", 4),
        ("!!js/undefined ''", "SC115", 4),
        ("!!binary aGk=", "YA106", 4),
        ("!!set {a}", "YA106", 4),
        ("!!omap [a: 1]", "YA106", 4),
        ("!!python/object:os.system x", "YA106", 4),
        ("!local x", "YA106", 4),
    ],
)
def test_refused_scalar(text: str, code: str, column: int) -> None:
    found = fault(f"a: {text}\n")
    assert (found.code, place(found)) == (code, (1, column))


def test_json_is_read_as_it_is() -> None:
    assert value('{"a": [1, 2.5, true, null, "x\\ty"],\n\t"b":{}}') == {"a": [1, 2.5, True, None, "x\ty"], "b": {}}


def test_order_is_that_of_the_file() -> None:
    found = value("b: 1\n'10': 2\n'2': 3\na: 4\n")
    assert isinstance(found, dict)
    assert list(found) == ["b", "10", "2", "a"]


def test_keys_are_spelled_as_in_javascript() -> None:
    assert value("1: a\ntrue: b\n~: c\n010: d\n") == {"1": "a", "true": "b", "null": "c", "8": "d"}


def test_duplicate_key_is_an_error_and_names_both() -> None:
    found = fault("a: 1\nb: 2\n'a': 3\n")
    assert (found.code, found.name, place(found)) == ("CO109", "duplicate-key", (3, 1))
    assert [related.span.line for related in found.related] == [1]


def test_keys_that_only_look_different_are_duplicates() -> None:
    assert fault("1: a\n'1': b\n").code == "CO109"


@pytest.mark.parametrize("key", ["[a]", "{a: b}", "2001-01-01", "!!js/regexp /a/"])
def test_what_is_no_text_is_no_key(key: str) -> None:
    assert fault(f"? {key}\n: 1\n").code == "YA109"


def test_merge_keeps_what_stands_there() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall:\n  <<: [*b, *m]\n  x: 9\n"
    assert value(text) == {"base": {"x": 1, "y": 2}, "more": {"y": 3, "z": 4}, "all": {"x": 9, "y": 2, "z": 4}}


def test_merge_takes_mappings_only() -> None:
    assert fault("a:\n  <<: [1]\n").code == "YA111"


def test_quoted_merge_key_is_a_key() -> None:
    assert value("a: {'<<': 1}") == {"a": {"<<": 1}}


def test_alias_repeats_a_value() -> None:
    assert value("a: &x [1, {b: 2}]\nc: *x\n") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_empty_file_is_null() -> None:
    assert value("") is None
    assert value("# nothing\n") is None
