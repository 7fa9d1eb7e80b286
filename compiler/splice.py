"""Changes of a configuration's text where the tree says that something stands; every other character stays.

The places come from the tree of the same text. Text that is not written as these functions expect comes out wrong, so
whoever uses them reads the result again (edit.py).
"""

import re
from bisect import bisect_right
from collections.abc import Sequence as Items
from difflib import SequenceMatcher

from egc.compiler import written
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence
from egc.compiler.shown import Json, shown

_ALIAS = re.compile(r"\s*:\s*(\*[^\s,\[\]{}]+)")
_COLON = re.compile(r"[ \t]*:")
_DASH = re.compile(r"-(?=\s|$)")
_LINE = re.compile(r"\r\n|\r|\n")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)*")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|$)")

DEEPEST_STEP = 8

WIDTH = 100
"""How long a line in flow style may become."""


class NotInPlace(Exception):
    """The text is not written in a way that could be changed in place."""


class Splices:
    """Gathers changes of one text.

    Arguments:
        text: as it stands in the file, line ends included.
        as_json: whether what is written must be JSON.
        literals: whether text of several lines is written as such.
    """

    def __init__(self, text: str, *, as_json: bool, literals: bool) -> None:
        self._text = text
        self._as_json = as_json
        self._literals = literals
        self._starts = [0, *(found.end() for found in _LINE.finditer(text))]
        found = _LINE.search(text)
        self._newline = found[0] if found else "\n"
        self._step = 2
        self._made: list[tuple[int, int, str]] = []

    def indent_like(self, root: Mapping) -> None:
        """Indent what is added as the first section that has lines of its own is indented."""
        for entry in root:
            if isinstance(entry.value, Mapping) and entry.value.entries:
                inner = entry.value.entries[0].key.span
                step = inner.column - entry.key.span.column
                if inner.line > entry.key.span.line and 0 < step <= DEEPEST_STEP:
                    self._step = step
                    return

    def result(self) -> str:
        """The text with all changes."""
        parts: list[str] = []
        done = 0
        for start, end, text in sorted(self._made, key=lambda one: one[:2]):
            if start < done:
                raise NotInPlace
            parts += [self._text[done:start], text]
            done = end
        return "".join(parts) + self._text[done:]

    # ---- Values

    def change(self, holder: Entry | None, node: Node, value: Json, *, flow: bool) -> None:
        """Make a value another one, with as few changes as can be.

        Arguments:
            holder: the entry that holds the value; None for an item of a list.
            flow: whether it stands inside of a flow collection.
        """
        if same(shown(node), value):
            return
        if isinstance(node, Mapping) and isinstance(value, dict) and self._keeps_order(node, value):
            inner = flow or self.is_flow(node)
            for entry in node:
                if entry.name in value:
                    self.change(entry, entry.value, value[entry.name], flow=inner)
                else:
                    self.remove_entry(node, entry, flow=inner)
            added = {name: one for name, one in value.items() if node.entry(name) is None}
            if added:
                self.add_entries(node, added, flow=inner)
        elif isinstance(node, Sequence) and isinstance(value, list) and node.items and value:
            self._change_items(node, value, flow=flow or self.is_flow(node))
        else:
            self.put(holder, node, value, flow=flow)

    def put(self, holder: Entry | None, node: Node, value: Json, *, flow: bool) -> None:
        """Write a value in the place of another."""
        start, end = self._start(node), self._end(node)
        if holder is not None and start < self._end(holder.key):
            start, end = self._alias(holder)
        tail = self._newline if end > start and self._column(end) == 0 else ""
        collection = isinstance(value, dict | list) and bool(value)
        text = written.flow(value, as_json=self._as_json)
        fits = "\n" not in self._text[start:end] and self._column(start) + len(text) <= WIDTH
        if flow or self._as_json:
            self._add(start, end, text if fits or not self._as_json else self._pretty(value, start))
            return
        # What was in brackets stays so; an empty mapping has them because there is no other way.
        short = fits and self.is_flow(node) and not (isinstance(node, Mapping) and not node.entries)
        inline = short or not (collection or (self._literals and written.is_literal(value)))
        colon = None if holder is None else _COLON.match(self._text, self._end(holder.key))
        if holder is not None and colon is not None:
            gap = self._text[colon.end() : start]
            if inline and not gap.strip():
                self._add(colon.end(), end, f" {text}{tail}")
                return
            if not gap.strip(" \t"):
                lines = written.behind("", value, self._step, literals=self._literals)
                self._add(colon.end(), end, self._lines(lines, holder.key.span.column - 1) + tail)
                return
        space = " " if self._text[start - 1 : start] == "-" else ""
        lines = [text] if short else written.block(value, self._step, literals=self._literals)
        self._add(start, end, space + self._lines(lines, self._column(start) + len(space)) + tail)

    def is_flow(self, node: Node) -> bool:
        """Whether a collection is written in brackets."""
        if isinstance(node, Scalar):
            return False
        properties = _PROPERTIES.match(self._text, self._start(node))
        return properties is not None and self._text.startswith(("{", "["), properties.end())

    # ---- Mappings

    def add_entries(self, node: Mapping, added: dict[str, Json], *, flow: bool) -> None:
        """Write entries behind the last one of a mapping that has some."""
        last = self._in_order(node)[-1]
        end, begins = self._end_of(last), self._start(last.key)
        if flow:
            between = self._between(begins, self._start(node))
            texts = [f"{self._key(name)}: {self._flow(value, begins)}" for name, value in added.items()]
            self._add(end, end, "".join(f",{between}{text}" for text in texts))
            return
        lines: list[str] = []
        for name, value in added.items():
            lines += written.behind(f"{written.scalar(name)}:", value, self._step, literals=self._literals)
        self._add_lines(end, lines, self._column(begins))

    def remove_entry(self, node: Mapping, entry: Entry, *, flow: bool) -> None:
        """Take an entry out of a mapping that keeps others."""
        entries = self._in_order(node)
        index = next((place for place, one in enumerate(entries) if one is entry), None)
        if index is None:
            raise NotInPlace
        starts = [self._start(one.key) for one in entries]
        self._remove(starts, [self._end_of(one) for one in entries], index, flow=flow)

    def _in_order(self, node: Mapping) -> list[Entry]:
        """The entries that stand in a mapping itself, in the order of the text; merged ones stand elsewhere."""
        begin, end = self._start(node), self._end(node)
        found = [entry for entry in node if begin <= self._start(entry.key) < end]
        if not found:
            raise NotInPlace
        return sorted(found, key=lambda entry: self._start(entry.key))

    def _keeps_order(self, node: Mapping, value: dict[str, Json]) -> bool:
        """Whether a mapping becomes the other one by taking entries out and adding some at its end, and keeps some."""
        kept = [entry.name for entry in node if entry.name in value]
        return bool(kept) and list(value)[: len(kept)] == kept

    # ---- Lists

    def add_items(self, node: Sequence, place: int, added: Items[Json], *, flow: bool) -> None:
        """Write items behind the one at `place`."""
        starts, ends = self._items(node, flow=flow)
        if flow:
            between = self._between(starts[place], self._start(node))
            self._add(ends[place], ends[place], "".join(f",{between}{self._flow(one, starts[place])}" for one in added))
            return
        lines = written.block(list(added), self._step, literals=self._literals)
        self._add_lines(ends[place], lines, self._column(starts[place]))

    def remove_item(self, node: Sequence, place: int, *, flow: bool) -> None:
        """Take an item out of a list that keeps others."""
        self._remove(*self._items(node, flow=flow), place, flow=flow)

    def _change_items(self, node: Sequence, value: list[Json], *, flow: bool) -> None:
        """Items that are alike at both ends stay; of those between, the ones of the same policy become each other."""
        before = [shown(item) for item in node]
        most = min(len(before), len(value))
        head = next((index for index in range(most) if not same(before[index], value[index])), most)
        most -= head
        tail = next((index for index in range(most) if not same(before[-1 - index], value[-1 - index])), most)
        old, new = range(head, len(before) - tail), range(head, len(value) - tail)
        matcher = SequenceMatcher(None, [_kind(before[one]) for one in old], [_kind(value[one]) for one in new], False)
        for _, begin, end, first, last in matcher.get_opcodes():
            gone, come = old[begin:end], new[first:last]
            for index, other in zip(gone, come, strict=False):
                self.change(None, node.items[index], value[other], flow=flow)
            for index in gone[len(come) :]:
                self.remove_item(node, index, flow=flow)
            if len(come) > len(gone):
                place = head + end - 1
                if place < 0:
                    raise NotInPlace
                self.add_items(node, place, [value[other] for other in come[len(gone) :]], flow=flow)

    def _items(self, node: Sequence, *, flow: bool) -> tuple[list[int], list[int]]:
        """Where the items of a list begin, in block style with their dash, and where they end."""
        starts, ends = [], []
        done = self._start(node)
        for item in node:
            start, end = self._start(item), self._end(item)
            if start < done:
                raise NotInPlace  # an alias
            if not flow:
                dashes = [found.start() for found in _DASH.finditer(self._text, done, start)]
                if not dashes:
                    raise NotInPlace
                start = dashes[0] if self._text[done : dashes[0]].strip() == "" else dashes[-1]
            starts.append(start)
            ends.append(end)
            done = end
        return starts, ends

    # ---- Text

    def _remove(self, starts: Items[int], ends: Items[int], index: int, *, flow: bool) -> None:
        """Take out the part of a collection that stands at `index`."""
        begin, end = starts[index], ends[index]
        first = self._line_start(begin)
        if flow or self._text[first:begin].strip():
            if index + 1 < len(starts):
                self._add(begin, starts[index + 1], "")
            else:
                self._add(ends[index - 1], end, "")
            return
        self._add(first, self._behind_line(end), "")

    def _add_lines(self, end: int, lines: Items[str], indent: int) -> None:
        """Write lines behind the line where something ends."""
        text = self._lines(lines, indent)
        if end and self._column(end) == 0:
            self._add(end, end, f"{' ' * indent}{text}{self._newline}")
            return
        rest = _REST.match(self._text, end)
        if rest is None:
            raise NotInPlace
        self._add(rest.end(), rest.end(), f"{self._newline}{' ' * indent}{text}")

    def _behind_line(self, end: int) -> int:
        """Behind the end of the line where something ends, which but for a comment nothing may follow."""
        if self._column(end) == 0:
            return end
        rest = _REST.match(self._text, end)
        if rest is None:
            raise NotInPlace
        found = _LINE.match(self._text, rest.end())
        return found.end() if found else rest.end()

    def _lines(self, lines: Items[str], indent: int) -> str:
        first, *rest = lines
        return "".join([first, *(self._newline + " " * indent * bool(line) + line for line in rest)])

    def _between(self, begin: int, opening: int) -> str:
        """What stands between the parts of a flow collection: a space, or a new line where the last has its own."""
        first = self._line_start(begin)
        alone = not self._text[first:begin].strip() and self._line_start(opening) != first
        return self._newline + self._text[first:begin] if alone else " "

    def _flow(self, value: Json, begin: int) -> str:
        alone = not self._text[self._line_start(begin) : begin].strip()
        return self._pretty(value, begin) if self._as_json and alone else written.flow(value, as_json=self._as_json)

    def _pretty(self, value: Json, begin: int) -> str:
        """JSON on as many lines as the text around it has, indented as the line in which it stands."""
        line = self._text[self._line_start(begin) : begin]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        unit = "\t" if "\t" in indent else self._step
        return written.pretty(value, unit).replace("\n", self._newline + indent)

    def _key(self, name: str) -> str:
        return written.flow(name, as_json=self._as_json)

    def _add(self, start: int, end: int, text: str) -> None:
        self._made.append((start, end, text))

    def _end_of(self, entry: Entry) -> int:
        """Where an entry ends; an alias stands where its value does not."""
        if self._start(entry.value) >= self._end(entry.key):
            return self._end(entry.value)
        return self._alias(entry)[1]

    def _alias(self, entry: Entry) -> tuple[int, int]:
        """Where the alias of an entry stands."""
        found = _ALIAS.match(self._text, self._end(entry.key))
        if found is None:
            raise NotInPlace
        return found.span(1)

    def _start(self, node: Node) -> int:
        return self._offset(node.span.line, node.span.column)

    def _end(self, node: Node) -> int:
        return self._offset(node.span.end_line, node.span.end_column)

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._starts):
            return len(self._text)
        mark = 1 if line == 1 and self._text.startswith("\ufeff") else 0
        return min(self._starts[line - 1] + column - 1 + mark, len(self._text))

    def _line_start(self, offset: int) -> int:
        return self._starts[bisect_right(self._starts, offset) - 1]

    def _column(self, offset: int) -> int:
        return offset - self._line_start(offset)


def _kind(item: Json) -> str:
    """What makes two items of a list versions of one: for a step its policy."""
    return next(iter(item), "") if isinstance(item, dict) else repr(item)


def same(one: Json, other: Json) -> bool:
    """Whether two values are written alike: `1` is not `true`, and keys have an order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(inner, other[name]) for name, inner in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
