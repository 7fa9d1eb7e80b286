"""Statements of JavaScript as statements of Python."""

from collections import Counter
from collections.abc import Sequence

from tree_sitter import Node

from egc.compiler.javascript import names
from egc.compiler.javascript.expressions import UNDEFINED, Expressions, bare
from egc.compiler.javascript.problems import SYNTAX, UNSUPPORTED
from egc.compiler.javascript.scope import (
    Scope,
    declarators,
    declare,
    lexical_names,
    pattern_names,
    required,
    text_of,
    var_names,
)
from egc.compiler.javascript.source import Text, Wrong, walk
from egc.compiler.javascript.unit import Operand, Shared, Unit, js
from egc.compiler.literals import Code, join, literal

_HELP = {
    "for_statement": "use forEach(), map(), filter() or reduce()",
    "for_in_statement": "use Object.keys(...).forEach()",
    "while_statement": "use forEach(), map(), filter() or reduce()",
    "do_statement": "use forEach(), map(), filter() or reduce()",
    "switch_statement": "use if and else",
    "labeled_statement": "an object in front of which nothing stands needs brackets: ({ ... })",
    "class_declaration": "write functions",
    "generator_function_declaration": "write a function that returns an array",
    "import_statement": "write a plugin in Python",
    "export_statement": "leave it away",
    "with_statement": "write the members out",
    "debugger_statement": "leave it away",
}

_SETS_VALUE = frozenset(
    ("expression_statement", "if_statement", "try_statement", "throw_statement", "return_statement")
)


