"""JavaScript's semantics for compiled scripts (D334-D362): what the functions of an emitted module call.

`UNDEFINED`, `Value`, `Script`, `JSError`, `text`, `header_text`, `truthy`, `to_json` and `from_json` are for policies;
the rest is what the compiler writes. Built-in objects have their JavaScript names.
"""

from collections.abc import Callable
from typing import TypeAlias

from egc.runtime.exchange import Exchange
from egc.runtime.javascript.arrays import ARRAY as Array
from egc.runtime.javascript.context import (
    consumer,
    declared,
    endpoint,
    finish,
    name,
    query,
    request,
    response,
    scope,
    this,
)
from egc.runtime.javascript.convert import (
    INFINITY,
    NAN,
    header_text,
    key,
    nullish,
    number,
    text,
    truthy,
)
from egc.runtime.javascript.dates import DATE as Date
from egc.runtime.javascript.json_text import from_json, to_json
from egc.runtime.javascript.maths import MATH as Math
from egc.runtime.javascript.members import (
    Catchable,
    after,
    apply,
    argument,
    array,
    call,
    caught,
    delete,
    function,
    get,
    invoke,
    items,
    merge,
    method,
    new,
    put,
    record,
    renew,
    require_object,
    rest,
    spread,
    thrown,
    without,
)
from egc.runtime.javascript.numbers import BOOLEAN as Boolean
from egc.runtime.javascript.numbers import NUMBER as Number
from egc.runtime.javascript.numbers import PARSE_FLOAT as parseFloat
from egc.runtime.javascript.numbers import PARSE_INT as parseInt
from egc.runtime.javascript.numbers import is_finite, is_nan
from egc.runtime.javascript.objects import CONSOLE as console
from egc.runtime.javascript.objects import ERROR as Error
from egc.runtime.javascript.objects import ERRORS, JSON
from egc.runtime.javascript.objects import OBJECT as Object
from egc.runtime.javascript.operators import (
    add,
    bit_and,
    bit_not,
    bit_or,
    bit_xor,
    concat,
    contains,
    divide,
    equal,
    greater,
    greater_or_equal,
    instance_of,
    less,
    less_or_equal,
    multiply,
    negate,
    negation,
    power,
    remainder,
    same,
    shift_left,
    shift_right,
    shift_right_unsigned,
    subtract,
    typeof,
)
from egc.runtime.javascript.regexps import REGEXP as RegExp
from egc.runtime.javascript.regexps import regexp
from egc.runtime.javascript.request import address, delete_header, header, hostname, set_header, set_method, set_url
from egc.runtime.javascript.strings import STRING as String
from egc.runtime.javascript.uri import decode, decode_component, encode, encode_component
from egc.runtime.javascript.uri import escape as _escape
from egc.runtime.javascript.uri import unescape as _unescape
from egc.runtime.javascript.values import MISSING, UNDEFINED, Builtin, JSError, Value, Values, error
from egc.runtime.patterns import pattern

Script: TypeAlias = Callable[[Exchange], Value]
"""A compiled script: its completion value for an exchange. A template's is a `str`."""

EvalError = ERRORS["EvalError"]
RangeError = ERRORS["RangeError"]
ReferenceError = ERRORS["ReferenceError"]
SyntaxError = ERRORS["SyntaxError"]
TypeError = ERRORS["TypeError"]
URIError = ERRORS["URIError"]
isNaN = Builtin(is_nan, "isNaN", 1)
isFinite = Builtin(is_finite, "isFinite", 1)
encodeURIComponent = Builtin(encode_component, "encodeURIComponent", 1)
decodeURIComponent = Builtin(decode_component, "decodeURIComponent", 1)
encodeURI = Builtin(encode, "encodeURI", 1)
decodeURI = Builtin(decode, "decodeURI", 1)
escape = Builtin(_escape, "escape", 1)
unescape = Builtin(_unescape, "unescape", 1)

__all__ = (
    "INFINITY",
    "JSON",
    "MISSING",
    "NAN",
    "UNDEFINED",
    "Array",
    "Boolean",
    "Catchable",
    "Date",
    "Error",
    "EvalError",
    "JSError",
    "Math",
    "Number",
    "Object",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "Script",
    "String",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Value",
    "Values",
    "add",
    "address",
    "after",
    "apply",
    "argument",
    "array",
    "bit_and",
    "bit_not",
    "bit_or",
    "bit_xor",
    "call",
    "caught",
    "concat",
    "console",
    "consumer",
    "contains",
    "declared",
    "decodeURI",
    "decodeURIComponent",
    "delete",
    "delete_header",
    "divide",
    "encodeURI",
    "encodeURIComponent",
    "endpoint",
    "equal",
    "error",
    "escape",
    "finish",
    "from_json",
    "function",
    "get",
    "greater",
    "greater_or_equal",
    "header",
    "header_text",
    "hostname",
    "instance_of",
    "invoke",
    "isFinite",
    "isNaN",
    "items",
    "key",
    "less",
    "less_or_equal",
    "merge",
    "method",
    "multiply",
    "name",
    "negate",
    "negation",
    "new",
    "nullish",
    "number",
    "parseFloat",
    "parseInt",
    "pattern",
    "power",
    "put",
    "query",
    "record",
    "regexp",
    "remainder",
    "renew",
    "request",
    "require_object",
    "response",
    "rest",
    "same",
    "scope",
    "set_header",
    "set_method",
    "set_url",
    "shift_left",
    "shift_right",
    "shift_right_unsigned",
    "spread",
    "subtract",
    "text",
    "this",
    "thrown",
    "to_json",
    "truthy",
    "typeof",
    "unescape",
    "without",
)
