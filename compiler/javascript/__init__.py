"""JavaScript in configurations: parsed when the gateway is built, compiled to Python (D334-D362).

`compile_script` makes the function that the emitted module holds; `assigned_names` says which names a script leaves
behind for later ones. Nothing of the text becomes code except through `literals.py`.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import dedent
from typing import Literal

from tree_sitter import Node

from egc.compiler.javascript import names
from egc.compiler.javascript.problems import SYNTAX, UNSUPPORTED, Problem
from egc.compiler.javascript.scope import (
    FUNCTIONS,
    lexical_names,
    pattern_names,
    required,
    text_of,
    var_names,
)
from egc.compiler.javascript.source import Text, Wrong, parse, walk
from egc.compiler.javascript.statements import Statements, global_names
from egc.compiler.javascript.unit import Constant, Operand, Shared, js
from egc.compiler.literals import Code, Line, block, comment, identifier, join, literal

__all__ = (
    "Constant",
    "Kind",
    "Problem",
    "Script",
    "assigned_names",
    "compile_script",
    "constant_of",
    "function_names",
    "named",
)

Kind = Literal["expression", "template", "program"]
"""`expression`: the completion value counts. `template`: text between back-ticks. `program`: nothing comes of it."""

_TOO_DEEP = "the script is nested too deeply"
_NESTED_TOO_DEEPLY = (SyntaxError, RecursionError, MemoryError)
"""What Python says of a function with too many levels."""

_SURELY_FLAT = 10
"""Levels of a script's tree that cannot become too many for Python, whose narrowest bound is 20 blocks."""

_COMMENT_LINES = 6
_COMMENT_COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Script:
    """A compiled script.

    `head` and `body` are the function: `head`, a comment of the reader's choice behind its first line, then `body`.
    `before` are statements of the module in front of it. They need `from egc.runtime import javascript as js` and
    `Exchange`. `constant` is set where the script is nothing but a plain value. `answers`: it may send an answer, and
    then raises `Answered`. `changes`: it assigns, deletes or calls something. With `problems` the function throws.
    """

    name: str
    kind: Kind
    text: str
    before: tuple[Code, ...]
    head: Code
    body: Code
    constant: Constant | None
    answers: bool
    changes: bool
    problems: tuple[Problem, ...]


def compile_script(
    text: str,
    kind: Kind,
    name: str,
    *,
    known_names: Iterable[str] = (),
    known_methods: Iterable[str] = (),
) -> Script:
    """Compile one script.

    Arguments:
        text: JavaScript; for a template, what stands between the back-ticks.
        kind: what it is for.
        name: the name of the function in the module.
        known_names: names that other scripts of the configuration make (`assigned_names` of each).
        known_methods: names of properties to which other scripts assign functions (`function_names` of each).
    """
    source = _source(text, kind)
    head = _head(name, kind)
    shared = Shared(name)
    try:
        root = parse(source)
        statements, completion = _translated(source, kind, root, shared, known_names, known_methods)
    except Wrong as error:
        return _failing(text, kind, name, head, error.problem)
    expressions = statements.expressions
    lines = statements.unit.lines
    constant = completion.constant if not lines and kind != "program" else None
    answers = _may_answer(root)
    if answers:
        if kind != "program":
            # What the script comes to is worked out before it is asked whether it has answered.
            completion = statements.unit.kept(completion)
        lines.append(Line(1, Code(""), js("finish", Code("x"))))
    if kind != "program":
        result = completion.code if kind == "expression" else js("text", completion.code)
        lines.append(Line(1, Code("return "), result))
    try:
        used = _read_names(lines)
    except _NESTED_TOO_DEEPLY:
        return _failing(text, kind, name, head, source.problem(UNSUPPORTED, _TOO_DEEP, 0, 1))
    lines = [_as_read(line, used) for line in lines]
    body = [line for use, line in _PREPARED if use in used or (use == "calls" and shared.functions)] + lines
    function = block(body or [Line(1, Code("return None"))])
    if max(depth for _, depth in walk(root)) > _SURELY_FLAT and not _is_python(head, function):
        return _failing(text, kind, name, head, source.problem(UNSUPPORTED, _TOO_DEEP, 0, 1))
    return Script(
        name,
        kind,
        text,
        tuple(block([line]) for line in shared.patterns),
        head,
        join(*_source_lines(text), function, by="\n"),
        constant,
        answers,
        expressions.changes,
        (),
    )


def named(script: Script, name: str) -> Script:
    """The same script as a function of another name; it has no statements of the module, which are named after it."""
    return replace(script, name=name, head=_head(name, script.kind))


@lru_cache(maxsize=256)
def constant_of(text: str, kind: Kind) -> Constant | None:
    """The plain value that a script is all along, or None."""
    source = _source(text, kind)
    try:
        statements, completion = _translated(source, kind, parse(source), Shared("script"), (), ())
    except Wrong:
        return None
    return completion.constant if not statements.unit.lines and kind != "program" else None


def _source(text: str, kind: Kind) -> Text:
    return Text(text, "`", "`") if kind == "template" else Text(text)


def _translated(
    source: Text, kind: Kind, root: Node, shared: Shared, known_names: Iterable[str], known_methods: Iterable[str]
) -> tuple[Statements, Operand]:
    """The statements of a script, and what it comes to. Raises Wrong."""
    if kind == "template" and _is_broken_template(root):
        raise Wrong(source.problem(SYNTAX, "a back-tick ends the text", 1, 2, r"write \` for a back-tick"))
    own = {**_assigned(root), **global_names(root)}
    functions = frozenset(known_methods) | _function_names(root)
    statements = Statements(source, shared, root, own, frozenset(known_names), functions)
    return statements, statements.program(root, result=kind != "program")


