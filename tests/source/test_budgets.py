"""What a hostile file can cost is bounded, and each bound names its place (promise P3)."""

import pytest

from egc.compiler.source import MAX_BYTES, MAX_DEPTH, MAX_NODES
from tests.source.reading import fault, place, tree, value


def bomb(levels: int, width: int) -> str:
    """Lists that hold each other `width` times: width ** levels values in a few lines."""
    lines = ["a0: &a0 [" + ", ".join("x" * width) + "]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_alias_bomb() -> None:
    found = fault(bomb(9, 10))
    assert found.code == "YA105"
    assert found.span.line == 5


def test_merge_bomb() -> None:
    keys = ", ".join(f"k{n}: 1" for n in range(1000))
    uses = "\n".join(f"m{n}: {{<<: *b}}" for n in range(200))
    assert fault(f"b: &b {{{keys}}}\n{uses}\n").code == "YA105"


def test_recursive_alias() -> None:
    found = fault("a: &x\n  b: *x\n")
    assert (found.code, place(found)) == ("YA108", (2, 6))


def test_unknown_alias() -> None:
    assert fault("a: *x\n").code == "YA108"


def test_depth_as_far_as_allowed() -> None:
    tree("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    found = fault("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert (found.code, place(found)) == ("YA104", (1, MAX_DEPTH + 1))


def test_depth_through_aliases() -> None:
    half = "[" * 40 + "]" * 40
    assert fault(f"a: &x {half}\nb: {'[' * 30}*x{']' * 30}\n").code == "YA104"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_endless_depth(text: str) -> None:
    assert fault(text).code in ("YA104", "YA101")


def test_values_as_many_as_allowed() -> None:
    tree("- a\n" * (MAX_NODES - 1))
    assert fault("- a\n" * MAX_NODES).code == "YA105"


def test_size() -> None:
    tree(b"#" * MAX_BYTES)
    assert fault(b"#" * (MAX_BYTES + 1)).code == "YA103"


def test_variables_cannot_make_a_file_long() -> None:
    assert fault("- '${A}${A}${A}'\n" * 1000, {"A": "x" * 1000}).code == "YA103"


@pytest.mark.parametrize("text", ["${A:-" * 200_000, "${" * 500_000, "$" * 1_000_000, "${A:-}" * 100_000])
def test_unfinished_variables_are_read_in_one_go(text: str) -> None:
    assert value("'" + text.replace("${A:-}", "${A:-b}") + "'") is not None


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b"a: \x00b\n", "YA112", (1, 4)),
        (b"a: 1\nb: \x1b[31m\n", "YA112", (2, 4)),
        (b"a: \xff\n", "YA102", (1, 4)),
        ("ä: é\nb: ".encode() + b"\xe4\n", "YA102", (2, 4)),
        ("a: 1\n".encode("utf-16"), "YA102", (1, 1)),
        ("a: 1\n".encode("utf-16-le"), "YA112", (1, 2)),
        ("a: 1\n".encode("utf-32"), "YA102", (1, 1)),
        ("a: b\ufeffc\n".encode(), "YA112", (1, 5)),
        ("a: b\u2028c\n".encode(), "YA112", (1, 5)),
        (b"a: 1\n---\nb: 2\n", "YA107", (2, 1)),
        (b"a:\n\t- b\n", "YA101", (2, 1)),
        (b"a: 'b\nc: d\n", "YA101", (1, 4)),
        (b"a: [b\nc: d\n", "YA101", (2, 2)),
        (b"a: b: c\n", "YA101", (1, 5)),
        (b"host: *\n", "YA101", (1, 8)),
        (b"a: @b\n", "YA101", (1, 4)),
        (b'a: "\\ud800"\n', "YA101", (1, 7)),
    ],
)
def test_not_a_file_of_ours(data: bytes, code: str, where: tuple[int, int]) -> None:
    found = fault(data)
    assert (found.code, place(found)) == (code, where)


def test_byte_order_mark_and_line_ends() -> None:
    found = tree(b"\xef\xbb\xbfa: 1\r\nb: 2\rc: 3\n")
    assert [entry.key.span.line for entry in found] == [1, 2, 3]  # type: ignore[union-attr]  # a mapping
