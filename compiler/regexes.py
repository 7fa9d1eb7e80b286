"""The one door for regular expressions of a configuration: the same meaning in Python, in linear time, or a reason.

A pattern is JavaScript's. Python's `re` takes it where its backtracking is proven harmless (`backtracking.py`);
otherwise RE2, which has no backtracking; a pattern that neither can take is refused. Groups are numbered as in
JavaScript, and no name reaches an engine.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import re2

from egc.compiler import ecmascript
from egc.compiler.backtracking import work
from egc.compiler.ecmascript import (
    LAST,
    MAX_LENGTH,
    SETS,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    Ranges,
    Repeat,
    Sequence,
    Untranslatable,
    inverse,
)
from egc.compiler.plan import Pattern

__all__ = ["MAX_LENGTH", "Translated", "Untranslatable", "compiled", "looks", "safe", "spelled", "translate"]

MAX_PROGRAM = 600
"""Instructions of an RE2 program: 8 KB of text then take at most some tens of milliseconds."""

_SPACES = r"\s\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LINE_ENDS = Chars(inverse(((10, 10), (13, 13), (0x2028, 0x2029))))
_OPENINGS = {(True, False): "?=", (True, True): "?!", (False, False): "?<=", (False, True): "?<!"}
_EDGES = {"^": "^", "$": r"\Z", "b": r"\b", "B": r"(?!\b)"}
_LINEAR_EDGES = {"^": "^", "$": r"\z", "b": r"\b"}
_CONFUSED: tuple[Ranges, ...] = (((75, 75), (107, 107)), ((83, 83), (115, 115)))
_FLAGS = frozenset("dgis")
_COULD_HOLD = "it could hold the gateway for long on some texts"


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern as text for an engine.

    `pattern` says which engine. `groups`: how many groups capture. `anchored`: it fits at the start of the text only,
    so that `match` finds what JavaScript's search finds.
    """

    pattern: Pattern
    groups: int
    anchored: bool

    @property
    def regex(self) -> str:
        return self.pattern.regex


def safe(source: str, flags: str = "", *, one_line: bool = False, only_whether: bool = False) -> Pattern:
    """A JavaScript pattern as a setting of the plan, to be searched for.

    Arguments:
        source: the pattern, without the slashes around it.
        flags: JavaScript's; of these `d`, `g`, `i` and `s` are understood. With `g` all matches are asked for.
        one_line: the text to be searched never holds a line end (a request path, a header value).
        only_whether: nobody asks where it fits and what its groups take: more patterns can be said then.

    Raises Untranslatable.
    """
    return translate(source, flags, one_line=one_line, only_whether=only_whether).pattern


def translate(source: str, flags: str = "", *, one_line: bool = False, only_whether: bool = False) -> Translated:
    """As `safe`, with what routing wants to know besides."""
    if refused := sorted(set(flags) - _FLAGS):
        raise Untranslatable(f"the flag `{refused[0]}` is not supported")
    node = ecmascript.read(
        source,
        ignore_case="i" in flags,
        dot_all="s" in flags,
        one_line=one_line,
        only_whether=only_whether,
    )
    return compiled(node, every="g" in flags)


