"""A difference for people at a terminal: by class, each change with its witness and both places."""

from collections.abc import Iterator
from functools import lru_cache

from egc.compiler.diagnostics import Span
from egc.compiler.diff.changes import CLASSES, Change, Class, Difference, Side
from egc.compiler.render import hidden, hidden_line, visible
from egc.compiler.render.text import style

COLOURS: dict[Class, str] = {"breaking": "31", "weaker": "35", "stronger": "36", "neutral": "2"}
MOST = 3
"""Routes that are named of those concerned."""

HEADS: dict[Class, str] = {
    "breaking": "Breaking: what is served today is refused, or answered otherwise",
    "weaker": "Weaker: more people reach something, or with less",
    "stronger": "Stronger: more is asked of a caller",
    "neutral": "Neutral: all else that somebody would notice",
}


def render(found: Difference, *, colour: bool = False) -> str:
    """The whole difference; one line where there is none."""
    names = f"{visible(found.before.name)} -> {visible(found.after.name)}"
    if not found.changes:
        return f"{names}: nothing that a client would notice.\n"
    lines = [style(names, "1" if colour else "")]
    for one in CLASSES:
        changes = [change for change in found.changes if change.delta.classes[0] == one]
        if changes:
            lines += ["", style(HEADS[one], f"1;{COLOURS[one]}" if colour else "")]
        for change in changes:
            lines += ["", *_change(change, found, colour)]
    return "\n".join(lines) + f"\n\n{summary(found)}\n"


def summary(found: Difference) -> str:
    """How many changes there are: `3 changes: 2 breaking, 1 weaker`."""
    number = len(found.changes)
    counts = ", ".join(f"{count} {one}" for one in CLASSES if (count := found.count(one)))
    return f"{number} change{'s' * (number != 1)}: {counts}" if number else "no change"


def _change(change: Change, found: Difference, colour: bool) -> Iterator[str]:
    delta = change.delta
    paint = COLOURS[delta.classes[0]] if colour else ""
    label = style(f"{', '.join(delta.classes)}", paint and f"1;{paint}")
    unsure = "" if change.certain else style(" (may differ)", "33" if colour else "")
    yield f"  {label}{unsure}: {visible(hidden(delta.message))}"
    if change.witness:
        yield f"    {style(visible(change.witness), '1' if colour else '')}"
    if change.was:
        yield f"      - {visible(change.was)}"
        yield f"      + {visible(change.now)}"
    yield from _places(delta.before, delta.after, found)
    if change.requests:
        named = "; ".join(map(visible, change.requests[:MOST]))
        more = len(change.requests) - MOST
        yield f"    concerns {named}{f' and {more} more' if more > 0 else ''}"


def _places(before: Span | None, after: Span | None, found: Difference) -> Iterator[str]:
    for sign, span, side in (("-", before, found.before), ("+", after, found.after)):
        if span is not None:
            line = quoted(span, side)
            yield f"    {sign} {visible(f'{side.root}{span}')}{f'  {visible(line)}' if line else ''}"


def quoted(span: Span, side: Side) -> str:
    """The line that a place is in, without what is secret in it; empty where the text is not known."""
    lines = _lines(side.sources.get(span.file, ""))
    line = hidden_line(lines, span.line).strip() if 0 < span.line <= len(lines) else ""
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


@lru_cache(maxsize=8)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n"))


_WIDTH = 80
