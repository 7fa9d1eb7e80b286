"""Values as text that a configuration may hold: YAML as a person would write it, or JSON.

What is written is read back as the same value by js-yaml's dialect (scalars.py): text that looks like something else is
put in quotes, and `${NAME}` stays a variable (D11).
"""

import json
import re

from egc.compiler import scalars
from egc.compiler.shown import Json
from egc.compiler.source import UNREADABLE

PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*", re.ASCII)
VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+(?::-[A-Za-z0-9_./@-]+)?\}", re.ASCII)
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def scalar(value: Json) -> str:
    """A single value, or an empty collection, in YAML on one line."""
    if not isinstance(value, str):
        return json.dumps(value)
    if VARIABLE.fullmatch(value) or (PLAIN.fullmatch(value) and _is_text(value)):
        return value
    if "\n" not in value and not UNREADABLE.search(value):
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def flow(value: Json, *, as_json: bool = False) -> str:
    """A value on one line: YAML's flow style, or JSON."""
    if as_json:
        return _json(value, None)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(name)}: {flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: Json, step: int, *, literals: bool) -> list[str]:
    """A value in YAML's block style, line by line; its first line may stand behind a dash.

    Arguments:
        step: spaces by which a level is indented.
        literals: write text of several lines as such (`|`).
    """
    pad = " " * step
    if isinstance(value, dict) and value:
        found = []
        for name, inner in value.items():
            found += behind(f"{scalar(name)}:", inner, step, literals=literals)
        return found
    if isinstance(value, list) and value:
        found = []
        for item in value:
            first, *rest = literal(item) if literals and is_literal(item) else block(item, step, literals=literals)
            found += [f"- {first}", *(f"  {line}" if line else "" for line in rest)]
        return found
    if literals and is_literal(value):
        first, *rest = literal(value)
        return [first, *(pad + line if line else "" for line in rest)]
    return [scalar(value)]


def behind(head: str, value: Json, step: int, *, literals: bool) -> list[str]:
    """A value behind its key, or whatever it belongs to, in block style."""
    if literals and is_literal(value):
        first, *rest = literal(value)
    elif isinstance(value, dict | list) and value:
        first, rest = "", block(value, step, literals=literals)
    else:
        first, rest = scalar(value), []
    return [f"{head} {first}".rstrip(" "), *(" " * step + line if line else "" for line in rest)]


def is_literal(value: Json) -> bool:
    """Whether text can be written line by line."""
    if not isinstance(value, str) or "\n" not in value.strip("\n") or value.endswith("\n\n"):
        return False
    return not value.startswith((" ", "\n", "\t")) and not UNREADABLE.search(value)


def literal(value: Json) -> list[str]:
    """Text of several lines, the first of which says how it ends; the others are to be indented."""
    text = str(value)
    return ["|" if text.endswith("\n") else "|-", *text.removesuffix("\n").split("\n")]


def pretty(value: Json, indent: int | str) -> str:
    """JSON, each part on a line of its own."""
    return _json(value, indent)


def _json(value: Json, indent: int | str | None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_text(text: str) -> bool:
    try:
        return scalars.plain(text) == text
    except ValueError:
        return False


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if not UNREADABLE.search(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
