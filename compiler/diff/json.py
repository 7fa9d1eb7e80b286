"""A difference as data."""

import json

from egc.compiler.diagnostics import Span
from egc.compiler.diff.changes import CLASSES, Change, Difference, Side
from egc.compiler.render import hidden, place

SCHEMA_VERSION = 1


def render(found: Difference) -> str:
    """The whole difference as one JSON document."""
    counts: dict[str, int] = {one: found.count(one) for one in CLASSES}
    written = {
        "schema_version": SCHEMA_VERSION,
        "before": found.before.name,
        "after": found.after.name,
        "summary": {"changes": len(found.changes), **counts},
        "changes": [_record(change, found) for change in found.changes],
    }
    return json.dumps(written, indent=2) + "\n"


def _record(change: Change, found: Difference) -> dict[str, object]:
    delta = change.delta
    return {
        "kind": delta.kind,
        "classes": list(delta.classes),
        "message": hidden(delta.message),
        "certain": change.certain,
        "before": _place(delta.before, found.before),
        "after": _place(delta.after, found.after),
        "witness": change.witness or None,
        "was": change.was or None,
        "now": change.now or None,
        "requests": list(change.requests),
    }


def _place(span: Span | None, side: Side) -> dict[str, object] | None:
    return None if span is None else place(span, side.root)
