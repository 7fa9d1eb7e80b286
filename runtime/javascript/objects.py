"""Object, Function.prototype, errors, JSON and console (ECMA-262 sections 20 and 25)."""

from egc.runtime.javascript.convert import key, nullish, string, to_object
from egc.runtime.javascript.json_text import parse_native, stringify_native
from egc.runtime.javascript.members import spread
from egc.runtime.javascript.operators import same_value
from egc.runtime.javascript.values import (
    ERROR_PROTOTYPE,
    ERROR_PROTOTYPES,
    FUNCTION_PROTOTYPE,
    OBJECT_PROTOTYPE,
    UNDEFINED,
    Array,
    Boxed,
    Builtin,
    ErrorObject,
    Function,
    Intrinsic,
    Missing,
    Object,
    Undefined,
    Value,
    Values,
    type_error,
)


def _arg(arguments: Values, index: int) -> Value:
    return arguments[index] if index < len(arguments) else UNDEFINED


# ---- Object


def _kind(value: Value) -> str:
    if isinstance(value, Undefined):
        return "Undefined"
    if value is None:
        return "Null"
    if isinstance(value, str) or (isinstance(value, Boxed) and isinstance(value.primitive, str)):
        return "String"
    if isinstance(value, bool) or (isinstance(value, Boxed) and isinstance(value.primitive, bool)):
        return "Boolean"
    if isinstance(value, int | float | Boxed):
        return "Number"
    return value.kind


def _to_string(this: Value, arguments: Values) -> Value:
    return f"[object {_kind(this)}]"


def _to_locale(this: Value, arguments: Values) -> Value:
    return string(this)


def _value_of(this: Value, arguments: Values) -> Value:
    return to_object(this)


def _has_own(this: Value, arguments: Values) -> Value:
    return not isinstance(to_object(this).own(key(_arg(arguments, 0))), Missing)


def _is_enumerable(this: Value, arguments: Values) -> Value:
    return key(_arg(arguments, 0)) in to_object(this).names()


def _is_prototype_of(this: Value, arguments: Values) -> Value:
    value = _arg(arguments, 0)
    holder = value.prototype if isinstance(value, Object) else None
    while holder is not None:
        if holder is this:
            return True
        holder = holder.prototype
    return False


OBJECT_PROTOTYPE.properties.update(
    {
        "hasOwnProperty": Builtin(_has_own, "hasOwnProperty", 1),
        "isPrototypeOf": Builtin(_is_prototype_of, "isPrototypeOf", 1),
        "propertyIsEnumerable": Builtin(_is_enumerable, "propertyIsEnumerable", 1),
        "toLocaleString": Builtin(_to_locale, "toLocaleString", 0),
        "toString": Builtin(_to_string, "toString", 0),
        "valueOf": Builtin(_value_of, "valueOf", 0),
    }
)


def _keys(this: Value, arguments: Values) -> Value:
    return Array(list(to_object(_arg(arguments, 0)).names()))


def _values(this: Value, arguments: Values) -> Value:
    holder = to_object(_arg(arguments, 0))
    return Array([holder.get(name) for name in holder.names()])


def _entries(this: Value, arguments: Values) -> Value:
    holder = to_object(_arg(arguments, 0))
    return Array([Array([name, holder.get(name)]) for name in holder.names()])


def _assign(this: Value, arguments: Values) -> Value:
    target = to_object(_arg(arguments, 0))
    for source in arguments[1:]:
        if not nullish(source):
            holder = to_object(source)
            for name in holder.names():
                target.put(name, holder.get(name))
    return target


def _from_entries(this: Value, arguments: Values) -> Value:
    made = Object()
    for entry in spread(_arg(arguments, 0)):
        if not isinstance(entry, Object):
            raise type_error(f"Iterator value {string(entry)[:100]} is not an entry object")
        made.put(key(entry.get("0")), entry.get("1"))
    return made


def _is(this: Value, arguments: Values) -> Value:
    return same_value(_arg(arguments, 0), _arg(arguments, 1))


def _has_own_of(this: Value, arguments: Values) -> Value:
    return _has_own(_arg(arguments, 0), arguments[1:])


