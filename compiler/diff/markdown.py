"""A difference as Markdown for a pull request: a table, and the details of each change folded away.

What comes from a configuration is text there, never Markdown or HTML, and nobody is mentioned by it.
"""

import re

from egc.compiler.diagnostics import Span
from egc.compiler.diff.changes import Change, Difference, Side
from egc.compiler.diff.text import summary
from egc.compiler.render import hidden, visible

LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536, GitLab more."""

MARK = "<!-- egc diff -->"
"""By which a program finds its comment of an earlier run."""

_SIGNS = {"breaking": "🔴", "weaker": "🟠", "stronger": "🔵", "neutral": "⚪"}
_ACTIVE = re.compile(r"[^\w ,/;?=]", re.ASCII)
_QUOTED = re.compile(r"`([^`]*)`")
_MOST = 20
_CELL = 200


def render(found: Difference) -> str:
    """The whole difference; what does not fit into a comment is counted, the gravest changes are kept."""
    head = f"{MARK}\n### Configuration: {summary(found)}\n\n{_code(found.before.name)} → {_code(found.after.name)}\n"
    if not found.changes:
        return f"{head}\nNothing that a client would notice.\n"
    table = "\n| | class | change | request |\n|---|---|---|---|\n"
    room = LONGEST - len(head) - len(table) - 200
    rows, details, left = [], [], 0
    for change in found.changes:
        row, detail = _row(change), _detail(change, found)
        if left or len(row) > room:
            left += 1
            continue
        rows.append(row)
        room -= len(row)
        if len(detail) <= room // 2:
            details.append(detail)
            room -= len(detail)
    more = f"\n… and {left} more: run `egc diff` to see them.\n" if left else ""
    folded = f"\n<details><summary>Details</summary>\n\n{''.join(details)}</details>\n" if details else ""
    return f"{head}{table}{''.join(rows)}{more}{folded}"


def _row(change: Change) -> str:
    delta = change.delta
    unsure = "" if change.certain else " *(may differ)*"
    sign = _SIGNS[delta.classes[0]]
    witness = _code(_cut(change.witness)) if change.witness else ""
    return f"| {sign} | {', '.join(delta.classes)} | {_sentence(delta.message)}{unsure} | {witness} |\n"


def _detail(change: Change, found: Difference) -> str:
    delta = change.delta
    lines = [f"- {_sentence(delta.message)}"]
    lines += [f"  - request: {_code(_cut(change.witness))}"] * bool(change.witness)
    lines += [f"  - before: {_text(_cut(change.was))}", f"  - now: {_text(_cut(change.now))}"] * bool(change.was)
    for word, span, side in (("was", delta.before, found.before), ("is", delta.after, found.after)):
        lines += [f"  - {word} at {_place(span, side)}"] * (span is not None)
    named = [_code(_cut(one)) for one in change.requests[:_MOST]]
    more = len(change.requests) - _MOST
    lines += [f"  - concerns {', '.join(named)}{f' and {more} more' if more > 0 else ''}"] * bool(named)
    return "\n".join(lines) + "\n"


def _place(span: Span | None, side: Side) -> str:
    return _code(f"{side.root}{span}") if span is not None else ""


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _sentence(text: str) -> str:
    """A sentence, what it quotes as code."""
    parts = _QUOTED.split(_cut(hidden(text)))
    return "".join(_code(part) if index % 2 else _text(part) for index, part in enumerate(parts))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else ""


def _text(text: str) -> str:
    """Text in which nothing is Markdown, HTML, a link or a mention."""
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", visible(text))
