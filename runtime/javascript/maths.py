"""Math (ECMA-262 section 21.3)."""

import math
import random
import struct
from collections.abc import Callable

from egc.runtime.javascript.convert import INFINITY, NAN, int32, number, uint32
from egc.runtime.javascript.operators import power
from egc.runtime.javascript.values import UNDEFINED, Builtin, Intrinsic, Value, Values


def _one(name: str, compute: Callable[[float], float]) -> Builtin:
    """A function of one number; what Python raises for is NaN, what overflows Infinity."""

    def native(this: Value, arguments: Values) -> Value:
        value = number(arguments[0] if arguments else UNDEFINED)
        if value != value:
            return NAN
        try:
            return compute(value)
        except ValueError:
            return NAN
        except OverflowError:
            return INFINITY

    return Builtin(native, name, 1)


def _rounded(value: float) -> float:
    if not math.isfinite(value) or abs(value) >= 2**52:
        return value
    if -0.5 <= value < 0 or value == 0:
        return math.copysign(0.0, value)
    return math.floor(value) + (1.0 if value - math.floor(value) >= 0.5 else 0.0)


def _whole(compute: Callable[[float], int]) -> Callable[[float], float]:
    def rounded(value: float) -> float:
        return math.copysign(float(compute(value)), value) if math.isfinite(value) and value != 0 else value

    return rounded


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) and value != 0 else value


def _sign(value: float) -> float:
    return value if value == 0 else math.copysign(1.0, value)


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: -INFINITY if value == 0 else compute(value)


def _sinh(value: float) -> float:
    try:
        return math.sinh(value)
    except OverflowError:
        return math.copysign(INFINITY, value)


def _atanh(value: float) -> float:
    return math.copysign(INFINITY, value) if abs(value) == 1 else math.atanh(value)


def _single(value: float) -> float:
    try:
        found: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(INFINITY, value)
    return found


def _log1p(value: float) -> float:
    return -INFINITY if value == -1 else math.log1p(value)


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": math.acos,
    "acosh": math.acosh,
    "asin": math.asin,
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": _atanh,
    "cbrt": math.cbrt,
    "ceil": _whole(math.ceil),
    "cos": math.cos,
    "cosh": math.cosh,
    "exp": math.exp,
    "expm1": math.expm1,
    "floor": _floor,
    "fround": _single,
    "log": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "log1p": _log1p,
    "log2": _logarithm(math.log2),
    "round": _rounded,
    "sign": _sign,
    "sin": math.sin,
    "sinh": _sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
    "trunc": _whole(math.trunc),
}


def _extreme(name: str, start: float) -> Builtin:
    def native(this: Value, arguments: Values) -> Value:
        numbers = [number(argument) for argument in arguments]
        found = start
        for value in numbers:
            if value != value:
                return NAN
            if name == "max":
                replace = value > found or (value == found == 0 and math.copysign(1.0, value) > 0)
            else:
                replace = value < found or (value == found == 0 and math.copysign(1.0, value) < 0)
            if replace:
                found = value
        return found

    return Builtin(native, name, 2)


def _hypot(this: Value, arguments: Values) -> Value:
    numbers = [number(argument) for argument in arguments]
    if any(math.isinf(value) for value in numbers):
        return INFINITY
    return math.hypot(*numbers)


def _atan2(this: Value, arguments: Values) -> Value:
    first, second = (number(arguments[at] if at < len(arguments) else UNDEFINED) for at in (0, 1))
    return math.atan2(first, second)


def _pow(this: Value, arguments: Values) -> Value:
    return power(*(arguments[at] if at < len(arguments) else UNDEFINED for at in (0, 1)))


def _imul(this: Value, arguments: Values) -> Value:
    first, second = (int32(arguments[at] if at < len(arguments) else UNDEFINED) for at in (0, 1))
    return int32(first * second)


def _clz32(this: Value, arguments: Values) -> Value:
    return 32 - uint32(arguments[0] if arguments else UNDEFINED).bit_length()


def _random(this: Value, arguments: Values) -> Value:
    # Math.random promises no secrets.
    return random.random()  # noqa: S311


MATH = Intrinsic()
MATH.properties.update({name: _one(name, compute) for name, compute in _FUNCTIONS.items()})
MATH.properties.update(
    {
        "E": math.e,
        "LN10": math.log(10),
        "LN2": math.log(2),
        "LOG10E": math.log10(math.e),
        "LOG2E": math.log2(math.e),
        "PI": math.pi,
        "SQRT1_2": math.sqrt(0.5),
        "SQRT2": math.sqrt(2),
        "atan2": Builtin(_atan2, "atan2", 2),
        "clz32": Builtin(_clz32, "clz32", 1),
        "hypot": Builtin(_hypot, "hypot", 2),
        "imul": Builtin(_imul, "imul", 2),
        "max": _extreme("max", -INFINITY),
        "min": _extreme("min", INFINITY),
        "pow": Builtin(_pow, "pow", 2),
        "random": Builtin(_random, "random", 0),
    }
)
