"""Fixes made in the text of a configuration, round after round until none is left.

Each round makes all fixes that do not touch one another, compiles what came out and reviews it again. Nothing is
written here; what comes out compiles, and has no error that was not there before.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Report

MOST_ROUNDS = 20
"""How often a configuration is reviewed again, where fixes make room for fixes."""

_LINE_END = re.compile("\r\n|\r|\n")

Files = Mapping[str, bytes]
"""The bytes of files, by the names that spans give them."""


class NotMended(Exception):
    """The fixes together would leave the configuration broken; the message says how."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All findings about a configuration, and whether it compiles."""

    report: Report
    compiles: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """What came out: the bytes of all files, what was mended, and what is to be said of them."""

    files: Files
    fixed: tuple[Diagnostic, ...]
    left: Reviewed


def mend(
    files: Files,
    review: Callable[[Files], Reviewed],
    wanted: Callable[[Report], Iterable[Diagnostic]],
    *,
    unsafe: bool,
) -> Mended:
    """Make fixes until nothing changes.

    Arguments:
        files: the configuration as it is.
        review: what is to be said of such files.
        wanted: which findings are to be mended, if they know how.
        unsafe: whether fixes are made that change what a request gets.

    Raises:
        NotMended: the files would not compile afterwards, or would have errors that they have not now.
    """
    before = left = review(files)
    fixed: list[Diagnostic] = []
    for _ in range(MOST_ROUNDS):
        fixes = [(one, one.fix) for one in wanted(left.report) if one.fix and (one.fix.safe or unsafe)]
        if not fixes:
            break
        texts = {name: Text(data) for name, data in files.items()}
        taken = list(_apart(fixes, texts))
        edits = [edit for _, fix in taken for edit in fix.edits]
        made = {name: text.edited(one for one in edits if one.span.file == name) for name, text in texts.items()}
        if made == files:
            break
        left = review(made)
        if before.compiles:
            _check(left, before)
        fixed += [one for one, _ in taken]
        files = made
    if fixed:
        _check(left, before)
    return Mended(files, tuple(fixed), left)


def _check(now: Reviewed, before: Reviewed) -> None:
    """Raise NotMended where fixes have made things worse, or have not made a configuration compile."""
    errors = [one for one in now.report if one.severity == "error"]
    if not now.compiles:
        raise NotMended(f"{errors[0].span}: {errors[0].message}")
    known = Counter(one.code for one in before.report if one.severity == "error")
    if before.compiles and (further := Counter(one.code for one in errors) - known):
        raise NotMended(f"there would be one more of {', '.join(sorted(further))}")


def _apart(fixes: Iterable[tuple[Diagnostic, Fix]], texts: Mapping[str, "Text"]) -> Iterator[tuple[Diagnostic, Fix]]:
    """Those that may be made together, the first ones first: none changes what another one changes."""
    taken: list[tuple[str, int, int]] = []
    for one, fix in fixes:
        if any(edit.span.file not in texts for edit in fix.edits):
            continue
        places = [(edit.span.file, *texts[edit.span.file].place(edit)) for edit in fix.edits]
        if any(_touch(place, other) for place in places for other in taken):
            continue
        taken += places
        yield one, fix


def _touch(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    """Whether two edits are at one place: what is put in beside another change has no certain order."""
    return one[0] == other[0] and one[1] <= other[2] and other[1] <= one[2]


class Text:
    """A file whose places are found again: lines end as they end, and a byte order mark counts for nothing."""

    def __init__(self, data: bytes) -> None:
        self._text = data.decode()
        ends = [found.end() for found in _LINE_END.finditer(self._text)]
        self._starts = [int(self._text.startswith("\ufeff")), *ends]
        found = _LINE_END.search(self._text)
        self._line_end = found[0] if found else "\n"

    def place(self, edit: Edit) -> tuple[int, int]:
        """Where an edit begins and ends."""
        span = edit.span
        return self._offset(span.line, span.column), self._offset(span.end_line, span.end_column)

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes with changes made that do not overlap."""
        parts: list[str] = []
        done = 0
        for (begin, end), edit in sorted(((self.place(edit), edit) for edit in edits), key=lambda one: one[0]):
            parts += [self._text[done:begin], edit.text.replace("\n", self._line_end)]
            done = end
        return "".join([*parts, self._text[done:]]).encode()

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._starts):
            return len(self._text)
        return min(self._starts[line - 1] + column - 1, len(self._text))
