"""The path patterns of the plugin `rewrite`: what path-to-regexp 3.3 makes of them (D324, D326, D328).

A pattern is matched against the whole URL, or filled with the values that another one has found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from egc.compiler.ecmascript import Untranslatable, captures, read
from egc.compiler.plan import Argument, Made, Pattern, Setting
from egc.compiler.regexes import compiled, safe

_TOKEN = re.compile(
    r"\\(?P<escaped>[^\n\r\u2028\u2029])"
    r"|(?::(?P<name>\w+)(?:\((?P<constraint>(?:\\[^\n\r\u2028\u2029]|[^\\()])+)\))?"
    r"|\((?P<group>(?:\\[^\n\r\u2028\u2029]|[^\\()])+)\))(?P<modifier>[+*?])?",
    re.ASCII,
)
_ESCAPED = re.compile(r"[.+*?=^!:${}()\[\]|/\\]")
_ESCAPED_IN_GROUP = re.compile(r"[=!:$/()]")


@dataclass(frozen=True, slots=True)
class _Parameter:
    """`prefix` is the character in front that belongs to it; `regex` what one value, or one of several, may be."""

    name: str
    prefix: str
    delimiter: str
    optional: bool
    repeat: bool
    regex: str


def match3(text: str) -> tuple[Pattern, tuple[str, ...]]:
    """The expression of a pattern, to be matched with a URL from its start, and the names of its groups in order.

    Raises Untranslatable.
    """
    source = "^"
    names: list[str] = []
    for token in _tokens(text):
        if isinstance(token, str):
            source += _escape(token)
            continue
        names.append(token.name)
        group = token.regex
        if token.repeat:
            group = f"(?:{group})(?:{_escape(token.delimiter)}(?:{group}))*"
        if not token.optional:
            source += f"{_escape(token.prefix)}({group})"
        elif token.prefix:
            source += f"(?:{_escape(token.prefix)}({group}))?"
        else:
            source += f"({group})?"
    node = read(rf"{source}(?:\/)?$", ignore_case=True, one_line=True)
    if captures(node) != len(names):
        raise Untranslatable("a group has no name")
    return compiled(node).pattern, tuple(names)


def fill3(text: str) -> Made:
    """The setting that fills a pattern: `Fill("/a", Part("name", ...), ...)`.

    Raises Untranslatable.
    """
    parts: list[Setting] = []
    for token in _tokens(text):
        if isinstance(token, str):
            parts.append(token)
            continue
        fits = safe(f"^(?:{token.regex})$", "i", one_line=True, only_whether=True)
        arguments = [Argument("prefix", token.prefix, None)] if token.prefix else []
        arguments += [Argument("optional", True, None)] if token.optional else []
        parts.append(Made("Part", "egc.runtime.fill", (token.name, fits), tuple(arguments)))
    return Made("Fill", "egc.runtime.fill", tuple(parts), ())


def _tokens(text: str) -> Iterator[str | _Parameter]:
    """Text and parameters in turn."""
    path = ""
    escaped = False
    at = 0
    number = 0
    last = ""
    for found in _TOKEN.finditer(text):
        path += text[at : found.start()]
        at = found.end()
        if found["escaped"]:
            path += found["escaped"]
            escaped = True
            continue
        prefix = ""
        if path and not escaped:
            prefix, path = path[-1], path[:-1]
        if path:
            yield path
            last, path, escaped = path, "", False
        name = found["name"]
        if name is None:
            name = str(number)
            number += 1
        constraint = found["constraint"] or found["group"]
        delimiter = prefix or "/"
        regex = _ESCAPED_IN_GROUP.sub(r"\\\g<0>", constraint) if constraint else _segment(delimiter, prefix or last)
        modifier = found["modifier"]
        optional, repeat = modifier in ("?", "*"), modifier in ("+", "*")
        yield _Parameter(name, prefix, delimiter, optional, repeat, regex)
        last = ""
    if path or at < len(text):
        yield path + text[at:]


def _segment(delimiter: str, before: str) -> str:
    """What a parameter takes that says nothing of it: up to the next delimiter, or to what stood in front of it."""
    one = f"[^{_escape(delimiter if delimiter == '/' else delimiter + '/')}]"
    if not before or delimiter in before or "/" in before:
        return f"{one}+?"
    return f"{_escape(before)}|(?:(?!{_escape(before)}){one})+?"


def _escape(text: str) -> str:
    return _ESCAPED.sub(r"\\\g<0>", text)
