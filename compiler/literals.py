"""The only door from configuration text to Python: what comes out is `Code`, and nothing else reaches the template.

Strings leave as ASCII literals, names as checked identifiers, and text for comments without anything that could end
one. Longer calls are laid out as `ruff format` lays them out, one argument a line.
"""

import keyword
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88
"""Columns that a line may fill before a call is written one argument a line."""

SHORT = 60
"""Columns that an expression with operators may fill; a longer one is not written with operators."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOTTED = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
_FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RAW = re.compile(r"[\x20\x21\x23-\x7e]*")
_ENDS_IN_BACKSLASHES = re.compile(r"(?:^|[^\\])(?:\\\\)*\\\Z")
_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\]')


class Code(str):
    """Python source that is safe to put into the module. Other files make it of string constants only."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A bracketed expression of any length: `head(item, item)`, a tuple or a dict.

    `notes` are the comments behind the items where each has its own line; an item with a note always has.
    """

    head: Code
    items: tuple["Expression", ...]
    tail: Code
    notes: tuple[Code, ...] = ()
    lonely_comma: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """`keyword=value` or `key: value`."""

    key: Code
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Sum:
    """Text made of parts: added up where that fits into the line, joined otherwise."""

    parts: tuple["Expression", ...]

    def joined(self) -> Call:
        return Call(Code('"".join('), (listing(self.parts),), Code(")"))


Expression = Code | Call | Pair | Sum

_EMPTY = Code("")


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of a function's body, or the head of a compound one; `indent` counts levels."""

    indent: int
    start: Code
    expression: Expression = _EMPTY
    end: Code = _EMPTY


def literal(value: str | int | float | bool | None) -> Code:
    """The literal of a plain value; a string is ASCII, in the quotes that ruff prefers.

    Raises ValueError for a number that is not finite.
    """
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number that is not finite has no literal")
    return Code(repr(value).replace("e+", "e"))


def field(name: str) -> Code:
    """The name of a header as bytes. Raises ValueError unless it is a token."""
    if not _FIELD.fullmatch(name):
        raise ValueError(f"{name!r} is no field name")
    return Code(f'b"{name}"')


def pattern(text: str) -> Code:
    """The literal of a regular expression: raw, where that is possible and reads better."""
    if "\\" in text and _RAW.fullmatch(text) and not _ENDS_IN_BACKSLASHES.search(text):
        return Code(f'r"{text}"')
    return _string(text)


def _string(text: str) -> Code:
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = "".join(_character(character, quote) for character in text)
    return Code(f"{quote}{body}{quote}")


def _character(character: str, quote: str) -> str:
    code = ord(character)
    if character in (quote, "\\"):
        return "\\" + character
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    if 0x20 <= code < 0x7F:
        return character
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def identifier(name: str) -> Code:
    """A name of the module. Raises ValueError unless it is an ASCII identifier and no keyword."""
    if not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no identifier")
    return Code(name)


def dotted(name: str) -> Code:
    """The name of a module. Raises ValueError unless it is lower-case identifiers between dots."""
    if not _DOTTED.fullmatch(name) or any(keyword.iskeyword(part) for part in name.split(".")):
        raise ValueError(f"{name!r} is no module")
    return Code(name)


def words(text: str) -> Code:
    """Text for a comment or docstring: printable ASCII without quotes and backslashes, which become `?`."""
    return Code(_UNSAFE.sub("?", text))


def cell(text: str) -> Code:
    """Text for a line of a raw docstring: as `words`, with backslashes."""
    return Code("\\".join(words(part) for part in text.split("\\")))


def join(*parts: Code, by: str = "") -> Code:
    """Source made of source, with `by` between: punctuation of the templates, never configuration text."""
    if not all(isinstance(part, Code) for part in parts):
        raise TypeError("only Code joins to Code")
    return Code(by.join(parts))


def call(name: Code, *items: Expression, notes: Sequence[Code] = (), divisor: int = 1) -> Call:
    """`name(items)`, or `name(items) / divisor`."""
    return Call(Code(f"{name}("), items, Code(")" if divisor == 1 else f") / {divisor:d}"), tuple(notes))


def names(found: Sequence[Code], start: Code) -> Expression:
    """The names of an import that begins with `start`: in brackets where they do not fit."""
    flat = Code(", ".join(found))
    return flat if len(start) + len(flat) <= WIDTH else Call(Code("("), tuple(found), Code(")"))


