"""Literals of JavaScript: what strings and numbers stand for."""

import re

_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(\r\n|[\s\S]))")
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LINE_ENDS = ("\n", "\r", "\r\n", "\u2028", "\u2029")
_RADIX = {"0x": 16, "0o": 8, "0b": 2}
_OCTAL = re.compile(r"0[0-7]+")
_BAD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u(?!\{[0-9A-Fa-f]{1,6}\}|[0-9A-Fa-f]{4})|x(?![0-9A-Fa-f]{2}))")


class BadLiteral(Exception):
    """The literal is none; `str(error)` says why."""


def units(text: str) -> str:
    """A Python string as UTF-16 code units, which is how the runtime holds strings."""
    if all(character <= "\uffff" for character in text):
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2))


def cooked(source: str, *, template: bool = False) -> str:
    """What the text between quotes or back-ticks stands for, in code units."""
    if "\\" not in source:
        return units(source.replace("\r\n", "\n").replace("\r", "\n") if template else source)
    if _BAD_ESCAPE.search(source):
        raise BadLiteral("invalid escape sequence")
    if template:
        source = re.sub(r"\r\n?", "\n", source)
    return units(_ESCAPE.sub(lambda found: _escaped(found, template), source))


def _escaped(found: re.Match[str], template: bool) -> str:
    point, four, two, octal, other = found.groups()
    if point is not None:
        code = int(point, 16)
        if code > 0x10FFFF:
            raise BadLiteral("undefined Unicode code point")
        return chr(code)
    if four is not None or two is not None:
        return chr(int(four or two, 16))
    if octal is not None:
        if template and octal != "0":
            raise BadLiteral("octal escape sequences are not allowed in templates")
        digits = octal if int(octal, 8) < 256 else octal[:2]
        return chr(int(digits, 8)) + octal[len(digits) :]
    if other in _LINE_ENDS:
        return ""
    return _SIMPLE.get(other, other)


def number(source: str) -> int | float:
    """The value of a numeric literal: an int where a float would be the same."""
    if source.endswith("n"):
        raise BadLiteral("BigInt is not supported")
    plain = source.replace("_", "")
    radix = _RADIX.get(plain[:2].lower())
    value: int | float
    if radix is not None:
        value = int(plain[2:], radix)
    elif _OCTAL.fullmatch(plain):
        value = int(plain, 8)
    else:
        value = float(plain)
    try:
        value = float(value)
    except OverflowError:
        value = float("inf")
    return int(value) if value == value // 1 and abs(value) <= 2**53 else value
