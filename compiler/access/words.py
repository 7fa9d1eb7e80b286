"""Parts of the plan in the words of the configuration, fit to be shown: without what is secret."""

import json
import re
from collections.abc import Mapping

from egc.compiler.branches import setting
from egc.compiler.plan import Argument, Check, Lookup, Made, Pattern, Reference, Script, Setting, Step, Table
from egc.compiler.render import hidden
from egc.compiler.variables import looks_secret

LONGEST = 160
"""Characters of a value that are shown; the file has the rest."""

_USER = re.compile(r"(?<=://)[^/?#]*@")
_SCRIPTS = {"expression": "", "program": "", "template": "`"}


def written(value: Setting) -> str:
    """A setting as somebody would write it; a variable by its name, cut where it is very long."""
    return _cut(_USER.sub("***@", hidden(_written(value))))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _written(value: Setting) -> str:
    if isinstance(value, Lookup):
        return "".join(part if isinstance(part, str) else _variable(*part) for part in value.parts)
    if isinstance(value, Script):
        quote = _SCRIPTS[value.kind]
        return f"{quote}{value.text}{quote}"
    if isinstance(value, Pattern):
        return f"/{value.regex}/{'i' * value.ignore_case}"
    if isinstance(value, Reference):
        return value.name
    if isinstance(value, Table):
        return f"{{{', '.join(f'{name}: {_written(inner)}' for name, inner in value.entries)}}}"
    if isinstance(value, Made):
        return value.class_name
    if isinstance(value, tuple):
        return ", ".join(_written(inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)


def _variable(name: str, default: str | None) -> str:
    if default is None:
        return f"${{{name}}}"
    return f"${{{name}:-{'***' if default and looks_secret(name) else default}}}"


def condition(check: Check, lines: Mapping[str, list[str]]) -> str:
    """A condition with what it is asked for: `pathMatch /^.a/`.

    Arguments:
        check: the condition.
        lines: of the files, by name; patterns and schemas are quoted from there as far as they stand on one line.
    """
    said = ", ".join(_quoted(one, lines) or written(one.value) for one in check.arguments if one.span is not None)
    return f"{check.condition} {said}" if said else check.condition


def _quoted(argument: Argument, lines: Mapping[str, list[str]]) -> str:
    """What stands in the file where the plan holds something that was made of it."""
    span = argument.span
    if span is None or not isinstance(argument.value, Pattern | Made) or span.line != span.end_line:
        return ""
    found = lines.get(span.file, [])
    return _cut(hidden(found[span.line - 1][span.column - 1 : span.end_column - 1])) if span.line <= len(found) else ""


def limit(step: Step) -> str:
    """What a step that counts requests lets pass."""
    most, window = setting(step, "max"), setting(step, "window_ms")
    if step.policy != "rate-limit" or window is None:
        return step.policy
    by = setting(step, "rate_limit_by")
    key = "caller's address" if by is None else written(by)
    seconds = f"{window / 1000:g}" if isinstance(window, int | float) else f"{written(window)}/1000"
    if most == 0:
        return f"counted by {key}, never refused"
    return f"{written(most)} per {seconds} s by {key}"


def refuses(step: Step) -> bool:
    """Whether a step that counts requests ever refuses one: `max: 0` lets all pass."""
    return not (step.policy == "rate-limit" and setting(step, "max") == 0)