def listing(items: Sequence[Expression], notes: Sequence[Code] = ()) -> Expression:
    """A tuple."""
    if not items:
        return Code("()")
    return Call(Code("("), tuple(items), Code(")"), tuple(notes), lonely_comma=len(items) == 1)


def array(items: Sequence[Expression]) -> Expression:
    """A list."""
    return Call(Code("["), tuple(items), Code("]")) if items else Code("[]")


def concatenation(parts: Sequence[Expression]) -> Expression:
    """Text in parts."""
    return Sum(tuple(parts))


def mapping(pairs: Sequence[tuple[str, Expression]]) -> Expression:
    """A dict with literal keys."""
    if not pairs:
        return Code("{}")
    return Call(Code("{"), tuple(Pair(Code(f"{_string(key)}: "), value) for key, value in pairs), Code("}"))


def argument(name: str, value: Expression) -> Pair:
    """`name=value`."""
    return Pair(Code(f"{identifier(name)}="), value)


def statement(start: Code, expression: Expression, note: Code) -> Code:
    """A statement in as few lines as fit.

    Arguments:
        start: what stands in front: `name = `, or nothing.
        expression: what it is about.
        note: the comment behind its first line, or empty.
    """
    return Code("\n".join(_lines(start, expression, note, 0, "")))


def lines(expression: Expression) -> tuple[Code, ...]:
    """An expression as a statement, line by line."""
    return tuple(Code(line) for line in _lines("", expression, "", 0, ""))


def block(lines: Sequence[Line]) -> Code:
    """Statements below each other, each in as few lines as fit; functions stand apart."""
    texts: list[str] = []
    functions: list[int] = []
    after_head = True
    for line in lines:
        begins = line.start.startswith("def ")
        ended = [indent for indent in functions if line.indent <= indent]
        functions = functions[: len(functions) - len(ended)]
        if ended or (begins and not after_head):
            texts.append("")
        if begins:
            functions.append(line.indent)
        texts += _lines(line.start, line.expression, "", 4 * line.indent, line.end)
        after_head = begins
    return Code("\n".join(text.rstrip() for text in texts))


def comment(text: str) -> Code:
    """A comment of one line: printable ASCII as it is, anything else `?`."""
    return Code("# " + re.sub(r"[^\x20-\x7e]", "?", text).rstrip())


def infix(left: Expression, operator: Code, right: Expression) -> Code | None:
    """`left operator right`, or None where it is too long for a line."""
    first, second = _flat(left), _flat(right)
    if first is None or second is None or len(first) + len(operator) + len(second) > SHORT:
        return None
    return Code(f"{first}{operator}{second}")


def prefixed(operator: Code, operand: Expression) -> Code | None:
    """`operator operand`, or None where it is too long for a line."""
    found = _flat(operand)
    return None if found is None or len(found) > SHORT else Code(f"{operator}{found}")


def _flat(expression: Expression) -> str | None:
    """The expression in one line, or None where an item's note needs a line of its own."""
    if isinstance(expression, str):
        return expression
    if isinstance(expression, Pair):
        value = _flat(expression.value)
        return None if value is None else expression.key + value
    if isinstance(expression, Sum):
        parts = [_flat(part) for part in expression.parts]
        return " + ".join(part or "" for part in parts)
    if any(expression.notes):
        return None
    items = [_flat(item) for item in expression.items]
    texts = [item for item in items if item is not None]
    if len(texts) < len(items):
        return None
    return f"{expression.head}{', '.join(texts)}{',' if expression.lonely_comma else ''}{expression.tail}"


def _lines(start: str, expression: Expression, note: str, indent: int, end: str) -> list[str]:
    space = " " * indent
    behind = f"  # {note}" if note else ""
    flat = _flat(expression)
    if flat is not None and len(space + start + flat + end + behind) <= WIDTH:
        return [space + start + flat + end + behind]
    if isinstance(expression, Pair):
        return _lines(start + expression.key, expression.value, note, indent, end)
    if isinstance(expression, Sum):
        return _lines(start, expression.joined(), note, indent, end)
    if isinstance(expression, str) or not expression.items:
        return [f"{space}{start}{flat}{end}{behind}"]
    lines = [f"{space}{start}{expression.head}{behind}"]
    notes = expression.notes or (Code(""),) * len(expression.items)
    for item, own in zip(expression.items, notes, strict=True):
        lines += _lines("", item, own, indent + 4, ",")
    lines.append(f"{space}{expression.tail}{end}")
    return lines
