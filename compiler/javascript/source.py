"""From text to a syntax tree, with the syntax errors that JavaScript has and the parser forgives."""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from egc.compiler.javascript.problems import SYNTAX, UNSUPPORTED, Problem
from egc.compiler.javascript.scope import text_of

MAX_TEXT = 64 * 1024
MAX_DEPTH = 150

SHORT = 1024
"""Bytes of a script whose tree is kept: it is walked several times, and often the same text stands at many steps."""


class Wrong(Exception):
    """The script cannot be compiled: `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Text:
    """A script's text, and how places in what the parser saw become places in it.

    Arguments:
        text: as the configuration has it.
        before: what was put in front of it for the parser (a template's back-tick).
        after: what was put behind.
    """

    def __init__(self, text: str, before: str = "", after: str = "") -> None:
        self.text = text
        self._before = len(before)
        self.data = f"{before}{text}{after}".encode("utf-8", "surrogatepass")

    def problem(self, kind: tuple[str, str], message: str, start: int, end: int, help: str = "") -> Problem:
        """A problem between two offsets in bytes."""
        line, column = self._place(start)
        end_line, end_column = self._place(max(end, start + 1))
        code, name = kind
        return Problem(line, column, end_line, end_column, code, name, message, help)

    def at(self, node: Node, kind: tuple[str, str], message: str, help: str = "") -> Problem:
        """A problem with a node."""
        return self.problem(kind, message, node.start_byte, node.end_byte, help)

    def _place(self, offset: int) -> tuple[int, int]:
        while offset < len(self.data) and self.data[offset] & 0xC0 == 0x80:
            offset += 1  # to the end of the character
        count = len(self.data[:offset].decode("utf-8", "surrogatepass")) - self._before
        before = self.text[: max(0, min(count, len(self.text)))]
        line = before.count("\n") + 1
        return line, len(before) - (before.rfind("\n") + 1) + 1


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_javascript.language()))


def parse(text: Text) -> Node:
    """The tree of a program. Raises Wrong at the first place that is no JavaScript."""
    if len(text.data) > MAX_TEXT:
        raise Wrong(text.problem(UNSUPPORTED, f"a script may have {MAX_TEXT} bytes", 0, 1))
    root = _tree(text.data) if len(text.data) <= SHORT else _parser().parse(text.data).root_node
    for node, depth in walk(root):
        if depth > MAX_DEPTH:
            raise Wrong(text.at(node, UNSUPPORTED, f"the script is nested deeper than {MAX_DEPTH}"))
        if node.is_missing:
            raise Wrong(text.at(node, SYNTAX, f"`{node.type}` is missing"))
        if node.type == "ERROR":
            raise Wrong(_unexpected(text, node))
    return root


@lru_cache(maxsize=256)
def _tree(data: bytes) -> Node:
    return _parser().parse(data).root_node


def walk(root: Node) -> Iterable[tuple[Node, int]]:
    """All nodes of a program and their depth, parents first, in the order of the text."""
    return _walked(root) if root.end_byte <= SHORT else _walk(root)


@lru_cache(maxsize=256)
def _walked(root: Node) -> tuple[tuple[Node, int], ...]:
    return tuple(_walk(root))


def _walk(root: Node) -> Iterator[tuple[Node, int]]:
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in reversed(node.children)]


def _unexpected(text: Text, node: Node) -> Problem:
    """The problem of a stretch that is no JavaScript: at a quote that has no end, else where it begins."""
    for child in node.children:
        if child.type in ("'", '"', "`"):
            return text.at(child, SYNTAX, f"the text that {child.type} begins has no end", _advice(text))
    found = text_of(node).split("\n")[0][:40]
    return text.at(node, SYNTAX, f"unexpected `{found}`" if found else "unexpected end", _advice(text))


def _advice(text: Text) -> str:
    written = text.text.strip()
    if written.startswith("${"):
        return "an expression is JavaScript, not a template: leave `${` and `}` away"
    if " " in written and "'" not in written and '"' not in written:
        return "a text needs quotes of its own inside those of YAML: \"'text'\""
    return ""
