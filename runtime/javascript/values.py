"""What JavaScript computes with, in Python.

A number is a `float` (or an `int` that a float holds exactly), a string a `str` of UTF-16 code units, so that lengths
and offsets are JavaScript's: a character beyond U+FFFF is two surrogates. `null` is None. Objects are `Object`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias


class Undefined:
    """The type of `undefined`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


class Missing:
    """The type of what a look-up finds where there is nothing, and of the holes of an array."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "missing"


UNDEFINED: Final = Undefined()
MISSING: Final = Missing()

MAX_LENGTH: Final = 1 << 20
"""How many code units a string that a script makes may have; more is a RangeError."""

MAX_ITEMS: Final = 1 << 17
"""How many items an array that a script makes may have; more is a RangeError."""

MAX_INDEX: Final = 2**32 - 2


class JSError(Exception):
    """What a script has thrown: `value`, usually an `ErrorObject`. The gateway answers 500."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value

    def __str__(self) -> str:
        if isinstance(self.value, ErrorObject):
            return self.value.sentence()
        return f"thrown: {self.value!r}"[:200]


class Object:
    """An object: own properties in order, and a prototype. All own properties are enumerable."""

    __slots__ = ("properties", "prototype")

    kind = "Object"

    def __init__(self, properties: dict[str, Value] | None = None, prototype: Object | None = None) -> None:
        self.properties: dict[str, Value] = {} if properties is None else properties
        self.prototype: Object | None = OBJECT_PROTOTYPE if prototype is None else prototype

    def own(self, key: str) -> Value | Missing:
        """The own property, enumerable or not."""
        return self.properties.get(key, MISSING)

    def get(self, key: str) -> Value:
        """The property, own or inherited."""
        holder: Object | None = self
        while holder is not None:
            found = holder.own(key)
            if not isinstance(found, Missing):
                return found
            holder = holder.prototype
        return UNDEFINED

    def has(self, key: str) -> bool:
        """Whether the property is there, own or inherited."""
        holder: Object | None = self
        while holder is not None:
            if not isinstance(holder.own(key), Missing):
                return True
            holder = holder.prototype
        return False

    def put(self, key: str, value: Value) -> None:
        """Assign to the own property."""
        self.properties[key] = value

    def delete(self, key: str) -> bool:
        """Delete the own property; whether it is gone."""
        self.properties.pop(key, None)
        return True

    def names(self) -> list[str]:
        """The names of the own enumerable properties: array indexes first, in order of their numbers."""
        names = list(self.properties)
        if any(name.isdecimal() for name in names):
            indexes = [name for name in names if array_index(name) is not None]
            if indexes:
                indexes.sort(key=int)
                names = indexes + [name for name in names if array_index(name) is None]
        return names


Value: TypeAlias = Undefined | bool | float | str | Object | None
Values: TypeAlias = Sequence[Value]
Native: TypeAlias = Callable[[Value, Values], Value]
"""A function's code: what `this` is, and the arguments."""


class Intrinsic(Object):
    """A built-in object or prototype. All requests share it, so scripts cannot change it."""

    __slots__ = ()

    def put(self, key: str, value: Value) -> None:
        raise type_error(f"Cannot assign to read only property '{key}' of a built-in object")

    def delete(self, key: str) -> bool:
        raise type_error(f"Cannot delete property '{key}' of a built-in object")

    def names(self) -> list[str]:
        return []


def _prototype(parent: Object | None) -> Intrinsic:
    made = Intrinsic.__new__(Intrinsic)
    made.properties = {}
    made.prototype = parent
    return made


OBJECT_PROTOTYPE: Final = _prototype(None)
FUNCTION_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
ARRAY_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
STRING_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
NUMBER_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
BOOLEAN_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
DATE_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
REGEXP_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
ERROR_PROTOTYPE: Final = _prototype(OBJECT_PROTOTYPE)
ERROR_PROTOTYPES: Final = {
    name: _prototype(ERROR_PROTOTYPE)
    for name in ("EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError")
}


