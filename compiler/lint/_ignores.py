"""Comments that excuse a finding: `# egc: ignore[unreachable-policy] the old clients still send it`.

One stands on the line where the finding begins, or alone above it. It names what it excuses and says why; one that
says nothing, or excuses nothing, is a finding itself. Only what YAML takes for a comment is one.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from egc.compiler.diagnostics import Diagnostic, Report, Span
from egc.compiler.node import Mapping, Node, Scalar
from egc.compiler.rules import Rule
from egc.compiler.spelling import meant

_IGNORE = re.compile(r"#[ \t]*egc:[ \t]*ignore\b(?:[ \t]*\[([^\]\n]*)\])?([^\n]*)")
_HASH = re.compile(r"(?<![^ \t])#")
_BLOCK = re.compile(r"(?:[!&]\S*[ \t]+)*[|>][-+0-9]*(?:[ \t]+#.*)?$")
_WORD = re.compile(r"[^\s,]+")

WITHOUT_REASON = ("ST801", "ignore-without-reason")
UNUSED = ("ST802", "unused-ignore")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment.

    Arguments:
        words: the names and codes that it excuses, with their places.
        reason: why.
        line: the line whose findings it is about.
        span: the comment itself.
    """

    words: tuple[tuple[str, Span], ...]
    reason: str
    line: int
    span: Span


def heed(
    report: Report, found: Iterable[Diagnostic], pages: Iterable[Rule]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """What is left of the findings of a report, and what is to be said of the comments."""
    known = {word: page.code for page in pages for word in (page.name, page.code)}
    excused: dict[tuple[str, int, str], list[tuple[str, Span]]] = {}
    remarks: list[Diagnostic] = []
    for file, text in report.sources.items():
        tree = report.trees.get(file)
        for ignore in ignores(file, text, tree) if tree is not None else ():
            if not ignore.words:
                message = "this comment names nothing that it ignores"
                help = "write `# egc: ignore[name-of-the-finding] why`"
                remarks.append(Diagnostic(*WITHOUT_REASON, "warning", message, ignore.span, help=help))
            elif not ignore.reason:
                message = "this comment does not say why; it is not heeded"
                help = "write the reason behind the bracket"
                remarks.append(Diagnostic(*WITHOUT_REASON, "warning", message, ignore.span, help=help))
            else:
                for word, span in ignore.words:
                    code = known.get(word.lower()) or known.get(word.upper())
                    if code is None:
                        help = meant(word.lower(), known)
                        message = f"no finding is called `{word}`"
                        remarks.append(Diagnostic(*UNUSED, "warning", message, span, help=help))
                    else:
                        excused.setdefault((file, ignore.line, code), []).append((word, span))
    left: list[Diagnostic] = []
    used: set[tuple[str, int, str]] = set()
    for one in found:
        place = (one.span.file, one.span.line, one.code)
        if place in excused:
            used.add(place)
        else:
            left.append(one)
    for place, words in excused.items():
        for word, span in words if place not in used else words[1:]:
            message = f"`{word}` is not found here" if place not in used else f"`{word}` is ignored twice"
            remarks.append(Diagnostic(*UNUSED, "warning", message, span, help="take it out"))
    return left, remarks


def ignores(file: str, text: str, tree: Node) -> Iterator[Ignore]:
    """The comments of a file that excuse something, in the order of its lines."""
    if "egc:" not in text:
        return
    lines = text.split("\n")
    values = Values(tree, lines)
    for number, line in enumerate(lines, 1):
        if "egc:" not in line:
            continue
        comment = next((hash.start() for hash in _HASH.finditer(line) if not values.hold(number, hash.start() + 1)), -1)
        wanted = _IGNORE.search(line, comment) if comment >= 0 else None
        if wanted is None:
            continue
        begin = wanted.start(1)
        words = tuple(
            (word[0], Span(file, number, begin + word.start() + 1, number, begin + word.end() + 1))
            for word in _WORD.finditer(wanted[1] or "")
        )
        about = number if line[:comment].strip() else _next(lines, number)
        end = len(line.rstrip()) + 1
        yield Ignore(words, wanted[2].strip(), about, Span(file, number, wanted.start() + 1, number, end))


def _next(lines: list[str], number: int) -> int:
    """The line behind one that holds only a comment; further such lines, and empty ones, do not count."""
    for later in range(number, len(lines)):
        line = lines[later].strip()
        if line and not line.startswith("#"):
            return later + 1
    return number


class Values:
    """Where the keys and values of a file stand: a `#` there begins no comment."""

    def __init__(self, tree: Node, lines: list[str]) -> None:
        self._spans = sorted({_text(span, lines) for span in _scalars(tree)})

    def hold(self, line: int, column: int) -> bool:
        """Whether a character is a part of a key or a value."""
        index = bisect_right(self._spans, (line, column, 1 << 30, 0))
        return index > 0 and (line, column) < self._spans[index - 1][2:]


def _text(span: Span, lines: list[str]) -> tuple[int, int, int, int]:
    """Where the text of a scalar stands; behind the sign of a block (`|`, `>`) there may be a comment."""
    if span.end_line > span.line and _BLOCK.match(lines[span.line - 1], span.column - 1):
        return span.line + 1, 1, span.end_line, span.end_column
    return span.line, span.column, span.end_line, span.end_column


def _scalars(tree: Node) -> Iterator[Span]:
    waiting, seen = [tree], set[int]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node.span
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, Mapping):
                for entry in node:
                    yield entry.key.span
                    waiting.append(entry.value)
            else:
                waiting.extend(node)
