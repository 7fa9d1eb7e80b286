"""How much work a pattern can make for an engine that tries one way after the other, as Python's `re` does.

A pattern is turned into its position automaton (Glushkov), whose edges are counted: two ways from one position to the
next are two attempts. Then every text is read at once, with the number of attempts that are alive at each position. If
that closes, with small numbers, the whole match is linear in the text; if it does not, nothing is promised.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from egc.compiler.ecmascript import (
    EVERY,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    Ranges,
    Repeat,
    Sequence,
    anchored,
    inverse,
    meet,
    ranges,
)

WORK = 192
"""Steps for a character of the text that are still called linear: 8 KB then take a few milliseconds."""

_MAX_POSITIONS = 1000
_MAX_COPIES = 24
_MAX_EDGES = 40_000
_MAX_STATES = 3000
_MAX_STEPS = 60_000


class _Unbounded(Exception):
    """No promise can be made."""


@dataclass(slots=True)
class _Part:
    """How a part of the pattern is entered and left, each with the number of ways.

    `empty` is the number of ways through it without a character. `quiet` positions reach its end past nothing but `$`,
    `open` ones past nothing at all; `quiet_empty`, `open_empty` say so for the part that takes nothing.
    """

    empty: int = 0
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    quiet: frozenset[int] = frozenset()
    open: frozenset[int] = frozenset()
    quiet_empty: bool = False
    open_empty: bool = False


def work(node: Node, *, every: bool = False) -> int | None:
    """The most attempts that searching a text makes Python's `re` try for each character of it.

    Arguments:
        node: the pattern.
        every: whether all matches of a text are asked for, one behind the other.

    None where more than WORK may be: the time may then grow faster than the text.
    """
    try:
        return _Automaton(_without_start(node), every).work()
    except _Unbounded:
        return None


class _Automaton:
    """The positions of a pattern."""

    def __init__(self, node: Node, every: bool = False, *, inside: bool = False) -> None:
        self._sets: list[Ranges] = []
        self._follow: list[Counter[int]] = []
        self._edges = 0
        self._loops: set[int] = set()
        self._looks = 0
        self._once = inside or anchored(node)
        self._anchored = self._once
        whole = self._part(node)
        self._first = whole.first
        done = whole.open | {position for position in whole.quiet if position in self._loops}
        self._final = frozenset() if every else done
        self._starts_once = self._anchored or (whole.open_empty and not every)

    def work(self) -> int:
        """The most steps for one character of any text. Raises _Unbounded."""
        found = max(1, self._most_steps()) * (1 + self._looks)
        if found > WORK:
            raise _Unbounded
        return found

    # ---- The automaton

    def _part(self, node: Node) -> _Part:
        match node:
            case Chars():
                return self._position(node.ranges)
            case Edge(kind):
                return _Part(1, quiet_empty=kind == "$")
            case Look():
                self._look(node)
                return _Part(1)
            case Sequence(items):
                return self._sequence(items)
            case Choice(items):
                return self._choice(items)
            case Group(body):
                return self._part(body)
            case Repeat():
                return self._repeat(node)

    def _position(self, found: Ranges) -> _Part:
        position = len(self._sets)
        if position >= _MAX_POSITIONS:
            raise _Unbounded
        self._sets.append(found)
        self._follow.append(Counter())
        only = frozenset((position,))
        return _Part(0, Counter((position,)), Counter((position,)), only, only)

    def _look(self, look: Look) -> None:
        """What a look costs each time: its whole body, which must be short unless it is looked at only once."""
        inner = _Automaton(look.body, inside=True)
        most = inner.work()
        if any(inner._cycles()):
            if not self._once:
                raise _Unbounded
        else:
            self._looks += most * len(inner._sets)

    def _cycles(self) -> Iterator[int]:
        """Positions with an edge to themselves or back."""
        return (position for position, found in enumerate(self._follow) if any(other <= position for other in found))

    def _connect(self, last: Counter[int], first: Counter[int]) -> None:
        self._edges += len(last) * len(first)
        if self._edges > _MAX_EDGES:
            raise _Unbounded
        for position, ways in last.items():
            following = self._follow[position]
            for other, more in first.items():
                following[other] += ways * more

    def _sequence(self, items: tuple[Node, ...]) -> _Part:
        whole = _Part(1, quiet_empty=True, open_empty=True)
        for index, item in enumerate(items):
            before = items[index - 1] if index else None
            if isinstance(item, Chars) and isinstance(before, Look):
                whole = self._then(whole, self._position(_left(item.ranges, before)))
            else:
                whole = self._then(whole, self._part(item))
        return whole

    def _then(self, one: _Part, other: _Part) -> _Part:
        self._connect(one.last, other.first)
        return _Part(
            one.empty * other.empty,
            one.first + _times(other.first, one.empty),
            other.last + _times(one.last, other.empty),
            other.quiet | (one.quiet if other.quiet_empty else frozenset()),
            other.open | (one.open if other.open_empty else frozenset()),
            one.quiet_empty and other.quiet_empty,
            one.open_empty and other.open_empty,
        )

    def _choice(self, items: tuple[Node, ...]) -> _Part:
        whole = _Part()
        for item in items:
            part = self._part(item)
            whole = _Part(
                whole.empty + part.empty,
                whole.first + part.first,
                whole.last + part.last,
                whole.quiet | part.quiet,
                whole.open | part.open,
                whole.quiet_empty or part.quiet_empty,
                whole.open_empty or part.open_empty,
            )
        return whole

    def _repeat(self, node: Repeat) -> _Part:
        body, least, most = node.body, node.least, node.most
        if most != 1:
            self._once = False
        if (avoided := _avoided(body)) and most is None and least < 2:
            part = self._avoiding(*avoided)
            return part if least else _optional(part)
        if (most or least) > _MAX_COPIES:
            return self._many(body, least)
        whole = _Part(1, quiet_empty=True, open_empty=True)
        for _ in range(least if most is not None else max(least - 1, 0)):
            whole = self._then(whole, self._part(body))
        if most is None:
            tail = self._part(body)
            self._turn(tail)
            if isinstance(body, Chars | Group) and len(tail.first) == 1:
                self._loops |= {position for position in tail.first if self._sets[position] == EVERY}
            return self._then(whole, tail if least else _optional(tail))
        rest = _Part(1, quiet_empty=True, open_empty=True)
        for _ in range(most - least):
            rest = _optional(self._then(self._part(body), rest))
        return self._then(whole, rest)

    def _many(self, body: Node, least: int) -> _Part:
        """Any number of times, for a large number: more ways than there are, and no promise of an end."""
        part = self._part(body)
        self._turn(part)
        return _Part(0 if least else 1, part.first, part.last, open_empty=not least, quiet_empty=not least)

    def _avoiding(self, found: Ranges, words: list[tuple[Ranges, ...]]) -> _Part:
        """Characters of a set, in a row, among which none of the words begins: `(?:(?!word).)+`.

        There is one way at most to take them, whatever the text: the automaton of Aho and Corasick, which knows how
        much of a word has just been taken.
        """
        self._looks += max(map(len, words))
        letters = list(dict.fromkeys(letter for word in words for letter in word))
        rest = _cut(found, [pair for letter in letters for pair in letter])
        prefixes = sorted({word[:length] for word in words for length in range(len(word))}, key=len)

        def behind(prefix: tuple[Ranges, ...], letter: Ranges) -> tuple[Ranges, ...] | None:
            taken = (*prefix, letter)
            if any(taken[-len(word) :] == word for word in words):
                return None
            return next(taken[at:] for at in range(len(taken) + 1) if taken[at:] in prefixes)

        ways: list[tuple[tuple[Ranges, ...], int, tuple[Ranges, ...]]] = []
        for prefix in prefixes:
            for letter in [*(letter for letter in letters if meet(letter, found)), None]:
                target = () if letter is None else behind(prefix, letter)
                if target is not None:
                    position = self._position(rest if letter is None else letter)
                    ways.append((prefix, next(iter(position.first)), target))
        for _, position_, target in ways:
            self._connect(Counter((position_,)), Counter(other for prefix, other, _ in ways if prefix == target))
        return _Part(
            first=Counter(position_ for prefix, position_, _ in ways if not prefix),
            last=Counter(position_ for _, position_, _ in ways),
        )

    def _turn(self, part: _Part) -> None:
        if part.empty:
            raise _Unbounded
        self._connect(part.last, part.first)

    # ---- All texts at once

    def _most_steps(self) -> int:
        """The largest number of attempts that are alive at a character, with what each of them tries next."""
        members = self._classes()
        tries = [1 + sum(found.values()) for found in self._follow]
        start = sum(self._first.values())
        most = start if not self._starts_once else 0
        steps = 0
        known: set[frozenset[tuple[int, int]]] = set()
        waiting: list[tuple[dict[int, int], bool]] = [({}, True)]
        while waiting:
            alive, begins = waiting.pop()
            reached: dict[int, int] = dict(self._first) if begins else {}
            for position, ways in alive.items():
                for other, more in self._follow[position].items():
                    reached[other] = reached.get(other, 0) + ways * more
            for position in self._final & reached.keys():
                reached[position] = 1
            for member in members:
                left = {position: ways for position, ways in reached.items() if position in member}
                key = frozenset(left.items())
                if key in known:
                    continue
                known.add(key)
                work = sum(ways * tries[position] for position, ways in left.items())
                most = max(most, work + (0 if self._starts_once else start))
                steps += len(reached) + 1
                if most > WORK or len(known) > _MAX_STATES or steps > _MAX_STEPS:
                    raise _Unbounded
                waiting.append((left, not self._starts_once))
        return most

    def _classes(self) -> list[frozenset[int]]:
        """The positions that a character fits, for each kind of character."""
        bounds = sorted({edge for found in self._sets for low, high in found for edge in (low, high + 1)})
        return list(
            {
                frozenset(
                    position
                    for position, found in enumerate(self._sets)
                    if any(low <= bound <= high for low, high in found)
                )
                for bound in bounds
            }
        )


def _without_start(node: Node) -> Node:
    """Less the characters with which every match begins at the start of the text: they are compared only once."""
    match node:
        case Sequence((Edge("^"), Sequence(items))) | Sequence((Edge("^"), *items)):
            begin = next((at for at, item in enumerate(items) if not isinstance(item, Chars | Edge)), len(items))
            return Sequence((Edge("^"), *items[max(begin - 1, 0) :]))
        case _:
            return node


def _optional(part: _Part) -> _Part:
    return _Part(part.empty + 1, part.first, part.last, part.quiet, part.open, True, True)


def _times(found: Counter[int], ways: int) -> Counter[int]:
    return Counter({position: number * ways for position, number in found.items()}) if ways else Counter()


def _left(found: Ranges, look: Look) -> Ranges:
    """The characters that a negative look leaves to what stands behind it: `(?!/|x.)[^.]` never takes a slash."""
    if not (look.ahead and look.negative):
        return found
    items = look.body.items if isinstance(look.body, Choice) else (look.body,)
    return _cut(found, [pair for item in items if isinstance(item, Chars) for pair in item.ranges])


def _avoided(body: Node) -> tuple[Ranges, list[tuple[Ranges, ...]]] | None:
    """The set of `(?!word|...)[set]`, less the words of one character, and the other words."""
    match body:
        case Sequence((Look(True, True, words), Chars() as one)):
            items = words.items if isinstance(words, Choice) else (words,)
        case _:
            return None
    found = _cut(one.ranges, [pair for item in items if isinstance(item, Chars) for pair in item.ranges])
    longer: list[tuple[Ranges, ...]] = []
    for item in items:
        if isinstance(item, Sequence) and len(item.items) > 1:
            letters = [letter.ranges for letter in item.items if isinstance(letter, Chars)]
            if len(letters) < len(item.items):
                return None
            longer.append(tuple(letters))
        elif not isinstance(item, Chars):
            return None
    known = {letter for word in longer for letter in word}
    apart = all(one == other or not meet(one, other) for one in known for other in known)
    small = sum(map(len, longer)) <= _MAX_COPIES
    inside = all(meet(letter, found) in (letter, ()) for letter in known)
    return (found, longer) if longer and apart and small and inside else None


def _cut(found: Ranges, taken: list[tuple[int, int]]) -> Ranges:
    return meet(found, inverse(ranges(taken)))
