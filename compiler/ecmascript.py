"""JavaScript's regular expressions as trees: ECMA-262 with annex B, as Node reads a pattern without the `u` flag.

What neither of our engines can say (references back, repeated groups whose captures JavaScript forgets) is refused.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, TypeAlias

MAX_LENGTH = 4096
LAST = 0x10FFFF
_MAX_DEPTH = 50
_MAX_COUNT = 65535
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)", re.ASCII)
_GROUP_NAME = re.compile(r"<([A-Za-z_$][\w$]*)>", re.ASCII)
_NOTHING_TO_REPEAT = "there is nothing to repeat before the quantifier"
_LETTERS = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points, in order, without overlap."""


class Untranslatable(Exception):
    """The pattern is invalid, or means something that egc cannot say, or not safely; `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set, or of none of it where `negated`; in any case of its letters where `fold`.

    `any` is the dot where the text has one line: every character, by agreement.
    """

    base: Ranges
    negated: bool = False
    fold: bool = False
    any: bool = False

    @property
    def ranges(self) -> Ranges:
        """All code points that fit."""
        return _fitting(self.base, self.negated, self.fold)


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: the start `^`, the end `$`, a border of a word `b`, or none `B`."""

    kind: Literal["^", "$", "b", "B"]


@dataclass(frozen=True, slots=True)
class Look:
    """What must follow (`ahead`), or precede, or must not (`negative`)."""

    ahead: bool
    negative: bool
    body: "Node"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; nothing at all where empty."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """The first that fits."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """What is captured."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` (None: any number) times, as few as possible where `lazy`."""

    body: "Node"
    least: int
    most: int | None
    lazy: bool


Node: TypeAlias = Chars | Edge | Look | Sequence | Choice | Group | Repeat

NOTHING = Sequence(())
EVERY: Ranges = ((0, LAST),)
ANY = Chars(EVERY, any=True)
_NEVER = Chars(())
_EVERY = Chars(EVERY)


