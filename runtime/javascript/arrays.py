"""Array (ECMA-262 section 23.1)."""

from collections.abc import Iterator
from functools import cmp_to_key

from egc.runtime.javascript.convert import INFINITY, integer, number, string, to_object, truthy
from egc.runtime.javascript.members import spend, spread
from egc.runtime.javascript.operators import same, same_or_nan
from egc.runtime.javascript.values import (
    ARRAY_PROTOTYPE,
    MAX_ITEMS,
    MAX_LENGTH,
    MISSING,
    UNDEFINED,
    Array,
    Builtin,
    Function,
    Missing,
    Native,
    Object,
    Undefined,
    Value,
    Values,
    range_error,
    type_error,
)

Items = list["Value | Missing"]

_ONE_CALL = 128
"""Items that take as long as a call of a function."""

_joining: list[Array] = []
"""The arrays whose text is being made: one that holds itself is written as nothing."""


def _arg(arguments: Values, index: int) -> Value:
    return arguments[index] if index < len(arguments) else UNDEFINED


def _array(this: Value) -> Array:
    if isinstance(this, Array):
        return this
    raise type_error("Array.prototype method called on something that is no array")


def _function(arguments: Values) -> Function:
    found = _arg(arguments, 0)
    if not isinstance(found, Function):
        raise type_error("the argument is not a function")
    return found


def _relative(value: Value, length: int, otherwise: float = 0.0) -> int:
    found = otherwise if isinstance(value, Undefined) else integer(value)
    return int(max(0.0, length + found) if found < 0 else min(found, float(length)))


def _each(array: Array) -> Iterator[tuple[int, Value]]:
    """Items and their indexes, without holes, as they are when their turn comes."""
    for index in range(len(array.items)):
        if index >= len(array.items):
            return
        item = array.items[index]
        if not isinstance(item, Missing):
            yield index, item


def _at(this: Value, arguments: Values) -> Value:
    items, at = _array(this).items, integer(_arg(arguments, 0))
    at = len(items) + at if at < 0 else at
    item = items[int(at)] if 0 <= at < len(items) else MISSING
    return UNDEFINED if isinstance(item, Missing) else item


def _concat(this: Value, arguments: Values) -> Value:
    made: Items = list(_array(this).items)
    for argument in arguments:
        if isinstance(argument, Array):
            made += argument.items
        else:
            made.append(argument)
        if len(made) > MAX_ITEMS:
            raise range_error("Invalid array length")
    return Array(made)


def _every(this: Value, arguments: Values) -> Value:
    array, test = _array(this), _function(arguments)
    return all(truthy(test.native(_arg(arguments, 1), (item, index, array))) for index, item in _each(array))


def _some(this: Value, arguments: Values) -> Value:
    array, test = _array(this), _function(arguments)
    return any(truthy(test.native(_arg(arguments, 1), (item, index, array))) for index, item in _each(array))


def _fill(this: Value, arguments: Values) -> Value:
    array = _array(this)
    start = _relative(_arg(arguments, 1), len(array.items))
    for index in range(start, _relative(_arg(arguments, 2), len(array.items), INFINITY)):
        array.items[index] = _arg(arguments, 0)
    return array


def _filter(this: Value, arguments: Values) -> Value:
    array, test = _array(this), _function(arguments)
    return Array(
        [item for index, item in _each(array) if truthy(test.native(_arg(arguments, 1), (item, index, array)))]
    )


def _search(this: Value, arguments: Values, *, backwards: bool = False) -> tuple[int, Value]:
    array, test = _array(this), _function(arguments)
    order = range(len(array.items))
    for index in reversed(order) if backwards else order:
        item = array.items[index] if index < len(array.items) else MISSING
        value: Value = UNDEFINED if isinstance(item, Missing) else item
        if truthy(test.native(_arg(arguments, 1), (value, index, array))):
            return index, value
    return -1, UNDEFINED


def _find(this: Value, arguments: Values) -> Value:
    return _search(this, arguments)[1]


def _find_index(this: Value, arguments: Values) -> Value:
    return _search(this, arguments)[0]


