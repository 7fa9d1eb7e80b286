"""Regular languages of text: what hosts, paths and patterns take; their meet, their difference, a shortest witness.

A language is a regular expression that may also say *and* and *not*. The states of its automaton are its derivatives
(Brzozowski 1964; Owens, Reppy and Turon 2009), made as they are reached: nothing is determinised that nobody asks for.
A derivative knows the character before it, so that `^`, `$` and `\\b` are exact wherever they stand.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Literal, TypeAlias
from weakref import WeakValueDictionary

from egc.compiler.ecmascript import (
    EVERY,
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
    inverse,
    meet,
    ranges,
)

MAX_STATES = 20_000
_MAX_COPIES = 8
_WORD = SETS["w"]
_NICE = tuple(map(ord, "a1x/-._~A")) + tuple(range(ord("b"), ord("z") + 1)) + tuple(range(ord("!"), ord("~") + 1))

Before: TypeAlias = Literal["start", "word", "other"]
"""What stands before a place: nothing, a character of `\\w`, or another one."""

Kind: TypeAlias = Literal["chars", "edge", "then", "any of", "all of", "not", "repeat", "guarded", "ended", "begun"]
"""`ended` takes the place behind it for the end of the text, `begun` the one before it for its start.

`guarded` has three parts: characters of the second as often as `repeat`, and before each all that follows must be of
the first; behind them, the third."""


class Beyond(Exception):
    """The question is beyond regular languages, or beyond the bound on states: the answer is *unknown*."""


class _Term:
    """A node of an expression; the same expression is the same object, so that states compare by identity."""

    __slots__ = (
        "__weakref__",
        "beside",
        "borders",
        "classes",
        "derived",
        "edge",
        "found",
        "kind",
        "least",
        "most",
        "parts",
        "placed",
    )

    def __init__(
        self,
        kind: Kind,
        parts: "tuple[_Term, ...]",
        found: Ranges,
        edge: str,
        least: int,
        most: int | None,
    ) -> None:
        self.kind = kind
        self.parts = parts
        self.found = found
        self.edge = edge
        self.least = least
        self.most = most
        self.beside: bool = edge != "" or any(part.beside for part in parts)
        self.borders: bool = edge in ("b", "B") or any(part.borders for part in parts)
        self.placed: bool = edge == "^" or any(part.placed for part in parts)
        self.classes: tuple[Ranges, ...] | None = None
        self.derived: dict[tuple[Before, int], _Term] = {}


_Key: TypeAlias = tuple[Kind, tuple[_Term, ...], Ranges, str, int, int | None]
_known: WeakValueDictionary[_Key, _Term] = WeakValueDictionary()


def _term(
    kind: Kind,
    parts: tuple[_Term, ...] = (),
    found: Ranges = (),
    edge: str = "",
    least: int = 0,
    most: int | None = None,
) -> _Term:
    key = (kind, parts, found, edge, least, most)
    term = _known.get(key)
    if term is None:
        term = _known[key] = _Term(*key)
    return term


_NONE = _term("chars")
_EMPTY = _term("repeat", (_NONE,), most=0)
_ALL = _term("repeat", (_term("chars", found=EVERY),))


def _then(head: _Term, tail: _Term) -> _Term:
    # A loop: a path of a thousand letters is a chain of as many terms.
    heads = []
    while head.kind == "then":
        heads.append(head.parts[0])
        head = head.parts[1]
    tail = _joined(head, tail)
    for one in reversed(heads):
        tail = _joined(one, tail)
    return tail


def _joined(head: _Term, tail: _Term) -> _Term:
    if head is _NONE or tail is _NONE:
        return _NONE
    if head is _EMPTY:
        return tail
    if tail is _EMPTY:
        return head
    if head is _ALL and tail is _ALL:
        return _ALL
    return _term("then", (head, tail))


def _repeat(body: _Term, least: int, most: int | None) -> _Term:
    if most == 0 or body is _EMPTY:
        return _EMPTY
    if body is _NONE:
        return _NONE if least else _EMPTY
    if (least, most) == (1, 1):
        return body
    if body.kind == "repeat" and (body.least, body.most) == (0, None) and most is None:
        return body
    return _term("repeat", (body,), least=least, most=most)


def _guarded(asked: _Term, single: _Term, tail: _Term, least: int, most: int | None) -> _Term:
    if most == 0 or single is _NONE:
        return _NONE if least else tail
    return _term("guarded", (asked, single, tail), least=least, most=most)


def _ended(term: _Term) -> _Term:
    return _term("ended", (term,)) if term.beside else term


def _begun(term: _Term) -> _Term:
    return _term("begun", (term,)) if term.beside else term


def _any_of(parts: Iterable[_Term]) -> _Term:
    flat: dict[_Term, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if part.kind == "any of" else (part,)))
    flat.pop(_NONE, None)
    if _ALL in flat:
        return _ALL
    single = [part for part in flat if part.kind == "chars"]
    if len(single) > 1:
        flat = {part: None for part in flat if part.kind != "chars"}
        flat[_term("chars", found=ranges([pair for part in single for pair in part.found]))] = None
    if len(flat) < 2:
        return next(iter(flat), _NONE)
    return _term("any of", tuple(sorted(flat, key=id)))


def _all_of(parts: Iterable[_Term]) -> _Term:
    flat: dict[_Term, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if part.kind == "all of" else (part,)))
    flat.pop(_ALL, None)
    if _NONE in flat:
        return _NONE
    single = [part for part in flat if part.kind == "chars"]
    if len(single) > 1:
        found = reduce(meet, [part.found for part in single])
        if not found:
            return _NONE
        flat = {part: None for part in flat if part.kind != "chars"}
        flat[_term("chars", found=found)] = None
    if len(flat) < 2:
        return next(iter(flat), _ALL)
    return _term("all of", tuple(sorted(flat, key=id)))


def _not(part: _Term) -> _Term:
    if part.kind == "not":
        return part.parts[0]
    if part is _NONE:
        return _ALL
    return _NONE if part is _ALL else _term("not", (part,))


def _is_word(code: int) -> bool:
    return any(low <= code <= high for low, high in _WORD)


def _takes_nothing(term: _Term, before: Before, after: int | None) -> bool:
    """Whether it fits between a character and the next without taking one; `after` is None at the end."""
    match term.kind:
        case "chars":
            return False
        case "edge":
            if term.edge == "^":
                return before == "start"
            if term.edge == "$":
                return after is None
            border = (before == "word") != (after is not None and _is_word(after))
            return border == (term.edge == "b")
        case "then" | "all of":
            return all(_takes_nothing(part, before, after) for part in term.parts)
        case "any of":
            return any(_takes_nothing(part, before, after) for part in term.parts)
        case "not":
            return not _takes_nothing(term.parts[0], before, after)
        case "repeat":
            return term.least == 0 or _takes_nothing(term.parts[0], before, after)
        case "guarded":
            return term.least == 0 and _takes_nothing(term.parts[2], before, after)
        case "ended":
            return _takes_nothing(term.parts[0], before, None)
        case "begun":
            return _takes_nothing(term.parts[0], "start", after)


def _derive(term: _Term, before: Before, code: int) -> _Term:
    """What may follow a character."""
    found = term.derived.get((before, code))
    if found is None:
        found = term.derived[before, code] = _derived(term, before, code)
    return found


def _derived(term: _Term, before: Before, code: int) -> _Term:
    match term.kind:
        case "chars":
            return _EMPTY if any(low <= code <= high for low, high in term.found) else _NONE
        case "edge":
            return _NONE
        case "then":
            head, tail = term.parts
            taken = _then(_derive(head, before, code), tail)
            if not _takes_nothing(head, before, code):
                return taken
            return _any_of((taken, _derive(tail, before, code)))
        case "any of":
            return _any_of(_derive(part, before, code) for part in term.parts)
        case "all of":
            return _all_of(_derive(part, before, code) for part in term.parts)
        case "not":
            return _not(_derive(term.parts[0], before, code))
        case "repeat":
            body = term.parts[0]
            # Where the body takes nothing here, any of the repetitions that are asked for may be spent at this place.
            least = 0 if _takes_nothing(body, before, code) else max(term.least - 1, 0)
            rest = _repeat(body, least, None if term.most is None else term.most - 1)
            return _then(_derive(body, before, code), rest)
        case "guarded":
            asked, single, tail = term.parts
            most = None if term.most is None else term.most - 1
            rest = _guarded(asked, single, tail, max(term.least - 1, 0), most)
            another = _all_of((_derive(asked, before, code), _then(_derive(single, before, code), rest)))
            return _any_of((another, _NONE if term.least else _derive(tail, before, code)))
        case "ended":
            return _ended(_derive(term.parts[0], before, code))
        case "begun":
            return _derive(term.parts[0], "start", code)


def _classes(term: _Term) -> tuple[Ranges, ...]:
    """Sets of characters that the derivative does not tell apart; together they are all characters."""
    if term.classes is None:
        split = _split(term)
        term.classes = _refined(split, (_WORD, inverse(_WORD))) if term.borders else split
    return term.classes


def _split(term: _Term) -> tuple[Ranges, ...]:
    match term.kind:
        case "chars":
            return tuple(part for part in (term.found, inverse(term.found)) if part)
        case "edge":
            return (EVERY,)
        case "then":
            head, tail = term.parts
            return _refined(_classes(head), _classes(tail)) if _may_take_nothing(head) else _classes(head)
        case "any of" | "all of" | "not" | "repeat" | "guarded" | "ended" | "begun":
            return reduce(_refined, map(_classes, term.parts))


def _may_take_nothing(term: _Term) -> bool:
    places: tuple[Before, ...] = ("start", "word", "other")
    return any(_takes_nothing(term, before, code) for before in places for code in (ord("a"), ord("-")))


@lru_cache(maxsize=4096)
def _refined(one: tuple[Ranges, ...], other: tuple[Ranges, ...]) -> tuple[Ranges, ...]:
    if one == other or len(other) == 1:
        return one
    both = {found: None for a in one for b in other if (found := meet(a, b))}
    return tuple(both)


@lru_cache(maxsize=4096)
def _nicest(found: Ranges) -> tuple[int, int]:
    """The character of a set that reads best in a request, behind its rank."""
    for rank, code in enumerate(_NICE):
        if any(low <= code <= high for low, high in found):
            return rank, code
    return len(_NICE), found[0][0]


def _seen(term: _Term, code: int) -> Before:
    """What a state remembers of the character before it: as little as its term asks for."""
    return "word" if term.borders and _is_word(code) else "other"


def _translated(node: Node, tail: _Term) -> _Term:
    """A tree of ECMAScript in front of what follows it: a look ahead asks something of that.

    Raises Beyond.
    """
    match node:
        case Chars():
            return _then(_term("chars", found=node.ranges), tail)
        case Edge(kind):
            return _then(_term("edge", edge=kind), tail)
        case Group(body):
            return _translated(body, tail)
        case Sequence(items):
            for item in reversed(items):
                tail = _translated(item, tail)
            return tail
        case Choice(items):
            if _looks(node):
                return _any_of(_translated(item, tail) for item in items)
            return _then(_any_of(_translated(item, _EMPTY) for item in items), tail)
        case Repeat(body, least, most, _):
            if not _looks(body):
                return _then(_repeat(_translated(body, _EMPTY), least, most), tail)
            match body:
                case Sequence((*looks, Chars() as single)) if all(isinstance(one, Look) for one in looks):
                    asked = _all_of(_translated(look, _ALL) for look in looks)
                    return _guarded(asked, _term("chars", found=single.ranges), tail, least, most)
            if most is None or most > _MAX_COPIES:
                raise Beyond("what looks ahead is repeated")
            return _any_of(
                reduce(lambda rest, _: _translated(body, rest), range(count), tail) for count in range(least, most + 1)
            )
        case Look(ahead, negative, body):
            if not ahead:
                raise Beyond("a pattern looks behind itself")
            asked = _translated(body, _ALL)
            return _all_of((_not(asked) if negative else asked, tail))


def _looks(node: Node) -> bool:
    match node:
        case Look():
            return True
        case Chars() | Edge():
            return False
        case Group(body) | Repeat(body, _, _, _):
            return _looks(body)
        case Sequence(items) | Choice(items):
            return any(map(_looks, items))


@dataclass(frozen=True, slots=True)
class Language:
    """A regular language: a set of texts. `&`, `|`, `-`, `~` and `<=` mean what they mean for sets.

    Build one with `text`, `whole`, `starting`, `within`, `EVERYTHING` or `NOTHING`. A question that takes more than
    MAX_STATES states raises Beyond.
    """

    _whole: _Term

    def __and__(self, other: "Language") -> "Language":
        return Language(_all_of((self._whole, other._whole)))

    def __or__(self, other: "Language") -> "Language":
        return Language(_any_of((self._whole, other._whole)))

    def __invert__(self) -> "Language":
        return Language(_not(self._whole))

    def __sub__(self, other: "Language") -> "Language":
        return self & ~other

    def __add__(self, other: "Language") -> "Language":
        """One text of this language, and behind it one of the other: `^` and `$` mean the ends of each."""
        return Language(_then(_ended(self._whole), _begun(other._whole)))

    def __contains__(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        term, before = self._whole, _first(self._whole)
        for code in map(ord, text):
            term = _derive(term, before, code)
            before = _seen(term, code)
        return _takes_nothing(term, before, None)

    def __le__(self, other: "Language") -> bool:
        """Whether every text of this one is a text of the other. Raises Beyond."""
        return (self - other).empty

    @property
    def empty(self) -> bool:
        """Whether no text is in it. Raises Beyond."""
        return not any(word in self for word in _likely(self._whole)) and self.witness() is None

    def witness(self) -> str | None:
        """A shortest text of the language, of characters that read well where there is a choice; None where none is.

        Raises Beyond.
        """
        return _witness(self)

    def witnesses(self) -> Iterator[str]:
        """Texts of the language, shortest first: one for each state in which one may end.

        Raises Beyond.
        """
        start = (self._whole, _first(self._whole))
        came: dict[tuple[_Term, Before], tuple[tuple[_Term, Before], int] | None] = {start: None}
        waiting = deque([start])
        while waiting:
            state = waiting.popleft()
            term, before = state
            if _takes_nothing(term, before, None):
                yield _spelt(came, state)
            for _, code in sorted(map(_nicest, _classes(term))):
                following = _derive(term, before, code)
                if following is _NONE:
                    continue
                reached = (following, _seen(following, code))
                if reached in came:
                    continue
                if len(came) >= MAX_STATES:
                    raise Beyond(f"the answer takes more than {MAX_STATES} states")
                came[reached] = (state, code)
                waiting.append(reached)


@lru_cache(maxsize=8192)
def _witness(language: Language) -> str | None:
    return next(language.witnesses(), None)


def _likely(term: _Term) -> Iterator[str]:
    """Texts that may well be in a language: what its parts have."""
    if term.kind in ("all of", "any of"):
        for part in term.parts:
            with suppress(Beyond):
                if part.kind != "not" and (found := _witness(Language(part))) is not None:
                    yield found


def _first(term: _Term) -> Before:
    return "start" if term.placed or term.borders else "other"


def _spelt(
    came: dict[tuple[_Term, Before], tuple[tuple[_Term, Before], int] | None],
    state: tuple[_Term, Before],
) -> str:
    codes: list[int] = []
    step = came[state]
    while step:
        state, code = step
        codes.append(code)
        step = came[state]
    return "".join(map(chr, reversed(codes)))


EVERYTHING = Language(_ALL)
NOTHING = Language(_NONE)


def text(exact: str, *, ignore_case: bool = False) -> Language:
    """The language of one text, in any case of its letters where `ignore_case`."""
    chars = (Chars(((ord(one), ord(one)),), fold=ignore_case) for one in exact)
    return Language(_translated(Sequence(tuple(chars)), _EMPTY))


def whole(node: Node) -> Language:
    """The texts that fit a pattern from start to end. Raises Beyond."""
    return Language(_translated(node, _EMPTY))


def starting(node: Node) -> Language:
    """The texts that begin with what fits. Raises Beyond."""
    return Language(_translated(node, _ALL))


def within(node: Node) -> Language:
    """The texts that have a part which fits, as JavaScript's `test` looks for one. Raises Beyond."""
    return Language(_then(_ALL, _translated(node, _ALL)))
