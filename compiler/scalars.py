"""What a YAML scalar means: the types of js-yaml 3, which reads Express Gateway's files (D12, D13).

It is not PyYAML's dialect: `no` and `on` are text, `1e3` is a number, `010` is eight and `0o10` is text.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta

from egc.compiler.node import Regexp, Value

NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

BINARY = re.compile(r"[-+]?0b[01_]*[01]")
HEXADECIMAL = re.compile(r"[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F]")
OCTAL = re.compile(r"[-+]?0[0-7_]*[0-7]")
DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*(?<!_))")
SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?<!_)(?::[0-5]?[0-9])+")
FLOAT = re.compile(
    r"[-+]?(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?(?<!_)|\.[0-9_]+(?:[eE][-+]?[0-9]+)?(?<!_)"
)
SEXAGESIMAL_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*(?<!_)")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?"
    r"(?:[ \t]*(?:Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?"
)

REGEXP = re.compile(r"/(.*)/([gim]{0,3})", re.DOTALL)

EXACT = 2**53
"""JavaScript holds whole numbers exactly up to this one, and as the nearest double beyond."""

CORE = "tag:yaml.org,2002:"
EXECUTABLE = frozenset({f"{CORE}js/function", f"{CORE}js/undefined"})


class UnknownTag(Exception):
    """A tag that is not read; `executable` where it would make an object of the program out of text (D450)."""

    def __init__(self, tag: str) -> None:
        self.executable = tag in EXECUTABLE
        super().__init__(tag.replace(CORE, "!!", 1) if tag.startswith(CORE) else tag)


def plain(text: str) -> Value:
    """The value of an unquoted scalar.

    Raises:
        ValueError: it looks like a date that does not exist, or like a number that is not finite; says so.
    """
    if text in NULL:
        return None
    if text in BOOLEAN:
        return BOOLEAN[text]
    if text[0] in "+-.0123456789":
        number = whole(text)
        if number is None:
            number = real(text)
        return moment(text) if number is None else number
    return text


def tagged(tag: str, text: str) -> Value:
    """The value of a scalar with an explicit tag, which is written out in full (`tag:yaml.org,2002:int`).

    Raises:
        UnknownTag: it is none of `!`, `!!str`, `!!null`, `!!bool`, `!!int`, `!!float`, `!!timestamp`, `!!js/regexp`.
        ValueError: the text is no value of that tag; says so.
    """
    if tag in ("!", f"{CORE}str"):
        return text
    if tag == f"{CORE}js/regexp":
        return regexp(text)
    expected: dict[str, tuple[type, ...]] = {
        f"{CORE}null": (type(None),),
        f"{CORE}bool": (bool,),
        f"{CORE}int": (int,),
        f"{CORE}float": (int, float),
        f"{CORE}timestamp": (date,),
    }
    if tag not in expected:
        raise UnknownTag(tag)
    value = plain(text)
    if not isinstance(value, expected[tag]) or (isinstance(value, bool) and bool not in expected[tag]):
        raise ValueError(f"`{text}` is not what its tag `{tag.replace(CORE, '!!')}` says")
    return value


def whole(text: str) -> int | float | None:
    """The integer that `text` spells in base 2, 8, 10, 16 or 60, or None."""
    digits = text.replace("_", "")
    negative, digits = digits.startswith("-"), digits.lstrip("+-")
    if BINARY.fullmatch(text):
        number = exact(int(digits[2:], 2))
    elif HEXADECIMAL.fullmatch(text):
        number = exact(int(digits[2:], 16))
    elif DECIMAL.fullmatch(text):
        number = decimal(digits)
    elif OCTAL.fullmatch(text):
        number = exact(int(digits, 8))
    elif SEXAGESIMAL.fullmatch(text):
        number = sixty(digits)
    else:
        return None
    return -number if negative else number


def real(text: str) -> int | float | None:
    """The number that `text` spells with a point or an exponent, or None; `1e3` is 1000, an integer."""
    digits = text.replace("_", "")
    if FLOAT.fullmatch(text):
        return decimal(digits)
    if SEXAGESIMAL_FLOAT.fullmatch(text):
        number = sixty(digits.lstrip("+-"))
        return -number if digits.startswith("-") else number
    if NOT_FINITE.fullmatch(text):
        raise ValueError(f"`{text}` is no number that a configuration can use; put it in quotes if it is text")
    return None


def decimal(digits: str) -> int | float:
    """A decimal number as JavaScript holds it."""
    if digits.isdecimal() and len(digits) < 16:
        return int(digits)
    return exact(float(digits))


def sixty(digits: str) -> int | float:
    """A number whose digits in base 60 stand between colons; only the last may have a fraction."""
    total = 0.0
    for digit in digits.split(":"):
        total = total * 60 + float(digit)
    return exact(total)


def exact(number: int | float) -> int | float:
    """A number as JavaScript holds it: an int where a double is whole and exact.

    Raises:
        ValueError: it is too large for a double.
    """
    try:
        double = float(number)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise ValueError("the number is too large")
    return int(double) if double.is_integer() and abs(double) <= EXACT else double


def moment(text: str) -> str | date | datetime:
    """The date or the moment (in UTC) that `text` spells, or the text."""
    try:
        if found := DAY.fullmatch(text):
            return date(*map(int, found.groups()))
        if found := MOMENT.fullmatch(text):
            year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
            milliseconds = int((fraction or "0")[:3].ljust(3, "0"))
            offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
            local = datetime(
                int(year), int(month), int(day), int(hour), int(minute), int(second), milliseconds * 1000, tzinfo=UTC
            )
            return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        raise ValueError(f"`{text}` looks like a date and is none; put it in quotes if it is text") from None
    return text


def regexp(text: str) -> Regexp:
    """The regular expression of `!!js/regexp`, which is written `/source/flags` or as the bare source.

    Raises:
        ValueError: it begins with a slash and does not end with one and at most three of the flags g, i and m.
    """
    if not text.startswith("/"):
        return Regexp(text, "")
    found = REGEXP.fullmatch(text)
    if found is None or len(text) < 2:
        raise ValueError(f"`{text}` is no regular expression: write `/source/flags` with the flags g, i and m")
    return Regexp(found[1], found[2])