@lru_cache(maxsize=1024)
def compiled(node: Node, *, every: bool = False, whole: bool = False) -> Translated:
    """A tree as text for the engine that takes it safely.

    Arguments:
        node: the pattern.
        every: whether all matches of a text are asked for, one behind the other.
        whole: the text is matched from its start, not searched: a `^` is understood.

    Raises Untranslatable.
    """
    found = spelled(node)
    try:
        re.compile(found.regex, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise Untranslatable(f"Python's `re` cannot say it: {error}") from None
    if work(Sequence((Edge("^"), node)) if whole else node, every=every) is None:
        if looks(node):
            raise Untranslatable(f"{_COULD_HOLD}, and look-around cannot be sped up")
        found = spelled(node, linear=True)
        _check(found.regex)
    return Translated(found, ecmascript.captures(node), ecmascript.anchored(node))


def spelled(node: Node, *, linear: bool = False) -> Pattern:
    """A tree as text for Python's `re`, or for RE2 where `linear`: none that `looks` then."""
    if linear:
        return Pattern(_Linear().text(node), linear=True, tree=node)
    fold = _folds(node)
    return Pattern(_Python(fold).text(node), fold, tree=node)


def _check(regex: str) -> None:
    """Raises Untranslatable where RE2 cannot say it, or would take long all the same."""
    options = re2.Options()
    options.log_errors = False
    try:
        program = re2.compile(regex, options)
    except re2.error as error:
        raise Untranslatable(f"{_COULD_HOLD}, and RE2 cannot say it: {error}") from None
    if max(program.programsize, program.reverseprogramsize) > MAX_PROGRAM:
        raise Untranslatable(f"it is too large: {_COULD_HOLD}")


def _folds(node: Node) -> bool:
    match node:
        case Chars():
            return node.fold
        case Edge():
            return False
        case Sequence(items) | Choice(items):
            return any(map(_folds, items))
        case Look(_, _, body) | Group(body) | Repeat(body, _, _, _):
            return _folds(body)


def looks(node: Node) -> bool:
    """Whether it looks around, which RE2 cannot; its `\\B` is one of bytes, not of characters."""
    match node:
        case Chars():
            return False
        case Edge(kind):
            return kind == "B"
        case Look():
            return True
        case Sequence(items) | Choice(items):
            return any(map(looks, items))
        case Group(body) | Repeat(body, _, _, _):
            return looks(body)


class _Python:
    """Writes a tree for Python's `re` with ASCII, and IGNORECASE where letters count in any case."""

    edges = _EDGES

    def __init__(self, fold: bool = False) -> None:
        self._fold = fold

    def text(self, node: Node) -> str:
        match node:
            case Chars():
                return self.one(node)
            case Edge(kind):
                return self.edges[kind]
            case Look(ahead, negative, body):
                return f"({_OPENINGS[ahead, negative]}{self.text(body)})"
            case Group(body):
                return f"({self.text(body)})"
            case Choice(items):
                return "|".join(map(self.text, items))
            case Sequence(items):
                return "".join(map(self._inside, items))
            case Repeat(body, least, most, lazy):
                text = self.text(body)
                if not isinstance(body, Chars | Group) or text.startswith("(?"):
                    text = f"(?:{text})"
                return text + _times(least, most) + ("?" if lazy else "")

    def _inside(self, node: Node) -> str:
        return f"(?:{self.text(node)})" if isinstance(node, Choice) else self.text(node)

    def one(self, chars: Chars) -> str:
        """A character of a set."""
        if chars.any:
            return "."
        if not chars.negated and chars == _LINE_ENDS:
            return r"[^\n\r\u2028\u2029]"
        found = chars.base
        if chars.ranges == ecmascript.EVERY:
            return r"[\s\S]"
        if not found:
            return "(?!)"
        for letter in "dw":
            if found == SETS[letter]:
                return "\\" + (letter.upper() if chars.negated else letter)
            if found == SETS[letter.upper()]:
                return "\\" + (letter if chars.negated else letter.upper())
        if found == SETS["S"]:
            return f"[{'' if chars.negated else '^'}{_SPACES}]"
        if len(found) == 1 and found[0][0] == found[0][1] and not chars.negated:
            return _outside_class(chr(found[0][0]))
        negated = chars.negated
        if not chars.fold and found[-1][1] == LAST:
            found, negated = inverse(found), not negated
        return f"[{'^' if negated else ''}{_members(found)}]"


class _Linear(_Python):
    """Writes a tree for RE2, whose own way without regard to case is another than JavaScript's."""

    edges = _LINEAR_EDGES

    def one(self, chars: Chars) -> str:
        if chars.any:
            return "."
        found = chars.ranges
        if not found:
            return rf"[^\x00-\x{{{LAST:x}}}]"
        if found == ecmascript.EVERY:
            return "(?s:.)"
        for letter in "dw":
            if found == SETS[letter]:
                return "\\" + letter
            if found == SETS[letter.upper()]:
                return "\\" + letter.upper()
        if len(found) == 1 and found[0][0] == found[0][1]:
            return _linear_character(found[0][0])
        if found in _CONFUSED:
            # Beside another character RE2 takes `[Kk]` for k in any case, and so the Kelvin sign; `[Ss]` the long s.
            return f"(?:[{chr(found[0][0])}{chr(found[1][0])}]{{1}})"
        negated = found[-1][1] == LAST
        if negated:
            found = inverse(found)
        members = "".join(
            _linear_character(low) if low == high else f"{_linear_character(low)}-{_linear_character(high)}"
            for low, high in found
        )
        return f"[{'^' if negated else ''}{members}]"


def _times(least: int, most: int | None) -> str:
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    if sign:
        return sign
    if most is None:
        return f"{{{least},}}"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _members(found: Ranges) -> str:
    """The inside of a class for Python."""
    text = ""
    for letter, spelled in (("s", _SPACES), ("w", r"\w"), ("d", r"\d")):
        if _holds(found, SETS[letter]):
            text += spelled
            found = _without(found, SETS[letter])
    for low, high in found:
        between = "-" if high > low + 1 else ""
        text += _in_class(chr(low)) + (between + _in_class(chr(high)) if high > low else "")
    return text


def _holds(found: Ranges, part: Ranges) -> bool:
    return all(any(low <= first and last <= high for low, high in found) for first, last in part)


def _without(found: Ranges, part: Ranges) -> Ranges:
    return inverse(ecmascript.ranges([*inverse(found), *part]))


def _spelled(character: str) -> str | None:
    """An escape for what does not print."""
    code = ord(character)
    if character.isascii() and character.isprintable():
        return None
    if code < 256:
        return f"\\x{code:02x}"
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    if unicodedata.category(character)[0] in "CZ":
        return f"\\u{code:04x}"
    return None


def _outside_class(character: str) -> str:
    spelled = _spelled(character)
    if spelled:
        return spelled
    return "\\" + character if character in r".^$*+?{}[]\|()" else character


def _in_class(character: str) -> str:
    spelled = _spelled(character)
    if spelled:
        return spelled
    return "\\" + character if character in r"\]^[-&~|" else character


def _linear_character(code: int) -> str:
    character = chr(code)
    if character.isascii() and (character.isalnum() or character in "/_ ,:;<=>@%!'\"`~#&"):
        return character
    if 0x20 <= code < 0x7F:
        return "\\" + character
    return f"\\x{{{code:x}}}"
