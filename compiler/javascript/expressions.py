"""Expressions of JavaScript as expressions of Python, and the statements that must run in front of them.

What JavaScript evaluates from left to right stays in that order: where an operand needs statements of its own, the
operands in front of it are kept under a name first.
"""

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tree_sitter import Node

from egc.compiler import literals
from egc.compiler.javascript import names, tokens
from egc.compiler.javascript.problems import SYNTAX, UNKNOWN, UNSUPPORTED
from egc.compiler.javascript.scope import Scope, required, text_of
from egc.compiler.javascript.source import Text, Wrong
from egc.compiler.javascript.unit import (
    NEVER_NAN,
    Constant,
    Kind,
    Operand,
    Plain,
    Shared,
    Unit,
    Variable,
    js,
    numbered,
    tests,
)
from egc.compiler.literals import Code, Expression, Line, Pair, join, literal
from egc.compiler.regexes import Untranslatable, safe

X = Code("x")

_BINARY = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "%": "remainder",
    "**": "power",
    "&": "bit_and",
    "|": "bit_or",
    "^": "bit_xor",
    "<<": "shift_left",
    ">>": "shift_right",
    ">>>": "shift_right_unsigned",
    "==": "equal",
    "!=": "equal",
    "===": "same",
    "!==": "same",
    "<": "less",
    "<=": "less_or_equal",
    ">": "greater",
    ">=": "greater_or_equal",
    "in": "contains",
    "instanceof": "instance_of",
}
_EQUALITIES = frozenset(("==", "!=", "===", "!=="))
_TESTS = _EQUALITIES | frozenset(("<", "<=", ">", ">=", "in", "instanceof"))

UNDEFINED = Operand(Code("js.UNDEFINED"), "undefined", stable=True)

_REQUEST: dict[str, tuple[Code, Kind]] = {
    "method": (Code("x.method"), "string"),
    "url": (Code("x.url"), "string"),
    "originalUrl": (Code("x.original_url"), "string"),
    "path": (Code("x.path"), "string"),
    "httpVersion": (Code("x.http_version"), "string"),
    "protocol": (Code("x.scheme"), "string"),
    "ip": (Code("js.address(x)"), "string"),
    "hostname": (Code("js.hostname(x)"), "text"),
    "host": (Code("js.hostname(x)"), "text"),
    "query": (Code("js.query(x)"), "value"),
    "user": (Code("js.consumer(x)"), "value"),
    "egContext": (Code("scope"), "scope"),
    "headers": (Code('js.get(js.request(x), "headers")'), "headers"),
}
"""Members of `req` that need no look-up when the request is served."""

_HELP = {
    "class_declaration": "write functions",
    "class": "write functions",
    "await_expression": "nothing waits for a promise",
    "yield_expression": "write a function that returns an array",
    "generator_function": "write a function that returns an array",
    "generator_function_declaration": "write a function that returns an array",
    "import": "write a plugin in Python",
    "method_definition": "write `name: () => ...`",
    "new.target": "leave it away",
    "meta_property": "leave it away",
    "super": "leave it away",
}


