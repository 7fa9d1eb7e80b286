"""What scripts read of a request: members of `req` and of the context, by the way to them."""

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from egc.compiler.diagnostics import Span
from egc.compiler.javascript.scope import required, text_of
from egc.compiler.javascript.source import Text, Wrong, parse, walk
from egc.compiler.plan import Script
from egc.compiler.scripts import place


@dataclass(frozen=True, slots=True)
class Read:
    """A member that a script reads.

    Arguments:
        way: the names that lead to it, without `egContext`: `("req", "headers", "cookie")`; `*` for a computed one.
        span: where it stands.
    """

    way: tuple[str, ...]
    span: Span

    def __str__(self) -> str:
        return ".".join(self.way)


def reads(script: Script) -> Iterator[Read]:
    """Everything that a script reads by name, each as far as its way goes; nothing where it cannot be parsed."""
    source, root = tree(script)
    for node, _ in walk(root) if root is not None else ():
        if node.type in ("member_expression", "subscript_expression", "identifier") and not _inner(node):
            found = way(node)
            if found:
                yield Read(found, span(script, source, node))


def holes(script: Script) -> tuple[list[Node], bool]:
    """The expressions of a template, and whether there is text around them or between them."""
    _, root = tree(script)
    template = next((node for node, _ in walk(root) if node.type == "template_string"), None) if root else None
    if template is None:
        return [], False
    found = [
        child.named_children[0]
        for child in template.named_children
        if child.type == "template_substitution" and child.named_children
    ]
    inside = sum(
        child.end_byte - child.start_byte for child in template.named_children if child.type == "template_substitution"
    )
    return found, template.end_byte - template.start_byte - 2 > inside


def tree(script: Script) -> tuple[Text, Node | None]:
    """A script as it is parsed; None where it is no JavaScript."""
    source = Text(script.text, "`", "`") if script.kind == "template" else Text(script.text)
    try:
        return source, parse(source)
    except Wrong:
        return source, None


def way(node: Node) -> tuple[str, ...]:
    """The names that lead to a member of a global; empty where it is a member of something else."""
    names: list[str] = []
    while node.type != "identifier":
        if node.type == "member_expression":
            names.append(text_of(required(node, "property")))
        elif node.type == "subscript_expression":
            index = required(node, "index")
            names.append(text_of(index)[1:-1] if index.type == "string" else "*")
        else:
            return ()
        node = required(node, "object")
    names.append(text_of(node))
    if names[-1] == "egContext":
        names.pop()
    return tuple(reversed(names))


def span(script: Script, source: Text, node: Node) -> Span:
    """Where a node of a script stands in the file."""
    return place(source.at(node, ("", ""), ""), script)


def _inner(node: Node) -> bool:
    """Whether a node is a part of a longer way, or the name of a member."""
    parent = node.parent
    return (
        parent is not None
        and parent.type in ("member_expression", "subscript_expression")
        and (parent.child_by_field_name("object") == node or parent.child_by_field_name("property") == node)
    )
