"""The operators of JavaScript (ECMA-262 sections 7.2 and 13)."""

import math

from egc.runtime.javascript.convert import (
    NAN,
    int32,
    is_number,
    key,
    number,
    primitive,
    string,
    uint32,
)
from egc.runtime.javascript.values import (
    MAX_LENGTH,
    Function,
    Object,
    Undefined,
    Value,
    bounded,
    range_error,
    type_error,
)


def add(left: Value, right: Value) -> Value:
    """`left + right`: a sum, or text where either side is text."""
    if isinstance(left, Object):
        left = primitive(left)
    if isinstance(right, Object):
        right = primitive(right)
    if isinstance(left, str) or isinstance(right, str):
        return bounded(string(left) + string(right))
    return number(left) + number(right)


def concat(*parts: Value) -> str:
    """A template's text: each part converted by ToString."""
    texts = [part if isinstance(part, str) else string(part) for part in parts]
    if sum(map(len, texts)) > MAX_LENGTH:
        raise range_error("Invalid string length")
    return "".join(texts)


def subtract(left: Value, right: Value) -> float:
    """`left - right`."""
    first = number(left)
    return first - number(right)


def multiply(left: Value, right: Value) -> float:
    """`left * right`."""
    first = number(left)
    return first * number(right)


def divide(left: Value, right: Value) -> float:
    """`left / right`."""
    first, second = number(left), number(right)
    if second == 0:
        if first == 0 or first != first:
            return NAN
        return math.copysign(math.inf, math.copysign(1.0, first) * math.copysign(1.0, second))
    return first / second


def remainder(left: Value, right: Value) -> float:
    """`left % right`, with the sign of `left`."""
    first, second = number(left), number(right)
    if second == 0 or math.isinf(first) or first != first or second != second:
        return NAN
    return math.fmod(first, second)


def power(left: Value, right: Value) -> float:
    """`left ** right`."""
    base, exponent = number(left), number(right)
    if exponent != exponent:
        return NAN
    if exponent == 0:
        return 1.0
    if abs(base) == 1 and math.isinf(exponent):
        return NAN
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = exponent == int(exponent) and int(exponent) % 2 == 1
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base == 0:
            odd = exponent == int(exponent) and int(exponent) % 2 == 1
            return math.copysign(math.inf, base) if odd else math.inf
        return NAN


def negation(value: object) -> bool:
    """`!value`, for something of which Python and JavaScript agree whether it is true."""
    return not value


def negate(value: Value) -> float:
    """`-value`."""
    return -number(value)


def bit_and(left: Value, right: Value) -> float:
    """`left & right`."""
    return int32(left) & int32(right)


def bit_or(left: Value, right: Value) -> float:
    """`left | right`."""
    return int32(left) | int32(right)


def bit_xor(left: Value, right: Value) -> float:
    """`left ^ right`."""
    return int32(left) ^ int32(right)


def bit_not(value: Value) -> float:
    """`~value`."""
    return ~int32(value)


def shift_left(left: Value, right: Value) -> float:
    """`left << right`."""
    first = int32(left)
    return int32(first << (uint32(right) % 32))


def shift_right(left: Value, right: Value) -> float:
    """`left >> right`."""
    first = int32(left)
    return first >> (uint32(right) % 32)


def shift_right_unsigned(left: Value, right: Value) -> float:
    """`left >>> right`."""
    first = uint32(left)
    return first >> (uint32(right) % 32)


def typeof(value: Value) -> str:
    """`typeof value`."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Undefined):
        return "undefined"
    return "function" if isinstance(value, Function) else "object"


def same(left: Value, right: Value) -> bool:
    """`left === right`."""
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if is_number(left) and is_number(right):
        return left == right
    return left is right


def same_value(left: Value, right: Value) -> bool:
    """Object.is."""
    if is_number(left) and is_number(right):
        first, second = number(left), number(right)
        if first != first:
            return second != second
        return first == second and math.copysign(1.0, first) == math.copysign(1.0, second)
    return same(left, right)


def same_or_nan(left: Value, right: Value) -> bool:
    """SameValueZero, by which `includes` compares."""
    return same(left, right) or (is_number(left) and is_number(right) and left != left and right != right)


def equal(left: Value, right: Value) -> bool:
    """`left == right`."""
    while True:
        if left is None or isinstance(left, Undefined):
            return right is None or isinstance(right, Undefined)
        if right is None or isinstance(right, Undefined):
            return False
        if isinstance(left, Object):
            if isinstance(right, Object):
                return left is right
            left = primitive(left)
        elif isinstance(right, Object):
            right = primitive(right)
        elif isinstance(left, str) and isinstance(right, str):
            return left == right
        else:
            return number(left) == number(right)


def less(left: Value, right: Value) -> bool:
    """`left < right`."""
    first, second = primitive(left, "number"), primitive(right, "number")
    if isinstance(first, str) and isinstance(second, str):
        return first < second
    one = number(first)
    return one < number(second)


def less_or_equal(left: Value, right: Value) -> bool:
    """`left <= right`."""
    first, second = primitive(left, "number"), primitive(right, "number")
    if isinstance(first, str) and isinstance(second, str):
        return first <= second
    one = number(first)
    return one <= number(second)


def greater(left: Value, right: Value) -> bool:
    """`left > right`."""
    first, second = primitive(left, "number"), primitive(right, "number")
    if isinstance(first, str) and isinstance(second, str):
        return first > second
    one = number(first)
    return one > number(second)


def greater_or_equal(left: Value, right: Value) -> bool:
    """`left >= right`."""
    first, second = primitive(left, "number"), primitive(right, "number")
    if isinstance(first, str) and isinstance(second, str):
        return first >= second
    one = number(first)
    return one >= number(second)


def contains(name: Value, holder: Value) -> bool:
    """`name in holder`."""
    if not isinstance(holder, Object):
        raise type_error(f"Cannot use 'in' operator to search for '{_shown(name)}' in {_shown(holder)}")
    return holder.has(key(name))


def instance_of(value: Value, constructor: Value) -> bool:
    """`value instanceof constructor`."""
    if not isinstance(constructor, Object):
        raise type_error("Right-hand side of 'instanceof' is not an object")
    if not isinstance(constructor, Function):
        raise type_error("Right-hand side of 'instanceof' is not callable")
    if not isinstance(value, Object):
        return False
    prototype = constructor.get("prototype")
    if not isinstance(prototype, Object):
        raise type_error("Function has non-object prototype in instanceof check")
    holder = value.prototype
    while holder is not None:
        if holder is prototype:
            return True
        holder = holder.prototype
    return False


def _shown(value: Value) -> str:
    return typeof(value) if isinstance(value, Object) else string(value)[:100]