class Expressions:
    """Translates expressions of one script.

    Arguments:
        text: the script.
        shared: what the functions of the script share.
        own: names that the script itself makes properties of egContext, with those that are `const`.
        known: names that other scripts make.
        methods: names of properties to which scripts assign functions.
        body: translates the body of a function; statements.py.
    """

    def __init__(
        self,
        text: Text,
        shared: Shared,
        own: dict[str, bool],
        known: frozenset[str],
        methods: frozenset[str],
        body: "Callable[[Node, Unit, Scope], None]",
    ) -> None:
        self._text = text
        self._shared = shared
        self._own = own
        self._known = known
        self._methods = methods
        self._body = body
        self.unit = Unit(shared)
        self.scope = Scope(None)
        self.changes = False

    # ---- Entry points

    def value(self, node: Node) -> Operand:
        """The value of an expression."""
        method = getattr(self, f"_{node.type}", None)
        if method is None:
            raise self.wrong(node, UNSUPPORTED, f"`{_headline(node)}` is not supported", _HELP.get(node.type, ""))
        found: Operand = method(node)
        return found

    def effect(self, node: Node) -> None:
        """Run an expression for what it does."""
        node = bare(node)
        if node.type in ("assignment_expression", "augmented_assignment_expression", "update_expression"):
            self._assigned(node, used=False)
        elif node.type == "sequence_expression":
            for child in node.named_children:
                self.effect(child)
        elif node.type == "ternary_expression":
            self.branch(
                self.test(required(node, "condition")),
                lambda: self.effect(required(node, "consequence")),
                lambda: self.effect(required(node, "alternative")),
            )
        elif node.type == "binary_expression" and operator_of(node) in ("&&", "||", "??"):
            self._check_mixed(node)
            left = self.value(required(node, "left"))
            self.unit.emit(Code("if "), self._goes_on(left, operator_of(node)).code, Code(":"))
            with self.unit.inside():
                self.effect(required(node, "right"))
        else:
            operand = self.value(node)
            if operand.stable:
                return
            if operand.binds == "atom" and isinstance(operand.code, literals.Call):
                self.unit.emit(Code(""), operand.code)
            elif operand.binds != "atom":
                self.unit.emit(Code("_ = "), operand.code)

    def test(self, node: Node) -> Operand:
        """An expression as a condition, for Python's `if`."""
        return tests(self.value(node))

    def branch(
        self,
        condition: Operand,
        then: "Callable[[], None]",
        otherwise: "Callable[[], None] | None",
        *,
        leaves: bool = False,
    ) -> None:
        """An `if` with what is written in its branches; no `else` where the first one `leaves` the function."""
        self.unit.emit(Code("if "), condition.code, Code(":"))
        with self.unit.inside():
            then()
        if otherwise is None:
            return
        if leaves:
            otherwise()
            return
        mark = len(self.unit.lines)
        self.unit.emit(Code("else:"))
        before = len(self.unit.lines)
        self.unit.indent += 1
        otherwise()
        self.unit.indent -= 1
        if len(self.unit.lines) == before:
            del self.unit.lines[mark:]

    def wrong(self, node: Node, kind: tuple[str, str], message: str, help: str = "") -> Wrong:
        """The exception for a problem with a node."""
        return Wrong(self._text.at(node, kind, message, help))

    def operands(self, nodes: Sequence[Node]) -> list[Operand]:
        """Several values, evaluated in their order."""
        found: list[Operand] = []
        for node in nodes:
            mark = len(self.unit.lines)
            value = self.value(node)
            self.unit.keep_before(mark, found)
            found.append(value)
        return found

    def constant(self, value: Plain) -> Operand:
        kind: Kind = (
            "string"
            if isinstance(value, str)
            else "boolean"
            if isinstance(value, bool)
            else "number"
            if isinstance(value, int | float)
            else "object"
        )
        return Operand(literal(value), kind, stable=True, constant=Constant(value))

    # ---- Literals

    def _parenthesized_expression(self, node: Node) -> Operand:
        return self.value(bare(node))

    def _number(self, node: Node) -> Operand:
        try:
            value = tokens.number(text_of(node))
        except (tokens.BadLiteral, ValueError) as error:
            raise self.wrong(node, UNSUPPORTED, str(error), "use a number") from None
        if not math.isfinite(value):
            return Operand(Code("js.INFINITY"), "number", stable=True)
        return self.constant(value)

    def _string(self, node: Node) -> Operand:
        return self.constant(self._cooked(node, text_of(node)[1:-1]))

    def _cooked(self, node: Node, source: str, *, template: bool = False) -> str:
        try:
            return tokens.cooked(source, template=template)
        except tokens.BadLiteral as error:
            raise self.wrong(node, SYNTAX, str(error)) from None

    def _true(self, node: Node) -> Operand:
        return self.constant(True)

    def _false(self, node: Node) -> Operand:
        return self.constant(False)

    def _null(self, node: Node) -> Operand:
        return self.constant(None)

    def _undefined(self, node: Node) -> Operand:
        return UNDEFINED

    def _template_string(self, node: Node) -> Operand:
        parts: list[Operand] = []
        at = node.start_byte + 1
        raw: list[tuple[int, Node | None]] = []
        for child in node.named_children:
            if child.type == "template_substitution":
                raw.append((at, child))
                at = child.end_byte
        raw.append((at, None))
        for start, substitution in raw:
            end = substitution.start_byte if substitution is not None else node.end_byte - 1
            chunk = self._text.data[start:end].decode("utf-8", "surrogatepass")
            if chunk:
                parts.append(self.constant(self._cooked(node, chunk, template=True)))
            if substitution is not None:
                inner = substitution.named_children
                if len([child for child in inner if child.type != "comment"]) != 1:
                    raise self.wrong(substitution, SYNTAX, "`${}` holds no expression")
                mark = len(self.unit.lines)
                value = self.value(next(child for child in inner if child.type != "comment"))
                self.unit.keep_before(mark, parts)
                parts.append(value)
        if not parts:
            return self.constant("")
        if len(parts) == 1 and parts[0].kind == "string":
            return parts[0]
        return Operand(js("concat", *(part.code for part in parts)), "string")

    def _regex(self, node: Node) -> Operand:
        source = text_of(required(node, "pattern"))
        flags_node = node.child_by_field_name("flags")
        flags = text_of(flags_node) if flags_node is not None else ""
        if len(set(flags)) < len(flags) or set(flags) - set("dgimsuvy"):
            raise self.wrong(node, SYNTAX, f"invalid flags `{flags}` of a regular expression")
        name = self._pattern(node, source, flags)
        return Operand(js("regexp", literal(source), literal(flags), name), "object")

    def _pattern(self, node: Node, source: str, flags: str) -> Code:
        try:
            made = pattern_code(source, flags)
        except Untranslatable as error:
            raise self.wrong(node, UNSUPPORTED, f"regular expression: {error}") from None
        name = literals.identifier(f"{self._shared.name}_pattern_{len(self._shared.patterns) + 1}")
        self._shared.patterns.append(Line(0, join(name, Code(" = ")), made))
        return name

    def _array(self, node: Node) -> Operand:
        items: list[Operand] = []
        comma = True
        for child in node.children[1:-1]:
            if child.type == "comment":
                continue
            if child.type == ",":
                if comma:
                    items.append(Operand(Code("js.MISSING"), "object", stable=True))
                comma = True
                continue
            comma = False
            items.append(self._argument(child, items))
        return Operand(js("array", *(item.code for item in items)), "object")

    def _argument(self, node: Node, before: list[Operand]) -> Operand:
        """An item or argument, spread where it says so; what stands before it is evaluated before it."""
        mark = len(self.unit.lines)
        if node.type == "spread_element":
            spread = self.value(node.named_children[0])
            operand = Operand(Pair(Code("*"), js("spread", spread.code)), "object")
        else:
            operand = self.value(node)
        if len(self.unit.lines) > mark:
            kept: list[Operand] = []
            written = self.unit.lines[mark:]
            del self.unit.lines[mark:]
            for one in before:
                if isinstance(one.code, Pair):
                    kept.append(Operand(Pair(Code("*"), self._spread_kept(one.code)), "object", stable=True))
                else:
                    kept.append(self.unit.kept(one))
            before[:] = kept
            self.unit.lines += written
        return operand

    def _spread_kept(self, pair: Pair) -> Code:
        name = self.unit.fresh()
        self.unit.emit(join(name, Code(" = ")), pair.value)
        return name

    def _object(self, node: Node) -> Operand:
        children = [child for child in node.named_children if child.type != "comment"]
        plain: list[tuple[Expression, Operand]] = []
        result: Code | None = None
        flushed = False
        for child in children:
            mark = len(self.unit.lines)
            if child.type == "spread_element":
                result = self._flush(result, plain, flushed)
                flushed = True
                value = self.value(child.named_children[0])
                self.unit.emit(Code(""), js("merge", result, value.code))
                continue
            if child.type == "pair":
                key = self._key(required(child, "key"))
                value_node = required(child, "value")
                if key.constant is not None and key.constant.value == "__proto__":
                    raise self.wrong(child, UNSUPPORTED, "`__proto__` is not supported", "write the properties out")
            elif child.type == "shorthand_property_identifier":
                key, value_node = self.constant(text_of(child)), child
            elif child.type == "method_definition":
                if child.children[0].type in ("get", "set", "static", "async", "*"):
                    raise self.wrong(child, UNSUPPORTED, "getters and setters are not supported", "write a property")
                key, value_node = self._key(required(child, "name")), child
            else:
                raise self.wrong(child, UNSUPPORTED, f"`{_headline(child)}` in an object is not supported")
            if key.constant is None:
                spelled = self.unit.fresh()
                self.unit.emit(join(spelled, Code(": str = ")), js("key", key.code))
                key = Operand(spelled, "string", stable=True)
            if child.type == "method_definition":
                value = self.function(child, text_of(required(child, "name")))
            elif value_node.type == "shorthand_property_identifier":
                value = self._identifier(value_node)
            else:
                value = self._named(value_node, key)
            if len(self.unit.lines) > mark:
                written = self.unit.lines[mark:]
                del self.unit.lines[mark:]
                plain[:] = [(name, self.unit.kept(one)) for name, one in plain]
                self.unit.lines += written
            plain.append((key.code, value))
        if result is None:
            return Operand(self._record(plain), "object")
        for name, value in plain:
            self.unit.emit(Code(""), js("put", result, name, value.code))
        return Operand(result, "object", stable=True)

    def _flush(self, result: Code | None, plain: list[tuple[Expression, Operand]], flushed: bool) -> Code:
        if result is None:
            result = self.unit.fresh()
            self.unit.emit(join(result, Code(" = ")), self._record(plain))
        else:
            for name, value in plain:
                self.unit.emit(Code(""), js("put", result, name, value.code))
        plain.clear()
        return result

    def _record(self, plain: Sequence[tuple[Expression, Operand]]) -> Expression:
        if not plain:
            return js("record")
        pairs = []
        for name, value in plain:
            if not isinstance(name, Code):
                raise TypeError("a key that is no name")
            pairs.append(Pair(join(name, Code(": ")), value.code))
        return js("record", literals.Call(Code("{"), tuple(pairs), Code("}")))

    def _key(self, node: Node) -> Operand:
        if node.type == "property_identifier":
            return self.constant(text_of(node))
        if node.type == "string":
            return self._string(node)
        if node.type == "number":
            value = self._number(node).constant
            if value is not None and isinstance(value.value, int):
                return self.constant(str(value.value))
            raise self.wrong(node, UNSUPPORTED, "a property name of this form is not supported", "put it into quotes")
        if node.type == "computed_property_name":
            return self.value(node.named_children[0])
        raise self.wrong(node, UNSUPPORTED, f"`{_headline(node)}` as a property name is not supported")

    # ---- Names

    def _this(self, node: Node) -> Operand:
        if self.unit.this is None:
            return self._scope()
        return Operand(js("this", self.unit.this, self._scope().code))

    def _scope(self) -> Operand:
        return Operand(Code("scope"), "scope", stable=True)

    def _identifier(self, node: Node) -> Operand:
        name = text_of(node)
        variable = self.scope.find(name)
        if variable is not None:
            self._alive(node, variable)
            return Operand(variable.code)
        if name in names.CONTEXT:
            return self._of_context(name)
        if name in self._own or name in self._known:
            return Operand(js("name", self._scope().code, literal(name)))
        if name == "undefined":
            return UNDEFINED
        if name == "NaN":
            return Operand(Code("js.NAN"), "number", stable=True)
        if name == "Infinity":
            return Operand(Code("js.INFINITY"), "number", stable=True)
        if name == "globalThis":
            return self._scope()
        if name == "arguments" and self.unit.this is not None:
            raise self.wrong(node, UNSUPPORTED, "`arguments` is not supported", "write `(...args) =>`")
        if name in names.MEMBERS or name in names.FUNCTIONS:
            return Operand(join(Code("js."), literals.identifier(name)), "object", stable=True)
        raise self.unknown(node, name)

    def unknown(self, node: Node, name: str) -> Wrong:
        """The exception for a name that means nothing."""
        if name in names.NOT_IN_CONTEXT:
            return self.wrong(node, UNSUPPORTED, f"`{name}` is not supported", names.NOT_IN_CONTEXT[name])
        if name in names.NOT_IN_LANGUAGE:
            return self.wrong(node, UNSUPPORTED, f"`{name}` is not supported", names.NOT_IN_LANGUAGE[name])
        help, meant = names.ABSENT.get(name, ""), ""
        if not help:
            candidates = [*names.CONTEXT, *names.MEMBERS, *names.FUNCTIONS, *self._own, *self._known]
            near = difflib.get_close_matches(name, sorted(candidates), 1, 0.7)
            help = f"did you mean `{near[0]}`?" if near else f"a text needs quotes of its own: '{name}'"
            meant = near[0] if near else ""
        wrong = self.wrong(node, UNKNOWN, f"`{name}` is not defined", help)
        return Wrong(replace(wrong.problem, meant=meant)) if meant else wrong

    def _of_context(self, name: str) -> Operand:
        if name == "req":
            return Operand(Code("req"), "request", stable=True)
        if name == "res":
            return Operand(Code("res"), "response", stable=True)
        if name == "egContext":
            return self._scope()
        if name == "consumer":
            return Operand(Code("js.consumer(x)"))
        if name == "requestID":
            return Operand(Code("x.request_id"), "string")
        return Operand(Code("js.endpoint(x)"), "object")

    def _alive(self, node: Node, variable: Variable) -> None:
        begins = variable.begins if variable.unit is self.unit else variable.function_begins
        if node.start_byte < begins:
            raise self.wrong(node, UNSUPPORTED, f"`{text_of(node)}` is used too early", "declare it first")

    # ---- Members and calls

    def _member_expression(self, node: Node) -> Operand:
        return self._chain(node)

    def _subscript_expression(self, node: Node) -> Operand:
        return self._chain(node)

    def _call_expression(self, node: Node) -> Operand:
        return self._chain(node)

    def _chain(self, node: Node) -> Operand:
        """A chain of members and calls: where a `?.` finds nothing, the rest of it is not evaluated."""
        if not any(_is_optional(link) for link in _links(node)):
            return self._link(node)
        result = self.unit.fresh()
        self.unit.emit(join(result, Code(": js.Value = ")), UNDEFINED.code)
        indent = self.unit.indent
        value = self._link(node)
        self.unit.emit(join(result, Code(" = ")), value.code)
        self.unit.indent = indent
        return Operand(result, stable=True)

    def _link(self, node: Node) -> Operand:
        if node.type == "member_expression":
            holder = self._holder(node)
            name = required(node, "property")
            if name.type == "private_property_identifier":
                raise self.wrong(name, UNSUPPORTED, "private names are not supported")
            return self._member(node, holder, self.constant(text_of(name)))
        if node.type == "subscript_expression":
            holder = self._holder(node)
            both = [holder]
            mark = len(self.unit.lines)
            index = self.value(required(node, "index"))
            self.unit.keep_before(mark, both)
            return self._member(node, both[0], index)
        if node.type == "call_expression":
            return self._called(node)
        return self.value(node)

    def _holder(self, node: Node) -> Operand:
        holder = self._link(required(node, "object"))
        return self._guarded(holder) if _is_optional(node) else holder

    def _guarded(self, holder: Operand) -> Operand:
        """Write what follows below a test that there is something."""
        kept = self.unit.kept(holder)
        self.unit.emit(Code("if not "), js("nullish", kept.code), Code(":"))
        self.unit.indent += 1
        return kept

    def _member(self, node: Node, holder: Operand, name: Operand) -> Operand:
        spelled = name.constant.value if name.constant is not None else None
        if isinstance(spelled, str):
            found = self._known_member(node, holder, spelled)
            if found is not None:
                return found
        return Operand(js("get", holder.code, name.code))

    def _known_member(self, node: Node, holder: Operand, name: str) -> Operand | None:
        """A member that the compiler knows."""
        if holder.kind == "request" and name in _REQUEST:
            if name == "egContext":
                return self._scope()
            code, kind = _REQUEST[name]
            if name == "headers":
                return Operand(js("get", Code("req"), literal("headers")), kind)
            return Operand(code, kind)
        if holder.kind == "scope":
            if name in names.CONTEXT:
                return self._of_context(name)
            if name in names.NOT_IN_CONTEXT:
                raise self.unknown(node, name)
        if holder.kind == "headers":
            return Operand(js("header", X, literal(name)), "text")
        if holder.kind == "string" and name == "length":
            return Operand(js("get", holder.code, literal(name)), "number")
        if holder.kind == "object" and (owner := self._owner(holder)) in names.MEMBERS:
            known = names.MEMBERS[owner] | names.OF_FUNCTIONS
            if name not in known:
                near = difflib.get_close_matches(name, sorted(names.MEMBERS[owner]), 1)
                help = f"did you mean `{owner}.{near[0]}`?" if near else ""
                raise self.wrong(node, UNSUPPORTED, f"`{owner}.{name}` is not supported", help)
        return None

    def _called(self, node: Node) -> Operand:
        callee, arguments = required(node, "function"), required(node, "arguments")
        if arguments.type != "arguments":
            raise self.wrong(node, UNSUPPORTED, "a tagged template is not supported", "call the function with ()")
        inner = bare(callee)
        if inner.type == "import":
            raise self.wrong(node, UNSUPPORTED, "`import()` is not supported", "write a plugin in Python")
        self.changes = True
        if inner.type in ("member_expression", "subscript_expression"):
            return self._method_called(node, callee, inner, arguments)
        function = self._link(callee) if callee is inner else self.value(callee)
        if _is_optional(node):
            function = self._guarded(function)
        values = self._arguments(arguments, [function])
        return Operand(js("invoke", *(value.code for value in values)))

    def _method_called(self, node: Node, callee: Node, inner: Node, arguments: Node) -> Operand:
        holder = self._holder(inner) if callee is inner else self._within(inner)
        if inner.type == "member_expression":
            name = self.constant(text_of(required(inner, "property")))
            if not _is_optional(node):
                self._check_method(required(inner, "property"), holder, text_of(required(inner, "property")))
        else:
            both = [holder]
            mark = len(self.unit.lines)
            name = self.value(required(inner, "index"))
            self.unit.keep_before(mark, both)
            holder = both[0]
        if _is_optional(node):
            holder = self.unit.kept(holder)
            method = self._guarded(Operand(js("get", holder.code, name.code)))
            values = self._arguments(arguments, [method, holder])
            listed = literals.listing([value.code for value in values[2:]])
            return Operand(js("apply", values[0].code, values[1].code, listed))
        if holder.kind in ("value", "text") and not all(_is_plain(child) for child in arguments.named_children):
            # JavaScript looks for the method before it works out the arguments.
            found = self.unit.fresh()
            self.unit.emit(join(found, Code(" = ")), js("method", holder.code, name.code))
            values = self._arguments(arguments, [])
            return Operand(literals.call(found, *(value.code for value in values)))
        values = self._arguments(arguments, [holder, name])
        return Operand(js("call", *(value.code for value in values)), self._result_kind(holder, name))

    def _within(self, inner: Node) -> Operand:
        """The holder of a method in brackets: `(a?.b)()` ends the chain inside them."""
        if any(_is_optional(link) for link in _links(inner)):
            raise self.wrong(inner, UNSUPPORTED, "`(a?.b)()` is not supported", "write `a?.b()`")
        return self._holder(inner)

    def _result_kind(self, holder: Operand, name: Operand) -> Kind:
        if holder.kind == "string" and name.constant is not None:
            if name.constant.value in _TEXT_METHODS:
                return "string"
            if name.constant.value in _TEST_METHODS:
                return "boolean"
        if holder.kind == "response" and name.constant is not None and name.constant.value in names.CHAINED:
            return "response"
        return "value"

    def _check_method(self, node: Node, holder: Operand, name: str) -> None:
        if name in self._methods:
            return
        if holder.kind == "request" and name not in names.REQUEST_METHODS:
            known: frozenset[str] = names.REQUEST_METHODS
        elif holder.kind == "response" and name not in names.RESPONSE_METHODS:
            known = names.RESPONSE_METHODS
        elif holder.kind == "scope" and name in names.NOT_IN_CONTEXT:
            raise self.unknown(node, name)
        elif self._owner(holder) in names.MEMBERS:
            known = names.MEMBERS[self._owner(holder)] | names.OF_FUNCTIONS
            if name in known:
                return
        elif name not in names.METHODS and name not in names.HOST_METHODS and not self._is_known(holder, name):
            known = names.METHODS
        else:
            return
        if name in names.METHODS and holder.kind in ("request", "response"):
            return
        near = difflib.get_close_matches(name, sorted(known), 1)
        owner = f"{self._owner(holder)}." if self._owner(holder) else ""
        help = f"did you mean `{owner}{near[0]}`?" if near else ""
        if known is names.RESPONSE_METHODS and not near:
            help = "an answer is sent by send(), json(), end(), redirect() or sendStatus()"
        raise self.wrong(node, UNSUPPORTED, f"the method `{name}` is not supported", help)

    def _owner(self, holder: Operand) -> str:
        """The name of a built-in object."""
        return str(holder.code)[3:] if isinstance(holder.code, str) and holder.code.startswith("js.") else ""

    def _is_known(self, holder: Operand, name: str) -> bool:
        return holder.kind == "scope" and (name in self._own or name in self._known)

    def _arguments(self, node: Node, before: list[Operand]) -> list[Operand]:
        values = list(before)
        for child in node.named_children:
            if child.type != "comment":
                values.append(self._argument(child, values))
        return values

    def _new_expression(self, node: Node) -> Operand:
        constructor = required(node, "constructor")
        if constructor.type != "identifier" or text_of(constructor) not in names.MEMBERS:
            if constructor.type == "identifier" and text_of(constructor) in names.NOT_IN_LANGUAGE:
                raise self.unknown(constructor, text_of(constructor))
            raise self.wrong(node, UNSUPPORTED, "`new` is for built-in constructors only", "write an object")
        arguments = node.child_by_field_name("arguments")
        values = [self._identifier(constructor)]
        if arguments is not None:
            values = self._arguments(arguments, values)
        if text_of(constructor) == "RegExp":
            raise self.wrong(node, UNSUPPORTED, "`new RegExp` is not supported", "write a literal: /.../")
        return Operand(js("new", *(value.code for value in values)), "object")

    # ---- Operators

    def _unary_expression(self, node: Node) -> Operand:
        operator = text_of(required(node, "operator"))
        argument = required(node, "argument")
        if operator == "delete":
            return self._deleted(node, bare(argument))
        if operator == "typeof":
            inner = bare(argument)
            if inner.type == "identifier" and self._is_unknown(text_of(inner)):
                if text_of(inner) in self._own or text_of(inner) in self._known:
                    found = js("get", self._scope().code, literal(text_of(inner)))
                    return Operand(js("typeof", found), "string")
                return self.constant("undefined")
            return Operand(js("typeof", self.value(argument).code), "string")
        if operator == "void":
            self.effect(argument)
            return UNDEFINED
        value = self.value(argument)
        if operator == "!":
            return self.negated(tests(value))
        constant = value.constant.value if value.constant is not None else None
        if operator == "-" and isinstance(constant, int | float) and not isinstance(constant, bool) and constant > 0:
            return self.constant(-constant)
        name = {"-": "negate", "+": "number", "~": "bit_not"}[operator]
        return Operand(js(name, value.code), "number")

    def _is_unknown(self, name: str) -> bool:
        return (
            self.scope.find(name) is None
            and name not in names.CONTEXT
            and name not in names.MEMBERS
            and name not in names.FUNCTIONS
            and name not in ("undefined", "NaN", "Infinity", "globalThis")
        )

    def negated(self, operand: Operand) -> Operand:
        """`!operand`, for something that Python can test."""
        if operand.constant is not None:
            value = operand.constant.value
            return self.constant(not value or value != value)
        if operand.negated is not None and isinstance(operand.code, Code):
            return Operand(operand.negated, "boolean", "comparison", negated=operand.code)
        if operand.binds in ("atom",):
            spelled = literals.prefixed(Code("not "), operand.code)
            if spelled is not None:
                return Operand(spelled, "boolean", "not")
        return Operand(js("negation", operand.code), "boolean")

    def _deleted(self, node: Node, target: Node) -> Operand:
        self.changes = True
        if target.type == "identifier":
            spelled = text_of(target)
            if self.scope.find(spelled) is None and (spelled in self._own or spelled in self._known):
                return Operand(js("delete", self._scope().code, literal(spelled)), "boolean")
            raise self.wrong(node, UNSUPPORTED, f"`delete {spelled}` is not supported", "assign undefined")
        if target.type not in ("member_expression", "subscript_expression"):
            self.effect(target)
            return self.constant(True)
        if any(_is_optional(link) for link in _links(target)):
            raise self.wrong(node, UNSUPPORTED, "`delete` with `?.` is not supported", "write an `if`")
        holder, name = self._target(target)
        if holder.kind == "headers":
            return Operand(js("delete_header", X, name.code), "boolean")
        return Operand(js("delete", holder.code, name.code), "boolean")

    def _target(self, node: Node) -> tuple[Operand, Operand]:
        """The holder and the name of a member that is assigned or deleted."""
        holder = self._link(required(node, "object"))
        if node.type == "member_expression":
            return holder, self.constant(text_of(required(node, "property")))
        both = [holder]
        mark = len(self.unit.lines)
        name = self.value(required(node, "index"))
        self.unit.keep_before(mark, both)
        return both[0], name

    def _binary_expression(self, node: Node) -> Operand:
        operator = operator_of(node)
        left, right = required(node, "left"), required(node, "right")
        if operator in ("&&", "||", "??"):
            self._check_mixed(node)
            return self._logical(operator, left, right)
        if operator == "**" and left.type == "unary_expression":
            raise self.wrong(node, SYNTAX, "`-a ** b` is ambiguous", "put one of the two into brackets")
        if left.type == "private_property_identifier":
            raise self.wrong(left, UNSUPPORTED, "private names are not supported")
        first, second = self.operands((left, right))
        if operator in _EQUALITIES:
            return self._equality(operator, first, second)
        code = js(_BINARY[operator], first.code, second.code)
        if operator in _TESTS:
            return Operand(code, "boolean")
        if operator == "+":
            if "string" in (first.kind, second.kind):
                return Operand(code, "string")
            both = first.kind == second.kind == "number"
            return Operand(code, "number" if both else "value")
        return Operand(code, "number")

    def _equality(self, operator: str, first: Operand, second: Operand) -> Operand:
        unequal = operator.startswith("!")
        if first.constant is not None and second.constant is not None:
            one, two = first.constant.value, second.constant.value
            if isinstance(one, str) and isinstance(two, str):
                return self.constant((one == two) != unequal)
        if first.kind == second.kind == "string":
            spelled = literals.infix(first.code, Code(" == "), second.code)
            opposite = literals.infix(first.code, Code(" != "), second.code)
            if spelled is not None and opposite is not None and first.binds == second.binds == "atom":
                if unequal:
                    spelled, opposite = opposite, spelled
                return Operand(spelled, "boolean", "comparison", negated=opposite)
        found = Operand(js(_BINARY[operator], first.code, second.code), "boolean")
        return self.negated(found) if unequal else found

    def _check_mixed(self, node: Node) -> None:
        operator = operator_of(node)
        for side in ("left", "right"):
            child = required(node, side)
            if child.type == "binary_expression":
                other = operator_of(child)
                if (operator == "??") != (other == "??") and other in ("&&", "||", "??"):
                    help = "write `(a || b) ?? c`"
                    raise self.wrong(node, SYNTAX, f"`{operator}` beside `{other}` needs brackets", help)

    def _goes_on(self, left: Operand, operator: str) -> Operand:
        """Whether the right side of a logical operator counts."""
        if operator == "??":
            return Operand(js("nullish", left.code), "boolean")
        return tests(left) if operator == "&&" else self.negated(tests(left))

    def _logical(self, operator: str, left: Node, right: Node) -> Operand:
        first = self.value(left)
        mark = len(self.unit.lines)
        second = self.value(right)
        if operator != "??" and len(self.unit.lines) == mark:
            joined = self._joined(operator, first, second)
            if joined is not None:
                return joined
        written = self.unit.lines[mark:]
        del self.unit.lines[mark:]
        result = self.unit.temporary(first.code)
        kept = Operand(result, first.kind, stable=True)
        self.unit.emit(Code("if "), self._goes_on(kept, operator).code, Code(":"))
        self.unit.lines += [Line(line.indent + 1, line.start, line.expression, line.end) for line in written]
        with self.unit.inside():
            self.unit.emit(join(result, Code(" = ")), second.code)
        both = first.kind == second.kind
        return Operand(result, first.kind if both else "value", stable=True)

    def _joined(self, operator: str, first: Operand, second: Operand) -> Operand | None:
        """`a and b`, `a or b`, where Python agrees what is true."""
        if first.kind not in NEVER_NAN or first.constant is not None:
            return None
        binds = "and" if operator == "&&" else "or"
        one, two = _in_brackets(first, binds), _in_brackets(second, binds)
        if one is None or two is None:
            return None
        spelled = literals.infix(one, Code(" and ") if operator == "&&" else Code(" or "), two)
        if spelled is None:
            return None
        if first.kind == second.kind:
            kind: Kind = first.kind
        elif operator == "||" and first.kind == "text" and second.kind == "string":
            kind = "string"
        elif {first.kind, second.kind} <= NEVER_NAN:
            kind = "text" if {first.kind, second.kind} <= {"text", "string", "undefined"} else "object"
        else:
            kind = "value"
        if kind not in ("boolean", "string", "text"):
            return None
        return Operand(spelled, kind, "and" if operator == "&&" else "or")

    def _ternary_expression(self, node: Node) -> Operand:
        condition = self.test(required(node, "condition"))
        result = self.unit.fresh()
        kinds: list[Kind] = []

        def take(side: str, start: Code) -> None:
            value = self.value(required(node, side))
            kinds.append(value.kind)
            self.unit.emit(join(result, start), value.code)

        self.branch(
            condition,
            lambda: take("consequence", Code(": js.Value = ")),
            lambda: take("alternative", Code(" = ")),
        )
        return Operand(result, kinds[0] if kinds[0] == kinds[1] else "value", stable=True)

    def _sequence_expression(self, node: Node) -> Operand:
        *before, last = [child for child in node.named_children if child.type != "comment"]
        for child in before:
            self.effect(child)
        return self.value(last)

    # ---- Assignments

    def _assignment_expression(self, node: Node) -> Operand:
        return self._assigned(node, used=True)

    def _augmented_assignment_expression(self, node: Node) -> Operand:
        return self._assigned(node, used=True)

    def _update_expression(self, node: Node) -> Operand:
        return self._assigned(node, used=True)

    def _assigned(self, node: Node, *, used: bool) -> Operand:
        self.changes = True
        if node.type == "update_expression":
            target = bare(required(node, "argument"))
            operator = text_of(required(node, "operator"))
            prefix = node.children[0].type in ("++", "--")
            name = "add" if operator == "++" else "subtract"

            def updated(old: Operand) -> tuple[Operand, Operand]:
                before = Operand(js("number", old.code), "number")
                if used and not prefix:
                    before = self.unit.kept(before)
                return Operand(js(name, before.code, literal(1)), "number"), before

            return self._changed(target, updated, used=used, old=not prefix)
        target = bare(required(node, "left"))
        right = required(node, "right")
        if node.type == "assignment_expression":
            if target.type in ("object_pattern", "array_pattern", "object", "array"):
                raise self.wrong(target, UNSUPPORTED, "assignment to a pattern is not supported", "use `const {a} = b`")
            return self._set(target, right, used=used)
        operator = text_of(required(node, "operator"))[:-1]
        if operator in ("&&", "||", "??"):
            return self._set_if(target, right, operator)

        def combined(old: Operand) -> tuple[Operand, Operand]:
            both = [old]
            mark = len(self.unit.lines)
            value = self.value(right)
            self.unit.keep_before(mark, both)
            kind: Kind = "number" if operator != "+" else "string" if "string" in (old.kind, value.kind) else "value"
            return Operand(js(_BINARY[operator], both[0].code, value.code), kind), old

        return self._changed(target, combined, used=used, old=False)

    def _changed(
        self,
        target: Node,
        change: "Callable[[Operand], tuple[Operand, Operand]]",
        *,
        used: bool,
        old: bool,
    ) -> Operand:
        """Read a target, assign what `change` makes of it; the value is the new one, or the old one."""
        if target.type == "identifier":
            new, before = change(self._identifier(target))
            if used and not old:
                new = self.unit.kept(new)
            self._store(target, None, new)
            return before if old else new
        if target.type not in ("member_expression", "subscript_expression"):
            raise self.wrong(target, SYNTAX, "this cannot be assigned")
        holder, name = self._target(target)
        holder, name = self.unit.kept(holder) if holder.kind not in _GIVEN else holder, self.unit.kept(name)
        new, before = change(self._member(target, holder, name))
        if used and not old:
            new = self.unit.kept(new)
        self._store(target, (holder, name), new)
        return before if old else new

    def _set(self, target: Node, right: Node, *, used: bool) -> Operand:
        place: tuple[Operand, Operand] | None = None
        if target.type in ("member_expression", "subscript_expression"):
            if any(_is_optional(link) for link in _links(target)):
                raise self.wrong(target, SYNTAX, "`?.` cannot be assigned")
            holder, name = self._target(target)
            both = [holder, name]
            mark = len(self.unit.lines)
            value = self._named(right, name)
            self.unit.keep_before(mark, both)
            place = both[0], both[1]
        elif target.type == "identifier":
            value = self._named(right, self.constant(text_of(target)))
        else:
            raise self.wrong(target, SYNTAX, "this cannot be assigned")
        if used:
            value = self.unit.kept(value)
        self._store(target, place, value)
        return value

    def _set_if(self, target: Node, right: Node, operator: str) -> Operand:
        """`a ||= b`: assigns only where the left side says so."""
        place: tuple[Operand, Operand] | None = None
        if target.type == "identifier":
            old = self._identifier(target)
        elif target.type in ("member_expression", "subscript_expression"):
            holder, name = self._target(target)
            place = self.unit.kept(holder) if holder.kind not in _GIVEN else holder, self.unit.kept(name)
            old = self._member(target, *place)
        else:
            raise self.wrong(target, SYNTAX, "this cannot be assigned")
        result = self.unit.temporary(old.code)
        self.unit.emit(Code("if "), self._goes_on(Operand(result, old.kind), operator).code, Code(":"))
        with self.unit.inside():
            self.unit.emit(join(result, Code(" = ")), self.value(right).code)
            self._store(target, place, Operand(result, stable=True))
        return Operand(result, stable=True)

    def _named(self, node: Node, name: Operand) -> Operand:
        """A value; a function without a name gets that of what it is assigned to."""
        inner = bare(node)
        if inner.type in ("arrow_function", "function_expression") and inner.child_by_field_name("name") is None:
            spelled = name.constant.value if name.constant is not None else ""
            return self.function(inner, spelled if isinstance(spelled, str) else "")
        return self.value(node)

    def _store(self, target: Node, place: tuple[Operand, Operand] | None, value: Operand) -> None:
        if place is not None:
            self._put(target, *place, value)
            return
        name = text_of(target)
        variable = self.scope.find(name)
        if variable is not None:
            self._alive(target, variable)
            self.assign(target, variable, value.code)
        elif name in names.CONTEXT or name in names.MEMBERS or name in names.FUNCTIONS or name in _FIXED:
            raise self.wrong(target, UNSUPPORTED, f"`{name}` cannot be assigned", "use another name")
        elif name in names.NOT_IN_CONTEXT:
            raise self.unknown(target, name)
        elif self._own.get(name):
            raise self.wrong(target, UNSUPPORTED, f"`{name}` is a constant", "declare it with `let`")
        else:
            self.unit.emit(Code(""), js("put", self._scope().code, literal(name), value.code))

    def assign(self, node: Node, variable: Variable, code: Expression) -> None:
        """Write an assignment to a variable of the script."""
        if variable.constant:
            raise self.wrong(node, UNSUPPORTED, f"`{text_of(node)}` is a constant", "declare it with `let`")
        if variable.unit is not self.unit and variable.code not in self.unit.assigned_outside:
            self.unit.assigned_outside.append(variable.code)
        self.unit.emit(join(variable.code, Code(" = ")), code)

    def _put(self, node: Node, holder: Operand, name: Operand, value: Operand) -> None:
        spelled = name.constant.value if name.constant is not None else None
        if holder.kind == "headers":
            self.unit.emit(Code(""), js("set_header", X, name.code, value.code))
            return
        if isinstance(spelled, str):
            if holder.kind == "request":
                if spelled in ("url", "method"):
                    self.unit.emit(Code(""), js(f"set_{spelled}", X, value.code))
                    return
                if spelled in names.READ_ONLY_REQUEST:
                    help = "assign req.url" if spelled in ("path", "originalUrl", "query") else ""
                    raise self.wrong(node, UNSUPPORTED, f"`req.{spelled}` cannot be assigned", help)
            if holder.kind == "scope":
                if spelled in names.CONTEXT:
                    raise self.wrong(node, UNSUPPORTED, f"`{spelled}` cannot be assigned", "use another name")
                if spelled in names.NOT_IN_CONTEXT:
                    raise self.unknown(node, spelled)
        if self._owner(holder) in names.MEMBERS:
            raise self.wrong(node, UNSUPPORTED, "built-in objects cannot be changed", "use a variable")
        self.unit.emit(Code(""), js("put", holder.code, name.code, value.code))

    # ---- Functions

    def _arrow_function(self, node: Node) -> Operand:
        return self.function(node, "")

    def _function_expression(self, node: Node) -> Operand:
        name = node.child_by_field_name("name")
        return self.function(node, text_of(name) if name is not None else "")

    def function(self, node: Node, name: str) -> Operand:
        """A function: a `def` in front of the statement, and the object around it."""
        if any(child.type in ("async", "*") for child in node.children):
            raise self.wrong(node, UNSUPPORTED, "async functions and generators are not supported", "return the value")
        self._shared.functions += 1
        code = numbered("f", self._shared.functions)
        arrow = node.type == "arrow_function"
        outer = self.unit
        inner = Unit(self._shared, this=outer.this if arrow else Code("this"))
        if arrow and outer.this is not None:
            # An arrow function sees `this` of the function around it, which Python finds by its name.
            inner.this = outer.this
        receiver = Code("_this") if arrow else Code("this")
        with self._in(inner):
            self._body(node, inner, self.scope)
        signature = Code(": js.Value, arguments: js.Values) -> js.Value:")
        outer.emit(join(Code("def "), code, Code("("), receiver, signature))
        if inner.assigned_outside:
            outer.lines.append(Line(outer.indent + 1, join(Code("nonlocal "), join(*inner.assigned_outside, by=", "))))
            for outside in inner.assigned_outside:
                self._note_outside(outer, outside)
        outer.lines += [Line(line.indent + outer.indent, line.start, line.expression, line.end) for line in inner.lines]
        return Operand(js("function", code, literal(name), literal(_arity(node))), "object")

    def _note_outside(self, outer: Unit, code: Code) -> None:
        scope: Scope | None = self.scope
        while scope is not None:
            for variable in scope.variables.values():
                if variable.code == code and variable.unit is not outer and code not in outer.assigned_outside:
                    outer.assigned_outside.append(code)
            scope = scope.around

    @contextmanager
    def _in(self, unit: Unit) -> Iterator[None]:
        outer, scope = self.unit, self.scope
        self.unit, self.scope = unit, Scope(scope)
        try:
            yield
        finally:
            self.unit, self.scope = outer, scope