def ranges(pairs: list[tuple[int, int]]) -> Ranges:
    """The pairs in order, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def inverse(found: Ranges) -> Ranges:
    """All other code points."""
    others: list[tuple[int, int]] = []
    start = 0
    for low, high in found:
        if low > start:
            others.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        others.append((start, LAST))
    return tuple(others)


@lru_cache(maxsize=4096)
def _fitting(base: Ranges, negated: bool, fold: bool) -> Ranges:
    found = with_cases(base) if fold else base
    return inverse(found) if negated else found


def meet(one: Ranges, other: Ranges) -> Ranges:
    """What both have."""
    return tuple((max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) <= min(b, d))


def _of(*characters: str) -> Ranges:
    return ranges([(ord(one[0]), ord(one[-1])) for one in characters])


SETS = {
    "d": _of("09"),
    "w": _of("09", "AZ", "_", "az"),
    "s": _of("\t\r", " ", "\xa0", "\u1680", "\u2000\u200a", "\u2028\u2029", "\u202f", "\u205f", "\u3000", "\ufeff"),
}
SETS |= {name.upper(): inverse(found) for name, found in SETS.items()}
_DOT = Chars(inverse(_of("\n", "\r", "\u2028\u2029")))


def nullable(node: Node) -> bool:
    """Whether it may take no character."""
    match node:
        case Chars():
            return False
        case Edge() | Look():
            return True
        case Sequence(items):
            return all(map(nullable, items))
        case Choice(items):
            return any(map(nullable, items))
        case Group(body):
            return nullable(body)
        case Repeat(body, least, _, _):
            return least == 0 or nullable(body)


def captures(node: Node) -> int:
    """How many groups it has."""
    match node:
        case Chars() | Edge():
            return 0
        case Sequence(items) | Choice(items):
            return sum(map(captures, items))
        case Group(body):
            return 1 + captures(body)
        case Look(_, _, body) | Repeat(body, _, _, _):
            return captures(body)


def anchored(node: Node) -> bool:
    """Whether it can only fit at the start of the text."""
    match node:
        case Edge(kind):
            return kind == "^"
        case Sequence(items):
            return bool(items) and anchored(items[0])
        case Choice(items):
            return all(map(anchored, items))
        case Group(body):
            return anchored(body)
        case Chars() | Look() | Repeat():
            return False


def _forgets(node: Node) -> bool:
    """Whether it may fit without setting one of its groups: JavaScript clears those at each repetition."""
    match node:
        case Chars() | Edge():
            return False
        case Look(_, _, body):
            return isinstance(body, Choice) and captures(body) > 0
        case Sequence(items):
            return any(map(_forgets, items))
        case Choice(items):
            return any(map(_forgets, items)) or captures(node) > 0
        case Group(body):
            return _forgets(body)
        case Repeat(body, least, _, _):
            return _forgets(body) or (least == 0 and captures(body) > 0)


def nonempty(node: Node) -> Node | None:
    """What takes at least one character and is otherwise the same; None where nothing is left.

    JavaScript gives up a repetition that took nothing. Raises Untranslatable where that cannot be said.
    """
    if not nullable(node):
        return node
    match node:
        case Edge() | Look():
            return None
        case Group(body):
            inside = nonempty(body)
            return None if inside is None else Group(inside)
        case Choice(items):
            left = [one for one in map(nonempty, items) if one is not None]
            if sum(map(captures, left)) < captures(node):
                break_off()
            return Choice(tuple(left)) if len(left) > 1 else left[0] if left else None
        case Repeat(body, least, most, lazy):
            if not nullable(body):
                return body if most == 1 else Repeat(body, 1, most, lazy)
            if least == 0:
                inside = nonempty(body)
                return inside if most == 1 or inside is None else Repeat(inside, 1, most, lazy)
        case Sequence(items):
            solid = [index for index, one in enumerate(items) if nonempty(one) is not None]
            if not solid:
                return None
            if len(solid) == 1:
                at = solid[0]
                middle = nonempty(items[at])
                return Sequence(items[:at] + ((middle,) if middle else ()) + items[at + 1 :])
            if not captures(node) and not _conditional(node) and _greedy(node):
                return without_first(node, ())
    return break_off()


def without_first(node: Node, cut: Ranges) -> Node | None:
    """What takes at least one character, the first of them none of `cut`, and as a language is otherwise the same.

    Which way is preferred to which is lost, and groups may come twice. None where nothing is left.
    """
    match node:
        case Chars():
            left = meet(node.ranges, inverse(cut))
            return node if left == node.ranges else Chars(left) if left else None
        case Edge() | Look():
            return None
        case Group(body):
            return without_first(body, cut)
        case Choice(items):
            found = [one for one in (without_first(item, cut) for item in items) if one is not None]
            return Choice(tuple(found)) if len(found) > 1 else found[0] if found else None
        case Repeat(body, least, most, lazy):
            begun = without_first(body, cut)
            if begun is None or most == 1:
                return begun
            rest = Repeat(body, 0 if nullable(body) else max(least - 1, 0), None if most is None else most - 1, lazy)
            return Sequence((begun, rest))
        case Sequence(items):
            ways: list[Node] = []
            passed: list[Node] = []
            for index, item in enumerate(items):
                begun = without_first(item, cut)
                if begun is not None:
                    ways.append(Sequence((*passed, begun, *items[index + 1 :])))
                if not nullable(item):
                    break
                passed.append(_taking_nothing(item))
            return Choice(tuple(ways)) if len(ways) > 1 else ways[0] if ways else None


def _taking_nothing(node: Node) -> Node:
    """What a part that can take nothing still asks of the place."""
    match node:
        case Chars():
            raise AssertionError("a character is something")
        case Edge() | Look():
            return node
        case Group(body):
            return _taking_nothing(body)
        case Choice(items):
            return Choice(tuple(_taking_nothing(item) for item in items if nullable(item)))
        case Repeat(body, least, _, _):
            return _taking_nothing(body) if least else NOTHING
        case Sequence(items):
            return Sequence(tuple(_taking_nothing(item) for item in items))


def _conditional(node: Node) -> bool:
    """Whether it looks at the place where it is."""
    match node:
        case Chars():
            return False
        case Edge() | Look():
            return True
        case Group(body) | Repeat(body, _, _, _):
            return _conditional(body)
        case Sequence(items) | Choice(items):
            return any(map(_conditional, items))


def break_off() -> Node:
    """Raises Untranslatable."""
    raise Untranslatable("a group that can match nothing is repeated")


@cache
def _folded() -> dict[str, str]:
    """Characters outside ASCII by what JavaScript compares without regard to case, as far as several share it."""
    groups: dict[str, str] = {}
    for code in range(128, 0x10000):
        character = chr(code)
        upper = character.upper()
        if len(upper) != 1 or upper.isascii() or ord(upper) > 0xFFFF:
            upper = character
        groups[upper] = groups.get(upper, "") + character
    return {character: shared for shared in groups.values() if len(shared) > 1 for character in shared}


def _cases(code: int) -> list[int]:
    """The code points that are the same without regard to case (ECMA-262, Canonicalize without `u`)."""
    if code < 128:
        return [ord(case) for case in {chr(code).lower(), chr(code).upper()}]
    return [ord(case) for case in _folded().get(chr(code), chr(code))]


def with_cases(found: Ranges, *, ascii_too: bool = True) -> Ranges:
    """The set without regard to case."""
    pairs = list(found)
    for low, high in found:
        if ascii_too:
            pairs += [(case, case) for code in range(low, min(high, 127) + 1) for case in _cases(code)]
        if high == low < 128:
            continue
        if high - low < 64:
            pairs += [(case, case) for code in range(max(low, 128), high + 1) for case in _cases(code)]
        else:
            shared = [same for character, same in _folded().items() if low <= ord(character) <= high]
            pairs += [(ord(case), ord(case)) for same in shared for case in same]
    return ranges(pairs)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a class: `code` is None for a set like `\\d`."""

    code: int | None
    found: Ranges


