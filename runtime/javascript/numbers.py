"""Number and Boolean, parseInt and parseFloat (ECMA-262 sections 19.2, 20.3 and 21.1)."""

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from egc.runtime.javascript.convert import (
    INFINITY,
    NAN,
    SPACES,
    digits_value,
    int32,
    integer,
    is_number,
    number,
    number_text,
    string,
    truthy,
)
from egc.runtime.javascript.values import (
    BOOLEAN_PROTOTYPE,
    NUMBER_PROTOTYPE,
    UNDEFINED,
    Boxed,
    Builtin,
    Value,
    Values,
    range_error,
    type_error,
)

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FLOAT = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_EXACT: Final = Context(prec=1200)


def _first(arguments: Values) -> Value:
    return arguments[0] if arguments else UNDEFINED


def _number(this: Value) -> float:
    if isinstance(this, Boxed) and is_number(this.primitive):
        return float(this.primitive)
    if isinstance(this, int | float) and not isinstance(this, bool):
        return float(this)
    raise type_error("Number.prototype method is called on something else")


def parse_int(this: Value, arguments: Values) -> Value:
    """parseInt."""
    text = string(_first(arguments)).strip(SPACES)
    sign = 1.0
    if text[:1] in ("+", "-"):
        sign = -1.0 if text[0] == "-" else 1.0
        text = text[1:]
    radix = int32(arguments[1]) if len(arguments) > 1 else 0
    if radix in (0, 16) and text[:2] in ("0x", "0X"):
        text, radix = text[2:], 16
    radix = radix or 10
    if not 2 <= radix <= 36:
        return NAN
    allowed = _DIGITS[:radix]
    end = 0
    while end < len(text) and text[end].lower() in allowed and text[end].isascii():
        end += 1
    return sign * digits_value(text[:end], radix) if end else NAN


def parse_float(this: Value, arguments: Values) -> Value:
    """parseFloat."""
    found = _FLOAT.match(string(_first(arguments)).strip(SPACES))
    return float(found[0]) if found else NAN


def is_nan(this: Value, arguments: Values) -> Value:
    """isNaN."""
    value = number(_first(arguments))
    return value != value


def is_finite(this: Value, arguments: Values) -> Value:
    """isFinite."""
    return math.isfinite(number(_first(arguments)))


def _radix_text(value: float, radix: int) -> str:
    """Number::toString with a radix other than 10; fractions as V8 writes them."""
    if not math.isfinite(value):
        return number_text(value)
    sign = "-" if value < 0 else ""
    value = abs(value)
    whole = math.floor(value)
    fraction = value - whole
    digits: list[int] = []
    delta = max(0.5 * (math.nextafter(value, INFINITY) - value), math.nextafter(0.0, 1.0))
    if fraction >= delta:
        while True:
            fraction *= radix
            delta *= radix
            digit = int(fraction)
            digits.append(digit)
            fraction -= digit
            if (fraction > 0.5 or (fraction == 0.5 and digit & 1)) and fraction + delta > 1:
                while True:
                    if not digits:
                        whole += 1
                        break
                    last = digits.pop() + 1
                    if last < radix:
                        digits.append(last)
                        break
                break
            if fraction < delta:
                break
    text = ""
    rest = float(whole)
    while rest >= 2**53:
        rest /= radix
        text += "0"
    rest = math.floor(rest)
    while rest:
        rest, remainder = divmod(rest, radix)
        text = _DIGITS[int(remainder)] + text
    tail = "." + "".join(_DIGITS[digit] for digit in digits) if digits else ""
    return f"{sign}{text or '0'}{tail}"


def _to_string(this: Value, arguments: Values) -> Value:
    value = _number(this)
    radix = 10.0 if _first(arguments) is UNDEFINED else integer(_first(arguments))
    if not 2 <= radix <= 36:
        raise range_error("toString() radix must be between 2 and 36")
    return number_text(value) if radix == 10 else _radix_text(value, int(radix))


def _places(arguments: Values, name: str, least: int) -> int:
    found = integer(_first(arguments))
    if not least <= found <= 100:
        raise range_error(f"{name}() argument must be between {least} and 100")
    return int(found)