class Statements:
    """Translates the statements of one script.

    Arguments:
        text: the script.
        shared: what its functions share.
        root: its tree.
        own: names that it makes properties of egContext; true for `const`.
        known: names that other scripts make.
        methods: names of properties to which functions are assigned somewhere.
    """

    def __init__(
        self,
        text: Text,
        shared: Shared,
        root: Node,
        own: dict[str, bool],
        known: frozenset[str],
        methods: frozenset[str],
    ) -> None:
        self.expressions = Expressions(text, shared, own, known, methods, self._function_body)
        self._uses = Counter(
            text_of(node)
            for node, _ in walk(root)
            if node.type in ("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern")
        )
        self._own = own
        self._in_function = False

    def program(self, root: Node, *, result: bool) -> Operand:
        """The whole script; with `result`, what it comes to: its completion value."""
        children = [child for child in root.named_children if child.type not in ("comment", "hash_bang_line")]
        declared = {text_of(name) for name in var_names(root)}
        for name, _, kind in lexical_names(root):
            if kind == "function":
                continue
            if text_of(name) in declared:
                raise self.expressions.wrong(name, SYNTAX, f"`{text_of(name)}` has already been declared")
            declared.add(text_of(name))
            if text_of(name) in names.CONTEXT:
                raise self._not_declarable(name)
        self._hoist_functions(children, at_top=True)
        return self._statements(children, result=result, at_top=True)

    @property
    def unit(self) -> Unit:
        """The function that is being written."""
        return self.expressions.unit

    def _statements(self, nodes: Sequence[Node], *, result: bool, at_top: bool = False) -> Operand:
        """Statements in order; what they come to, where that is wanted: else `undefined`."""
        found = UNDEFINED
        last = -1
        for index, node in enumerate(nodes):
            if _surely_sets(node):
                last = index
        pending = result
        for index, node in enumerate(nodes):
            wanted = pending and index >= last
            value = self._statement(node, result=wanted, at_top=at_top)
            if wanted and value is not None:
                found = self.unit.kept(value) if index < len(nodes) - 1 else value
            if node.type in ("throw_statement", "return_statement"):
                break
        return found

    def _statement(self, node: Node, *, result: bool, at_top: bool = False) -> Operand | None:
        """One statement; its completion value where `result` asks for it and it has one."""
        kind = node.type
        if kind == "expression_statement":
            inner = node.named_children[0]
            if result:
                return self.expressions.value(inner)
            self.expressions.effect(inner)
        elif kind in ("empty_statement", "comment", "function_declaration"):
            return None
        elif kind == "variable_declaration":
            for declarator in declarators(node):
                self._declarator(declarator, "var", at_top=at_top)
        elif kind == "lexical_declaration":
            word = text_of(node.children[0])
            for declarator in declarators(node):
                self._declarator(declarator, word, at_top=at_top)
        elif kind == "statement_block":
            return self._block(node, result=result)
        elif kind == "if_statement":
            return self._if(node, result=result)
        elif kind == "return_statement":
            self._return(node)
        elif kind == "throw_statement":
            value = self.expressions.value(node.named_children[0])
            self.unit.emit(Code("raise "), js("thrown", value.code))
        elif kind == "try_statement":
            return self._try(node, result=result)
        else:
            headline = text_of(node).split("\n")[0][:40]
            raise self.expressions.wrong(node, UNSUPPORTED, f"`{headline}` is not supported", _HELP.get(kind, ""))
        return None

    def _block(self, node: Node, *, result: bool) -> Operand | None:
        children = [child for child in node.named_children if child.type != "comment"]
        scope = self.expressions.scope
        self.expressions.scope = Scope(scope)
        try:
            self._enter(node)
            self._hoist_functions(children)
            value = self._statements(children, result=result)
        finally:
            self.expressions.scope = scope
        return value if any(_may_set(child) for child in children) else None

    def _enter(self, block: Node) -> None:
        """Declare what a block declares itself."""
        scope = self.expressions.scope
        for name, declarator, kind in lexical_names(block):
            spelled = text_of(name)
            if spelled in scope.variables:
                raise self.expressions.wrong(name, SYNTAX, f"`{spelled}` has already been declared")
            inner = declarator.child_by_field_name("value") if kind != "function" else None
            is_function = inner is not None and bare(inner).type in ("arrow_function", "function_expression")
            begins = 0 if kind == "function" else declarator.end_byte
            declare(
                scope,
                self.unit,
                name,
                constant=kind == "const",
                begins=begins,
                function_begins=0
                if kind == "function"
                else declarator.start_byte
                if is_function
                else declarator.end_byte,
            )

    def _hoist_functions(self, nodes: Sequence[Node], *, at_top: bool = False) -> None:
        """Function declarations come first, wherever they stand."""
        for node in nodes:
            if node.type != "function_declaration":
                continue
            name = required(node, "name")
            value = self.expressions.function(node, text_of(name))
            if at_top:
                self._store_global(name, value)
            else:
                variable = self.expressions.scope.variables[text_of(name)]
                self.unit.emit(join(variable.code, Code(": js.Value = ")), value.code)

    def _store_global(self, name: Node, value: Operand) -> None:
        spelled = text_of(name)
        if spelled in names.CONTEXT or spelled in names.NOT_IN_CONTEXT:
            raise self._not_declarable(name)
        self.unit.emit(Code(""), js("put", Code("scope"), literal(spelled), value.code))

    def _not_declarable(self, name: Node) -> Wrong:
        message = f"`{text_of(name)}` cannot be declared"
        return self.expressions.wrong(name, UNSUPPORTED, message, "use another name")

    # ---- Declarations

    def _declarator(self, node: Node, word: str, *, at_top: bool) -> None:
        name = required(node, "name")
        value_node = node.child_by_field_name("value")
        if value_node is None:
            if word == "const" or name.type != "identifier":
                raise self.expressions.wrong(node, SYNTAX, "the declaration has no value")
            if word == "var" and not at_top:
                return
            if word == "var" and not self._in_function:
                self.unit.emit(Code(""), js("declared", Code("scope"), literal(text_of(name))))
                return
            self._bind(name, UNDEFINED, word, at_top=at_top)
            return
        if name.type == "identifier":
            value = self._named(value_node, text_of(name))
            self._bind(name, value, word, at_top=at_top)
        else:
            self._destructure(name, self.expressions.value(value_node), word, at_top=at_top)

    def _named(self, node: Node, name: str) -> Operand:
        inner = bare(node)
        if inner.type in ("arrow_function", "function_expression") and inner.child_by_field_name("name") is None:
            return self.expressions.function(inner, name)
        return self.expressions.value(node)

    def _bind(self, name: Node, value: Operand, word: str, *, at_top: bool) -> None:
        """Give a declared name its first value."""
        spelled = text_of(name)
        variable = self.expressions.scope.find(spelled)
        if variable is None:
            if spelled in names.CONTEXT or spelled in names.NOT_IN_CONTEXT:
                raise self._not_declarable(name)
            self._store_global(name, value)
        elif word == "var":
            self.expressions.assign(name, variable, value.code)
        else:
            self.unit.emit(join(variable.code, Code(": js.Value = ")), value.code)

    def _destructure(self, pattern: Node, value: Operand, word: str, *, at_top: bool) -> None:
        """Take a value apart."""
        value = self.unit.kept(value)
        if pattern.type == "object_pattern":
            self._destructure_object(pattern, value, word, at_top=at_top)
        elif pattern.type == "array_pattern":
            items = Operand(self.unit.temporary(js("items", value.code)), "object", stable=True)
            index = 0
            previous_comma = True
            for child in pattern.children[1:-1]:
                if child.type == "comment":
                    continue
                if child.type == ",":
                    index += previous_comma
                    previous_comma = True
                    continue
                previous_comma = False
                if child.type == "rest_pattern":
                    rest = Operand(js("after", items.code, literal(index)), "object")
                    self._place(child.named_children[0], rest, word, at_top=at_top)
                else:
                    self._place(child, Operand(js("get", items.code, literal(index))), word, at_top=at_top)
                index += 1
        else:
            raise self.expressions.wrong(pattern, UNSUPPORTED, "this form of a declaration is not supported")

    def _destructure_object(self, pattern: Node, value: Operand, word: str, *, at_top: bool) -> None:
        self.unit.emit(Code(""), js("require_object", value.code))
        taken: list[Operand] = []
        for child in pattern.named_children:
            if child.type == "comment":
                continue
            if child.type == "rest_pattern":
                rest = js("without", value.code, *(key.code for key in taken))
                self._place(child.named_children[0], Operand(rest, "object"), word, at_top=at_top)
            elif child.type == "shorthand_property_identifier_pattern":
                key = self.expressions.constant(text_of(child))
                taken.append(key)
                self._place(child, Operand(js("get", value.code, key.code)), word, at_top=at_top)
            elif child.type == "object_assignment_pattern":
                left = required(child, "left")
                key = self.expressions.constant(text_of(left))
                taken.append(key)
                self._place(child, Operand(js("get", value.code, key.code)), word, at_top=at_top)
            else:
                key = self.unit.kept(self.expressions._key(required(child, "key")))
                taken.append(key)
                self._place(required(child, "value"), Operand(js("get", value.code, key.code)), word, at_top=at_top)

    def _place(self, target: Node, value: Operand, word: str, *, at_top: bool) -> None:
        """One part of what is taken apart: to a name, or further apart; with a default where there is one."""
        if target.type in ("assignment_pattern", "object_assignment_pattern"):
            result = self.unit.temporary(value.code)
            self.unit.emit(Code("if "), join(result, Code(" is js.UNDEFINED")), Code(":"))
            with self.unit.inside():
                self.unit.emit(join(result, Code(" = ")), self.expressions.value(required(target, "right")).code)
            self._place(required(target, "left"), Operand(result, stable=True), word, at_top=at_top)
        elif target.type in ("identifier", "shorthand_property_identifier_pattern"):
            self._bind(target, value, word, at_top=at_top)
        else:
            self._destructure(target, value, word, at_top=at_top)

    # ---- Control

    def _if(self, node: Node, *, result: bool) -> Operand | None:
        condition = self.expressions.test(required(node, "condition"))
        consequence = required(node, "consequence")
        clause = node.child_by_field_name("alternative")
        alternative = clause.named_children[-1] if clause is not None else None
        leaves = _always_leaves([consequence])
        outcome: Code | None = None
        if result and alternative is not None and not leaves:
            outcome = self.unit.fresh()
        elif result:
            outcome = self.unit.temporary(UNDEFINED.code)
        first = Code(": js.Value = ") if alternative is not None and not leaves else Code(" = ")

        def branch(inner: Node, start: Code) -> None:
            value = self._statement(inner, result=result)
            if outcome is None:
                return
            if value is not None or (alternative is not None and not _always_leaves([inner])):
                self.unit.emit(join(outcome, start), (value or UNDEFINED).code)

        self.expressions.branch(
            condition,
            lambda: branch(consequence, first),
            None if alternative is None else lambda: branch(alternative, Code(" = ")),
            leaves=leaves,
        )
        return Operand(outcome, stable=True) if outcome is not None else None

    def _return(self, node: Node) -> None:
        if not self._in_function:
            help = "put the rest into an `if`"
            raise self.expressions.wrong(node, SYNTAX, "`return` stands outside a function", help)
        values = [child for child in node.named_children if child.type != "comment"]
        code = self.expressions.value(values[0]).code if values else UNDEFINED.code
        self.unit.emit(Code("return "), code)

    def _try(self, node: Node, *, result: bool) -> Operand | None:
        handler, finalizer = node.child_by_field_name("handler"), node.child_by_field_name("finalizer")
        outcome = self.unit.temporary(UNDEFINED.code) if result else None

        def part(block: Node, *, counts: bool) -> None:
            value = self._block(block, result=result and counts)
            if counts and outcome is not None and value is not None:
                self.unit.emit(join(outcome, Code(" = ")), value.code)

        self.unit.emit(Code("try:"))
        with self.unit.inside():
            part(required(node, "body"), counts=True)
        if handler is not None:
            parameter = handler.child_by_field_name("parameter")
            scope = self.expressions.scope
            self.expressions.scope = Scope(scope)
            caught = self.unit.fresh()
            start = Code("except js.Catchable")
            if parameter is None or self._uses[text_of(parameter)] < 2:
                self.unit.emit(start, end=Code(":"))
            else:
                self.unit.emit(join(start, Code(" as "), caught), end=Code(":"))
            with self.unit.inside():
                if parameter is not None:
                    if parameter.type != "identifier":
                        message = "a pattern in `catch` is not supported"
                        raise self.expressions.wrong(parameter, UNSUPPORTED, message, "use a name")
                    if self._uses[text_of(parameter)] > 1:
                        variable = declare(self.expressions.scope, self.unit, parameter)
                        self.unit.emit(join(variable.code, Code(": js.Value = ")), js("caught", caught))
                part(required(handler, "body"), counts=True)
            self.expressions.scope = scope
        if finalizer is not None:
            self.unit.emit(Code("finally:"))
            with self.unit.inside():
                part(required(finalizer, "body"), counts=False)
        return Operand(outcome, stable=True) if outcome is not None else None

    # ---- Functions

    def _function_body(self, node: Node, unit: Unit, around: Scope) -> None:
        """Parameters and body of a function, into its own unit."""
        outside, self._in_function = self._in_function, True
        scope = self.expressions.scope
        body = required(node, "body")
        own_name = node.child_by_field_name("name") if node.type == "function_expression" else None
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            listed = [child for child in parameters.named_children if child.type != "comment"]
        else:
            listed = [required(node, "parameter")]
        if own_name is not None and self._uses[text_of(own_name)] > 1:
            message = "a function expression that calls itself is not supported"
            raise self.expressions.wrong(own_name, UNSUPPORTED, message, "use `function name() {}`")
        for parameter in listed:
            for name in pattern_names(parameter):
                if text_of(name) in scope.variables:
                    raise self.expressions.wrong(name, SYNTAX, f"the parameter `{text_of(name)}` is there twice")
                declare(scope, unit, name)
        for index, parameter in enumerate(listed):
            if parameter.type == "rest_pattern":
                value = Operand(js("rest", Code("arguments"), literal(index)), "object")
                self._place(parameter.named_children[0], value, "let", at_top=False)
            else:
                value = Operand(js("argument", Code("arguments"), literal(index)))
                self._place(parameter, value, "let", at_top=False)
        if body.type != "statement_block":
            unit.emit(Code("return "), self.expressions.value(body).code)
        else:
            for name in var_names(body):
                if text_of(name) not in scope.variables:
                    variable = declare(scope, unit, name)
                    unit.emit(join(variable.code, Code(": js.Value = js.UNDEFINED")))
            parameters_scope = dict(scope.variables)
            self.expressions.scope = Scope(scope)
            for name, _, kind in lexical_names(body):
                if kind != "function" and text_of(name) in parameters_scope:
                    raise self.expressions.wrong(name, SYNTAX, f"`{text_of(name)}` has already been declared")
            self._enter(body)
            children = [child for child in body.named_children if child.type != "comment"]
            self._hoist_functions(children)
            self._statements(children, result=False)
            self.expressions.scope = scope
            if not children or not _always_leaves(children):
                unit.emit(Code("return "), UNDEFINED.code)
        self._in_function = outside


def _surely_sets(node: Node) -> bool:
    """Whether the statement always has a completion value."""
    if node.type == "statement_block":
        return any(_surely_sets(child) for child in node.named_children)
    return node.type in _SETS_VALUE


def _may_set(node: Node) -> bool:
    return _surely_sets(node)


def _always_leaves(nodes: Sequence[Node]) -> bool:
    """Whether statements always end in `return` or `throw`."""
    for node in nodes:
        if node.type in ("return_statement", "throw_statement"):
            return True
        if node.type == "statement_block" and _always_leaves(node.named_children):
            return True
        if node.type == "if_statement":
            alternative = node.child_by_field_name("alternative")
            if (
                alternative is not None
                and _always_leaves([required(node, "consequence")])
                and _always_leaves([alternative.named_children[-1]])
            ):
                return True
    return False


def global_names(root: Node) -> dict[str, bool]:
    """The names that a script makes properties of egContext; true for constants (D344)."""
    found = {text_of(name): kind == "const" for name, _, kind in lexical_names(root)}
    found |= {text_of(name): False for name in var_names(root) if text_of(name) not in found}
    return found