def read(
    source: str,
    *,
    ignore_case: bool = False,
    dot_all: bool = False,
    one_line: bool = False,
    only_whether: bool = False,
) -> Node:
    """The tree of a pattern.

    Arguments:
        source: the pattern, without the slashes around it.
        ignore_case, dot_all: JavaScript's `i` and `s`.
        one_line: the text never holds a line end, so that the dot is any character.
        only_whether: nobody asks where it fits and what its groups take: more patterns can be said then.

    Raises Untranslatable.
    """
    if len(source) > MAX_LENGTH:
        raise Untranslatable(f"the pattern is longer than {MAX_LENGTH} characters")
    dot = ANY if one_line else _EVERY if dot_all else _DOT
    return _Reader(source, ignore_case, dot, only_whether).read()


class _Reader:
    """Recursive descent over one pattern."""

    def __init__(self, source: str, ignore_case: bool, dot: Chars, only_whether: bool) -> None:
        self._source = source
        self._at = 0
        self._ignore_case = ignore_case
        self._dot = dot
        self._only_whether = only_whether
        self._names: set[str] = set()
        self._named = "(?<" in source.replace("(?<=", "").replace("(?<!", "")

    def read(self) -> Node:
        node = self._alternatives(0)
        if self._at < len(self._source):
            raise Untranslatable("a `)` has no `(`")
        return node

    def _peek(self, text: str) -> bool:
        return self._source.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        found = self._peek(text)
        if found:
            self._at += len(text)
        return found

    def _alternatives(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise Untranslatable(f"groups are nested deeper than {_MAX_DEPTH}")
        items = [self._sequence(depth)]
        while self._take("|"):
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _sequence(self, depth: int) -> Node:
        items: list[Node] = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            term = self._term(depth)
            items += term.items if isinstance(term, Sequence) else (term,)
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _term(self, depth: int) -> Node:
        if self._take("^"):
            return self._unrepeated(Edge("^"))
        if self._take("$"):
            return self._unrepeated(Edge("$"))
        if self._take(r"\b"):
            return self._unrepeated(Edge("b"))
        if self._take(r"\B"):
            return self._unrepeated(Edge("B"))
        if self._peek("("):
            return self._group(depth)
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        return self._quantified(self._atom())

    def _unrepeated(self, node: Node) -> Node:
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        return node

    def _group(self, depth: int) -> Node:
        self._at += 1
        for opening in ("?=", "?!", "?<=", "?<!"):
            if self._take(opening):
                return self._look(opening, depth)
        group = not self._only_whether
        if self._take("?:"):
            group = False
        elif self._take("?"):
            self._name()
        body = self._alternatives(depth + 1)
        if not self._take(")"):
            raise Untranslatable("a `(` is not closed")
        return self._quantified(Group(body) if group else body)

    def _look(self, opening: str, depth: int) -> Node:
        body = self._alternatives(depth + 1)
        if not self._take(")"):
            raise Untranslatable("a `(` is not closed")
        if opening != "?=" and captures(body):
            raise Untranslatable(f"a group that captures inside `({opening}` is not supported")
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(f"a repeated `({opening}` is not supported")
        return Look("<" not in opening, "!" in opening, body)

    def _name(self) -> None:
        found = _GROUP_NAME.match(self._source, self._at)
        if not found:
            raise Untranslatable("`(?` begins no group that JavaScript (Node 20) knows")
        if found[1] in self._names:
            raise Untranslatable(f"two groups are named `{found[1]}`")
        self._names.add(found[1])
        self._at = found.end()

    def _quantified(self, node: Node) -> Node:
        found = _QUANTIFIER.match(self._source, self._at)
        if not found:
            return node
        self._at = found.end()
        sign, low, comma, high, question = found.groups()
        lazy = bool(question) and not self._only_whether
        most: int | None
        if sign:
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            least = int(low[:9])
            most = least if not comma else int(high[:9]) if high else None
        if max(least, most or 0) > _MAX_COUNT:
            raise Untranslatable(f"a count is larger than {_MAX_COUNT}")
        if most is not None and most < least:
            raise Untranslatable("the numbers of a quantifier are out of order")
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        if most == 0:
            if captures(node):
                raise Untranslatable("a group that is repeated 0 times is not supported")
            return NOTHING
        if (most is None or most > 1) and _forgets(node):
            raise Untranslatable("a group that not every repetition sets is repeated")
        if not nullable(node) or (least, most) == (1, 1):
            return Repeat(node, least, most, lazy)
        if self._only_whether and not _conditional(node):
            rest = without_first(node, ())
            return NOTHING if rest is None else Repeat(rest, 0, most, lazy)
        if least and captures(node):
            break_off()
        solid = nonempty(node)
        if solid is None:
            if captures(node):
                break_off()
            return node if least else NOTHING
        if least and (lazy or not _greedy(node)):
            break_off()
        return Repeat(solid, 0, most, lazy)

    def _atom(self) -> Chars:
        character = self._source[self._at]
        self._at += 1
        if character == ".":
            return self._dot
        if character == "[":
            return self._class()
        if character == "\\":
            letter = self._next("the pattern ends in a backslash")
            if letter in SETS:
                return Chars(SETS[letter])
            if letter in "123456789" or (letter == "k" and self._named):
                raise Untranslatable("a reference back to a group is not supported")
            character = self._character(letter)
        return self._set([_one(character)])

    def _set(self, pairs: list[tuple[int, int]], *, negated: bool = False) -> Chars:
        found = ranges(pairs)
        if self._ignore_case:
            found = with_cases(found, ascii_too=False)
        return Chars(found, negated, self._ignore_case)

    def _class(self) -> Chars:
        negated = self._take("^")
        if self._take("]"):
            return _EVERY if negated else _NEVER
        pairs: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._member()
            pairs += low.found
            if self._peek("-") and not self._peek("-]"):
                self._at += 1
                high = self._member()
                if low.code is None or high.code is None:
                    pairs += [*_of("-"), *high.found]
                elif high.code < low.code:
                    raise Untranslatable("the ends of a range are out of order")
                else:
                    pairs.append((low.code, high.code))
        return self._set(pairs, negated=negated)

    def _member(self) -> _Member:
        character = self._next("a `[` is not closed")
        if character == "\\":
            letter = self._next("the pattern ends in a backslash")
            if letter in SETS:
                return _Member(None, SETS[letter])
            if letter in "123456789":
                raise Untranslatable("an octal escape is not supported")
            character = "\b" if letter == "b" else self._character(letter)
        pair = _one(character)
        return _Member(pair[0], (pair,))

    def _next(self, otherwise: str) -> str:
        if self._at >= len(self._source):
            raise Untranslatable(otherwise)
        self._at += 1
        return self._source[self._at - 1]

    def _character(self, letter: str) -> str:
        """The character that an escape stands for; `letter` is the one behind the backslash."""
        if letter in _LETTERS:
            return _LETTERS[letter]
        if letter == "0":
            if self._source[self._at : self._at + 1].isdecimal():
                raise Untranslatable("an octal escape is not supported")
            return "\0"
        if letter == "c":
            control = self._source[self._at : self._at + 1]
            if not (control.isascii() and control.isalpha()):
                raise Untranslatable(r"`\c` without a letter is not supported")
            self._at += 1
            return chr(ord(control) % 32)
        if letter in "xu":
            width = 2 if letter == "x" else 4
            digits = self._source[self._at : self._at + width]
            if len(digits) == width and re.fullmatch(r"[0-9A-Fa-f]+", digits):
                self._at += width
                return chr(int(digits, 16))
        return letter


def literal(text: str, *, fold: bool = False) -> tuple[Chars, ...]:
    """The characters of a text, each for itself."""
    codes = [((ord(character), ord(character)),) for character in text]
    return tuple(Chars(with_cases(code, ascii_too=False) if fold else code, fold=fold) for code in codes)


def _one(character: str) -> tuple[int, int]:
    if ord(character) > 0xFFFF:
        raise Untranslatable("a character beyond U+FFFF is not supported")
    return ord(character), ord(character)


def _greedy(node: Node) -> bool:
    """Whether every repetition and choice in it prefers more to less."""
    match node:
        case Chars() | Edge() | Look():
            return True
        case Sequence(items):
            return all(map(_greedy, items))
        case Choice():
            return False
        case Group(body):
            return _greedy(body)
        case Repeat(body, _, _, lazy):
            return not lazy and _greedy(body)