def _find_last(this: Value, arguments: Values) -> Value:
    return _search(this, arguments, backwards=True)[1]


def _find_last_index(this: Value, arguments: Values) -> Value:
    return _search(this, arguments, backwards=True)[0]


def _flattened(items: Items, depth: float, into: Items) -> Items:
    for item in items:
        if isinstance(item, Array) and depth >= 1:
            _flattened(item.items, depth - 1, into)
        elif not isinstance(item, Missing):
            into.append(item)
        if len(into) > MAX_ITEMS:
            raise range_error("Invalid array length")
    return into


def _flat(this: Value, arguments: Values) -> Value:
    depth = 1.0 if isinstance(_arg(arguments, 0), Undefined) else integer(_arg(arguments, 0))
    try:
        return Array(_flattened(_array(this).items, depth, []))
    except RecursionError:
        raise range_error("Maximum call stack size exceeded") from None


def _flat_map(this: Value, arguments: Values) -> Value:
    array, change = _array(this), _function(arguments)
    made: Items = [change.native(_arg(arguments, 1), (item, index, array)) for index, item in _each(array)]
    return Array(_flattened(made, 1, []))


def _for_each(this: Value, arguments: Values) -> Value:
    array, step = _array(this), _function(arguments)
    for index, item in _each(array):
        step.native(_arg(arguments, 1), (item, index, array))
    return UNDEFINED


def _includes(this: Value, arguments: Values) -> Value:
    items, wanted = _array(this).items, _arg(arguments, 0)
    start = _relative(_arg(arguments, 1), len(items))
    if wanted != wanted or isinstance(wanted, Undefined):
        # The one that is the same as itself here, and the one that holes are.
        spend(_ONE_CALL * len(items) >> 3)
        return any(same_or_nan(item, wanted) for item in _array(this).values()[start:])
    return _position(items, wanted, start) >= 0


def _index_of(this: Value, arguments: Values) -> Value:
    items = _array(this).items
    return _position(items, _arg(arguments, 0), _relative(_arg(arguments, 1), len(items)))


def _position(items: Items, wanted: Value, start: int) -> int:
    """Where the first item from `start` on is that is the same, or -1."""
    if wanted != wanted:
        # NaN is the same as nothing, but Python would find this very object.
        return -1
    while True:
        before = start
        try:
            start = items.index(wanted, start)
        except ValueError:
            spend(len(items) - before)
            return -1
        spend(start - before)
        item = items[start]
        if not isinstance(item, Missing) and same(item, wanted):
            return start
        # To Python 1 and True are equal.
        spend(_ONE_CALL)
        start += 1


def _last_index_of(this: Value, arguments: Values) -> Value:
    items = _array(this).items
    start = integer(arguments[1]) if len(arguments) > 1 else float(len(items) - 1)
    start = min(start, len(items) - 1.0) if start >= 0 else len(items) + start
    if start < 0:
        return -1
    for index in range(int(start), -1, -1):
        item = items[index]
        if not isinstance(item, Missing) and same(item, _arg(arguments, 0)):
            return index
    return -1


def joined(array: Array, separator: str) -> str:
    """The items' text with the separator between; null and undefined are nothing."""
    if any(array is one for one in _joining):
        return ""
    if len(separator) * len(array.items) > MAX_LENGTH or len(_joining) > 200:
        raise range_error("Invalid string length")
    _joining.append(array)
    try:
        parts: list[str] = []
        size = 0
        for item in array.values():
            parts.append("" if item is None or isinstance(item, Undefined) else string(item))
            size += len(parts[-1]) + len(separator)
            if size > MAX_LENGTH + len(separator):
                raise range_error("Invalid string length")
    except RecursionError:
        raise range_error("Maximum call stack size exceeded") from None
    finally:
        _joining.pop()
    return separator.join(parts)


def _join(this: Value, arguments: Values) -> Value:
    return joined(_array(this), "," if isinstance(_arg(arguments, 0), Undefined) else string(_arg(arguments, 0)))


def _to_string(this: Value, arguments: Values) -> Value:
    return joined(_array(this), ",")


