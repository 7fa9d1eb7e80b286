"""Conversions between the types of JavaScript (ECMA-262 section 7.1), and to what Python wants of them."""

import math
import re
from typing import Final

from egc.runtime.headers import is_value
from egc.runtime.javascript.values import (
    Array,
    Boxed,
    Function,
    Object,
    Undefined,
    Value,
    characters,
    type_error,
    units,
)

NAN: Final = math.nan
INFINITY: Final = math.inf

SPACES: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000\ufeff"
)
"""White space and line ends, as `trim` and Number go by."""

_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_RADIX = {"0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2}
_DIGITS = {2: re.compile("[01]+"), 8: re.compile("[0-7]+"), 16: re.compile("[0-9a-fA-F]+")}


def truthy(value: Value) -> bool:
    """ToBoolean."""
    if isinstance(value, Object):
        return True
    # NaN is the one number that Python holds for true.
    return bool(value) and value == value


def nullish(value: Value) -> bool:
    """Whether it is null or undefined."""
    return value is None or isinstance(value, Undefined)


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def primitive(value: Value, hint: str = "default") -> "Undefined | bool | float | str | None":
    """ToPrimitive."""
    if not isinstance(value, Object):
        return value
    prefer_text = hint == "string" or (hint == "default" and value.kind == "Date")
    for name in ("toString", "valueOf") if prefer_text else ("valueOf", "toString"):
        method = value.get(name)
        if isinstance(method, Function):
            result = method.native(value, ())
            if not isinstance(result, Object):
                return result
    raise type_error("Cannot convert object to primitive value")


def string(value: Value) -> str:
    """ToString, in code units."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if value is None:
        return "null"
    if isinstance(value, Undefined):
        return "undefined"
    return string(primitive(value, "string"))


def number(value: Value) -> float:
    """ToNumber."""
    if isinstance(value, str):
        return _number_of_text(value)
    if isinstance(value, int | float):
        return float(value)
    if value is None:
        return 0.0
    if isinstance(value, Undefined):
        return NAN
    return number(primitive(value, "number"))


def integer(value: Value) -> float:
    """ToIntegerOrInfinity."""
    found = number(value)
    if found != found:
        return 0.0
    return found if math.isinf(found) else float(math.trunc(found))


def int32(value: Value) -> int:
    """ToInt32."""
    found = uint32(value)
    return found - 2**32 if found >= 2**31 else found


def uint32(value: Value) -> int:
    """ToUint32."""
    found = number(value)
    return int(found) % 2**32 if math.isfinite(found) else 0


def key(value: Value) -> str:
    """ToPropertyKey."""
    return value if isinstance(value, str) else string(value)


def to_object(value: Value) -> Object:
    """ToObject. Raises a TypeError for null and undefined."""
    if isinstance(value, Object):
        return value
    if value is None or isinstance(value, Undefined):
        raise type_error("Cannot convert undefined or null to object")
    return Boxed(value)


def number_text(value: float) -> str:
    """Number::toString with radix 10."""
    if value != value:
        return "NaN"
    if value in (INFINITY, -INFINITY):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    if abs(value) < 1e21 and value == int(value) and abs(value) <= 2**53:
        return str(int(value))
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(float(value))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = int(exponent or 0) + (len(whole) if whole != "0" else len(digits) - len(fraction))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if power > 0 else '-'}{abs(power)}"


def _number_of_text(text: str) -> float:
    if text.isdecimal() and text.isascii():
        return float(text)
    text = text.strip(SPACES)
    if not text:
        return 0.0
    radix = _RADIX.get(text[:2])
    if radix is not None:
        return digits_value(text[2:], radix) if _DIGITS[radix].fullmatch(text[2:]) else NAN
    return float(text) if _DECIMAL.fullmatch(text) else NAN


def digits_value(digits: str, radix: int) -> float:
    """The number that digits stand for; Infinity where it is too large."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > 1100:
        return INFINITY
    try:
        return float(int(digits, radix))
    except OverflowError:
        return INFINITY


def text(value: Value) -> str:
    """ToString as a Python string, as a template, a rate limit's key or a log message wants it (D362)."""
    return characters(string(value))


def header_text(value: Value) -> str:
    """The value of a header field as Node writes it: lists joined with `, ` (D214, D362).

    What comes back encodes to Latin-1. Raises JSError for `undefined`, and for text that no field can carry (D303).
    """
    if isinstance(value, Undefined):
        raise type_error('Invalid value "undefined" for header')
    if isinstance(value, Array):
        found = ", ".join("" if isinstance(item, Undefined) else string(item) for item in value.values())
    else:
        found = string(value)
    try:
        sendable = is_value(found.encode("latin-1"))
    except UnicodeEncodeError:
        sendable = False
    if not sendable:
        raise type_error("Invalid character in header content")
    return found


def from_text(value: str) -> str:
    """A Python string as a value."""
    return units(value)
