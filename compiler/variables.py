"""Environment variables in a configuration: `${NAME}` and `${NAME:-default}` inside of a scalar (D4-D9).

Express Gateway replaces them in the text of the file, before it is YAML. Here they are replaced in the scalars of the
tree, so that a value cannot add structure. To the YAML parser a variable is opaque: its characters are exchanged for
ones of a private plane, so that `[${A}, ${B:-x: y}]` is read as it stands.
"""

import re
from collections.abc import Iterator, Mapping

from egc.compiler.node import Variable

TOKEN = re.compile(r"\$?\$\{([A-Za-z0-9_]+)(:-[^}\n\r\u2028\u2029]*)?\}")
QUOTED = re.compile(r"""'(?P<single>(?:[^']|'')*)'|"(?P<double>[^"\\]*)\"""")
LINE_END = re.compile("[\n\r\u2028\u2029]")

_SECRET = re.compile(r"auth|credential|key|pass|pwd|secret|token", re.IGNORECASE)

MASK = 0x10F000
"""Where the masked twins of the ASCII characters begin; nothing is defined there, and a file may not use them."""

HIDDEN = {code: MASK + code for code in range(0x20, 0x7F)}
SHOWN = {masked: code for code, masked in HIDDEN.items()}


def tokens(text: str) -> Iterator[re.Match[str]]:
    """The variables of a text, and the `$${NAME}` that are none.

    Each line is searched up to its last brace only: behind that, every `${A:-` would be followed to the end in vain.
    """
    begin = 0
    while begin < len(text):
        found = LINE_END.search(text, begin)
        end = found.start() if found else len(text)
        brace = text.rfind("}", begin, end)
        if brace >= 0:
            yield from TOKEN.finditer(text, begin, brace + 1)
        begin = end + 1


def mask(text: str) -> str:
    """The text of a file with its variables made opaque; every character keeps its place."""
    if "${" not in text:
        return text
    parts, end = [], 0
    for found in tokens(text):
        parts += [text[end : found.start()], found[0].translate(HIDDEN)]
        end = found.end()
    return "".join(parts) + text[end:]


def unmask(text: str) -> str:
    """A scalar as it was written."""
    return text if text.isascii() else text.translate(SHOWN)


def cut(text: str) -> tuple[str | Variable, ...]:
    """A scalar cut at its variables; empty where it has none.

    `$${NAME}` is none: it stays as it is, with both dollars (D8).
    """
    parts: list[str | Variable] = []
    end = 0
    for found in tokens(text):
        if found[0].startswith("$$"):
            continue
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Variable(found[1], (found[2] or "")[2:] or None))
        end = found.end()
    if parts and end < len(text):
        parts.append(text[end:])
    return tuple(parts)


def unquote(parts: tuple[str | Variable, ...]) -> tuple[str | Variable, ...]:
    """The parts of a scalar that stands without quotes and is one variable whose default is in quotes: `${A:-'b'}`.

    Express Gateway filled it in before it was YAML, so that the quotes were YAML's. Other parts come back as they are.
    """
    if len(parts) != 1 or not isinstance(parts[0], Variable) or parts[0].default is None:
        return parts
    found = QUOTED.fullmatch(parts[0].default)
    if found is None:
        return parts
    default = found["double"] if found["single"] is None else found["single"].replace("''", "'")
    return (Variable(parts[0].name, default),)


def fill(parts: tuple[str | Variable, ...], environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The text that `parts` make in an environment, and the names that are neither set nor have a default.

    A variable that is set wins, also when it is empty (D5). A missing one leaves `null`, as in Express Gateway (D7);
    what that means is for the later stages to say, for they know what the value is for.
    """
    missing: list[str] = []
    filled = []
    for part in parts:
        if isinstance(part, str):
            filled.append(part)
        elif part.name in environ:
            filled.append(environ[part.name])
        elif part.default is not None:
            filled.append(part.default)
        else:
            filled.append("null")
            missing.append(part.name)
    return "".join(filled), tuple(dict.fromkeys(missing))


def looks_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is nobody's to read."""
    return _SECRET.search(name) is not None
