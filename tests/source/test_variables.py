"""Environment variables in scalars (D4-D9, D445): never structure, typed where the scalar is plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.diagnostics import Report
from egc.compiler.node import Mapping, Scalar, Variable, plain
from egc.compiler.source import read
from egc.compiler.variables import mask, unmask
from tests.source.reading import fault, place, tree, value

ENVIRON = {"SET": "5", "EMPTY": "", "URL": "http://x # y", "EVIL": "x\nadmin:\n  port: 1", "YES": "true", "PW": "0123"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${SET}", 5), ("'${SET}'", "5"), ('"${SET}"', "5"), ("${SET}${SET}", 55), ("x${SET}", "x5"),
        ("${YES}", True), ("'${YES}'", "true"), ("${EMPTY}", None), ("'[${EMPTY:-no}]'", "[]"),
        ("${NOT:-7}", 7), ("'${NOT:-7}'", "7"), ("${NOT:-a:b/c-d e}", "a:b/c-d e"), ("'${NOT:-a}b}'", "ab}"),
        ("${NOT:-'http://x'}", "http://x"), ('${NOT:-"7"}', "7"), ("${NOT:-''}", ""), ("${SET:-'7'}", 5),
        ("${NOT:-'it''s'}", "it's"), ("\"${NOT:-'a'}\"", "'a'"), ("x${NOT:-'a'}", "x'a'"),
        ("${NOT}", None), ("'${NOT}'", "null"), ("'${NOT:-}'", "null"), ("'http://${NOT}'", "http://null"),
        ("$${SET}", "$${SET}"), ("'$${SET} ${SET}'", "$${SET} 5"),
        ("$SET", "$SET"), ("'${SET-x}'", "${SET-x}"), ("'${ SET }'", "${ SET }"), ("'${SET:?x}'", "${SET:?x}"),
        ("'${req.method} ${1+1}'", "${req.method} ${1+1}"),
        ("${URL}", "http://x # y"), ("${PW}", 83), ("'${PW}'", "0123"),
        ("[${SET}, ${NOT:-x: y}]", [5, "x: y"]), ("{k: ${NOT:-[1]}}", {"k": "[1]"}),
        ("|\n  ${SET}\n  b\n", "5\nb\n"), ("!!str ${SET}", "5"),
    ],
)  # fmt: skip
def test_value(text: str, expected: object) -> None:
    assert value(f"a: {text}\n", ENVIRON) == {"a": expected}


def test_a_value_cannot_add_structure() -> None:
    assert value("a: ${EVIL}\nb: [${EVIL}]\n", ENVIRON) == {"a": ENVIRON["EVIL"], "b": [ENVIRON["EVIL"]]}


def test_comments_are_left_alone() -> None:
    assert value("a: 1 # ${NOT\n") == {"a": 1}


def test_parts_and_what_is_missing_are_kept() -> None:
    node = tree("a: 'x${SET}y${NOT}z${NOT:-d}'\n", ENVIRON)
    assert isinstance(node, Mapping)
    scalar = node.get("a")
    assert isinstance(scalar, Scalar)
    assert scalar.parts == ("x", Variable("SET", None), "y", Variable("NOT", None), "z", Variable("NOT", "d"))
    assert scalar.missing == ("NOT",)


def test_a_scalar_without_variables_has_no_parts() -> None:
    node = tree("a: '$${SET} ${req.x}'\n", ENVIRON)
    assert isinstance(node, Mapping)
    scalar = node.get("a")
    assert isinstance(scalar, Scalar)
    assert scalar.parts == scalar.missing == ()


def test_a_key_is_filled_in_with_a_warning() -> None:
    report = Report()
    node = read("f", b"${SET}: 1\n", ENVIRON, report)
    assert node is not None
    assert plain(node) == {"5": 1}
    assert [(found.code, found.severity) for found in report] == [("EN603", "warning")]


def test_an_unset_key_is_an_error() -> None:
    found = fault("a:\n  ${NOT}: 1\n", ENVIRON)
    assert (found.code, place(found)) == ("EN601", (2, 3))


def test_places_are_those_of_the_file() -> None:
    node = tree("a: ${NOT:-long default}\nb: {c: ${SET}, d: 1}\n", {"SET": "x" * 99})
    assert isinstance(node, Mapping)
    inner = node.get("b")
    assert isinstance(inner, Mapping)
    assert [str(entry.value.span) for entry in inner] == ["gateway.config.yml:2:8", "gateway.config.yml:2:19"]


def test_an_environment_that_is_no_text_is_refused() -> None:
    assert fault("a: ${X}\n", {"X": "\udcff"}).code == "YA102"


@given(st.text(st.characters(codec="utf-8", exclude_characters="".join(map(chr, range(0x10F000, 0x10F080))))))
def test_masking_keeps_every_place(text: str) -> None:
    assert len(mask(text)) == len(text)
    assert unmask(mask(text)) == text
