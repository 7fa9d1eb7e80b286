"""Which name is what: variables of blocks and functions, and the properties of egContext that a script makes."""

from collections.abc import Iterator

from tree_sitter import Node

from egc.compiler.javascript.unit import Unit, Variable

FUNCTIONS = frozenset(("arrow_function", "function_expression", "function_declaration", "generator_function"))


class Scope:
    """The variables of a block or function, and the scope around it."""

    def __init__(self, around: "Scope | None") -> None:
        self.around = around
        self.variables: dict[str, Variable] = {}

    def find(self, name: str) -> Variable | None:
        """The variable of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            scope = scope.around
        return None


def text_of(node: Node) -> str:
    """The node's text."""
    return (node.text or b"").decode("utf-8", "surrogatepass")


def pattern_names(node: Node) -> Iterator[Node]:
    """The identifiers that a binding pattern declares."""
    if node.type in ("identifier", "shorthand_property_identifier_pattern"):
        yield node
    elif node.type == "pair_pattern":
        yield from pattern_names(required(node, "value"))
    elif node.type in ("assignment_pattern", "object_assignment_pattern"):
        yield from pattern_names(required(node, "left"))
    elif node.type in ("object_pattern", "array_pattern", "rest_pattern", "formal_parameters"):
        for child in node.named_children:
            yield from pattern_names(child)


def declarators(node: Node) -> Iterator[Node]:
    """The declarators of a `var`, `let` or `const`."""
    for child in node.named_children:
        if child.type == "variable_declarator":
            yield child


def var_names(node: Node) -> Iterator[Node]:
    """What `var` declares below the node, not looking into functions."""
    for child in node.named_children:
        if child.type in FUNCTIONS:
            continue
        if child.type == "variable_declaration":
            for declarator in declarators(child):
                yield from pattern_names(required(declarator, "name"))
        yield from var_names(child)


def lexical_names(block: Node) -> Iterator[tuple[Node, Node, str]]:
    """What a block declares itself: the name, its declarator (or function) and `let`, `const` or `function`."""
    for child in block.named_children:
        if child.type == "lexical_declaration":
            for declarator in declarators(child):
                for name in pattern_names(required(declarator, "name")):
                    yield name, declarator, text_of(child.children[0])
        elif child.type == "function_declaration":
            yield required(child, "name"), child, "function"


def required(node: Node, field: str) -> Node:
    """The child of that field, which the grammar promises."""
    found = node.child_by_field_name(field)
    if found is None:
        raise LookupError(field)
    return found


def declare(
    scope: Scope,
    unit: Unit,
    name: Node,
    *,
    constant: bool = False,
    begins: int = 0,
    function_begins: int = 0,
) -> Variable:
    """Add a variable to the scope."""
    spelled = text_of(name)
    variable = Variable(unit.variable(spelled), unit, constant, begins, function_begins)
    scope.variables[spelled] = variable
    return variable
