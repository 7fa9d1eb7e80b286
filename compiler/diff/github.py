"""A difference as annotations of a GitHub workflow, each beside the line of the new configuration."""

from collections.abc import Collection

from egc.compiler.diff.changes import Change, Difference
from egc.compiler.diff.revisions import PREFIX
from egc.compiler.render import hidden, visible
from egc.compiler.render.github import escape


def render(found: Difference, failing: Collection[str] = ()) -> str:
    """One workflow command a change. What is of a class of `failing` is an error, what is neutral a notice."""
    return "".join(_command(change, found, failing) for change in found.changes)


def _command(change: Change, found: Difference, failing: Collection[str]) -> str:
    delta = change.delta
    level = "notice" if delta.classes == ("neutral",) else "warning"
    if set(delta.classes) & set(failing):
        level = "error"
    fields: dict[str, object] = {"title": f"{', '.join(delta.classes)}: {delta.kind}"}
    side, span = (found.before, delta.before) if delta.after is None else (found.after, delta.after)
    if span is not None and not side.root.startswith(PREFIX):
        fields |= {"file": side.root + span.file, "line": span.line, "col": span.column}
        fields |= {"endLine": span.end_line, "endColumn": span.end_column}
    lines = [hidden(delta.message) + ("" if change.certain else " (may differ)")]
    lines += [change.witness] * bool(change.witness)
    lines += [f"before: {change.was}", f"now: {change.now}"] * bool(change.was)
    settings = ",".join(f"{name}={''.join(escape(visible(str(value)), ':,'))}" for name, value in fields.items())
    message = "\n".join(visible(line) for line in lines)
    return f"::{level} {settings}::{''.join(escape(message))}\n"