def _to_fixed(this: Value, arguments: Values) -> Value:
    value = _number(this)
    places = _places(arguments, "toFixed", 0)
    if not math.isfinite(value) or abs(value) >= 1e21:
        return number_text(value)
    rounded = Decimal(abs(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    text = f"{rounded:f}"
    return f"-{text}" if value < 0 else text


def _exponent_form(value: float, digits: int) -> tuple[str, int]:
    """`digits` decimal digits of a positive number, rounded half up, and the exponent of the first."""
    exact = Decimal(value)
    exponent = exact.adjusted()
    scaled = exact.scaleb(digits - 1 - exponent, _EXACT).quantize(Decimal(1), ROUND_HALF_UP, _EXACT)
    text = f"{scaled:f}"
    if len(text) > digits:
        text, exponent = text[:digits], exponent + 1
    return text, exponent


def _to_exponential(this: Value, arguments: Values) -> Value:
    value = _number(this)
    if not math.isfinite(value):
        integer(_first(arguments))
        return number_text(value)
    places = _places(arguments, "toExponential", 0)
    sign, value = ("-" if value < 0 else ""), abs(value)
    if _first(arguments) is UNDEFINED:
        if value == 0:
            return "0e+0"
        shortest = Decimal(repr(value)).normalize()
        text, exponent = "".join(map(str, shortest.as_tuple().digits)), shortest.adjusted()
    elif value == 0:
        text, exponent = "0" * (places + 1), 0
    else:
        text, exponent = _exponent_form(value, places + 1)
    tail = f".{text[1:]}" if len(text) > 1 else ""
    return f"{sign}{text[0]}{tail}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"


def _to_precision(this: Value, arguments: Values) -> Value:
    value = _number(this)
    if _first(arguments) is UNDEFINED or not math.isfinite(value):
        return number_text(value)
    digits = _places(arguments, "toPrecision", 1)
    sign, value = ("-" if value < 0 else ""), abs(value)
    text, exponent = ("0" * digits, 0) if value == 0 else _exponent_form(value, digits)
    if exponent < -6 or exponent >= digits:
        tail = f".{text[1:]}" if digits > 1 else ""
        return f"{sign}{text[0]}{tail}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"
    if exponent == digits - 1:
        return sign + text
    if exponent >= 0:
        return f"{sign}{text[: exponent + 1]}.{text[exponent + 1 :]}"
    return f"{sign}0.{'0' * (-exponent - 1)}{text}"


def _to_locale(this: Value, arguments: Values) -> Value:
    if any(argument is not UNDEFINED for argument in arguments):
        raise type_error("toLocaleString with a locale or options is not supported")
    value = _number(this)
    if not math.isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "-∞"
    rounded = Decimal(repr(abs(value))).quantize(Decimal("0.001"), context=_EXACT)
    text = f"{rounded:,.3f}".rstrip("0").rstrip(".")
    return f"-{text}" if math.copysign(1.0, value) < 0 else text


def _value_of(this: Value, arguments: Values) -> Value:
    return _number(this)


def _is_integer(this: Value, arguments: Values) -> Value:
    value = _first(arguments)
    return is_number(value) and math.isfinite(number(value)) and number(value) == math.floor(number(value))


def _is_safe_integer(this: Value, arguments: Values) -> Value:
    return bool(_is_integer(this, arguments)) and abs(number(_first(arguments))) <= 2**53 - 1


def _is_own_finite(this: Value, arguments: Values) -> Value:
    return is_number(_first(arguments)) and math.isfinite(number(_first(arguments)))


def _is_own_nan(this: Value, arguments: Values) -> Value:
    value = _first(arguments)
    return is_number(value) and value != value


NUMBER_PROTOTYPE.properties.update(
    {
        "toString": Builtin(_to_string, "toString", 1),
        "toLocaleString": Builtin(_to_locale, "toLocaleString", 0),
        "toFixed": Builtin(_to_fixed, "toFixed", 1),
        "toExponential": Builtin(_to_exponential, "toExponential", 1),
        "toPrecision": Builtin(_to_precision, "toPrecision", 1),
        "valueOf": Builtin(_value_of, "valueOf", 0),
    }
)


def _number_called(this: Value, arguments: Values) -> Value:
    return number(arguments[0]) if arguments else 0.0


PARSE_INT = Builtin(parse_int, "parseInt", 2)
PARSE_FLOAT = Builtin(parse_float, "parseFloat", 1)

NUMBER = Builtin(_number_called, "Number", 1, lambda arguments: Boxed(number(arguments[0]) if arguments else 0.0))
NUMBER.properties.update(
    {
        "EPSILON": 2.0**-52,
        "MAX_SAFE_INTEGER": 2.0**53 - 1,
        "MAX_VALUE": 1.7976931348623157e308,
        "MIN_SAFE_INTEGER": 1 - 2.0**53,
        "MIN_VALUE": 5e-324,
        "NEGATIVE_INFINITY": -INFINITY,
        "NaN": NAN,
        "POSITIVE_INFINITY": INFINITY,
        "isFinite": Builtin(_is_own_finite, "isFinite", 1),
        "isInteger": Builtin(_is_integer, "isInteger", 1),
        "isNaN": Builtin(_is_own_nan, "isNaN", 1),
        "isSafeInteger": Builtin(_is_safe_integer, "isSafeInteger", 1),
        "parseFloat": PARSE_FLOAT,
        "parseInt": PARSE_INT,
        "prototype": NUMBER_PROTOTYPE,
    }
)
NUMBER_PROTOTYPE.properties["constructor"] = NUMBER


def _boolean(this: Value) -> bool:
    if isinstance(this, Boxed) and isinstance(this.primitive, bool):
        return this.primitive
    if isinstance(this, bool):
        return this
    raise type_error("Boolean.prototype method is called on something else")


def _boolean_text(this: Value, arguments: Values) -> Value:
    return "true" if _boolean(this) else "false"


def _boolean_value(this: Value, arguments: Values) -> Value:
    return _boolean(this)


def _boolean_called(this: Value, arguments: Values) -> Value:
    return truthy(_first(arguments))


BOOLEAN = Builtin(_boolean_called, "Boolean", 1, lambda arguments: Boxed(truthy(_first(arguments))))
BOOLEAN.properties["prototype"] = BOOLEAN_PROTOTYPE
BOOLEAN_PROTOTYPE.properties.update(
    {
        "constructor": BOOLEAN,
        "toString": Builtin(_boolean_text, "toString", 0),
        "valueOf": Builtin(_boolean_value, "valueOf", 0),
    }
)
