"""The Python function that is being written: its lines, temporaries and variables."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from egc.compiler.literals import Code, Expression, Line, call, identifier, join

Kind = Literal[
    "value", "string", "text", "number", "boolean", "object", "undefined", "request", "response", "scope", "headers"
]
"""What is known of a value. `text` is a string or undefined; the last four are what the gateway gives."""

NOTHING = Code("")

Plain = str | int | float | bool | None

NEVER_NAN = frozenset(("string", "text", "boolean", "object", "undefined", "request", "response", "scope", "headers"))
"""Kinds of which Python and JavaScript agree what is true."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value known at build time."""

    value: Plain


@dataclass(frozen=True, slots=True)
class Operand:
    """A value: the Python expression for it, and what is known.

    `binds` says how tightly the expression binds; `negated` is its opposite, where that has a spelling of its own.
    `stable`: what runs later cannot change it.
    """

    code: Expression
    kind: Kind = "value"
    binds: Literal["atom", "comparison", "not", "and", "or"] = "atom"
    stable: bool = False
    constant: Constant | None = None
    negated: Code | None = None


@dataclass(slots=True)
class Variable:
    """A variable of the script that is one of Python's."""

    code: Code
    unit: "Unit"
    constant: bool
    begins: int
    """Where in the text the variable may be read from on (its dead zone ends)."""
    function_begins: int
    """The same for functions inside its own initializer."""


@dataclass(slots=True)
class Shared:
    """What all functions of one script share."""

    name: str
    names: set[str] = field(default_factory=set)
    temporaries: int = 0
    functions: int = 0
    patterns: list[Line] = field(default_factory=list)


class Unit:
    """One Python function; functions inside the script are units of their own."""

    def __init__(self, shared: Shared, *, this: Code | None = None) -> None:
        self.shared = shared
        self.this = this
        self.lines: list[Line] = []
        self.indent = 1
        self.assigned_outside: list[Code] = []

    def emit(self, start: Code, expression: Expression = NOTHING, end: Code = NOTHING) -> None:
        """Write a line."""
        self.lines.append(Line(self.indent, start, expression, end))

    def temporary(self, expression: Expression) -> Code:
        """Keep a value under a name of ours."""
        name = self.fresh()
        self.emit(join(name, Code(": js.Value = ")), expression)
        return name

    def fresh(self) -> Code:
        """A name of ours."""
        self.shared.temporaries += 1
        return numbered("t", self.shared.temporaries)

    def kept(self, operand: Operand) -> Operand:
        """The operand as something that can be named twice."""
        if operand.stable:
            return operand
        return Operand(self.temporary(operand.code), operand.kind, stable=True)

    def keep_before(self, mark: int, operands: list[Operand]) -> None:
        """Where lines were written behind `mark`, have the operands evaluated in front of those."""
        if len(self.lines) == mark:
            return
        written = self.lines[mark:]
        del self.lines[mark:]
        operands[:] = [self.kept(operand) for operand in operands]
        self.lines += written

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Lines written here are one level further in; a block without lines gets `pass`."""
        before, self.indent = len(self.lines), self.indent + 1
        try:
            yield
        finally:
            if len(self.lines) == before:
                self.emit(Code("pass"))
            self.indent -= 1

    def variable(self, name: str) -> Code:
        """A Python name for a variable of the script: `name_`, which no name of ours looks like."""
        plain = name if name.isascii() and name.isidentifier() and not name.startswith("_") else "local"
        spelled, count = f"{plain}_", 1
        while spelled in self.shared.names:
            count += 1
            spelled = f"{plain}{count}_"
        self.shared.names.add(spelled)
        return identifier(spelled)


def numbered(start: str, count: int) -> Code:
    """`t1`, `f2`: a name of ours with a number."""
    return identifier(f"{start}{count:d}")


def js(name: str, *items: Expression) -> Expression:
    """A call of the runtime: `js.name(items)`."""
    return call(join(Code("js."), identifier(name)), *items)


def tests(operand: Operand) -> Operand:
    """The operand as Python tests it: true exactly where JavaScript holds it for true."""
    if operand.kind in NEVER_NAN:
        return operand
    return Operand(js("truthy", operand.code), "boolean")


def sequence(operands: Sequence[Operand]) -> list[Expression]:
    return [operand.code for operand in operands]