_PREPARED = (
    ("req", Line(1, Code("req = js.request(x)"))),
    ("res", Line(1, Code("res = js.response(x)"))),
    ("scope", Line(1, Code("scope = js.scope(x)"))),
    ("calls", Line(1, Code("js.renew()"))),
)
_ERRORS = {"EX701": "SyntaxError", "EX702": "ReferenceError", "EX703": "Error"}


def assigned_names(text: str, kind: Kind) -> frozenset[str]:
    """The names that a script makes properties of egContext; none where it cannot be read."""
    try:
        root = parse(_source(text, kind))
    except Wrong:
        return frozenset()
    return frozenset(_assigned(root)) | frozenset(global_names(root))


def function_names(text: str, kind: Kind) -> frozenset[str]:
    """The names of properties to which a script assigns functions, so that others may call them."""
    try:
        return _function_names(parse(_source(text, kind)))
    except Wrong:
        return frozenset()


def _read_names(lines: list[Line]) -> frozenset[str]:
    """The names whose value is used somewhere."""
    nodes = ast.walk(ast.parse(dedent(block(lines))))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _is_python(head: Code, body: Code) -> bool:
    """Whether Python takes the function: it has bounds for levels of indentation and of `try` that no grammar names."""
    try:
        compile(f"{head}\n{body}\n", "gateway.py", "exec", dont_inherit=True)
    except _NESTED_TOO_DEEPLY:
        return False
    return True


def _as_read(line: Line, used: frozenset[str]) -> Line:
    """An assignment to a variable that nobody reads is no assignment."""
    name = line.start.removesuffix(" = ").removesuffix(": js.Value").removesuffix(": str")
    if not line.start.endswith(" = ") or name in used:
        return line
    return Line(line.indent, Code("_ = "), line.expression, line.end)


def _head(name: str, kind: Kind) -> Code:
    returns = {"expression": Code("js.Value"), "template": Code("str"), "program": Code("None")}[kind]
    flat = join(Code("def "), identifier(name), Code("(x: Exchange) -> "), returns, Code(":"))
    if len(flat) <= 78:
        return flat
    return join(Code("def "), identifier(name), Code("(\n    x: Exchange,\n) -> "), returns, Code(":"))


def _failing(text: str, kind: Kind, name: str, head: Code, problem: Problem) -> Script:
    """A function that throws what the script would have thrown at every request."""
    thrown = js("error", literal(_ERRORS[problem.code]), literal(problem.message))
    body = join(*_source_lines(text), block([Line(1, Code("raise "), thrown)]), by="\n")
    return Script(name, kind, text, (), head, body, None, False, True, (problem,))


def _source_lines(text: str) -> list[Code]:
    """The script as comments, shortened."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    shown = [line if len(line) <= _COMMENT_COLUMNS else line[: _COMMENT_COLUMNS - 3] + "..." for line in lines]
    if len(shown) > _COMMENT_LINES:
        shown = [*shown[: _COMMENT_LINES - 1], "..."]
    return [join(Code("    "), comment(line)) for line in shown if line.strip()]


def _may_answer(root: Node) -> bool:
    """Whether a script may send an answer: by the names of the methods that do, or a name that it makes up."""
    for node, _ in walk(root):
        if node.type in _NAMES and text_of(node).strip("'\"") in names.ANSWERING:
            return True
        if node.type == "subscript_expression" and required(node, "index").type not in ("string", "number"):
            return True
    return False


_NAMES = frozenset(("property_identifier", "shorthand_property_identifier_pattern", "string"))


def _is_broken_template(root: Node) -> bool:
    return [child.type for child in root.named_children] != ["expression_statement"]


def _assigned(root: Node) -> dict[str, bool]:
    """Names that are assigned without a declaration, or through `this`, `egContext` and `globalThis`."""
    found: dict[str, bool] = {}
    for node, _ in walk(root):
        if node.type in ("assignment_expression", "augmented_assignment_expression"):
            target = required(node, "left")
        elif node.type == "update_expression":
            target = required(node, "argument")
        else:
            continue
        if target.type == "identifier" and not _is_local(target):
            name = text_of(target)
            if name not in names.CONTEXT and name not in names.MEMBERS and name not in names.NOT_IN_CONTEXT:
                found[name] = False
        elif target.type == "member_expression" and text_of(required(target, "object")) in _SCOPES:
            found[text_of(required(target, "property"))] = False
    return found


_SCOPES = frozenset(("this", "egContext", "globalThis", "req.egContext"))


def _is_local(node: Node) -> bool:
    """Whether the name is one of a function or block around it."""
    name = text_of(node)
    around = node.parent
    while around is not None and around.type != "program":
        if around.type in FUNCTIONS:
            body = required(around, "body")
            parameters = around.child_by_field_name("parameters") or around.child_by_field_name("parameter")
            if parameters is not None and any(text_of(one) == name for one in pattern_names(parameters)):
                return True
            if any(text_of(one) == name for one in var_names(body)):
                return True
        if around.type == "statement_block" and any(text_of(one) == name for one, _, _ in lexical_names(around)):
            return True
        if around.type == "catch_clause":
            parameter = around.child_by_field_name("parameter")
            if parameter is not None and text_of(parameter) == name:
                return True
        around = around.parent
    return False


def _function_names(root: Node) -> frozenset[str]:
    """Names of properties that hold functions of the script."""
    found = set()
    for node, _ in walk(root):
        if node.type == "pair" and required(node, "value").type in FUNCTIONS:
            found.add(text_of(required(node, "key")))
        elif node.type == "method_definition":
            found.add(text_of(required(node, "name")))
        elif node.type == "assignment_expression":
            left = required(node, "left")
            if left.type == "member_expression":
                found.add(text_of(required(left, "property")))
    return frozenset(found)
