"""Members, calls and `new`: how a script reaches into values."""

from collections.abc import Callable

from egc.runtime.javascript.convert import key, string
from egc.runtime.javascript.values import (
    BOOLEAN_PROTOTYPE,
    MAX_ITEMS,
    NUMBER_PROTOTYPE,
    STRING_PROTOTYPE,
    UNDEFINED,
    Array,
    Function,
    JSError,
    Missing,
    Object,
    Undefined,
    Value,
    Values,
    array_index,
    range_error,
    type_error,
)

MAX_CALLS = 100_000
"""How many calls of its own functions one run of a script may make, and what takes as long as so many calls."""


class Budget:
    """What is left of the calls of the script that runs; scripts run one after the other, never at once."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_CALLS


budget = Budget()


def spend(items: int) -> None:
    """Count work on items as calls, 128 for one: a function that does it for every item of a list has an end too."""
    budget.left -= items >> 7


def get(holder: Value, name: Value) -> Value:
    """`holder[name]`. Raises a TypeError where `holder` is null or undefined."""
    if isinstance(holder, Object):
        if isinstance(holder, Array) and type(name) is int and 0 <= name < len(holder.items):
            item = holder.items[name]
            if not isinstance(item, Missing):
                return item
        return holder.get(name if isinstance(name, str) else key(name))
    if isinstance(holder, str):
        spelled = key(name)
        if spelled == "length":
            return len(holder)
        index = array_index(spelled)
        if index is not None and index < len(holder):
            return holder[index]
        return STRING_PROTOTYPE.get(spelled)
    if holder is None or isinstance(holder, Undefined):
        raise type_error(f"Cannot read properties of {string(holder)} (reading '{_named(name)}')")
    return (BOOLEAN_PROTOTYPE if isinstance(holder, bool) else NUMBER_PROTOTYPE).get(key(name))


def put(holder: Value, name: Value, value: Value) -> None:
    """`holder[name] = value`. Raises a TypeError where `holder` is null or undefined."""
    if isinstance(holder, Object):
        holder.put(name if isinstance(name, str) else key(name), value)
    elif holder is None or isinstance(holder, Undefined):
        raise type_error(f"Cannot set properties of {string(holder)} (setting '{_named(name)}')")
    else:
        # Assignments to primitive values have no effect.
        key(name)


def delete(holder: Value, name: Value) -> bool:
    """`delete holder[name]`."""
    if isinstance(holder, Object):
        return holder.delete(key(name))
    if holder is None or isinstance(holder, Undefined):
        raise type_error("Cannot convert undefined or null to object")
    spelled = key(name)
    if isinstance(holder, str):
        index = array_index(spelled)
        return not (spelled == "length" or (index is not None and index < len(holder)))
    return True


def call(holder: Value, name: Value, *arguments: Value) -> Value:
    """`holder[name](...arguments)`."""
    method = get(holder, name)
    if not isinstance(method, Function):
        raise type_error(f"{_named(name)} is not a function")
    return method.native(holder, arguments)


def method(holder: Value, name: Value) -> Callable[..., Value]:
    """`holder[name]`, to be called as its method. Raises a TypeError where `holder` is null or undefined."""
    found = get(holder, name)

    def called(*arguments: Value) -> Value:
        if not isinstance(found, Function):
            raise type_error(f"{_named(name)} is not a function")
        return found.native(holder, arguments)

    return called


def invoke(function: Value, *arguments: Value) -> Value:
    """`function(...arguments)`."""
    if not isinstance(function, Function):
        raise type_error("a value that is not a function is called")
    return function.native(UNDEFINED, arguments)


def apply(function: Value, this: Value, arguments: Values) -> Value:
    """Call `function` as a method of `this`."""
    if not isinstance(function, Function):
        raise type_error("a value that is not a function is called")
    return function.native(this, arguments)


def new(constructor: Value, *arguments: Value) -> Value:
    """`new constructor(...arguments)`."""
    if not isinstance(constructor, Function) or constructor.construct is None:
        raise type_error("a value that is not a constructor is called with `new`")
    return constructor.construct(arguments)


def function(code: Callable[[Value, Values], Value], name: str = "", length: int = 0) -> Function:
    """A function that a script defines."""

    def bounded(this: Value, arguments: Values) -> Value:
        budget.left -= 1
        if budget.left < 0:
            raise range_error("Too many function calls")
        try:
            return code(this, arguments)
        except RecursionError:
            raise range_error("Maximum call stack size exceeded") from None

    return Function(bounded, name, length)


def argument(arguments: Values, index: int) -> Value:
    """The argument at that position, or `undefined`."""
    return arguments[index] if index < len(arguments) else UNDEFINED


def rest(arguments: Values, index: int) -> Array:
    """The arguments from that position on."""
    return Array(list(arguments[index:]))


def thrown(value: Value) -> JSError:
    """The exception for `throw value`."""
    return JSError(value)


def spread(value: Value) -> list[Value]:
    """The values that `...value` stands for in a list."""
    if isinstance(value, Array):
        spend(len(value.items) << 1)
        return value.values()
    if isinstance(value, str):
        spend(len(value) << 1)
        found: list[Value] = []
        at = 0
        while at < len(value):
            pair = "\ud800" <= value[at] <= "\udbff" and "\udc00" <= value[at + 1 : at + 2] <= "\udfff"
            found.append(value[at : at + 2] if pair else value[at])
            at += 2 if pair else 1
        if len(found) > MAX_ITEMS:
            raise range_error("Invalid array length")
        return found
    raise type_error(f"{_kind(value)} is not iterable")


def array(*items: "Value | Missing") -> Array:
    """An array literal; MISSING is a hole."""
    return Array(list(items))


def record(properties: "dict[str, Value] | None" = None) -> Object:
    """An object literal."""
    return Object(properties)


def merge(target: Object, source: Value) -> Object:
    """`...source` in an object literal: its own enumerable properties are copied to `target`, which is returned."""
    if type(source) is Object and type(target) is Object:
        spend(len(source.properties))
        target.properties.update(source.properties)
    elif isinstance(source, Object):
        names = source.names()
        spend(len(names) << 5)
        for name in names:
            target.put(name, source.get(name))
    elif isinstance(source, str):
        for index, character in enumerate(source):
            target.put(str(index), character)
    return target


def without(source: Value, *names: str) -> Object:
    """`...rest` in an object pattern: a copy of the own enumerable properties, but for those already taken."""
    if source is None or isinstance(source, Undefined):
        raise type_error(f"Cannot destructure '{string(source)}'")
    copy = merge(Object(), source)
    for name in names:
        copy.delete(name)
    return copy


def items(value: Value) -> Array:
    """What an array pattern takes apart."""
    return Array(list(spread(value)))


def after(array: Value, index: int) -> Array:
    """`...rest` in an array pattern."""
    return Array(list(array.items[index:])) if isinstance(array, Array) else Array([])


def require_object(value: Value) -> None:
    """Raise a TypeError where there is nothing that an object pattern could take apart."""
    if value is None or isinstance(value, Undefined):
        raise type_error(f"Cannot destructure '{string(value)}' as it is {string(value)}.")


Catchable = (JSError, RecursionError)
"""What `catch` catches."""


def caught(error: BaseException) -> Value:
    """What `catch (e)` calls `e`."""
    return error.value if isinstance(error, JSError) else range_error("Maximum call stack size exceeded").value


def renew() -> None:
    """A script that defines functions begins: it may make MAX_CALLS calls."""
    budget.left = MAX_CALLS


def _kind(value: Value) -> str:
    return "object" if isinstance(value, Object) else string(value)[:100]


def _named(name: Value) -> str:
    return "object" if isinstance(name, Object) else string(name)[:100]
