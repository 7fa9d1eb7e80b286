"""Edits that mend a finding: words exchanged, entries and items taken out, put in or moved.

Comments and the order of the file stay. Each function gives None where the text is written in a way that it does not
know; the finding has no fix then.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from egc.compiler.diagnostics import Edit, Fix, Report, Span
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence
from egc.compiler.spelling import nearest

_BEHIND = re.compile(r"[ \t,]*(?:#[^\n]*)?(?:\n|\Z)")
_COMMENT = re.compile(r"\s#")
_DASH = re.compile(r"[ \t]*-[ \t]+")
_PLAIN = re.compile(r"[\w./-]+", re.ASCII)


class Text:
    """The text of a file, and where in it the places of a tree are.

    Arguments:
        file: its name in spans.
        text: what it says, its lines ended by newlines alone.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, span: Span) -> str:
        """What stands at a place."""
        return self.text[self.start(span) : self.end(span)]

    def start(self, span: Span) -> int:
        """How many characters stand before a place."""
        return self._offset(span.line, span.column)

    def end(self, span: Span) -> int:
        """How many characters there are up to the end of a place."""
        return self._offset(span.end_line, span.end_column)

    def edit(self, start: int, end: int, text: str) -> Edit:
        """A change of the characters from `start` up to `end`."""
        return Edit(Span(self.file, *self._place(start), *self._place(end)), text)

    def line_start(self, offset: int) -> int:
        """Where the line begins in which a character stands."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where that line ends, before its newline."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._starts):
            return len(self.text)
        return min(self._starts[line - 1] + column - 1, len(self.text))

    def _place(self, offset: int) -> tuple[int, int]:
        return self.text.count("\n", 0, offset) + 1, offset - self.line_start(offset) + 1


def text_in(report: Report, span: Span) -> Text | None:
    """The text of the file that a place is in, if the report knows it."""
    text = report.sources.get(span.file)
    return None if text is None else _text(span.file, text)


@lru_cache(maxsize=8)
def _text(file: str, text: str) -> Text:
    """One for all findings of a file: each knows where all its lines begin."""
    return Text(file, text)


def renamed(
    report: Report,
    span: Span,
    wrong: str,
    known: Iterable[str],
    beside: Mapping | None = None,
    *,
    served: bool = False,
) -> Fix | None:
    """The fix that writes the word that was meant.

    Arguments:
        served: whether the file is served as it is, without what the word was to say: saying it changes what callers
            get, and the fix is not safe.
        span: where the wrong word stands.
        known: the words that there are.
        beside: the mapping whose key it is; a key that it has already is not given twice.
    """
    right = nearest(wrong, known)
    text = text_in(report, span)
    if right is None or text is None or (beside is not None and beside.entry(right) is not None):
        return None
    edit = exchanged(text, span, wrong, right)
    return Fix(f"write `{right}`", (edit,), safe=not served) if edit else None


def dropped(report: Report, span: Span, message: str, *, safe: bool) -> Fix | None:
    """The fix that takes out what stands at a place: the entry whose key it is, or the item of a list."""
    text, tree = text_in(report, span), report.trees.get(span.file)
    if text is None or tree is None:
        return None
    nodes = list(way(tree, span))
    holder = nodes[-2] if len(nodes) > 1 else None
    edit = without_item(text, holder, nodes[-1]) if isinstance(holder, Sequence) else without_entry(text, tree, span)
    return Fix(message, (edit,), safe) if edit else None


def exchanged(text: Text, span: Span, wrong: str, right: str) -> Edit | None:
    """A word in the place of another; `wrong` is what the scalar at `span` says, which may be in quotes."""
    if text.at(span).strip("'\"") != wrong or not _PLAIN.fullmatch(right):
        return None
    start = text.start(span) + text.at(span).index(wrong)
    return text.edit(start, start + len(wrong), right)


def quoted(text: Text, span: Span) -> Edit | None:
    """A plain scalar in quotes."""
    plain = text.at(span)
    if not plain or "\n" in plain or plain[0] in "'\"|>!&*":
        return None
    mark = '"' if text.file.endswith(".json") else "'"
    return text.edit(text.start(span), text.end(span), mark + plain.replace("'", "''") + mark)


def without_entry(text: Text, tree: Node, key: Span) -> Edit | None:
    """A file without the entry whose key stands at `key`; a mapping that would be left empty goes with it."""
    held: list[tuple[Mapping, Entry]] = []
    for node in way(tree, key):
        if isinstance(node, Sequence):
            held.clear()
        elif isinstance(node, Mapping):
            held += [(node, one) for one in node if one.key.span == key or _holds(one.value.span, key)]
    if not held or held[-1][1].key.span != key:
        return None
    while len(held[-1][0]) == 1:
        held.pop()
        if not held:
            return None
    return _without(text, *held[-1])


def _without(text: Text, mapping: Mapping, entry: Entry) -> Edit | None:
    entries = sorted(mapping, key=lambda one: one.key.span)
    if any(one.value.span < one.key.span or one.key.span.file != text.file for one in entries):
        return None  # an alias, or an entry that was merged from elsewhere
    place = entries.index(entry)
    start, end = text.start(entry.key.span), _end(text, entry)
    following = text.start(entries[place + 1].key.span) if place + 1 < len(entries) else None
    if is_flow(text, mapping):
        return _out_of_flow(text, start, end, following, _end(text, entries[place - 1]) if place else None)
    if text.text[text.line_start(start) : start].strip():
        # Behind a dash: what follows takes its place.
        if following is None or text.text[end:following].strip():
            return None
        return text.edit(start, following, "")
    return _lines_out(text, start, end)


def without_item(text: Text, sequence: Sequence, item: Node) -> Edit | None:
    """A list without one of its items; None where it is the only one."""
    items = list(sequence)
    place = next((index for index, one in enumerate(items) if one is item), None)
    if place is None or len(items) == 1 or any(not _holds(sequence.span, one.span) for one in items):
        return None
    start, end = text.start(item.span), text.end(item.span)
    if is_flow(text, sequence):
        following = text.start(items[place + 1].span) if place + 1 < len(items) else None
        return _out_of_flow(text, start, end, following, text.end(items[place - 1].span) if place else None)
    first = text.line_start(start)
    return _lines_out(text, start, end) if _DASH.fullmatch(text.text[first:start]) else None


def _out_of_flow(text: Text, start: int, end: int, following: int | None, before: int | None) -> Edit | None:
    if _COMMENT.search(text.text, start, following or end):
        return None
    if following is not None:
        return text.edit(start, following, "")
    return None if before is None else text.edit(before, end, "")


def _lines_out(text: Text, start: int, end: int) -> Edit | None:
    lines = _lines(text, start, end)
    return None if lines is None else text.edit(*lines, "")


def _lines(text: Text, start: int, end: int) -> tuple[int, int] | None:
    """The whole lines from one place to another, if nothing else stands in the last one."""
    first = text.line_start(start)
    if end > start and text.line_start(end) == end:
        return first, end  # a block of text ends where the next line begins
    rest = _BEHIND.match(text.text, end)
    return None if rest is None else (first, rest.end())


def with_item(text: Text, sequence: Sequence, word: str) -> Edit | None:
    """A list of plain words with one more behind the last."""
    if not sequence.items or not _PLAIN.fullmatch(word):
        return None
    last = sequence.items[-1]
    if not _holds(sequence.span, last.span):
        return None
    start, end = text.start(last.span), text.end(last.span)
    if is_flow(text, sequence):
        return text.edit(end, end, f', "{word}"' if text.file.endswith(".json") else f", {word}")
    lead = text.text[text.line_start(start) : start]
    if not _DASH.fullmatch(lead) or not isinstance(last, Scalar):
        return None
    behind = text.line_end(end)
    return text.edit(behind, behind, f"\n{lead}{word}")


def added(report: Report, span: Span, word: str) -> Edit | None:
    """A list that has a plain word at a place with one more behind its last."""
    text, tree = text_in(report, span), report.trees.get(span.file)
    if text is None or tree is None:
        return None
    holder = next((node for node in reversed(list(way(tree, span))) if not isinstance(node, Scalar)), None)
    return with_item(text, holder, word) if isinstance(holder, Sequence) else None


def moved(text: Text, node: Span, end: Span, before: Span) -> tuple[Edit, Edit] | None:
    """Whole lines moved up: those from `node` to `end`, with the comments right above them, to the line of `before`."""
    lines = _lines(text, text.start(node), text.end(end))
    if lines is None:
        return None
    first, behind = lines
    lead = text.text[first : text.start(node)]
    goal = text.line_start(text.start(before))
    if goal >= first or text.text[goal : text.start(before)] != lead or lead.strip(" \t-"):
        return None
    indent = len(lead) - len(lead.lstrip(" \t"))
    while first > goal:
        above = text.line_start(first - 1)
        line = text.text[above:first]
        if not line.lstrip(" \t").startswith("#") or len(line) - len(line.lstrip(" \t")) != indent:
            break
        first = above
    block = text.text[first:behind]
    return text.edit(goal, goal, block if block.endswith("\n") else f"{block}\n"), text.edit(first, behind, "")


def under_own_dashes(report: Report, mapping: Mapping) -> Fix | None:
    """The fix that puts a dash before each entry of an item that holds several, as where one was forgotten."""
    text = text_in(report, mapping.span)
    entries = sorted(mapping, key=lambda one: one.key.span)
    if text is None or not all(_holds(mapping.span, one.key.span) for one in entries):
        return None
    leads = [_before(text, one) for one in entries]
    if not _DASH.fullmatch(leads[0]) or any(lead.strip(" ") or len(lead) != len(leads[0]) for lead in leads[1:]):
        return None
    dash = leads[0].index("-")
    starts = [text.line_start(text.start(one.key.span)) + dash for one in entries[1:]]
    return Fix("put a dash before each policy", tuple(text.edit(at, at + 1, "-") for at in starts), safe=False)


def below_the_first(report: Report, mapping: Mapping) -> Fix | None:
    """The fix that puts all entries but the first, which is empty, below it: they were not indented, or were but for a
    dash that no space follows.
    """
    text = text_in(report, mapping.span)
    first, *others = sorted(mapping, key=lambda one: one.key.span)
    if text is None or not others or not all(_holds(mapping.span, one.key.span) for one in (first, *others)):
        return None
    empty = isinstance(first.value, Scalar) and first.value.value is None and not first.value.parts
    leads = [_before(text, one) for one in (first, *others)]
    if not empty or not _DASH.fullmatch(leads[0]) or any(lead.strip(" ") for lead in leads[1:]):
        return None
    begin, end = text.line_start(text.start(others[0].key.span)), max(_end(text, one) for one in others)
    edits: list[Edit] = []
    for one in others:
        start = text.start(one.key.span)
        if text.text[start] == "-":
            edits.append(text.edit(start, start + 1, "  "))
        elif text.text[start].isalpha():
            edits.append(text.edit(start, start, "  "))
        else:
            return None
    keys = {edit.span.line for edit in edits}
    while begin < end:
        line = text.text[begin : text.line_end(begin)]
        edit = text.edit(begin, begin, "  ")
        if line.strip() and edit.span.line not in keys:
            edits.append(edit)
        begin += len(line) + 1
    return Fix(f"put it below `{first.name}`", tuple(sorted(edits, key=lambda edit: edit.span)), safe=False)


def _before(text: Text, entry: Entry) -> str:
    """What stands before a key in its line."""
    start = text.start(entry.key.span)
    return text.text[text.line_start(start) : start]


def mentioned(trees: Iterable[Node], key: str) -> set[str]:
    """The words that stand under a key anywhere in some trees, alone or in a list, whether anything reads them or not.

    What is named where nothing reads it is better put right there than removed as if nobody wanted it.
    """
    found: set[str] = set()
    seen: set[int] = set()
    left = list(trees)
    while left:
        node = left.pop()
        if isinstance(node, Scalar) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            left += node
            continue
        for entry in node:
            left.append(entry.value)
            if entry.name == key:
                words = entry.value if isinstance(entry.value, Sequence) else (entry.value,)
                found |= {str(word.value) for word in words if isinstance(word, Scalar)}
    return found


def way(tree: Node, place: Span) -> Iterator[Node]:
    """The nodes around a place, from the root inwards. What an alias stands for is at its own place."""
    node: Node | None = tree
    while node is not None:
        yield node
        children: list[Node] = []
        if isinstance(node, Mapping):
            children = [each for entry in node for each in (entry.key, entry.value)]
        elif isinstance(node, Sequence):
            children = list(node)
        outer = node.span
        node = next((one for one in children if _holds(one.span, place) and _holds(outer, one.span)), None)


def apart(tree: Node, one: Span, other: Span) -> tuple[Node | None, Node | None]:
    """The items of one list that two places are in; the innermost list in which they are different ones."""
    found: tuple[Node | None, Node | None] = (None, None)
    for node in way(tree, one):
        if isinstance(node, Sequence):
            first = next((item for item in node if _holds(item.span, one)), None)
            second = next((item for item in node if _holds(item.span, other)), None)
            if first is not None and second is not None and first is not second:
                found = first, second
    return found


def is_flow(text: Text, node: Node) -> bool:
    """Whether a collection is written in brackets."""
    return text.text.startswith(("{", "["), text.start(node.span))


def _holds(outer: Span, inner: Span) -> bool:
    return (
        outer.file == inner.file
        and (outer.line, outer.column) <= (inner.line, inner.column)
        and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    )


def _end(text: Text, entry: Entry) -> int:
    """Where an entry ends; a value that is left empty ends with its colon."""
    end = text.end(entry.value.span)
    empty = isinstance(entry.value, Scalar) and text.text[text.end(entry.key.span) : end].strip(" \t\n:") == ""
    return text.text.index(":", text.end(entry.key.span)) + 1 if empty else end