def _map(this: Value, arguments: Values) -> Value:
    array, change = _array(this), _function(arguments)
    made: Items = [MISSING] * len(array.items)
    for index, item in _each(array):
        made[index] = change.native(_arg(arguments, 1), (item, index, array))
    return Array(made)


def _pop(this: Value, arguments: Values) -> Value:
    items = _array(this).items
    item = items.pop() if items else MISSING
    return UNDEFINED if isinstance(item, Missing) else item


def _shift(this: Value, arguments: Values) -> Value:
    items = _array(this).items
    item = items.pop(0) if items else MISSING
    return UNDEFINED if isinstance(item, Missing) else item


def _push(this: Value, arguments: Values) -> Value:
    array = _array(this)
    if len(array.items) + len(arguments) > MAX_ITEMS:
        raise range_error("Invalid array length")
    array.items.extend(arguments)
    return len(array.items)


def _unshift(this: Value, arguments: Values) -> Value:
    array = _array(this)
    if len(array.items) + len(arguments) > MAX_ITEMS:
        raise range_error("Invalid array length")
    array.items[:0] = arguments
    return len(array.items)


def _reduce(this: Value, arguments: Values, *, backwards: bool = False) -> Value:
    array, step = _array(this), _function(arguments)
    pairs = reversed(list(_each(array))) if backwards else _each(array)
    if len(arguments) > 1:
        result = arguments[1]
    else:
        first = next(iter(pairs := iter(pairs)), None)
        if first is None:
            raise type_error("Reduce of empty array with no initial value")
        result = first[1]
    for index, item in pairs:
        result = step.native(UNDEFINED, (result, item, index, array))
    return result


def _reduce_left(this: Value, arguments: Values) -> Value:
    return _reduce(this, arguments)


def _reduce_right(this: Value, arguments: Values) -> Value:
    return _reduce(this, arguments, backwards=True)


def _reverse(this: Value, arguments: Values) -> Value:
    array = _array(this)
    array.items.reverse()
    return array


def _to_reversed(this: Value, arguments: Values) -> Value:
    return Array(list(reversed(_array(this).values())))


def _slice(this: Value, arguments: Values) -> Value:
    items = _array(this).items
    start = _relative(_arg(arguments, 0), len(items))
    return Array(items[start : max(start, _relative(_arg(arguments, 1), len(items), INFINITY))])


def _splice(this: Value, arguments: Values) -> Value:
    array = _array(this)
    length = len(array.items)
    start = _relative(_arg(arguments, 0), length)
    if not arguments:
        count = 0
    elif len(arguments) == 1:
        count = length - start
    else:
        count = int(max(0.0, min(integer(arguments[1]), float(length - start))))
    if length - count + len(arguments) > MAX_ITEMS:
        raise range_error("Invalid array length")
    removed = array.items[start : start + count]
    array.items[start : start + count] = arguments[2:]
    return Array(removed)


def _sorted(items: list[Value], order: Value) -> list[Value]:
    if not isinstance(order, Undefined | Function):
        raise type_error("The comparison function must be either a function or undefined")
    defined = [item for item in items if not isinstance(item, Undefined)]
    if isinstance(order, Function):
        compare = order

        def compared(one: Value, two: Value) -> int:
            found = number(compare.native(UNDEFINED, (one, two)))
            return -1 if found < 0 else 1 if found > 0 else 0

        defined.sort(key=cmp_to_key(compared))
    else:
        defined.sort(key=string)
    return defined + [UNDEFINED] * (len(items) - len(defined))


def _sort(this: Value, arguments: Values) -> Value:
    array = _array(this)
    there = [item for item in array.items if not isinstance(item, Missing)]
    holes: Items = [MISSING] * (len(array.items) - len(there))
    found = _sorted(there, _arg(arguments, 0))
    array.items[:] = [*found, *holes]
    return array


def _to_sorted(this: Value, arguments: Values) -> Value:
    return Array(list(_sorted(_array(this).values(), _arg(arguments, 0))))


