"""What was looked at and how it is, for people and for programs: a table, lines or JSON."""

from collections.abc import Sequence

from egc.compiler.cli._screen import Screen, has_room
from egc.runtime.store.upkeep import Finding

MARKS = {"ok": "ok", "warning": "look", "error": "WRONG"}


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    """Write findings to stdout."""
    screen = Screen()
    if as_json:
        screen.record(
            {
                "schema_version": 1,
                "checks": [
                    {"what": one.what, "state": one.state, "detail": one.detail, "advice": one.advice} for one in found
                ],
            }
        )
    elif has_room():
        rows = [(one.what, MARKS[one.state], f"{one.detail} {one.advice}".strip()) for one in found]
        screen.table(("what", "", "detail"), rows)
    else:
        for one in found:
            screen.line(f"{MARKS[one.state]}: {one.what}: {one.detail}" + (f" -> {one.advice}" if one.advice else ""))