class Array(Object):
    """An array. `items` may hold MISSING, a hole."""

    __slots__ = ("items",)

    kind = "Array"

    def __init__(self, items: list[Value | Missing]) -> None:
        super().__init__(None, ARRAY_PROTOTYPE)
        if len(items) > MAX_ITEMS:
            raise range_error("Invalid array length")
        self.items = items

    def own(self, key: str) -> Value | Missing:
        index = array_index(key)
        if index is not None:
            return self.items[index] if index < len(self.items) else MISSING
        if key == "length":
            return len(self.items)
        return self.properties.get(key, MISSING)

    def put(self, key: str, value: Value) -> None:
        index = array_index(key)
        if index is not None:
            if index >= len(self.items):
                self.resize(index + 1)
            self.items[index] = value
        elif key == "length":
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not 0 <= value <= MAX_ITEMS
                or value % 1
            ):
                raise range_error("Invalid array length")
            self.resize(int(value))
        else:
            self.properties[key] = value

    def delete(self, key: str) -> bool:
        index = array_index(key)
        if index is not None:
            if index < len(self.items):
                self.items[index] = MISSING
            return True
        if key == "length":
            return False
        return super().delete(key)

    def names(self) -> list[str]:
        return [str(index) for index, item in enumerate(self.items) if item is not MISSING] + list(self.properties)

    def resize(self, length: int) -> None:
        """Cut the array, or fill it up with holes."""
        if length > MAX_ITEMS:
            raise range_error("Invalid array length")
        if length < len(self.items):
            del self.items[length:]
        else:
            self.items.extend([MISSING] * (length - len(self.items)))

    def values(self) -> list[Value]:
        """The items, `undefined` for holes."""
        return [UNDEFINED if isinstance(item, Missing) else item for item in self.items]


class Function(Object):
    """A function. `construct` is what `new` does, where the function is a constructor."""

    __slots__ = ("construct", "length", "name", "native")

    kind = "Function"

    def __init__(
        self,
        native: Native,
        name: str = "",
        length: int = 0,
        construct: Callable[[Values], Value] | None = None,
    ) -> None:
        super().__init__(None, FUNCTION_PROTOTYPE)
        self.native = native
        self.name = name
        self.length = length
        self.construct = construct

    def own(self, key: str) -> Value | Missing:
        if key == "name":
            return self.name
        if key == "length":
            return self.length
        return self.properties.get(key, MISSING)


class Builtin(Function):
    """A function of the language; scripts cannot change it."""

    __slots__ = ()

    def put(self, key: str, value: Value) -> None:
        raise type_error(f"Cannot assign to read only property '{key}' of function '{self.name}'")

    def delete(self, key: str) -> bool:
        raise type_error(f"Cannot delete property '{key}' of function '{self.name}'")

    def names(self) -> list[str]:
        return []


class Boxed(Object):
    """A String, Number or Boolean object around a primitive value."""

    __slots__ = ("primitive",)

    def __init__(self, primitive: bool | float | str) -> None:
        super().__init__(None, _prototype_of(primitive))
        self.primitive = primitive

    def own(self, key: str) -> Value | Missing:
        if isinstance(self.primitive, str):
            if key == "length":
                return len(self.primitive)
            index = array_index(key)
            if index is not None and index < len(self.primitive):
                return self.primitive[index]
        return self.properties.get(key, MISSING)

    def names(self) -> list[str]:
        characters = range(len(self.primitive)) if isinstance(self.primitive, str) else ()
        return [str(index) for index in characters] + super().names()


class ErrorObject(Object):
    """An Error."""

    __slots__ = ()

    kind = "Error"

    def names(self) -> list[str]:
        return [name for name in super().names() if name not in ("message", "stack")]

    def sentence(self) -> str:
        """`name: message`."""
        name, message = self.get("name"), self.get("message")
        parts = [part for part in (name, message) if isinstance(part, str) and part]
        return ": ".join(parts) or "Error"


def _prototype_of(primitive: bool | float | str) -> Intrinsic:
    if isinstance(primitive, str):
        return STRING_PROTOTYPE
    return BOOLEAN_PROTOTYPE if isinstance(primitive, bool) else NUMBER_PROTOTYPE


def array_index(key: str) -> int | None:
    """The index that a property name is the canonical spelling of."""
    if key.isdecimal() and key.isascii() and (key[0] != "0" or key == "0") and len(key) < 11:
        index = int(key)
        return index if index <= MAX_INDEX else None
    return None


def error(name: str, message: str) -> JSError:
    """An exception that holds an Error of that name."""
    return JSError(ErrorObject({"message": message}, ERROR_PROTOTYPES.get(name, ERROR_PROTOTYPE)))


def type_error(message: str) -> JSError:
    return error("TypeError", message)


def range_error(message: str) -> JSError:
    return error("RangeError", message)


def bounded(text: str) -> str:
    """The string, unless it is longer than a script may make one."""
    if len(text) > MAX_LENGTH:
        raise range_error("Invalid string length")
    return text


def units(text: str) -> str:
    """A Python string as UTF-16 code units."""
    if text.isascii() or all(character <= "\uffff" for character in text):
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2))


def characters(text: str) -> str:
    """UTF-16 code units as a Python string; half a pair becomes U+FFFD, as when Node writes UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