def _with(this: Value, arguments: Values) -> Value:
    items, at = _array(this).values(), integer(_arg(arguments, 0))
    at = len(items) + at if at < 0 else at
    if not 0 <= at < len(items):
        raise range_error("Invalid index")
    items[int(at)] = _arg(arguments, 1)
    return Array(list(items))


def _to_spliced(this: Value, arguments: Values) -> Value:
    copy = Array(list(_array(this).values()))
    _splice(copy, arguments)
    return copy


_METHODS: tuple[tuple[str, Native, int], ...] = (
    ("at", _at, 1),
    ("concat", _concat, 1),
    ("every", _every, 1),
    ("fill", _fill, 1),
    ("filter", _filter, 1),
    ("find", _find, 1),
    ("findIndex", _find_index, 1),
    ("findLast", _find_last, 1),
    ("findLastIndex", _find_last_index, 1),
    ("flat", _flat, 0),
    ("flatMap", _flat_map, 1),
    ("forEach", _for_each, 1),
    ("includes", _includes, 1),
    ("indexOf", _index_of, 1),
    ("join", _join, 1),
    ("lastIndexOf", _last_index_of, 1),
    ("map", _map, 1),
    ("pop", _pop, 0),
    ("push", _push, 1),
    ("reduce", _reduce_left, 1),
    ("reduceRight", _reduce_right, 1),
    ("reverse", _reverse, 0),
    ("shift", _shift, 0),
    ("slice", _slice, 2),
    ("some", _some, 1),
    ("sort", _sort, 1),
    ("splice", _splice, 2),
    ("toLocaleString", _to_string, 0),
    ("toReversed", _to_reversed, 0),
    ("toSorted", _to_sorted, 1),
    ("toSpliced", _to_spliced, 2),
    ("toString", _to_string, 0),
    ("unshift", _unshift, 1),
    ("with", _with, 2),
)
_LINEAR = frozenset(("concat", "flat", "join", "lastIndexOf", "reverse", "slice", "splice"))
_LINEAR |= {"shift", "sort", "toReversed", "toSorted", "toSpliced", "toString", "unshift", "with"}
"""What goes through all items, and calls no function for each of them."""


def _counted(native: Native) -> Native:
    def counted(this: Value, arguments: Values) -> Value:
        if isinstance(this, Array):
            spend(len(this.items))
        return native(this, arguments)

    return counted


ARRAY_PROTOTYPE.properties.update(
    {name: Builtin(_counted(native) if name in _LINEAR else native, name, length) for name, native, length in _METHODS}
)


def _construct(arguments: Values) -> Value:
    if len(arguments) == 1 and isinstance(arguments[0], int | float) and not isinstance(arguments[0], bool):
        made = Array([])
        made.put("length", arguments[0])
        return made
    return Array(list(arguments))


def _called(this: Value, arguments: Values) -> Value:
    return _construct(arguments)


def _is_array(this: Value, arguments: Values) -> Value:
    return isinstance(_arg(arguments, 0), Array)


def _of(this: Value, arguments: Values) -> Value:
    return Array(list(arguments))


def _from(this: Value, arguments: Values) -> Value:
    source, change = _arg(arguments, 0), _arg(arguments, 1)
    if isinstance(source, Array | str):
        items = spread(source)
    else:
        holder: Object = to_object(source)
        length = min(max(integer(holder.get("length")), 0.0), MAX_ITEMS + 1.0)
        if length > MAX_ITEMS:
            raise range_error("Invalid array length")
        items = [holder.get(str(index)) for index in range(int(length))]
    if isinstance(change, Undefined):
        return Array(list(items))
    if not isinstance(change, Function):
        raise type_error("the second argument is not a function")
    return Array([change.native(_arg(arguments, 2), (item, index)) for index, item in enumerate(items)])


ARRAY = Builtin(_called, "Array", 1, _construct)
ARRAY.properties.update(
    {
        "from": Builtin(_from, "from", 1),
        "isArray": Builtin(_is_array, "isArray", 1),
        "of": Builtin(_of, "of", 0),
        "prototype": ARRAY_PROTOTYPE,
    }
)
ARRAY_PROTOTYPE.properties["constructor"] = ARRAY