_GIVEN = frozenset(("request", "response", "scope", "headers"))
_FIXED = frozenset(("undefined", "NaN", "Infinity", "globalThis"))
_TEXT_METHODS = frozenset(
    (
        *("charAt", "concat", "padEnd", "padStart", "repeat", "replace", "replaceAll", "slice", "substr", "substring"),
        *("toLowerCase", "toUpperCase", "toString", "trim", "trimEnd", "trimStart", "normalize", "valueOf"),
    )
)
_TEST_METHODS = frozenset(("startsWith", "endsWith", "includes"))


def pattern_code(source: str, flags: str) -> Expression:
    """The pattern of a regular expression literal. Raises Untranslatable."""
    made = safe(source, flags)
    settings = []
    if made.ignore_case:
        settings.append(literals.argument("ignore_case", literal(True)))
    if made.linear:
        settings.append(literals.argument("linear", literal(True)))
    return js("pattern", literals.pattern(made.regex), *settings)


def operator_of(node: Node) -> str:
    """The operator of a binary expression."""
    return text_of(required(node, "operator"))


def bare(node: Node) -> Node:
    """The node inside brackets."""
    while node.type == "parenthesized_expression":
        node = next(child for child in node.named_children if child.type != "comment")
    return node


def _links(node: Node) -> Iterator[Node]:
    """The members and calls of a chain, from its end."""
    while node.type in ("member_expression", "subscript_expression", "call_expression"):
        yield node
        node = required(node, "function" if node.type == "call_expression" else "object")


def _is_optional(node: Node) -> bool:
    return any(child.type in ("optional_chain", "?.") for child in node.children)


def _in_brackets(operand: Operand, binds: str) -> Expression | None:
    if operand.binds in ("atom", "comparison", "not", binds):
        return operand.code
    return join(Code("("), operand.code, Code(")")) if isinstance(operand.code, Code) else None


def _is_plain(node: Node) -> bool:
    """Whether an argument does nothing and throws nothing."""
    if node.type in ("array", "object"):
        return not node.named_children
    return node.type in _PLAIN


_PLAIN = frozenset(
    (
        *("string", "number", "true", "false", "null", "undefined", "regex", "arrow_function", "function_expression"),
        "comment",
    )
)


def _arity(node: Node) -> int:
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return 1
    count = 0
    for child in parameters.named_children:
        if child.type in ("assignment_pattern", "rest_pattern"):
            break
        count += child.type != "comment"
    return count


def _headline(node: Node) -> str:
    found = text_of(node).split("\n")[0]
    return found if len(found) <= 40 else found[:37] + "..."