def _object(arguments: Values) -> Value:
    value = _arg(arguments, 0)
    return Object() if nullish(value) else to_object(value)


def _object_called(this: Value, arguments: Values) -> Value:
    return _object(arguments)


OBJECT = Builtin(_object_called, "Object", 1, _object)
OBJECT.properties.update(
    {
        "assign": Builtin(_assign, "assign", 2),
        "entries": Builtin(_entries, "entries", 1),
        "fromEntries": Builtin(_from_entries, "fromEntries", 1),
        "hasOwn": Builtin(_has_own_of, "hasOwn", 2),
        "is": Builtin(_is, "is", 2),
        "keys": Builtin(_keys, "keys", 1),
        "prototype": OBJECT_PROTOTYPE,
        "values": Builtin(_values, "values", 1),
    }
)
OBJECT_PROTOTYPE.properties["constructor"] = OBJECT


# ---- Function.prototype


def _function(this: Value) -> Function:
    if not isinstance(this, Function):
        raise type_error("Function.prototype method called on something that is no function")
    return this


def _call(this: Value, arguments: Values) -> Value:
    return _function(this).native(_arg(arguments, 0), arguments[1:])


def _apply(this: Value, arguments: Values) -> Value:
    listed = _arg(arguments, 1)
    if not nullish(listed) and not isinstance(listed, Array):
        raise type_error("CreateListFromArrayLike called on non-object")
    return _function(this).native(_arg(arguments, 0), listed.values() if isinstance(listed, Array) else ())


def _bind(this: Value, arguments: Values) -> Value:
    target, receiver, first = _function(this), _arg(arguments, 0), tuple(arguments[1:])

    def bound(_: Value, rest: Values) -> Value:
        return target.native(receiver, (*first, *rest))

    return Function(bound, f"bound {target.name}", max(0, target.length - len(first)))


def _source(this: Value, arguments: Values) -> Value:
    return f"function {_function(this).name}() {{ [native code] }}"


FUNCTION_PROTOTYPE.properties.update(
    {
        "apply": Builtin(_apply, "apply", 2),
        "bind": Builtin(_bind, "bind", 1),
        "call": Builtin(_call, "call", 1),
        "toString": Builtin(_source, "toString", 0),
    }
)


# ---- Errors


def _error_constructor(name: str, prototype: Intrinsic) -> Builtin:
    def construct(arguments: Values) -> Value:
        made = ErrorObject(None, prototype)
        if not isinstance(_arg(arguments, 0), Undefined):
            made.put("message", string(arguments[0]))
        options = _arg(arguments, 1)
        if isinstance(options, Object) and options.has("cause"):
            made.put("cause", options.get("cause"))
        return made

    def called(this: Value, arguments: Values) -> Value:
        return construct(arguments)

    constructor = Builtin(called, name, 1, construct)
    constructor.properties["prototype"] = prototype
    prototype.properties.update({"constructor": constructor, "name": name, "message": ""})
    return constructor


def _error_text(this: Value, arguments: Values) -> Value:
    if not isinstance(this, Object):
        raise type_error("Error.prototype.toString requires that 'this' be a JSReceiver")
    name, message = this.get("name"), this.get("message")
    first = "Error" if isinstance(name, Undefined) else string(name)
    second = "" if isinstance(message, Undefined) else string(message)
    return f"{first}: {second}" if first and second else first or second


ERROR = _error_constructor("Error", ERROR_PROTOTYPE)
ERROR_PROTOTYPE.properties["toString"] = Builtin(_error_text, "toString", 0)
ERRORS = {name: _error_constructor(name, prototype) for name, prototype in ERROR_PROTOTYPES.items()}


# ---- JSON and console


def _namespace(members: dict[str, Value]) -> Intrinsic:
    made = Intrinsic()
    made.properties.update(members)
    return made


JSON = _namespace(
    {
        "parse": Builtin(parse_native, "parse", 2),
        "stringify": Builtin(stringify_native, "stringify", 3),
    }
)


def _silent(this: Value, arguments: Values) -> Value:
    """`console` prints nowhere (D343)."""
    return UNDEFINED


CONSOLE = _namespace({name: Builtin(_silent, name, 0) for name in ("log", "info", "warn", "error", "debug")})
