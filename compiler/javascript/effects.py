"""What a script changes outside of itself: assignments, deletions, and calls that write an answer."""

from collections.abc import Iterator

from tree_sitter import Node

from egc.compiler.javascript.names import ANSWERING, RESPONSE_METHODS
from egc.compiler.javascript.problems import Problem
from egc.compiler.javascript.scope import FUNCTIONS, pattern_names, required, text_of
from egc.compiler.javascript.source import Text, Wrong, parse, walk

EFFECT = ("EX704", "expression-side-effect")

_READING = frozenset(("get", "getHeader", "getHeaders", "getHeaderNames", "hasHeader"))
_WRITING = RESPONSE_METHODS - _READING


def effects(text: str, *, template: bool) -> Iterator[Problem]:
    """The places where a script changes something that is not its own variable; none where it cannot be read.

    Arguments:
        text: JavaScript; for a template, what stands between the back-ticks.
    """
    source = Text(text, "`", "`") if template else Text(text)
    try:
        root = parse(source)
    except Wrong:
        return
    own = set(_declared(root))
    for node, _ in walk(root):
        target = _target(node)
        if target is not None:
            name = _root(target)
            if name is not None and (name not in own or name in ("req", "res", "egContext")):
                yield source.at(node, EFFECT, f"this changes `{text_of(target)}`")
        elif node.type == "call_expression":
            called = required(node, "function")
            if called.type == "member_expression" and text_of(required(called, "object")) == "res":
                method = text_of(required(called, "property"))
                if method in _WRITING and "res" not in own:
                    what = "sends the answer" if method in ANSWERING else "changes the answer"
                    yield source.at(node, EFFECT, f"`res.{method}` {what}")


def _target(node: Node) -> Node | None:
    """What a node assigns or deletes, if it does."""
    if node.type in ("assignment_expression", "augmented_assignment_expression"):
        return required(node, "left")
    if node.type == "update_expression":
        return required(node, "argument")
    if node.type == "unary_expression" and node.children and node.children[0].type == "delete":
        return required(node, "argument")
    return None


def _root(target: Node) -> str | None:
    """The name that a target begins with; None where that is a value that nobody else holds."""
    while target.type in ("member_expression", "subscript_expression", "parenthesized_expression"):
        inner = target.child_by_field_name("object")
        target = inner if inner is not None else target.named_children[0]
    return text_of(target) if target.type in ("identifier", "this") else None


def _declared(root: Node) -> Iterator[str]:
    """The names that a script declares anywhere, as variables or as parameters."""
    for node, _ in walk(root):
        if node.type == "variable_declarator":
            yield from map(text_of, pattern_names(required(node, "name")))
        elif node.type in FUNCTIONS or node.type == "catch_clause":
            for field in ("parameters", "parameter"):
                found = node.child_by_field_name(field)
                if found is not None:
                    yield from map(text_of, pattern_names(found))
