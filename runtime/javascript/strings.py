"""String (ECMA-262 section 22.1)."""

import unicodedata
from typing import Literal

from egc.runtime.javascript.convert import INFINITY, SPACES, integer, number, string, uint32
from egc.runtime.javascript.members import spend
from egc.runtime.javascript.regexps import RegExp, find, match_array, replaced, substituted
from egc.runtime.javascript.values import (
    MAX_ITEMS,
    MAX_LENGTH,
    STRING_PROTOTYPE,
    UNDEFINED,
    Array,
    Boxed,
    Builtin,
    Function,
    Missing,
    Native,
    Undefined,
    Value,
    Values,
    bounded,
    characters,
    range_error,
    type_error,
    units,
)

MAX_MARKS = 1000
"""How many combining marks may follow each other in a text that is normalized or put in order."""


def _arg(arguments: Values, index: int) -> Value:
    return arguments[index] if index < len(arguments) else UNDEFINED


def _text(this: Value) -> str:
    if isinstance(this, str):
        return this
    if this is None or isinstance(this, Undefined):
        raise type_error("String.prototype method called on null or undefined")
    return string(this)


def _clamped(value: Value, length: int, otherwise: float = 0.0) -> int:
    """An offset between 0 and the length."""
    found = otherwise if isinstance(value, Undefined) else integer(value)
    return int(max(0.0, min(found, float(length))))


def _relative(value: Value, length: int, otherwise: float = 0.0) -> int:
    """An offset that counts from the end where it is negative."""
    found = otherwise if isinstance(value, Undefined) else integer(value)
    return int(max(0.0, length + found) if found < 0 else min(found, float(length)))


def _char_at(this: Value, arguments: Values) -> Value:
    text, at = _text(this), integer(_arg(arguments, 0))
    return text[int(at)] if 0 <= at < len(text) else ""


def _at(this: Value, arguments: Values) -> Value:
    text, at = _text(this), integer(_arg(arguments, 0))
    at = len(text) + at if at < 0 else at
    return text[int(at)] if 0 <= at < len(text) else UNDEFINED


def _char_code_at(this: Value, arguments: Values) -> Value:
    text, at = _text(this), integer(_arg(arguments, 0))
    return ord(text[int(at)]) if 0 <= at < len(text) else number(UNDEFINED)


def _code_point_at(this: Value, arguments: Values) -> Value:
    text, at = _text(this), integer(_arg(arguments, 0))
    if not 0 <= at < len(text):
        return UNDEFINED
    pair = text[int(at) : int(at) + 2]
    if len(pair) == 2 and "\ud800" <= pair[0] <= "\udbff" and "\udc00" <= pair[1] <= "\udfff":
        return ord(characters(pair))
    return ord(pair[0])


def _concat(this: Value, arguments: Values) -> Value:
    return bounded("".join([_text(this), *(string(argument) for argument in arguments)]))


def _plain_text(value: Value, name: str) -> str:
    if isinstance(value, RegExp):
        raise type_error(f"First argument to String.prototype.{name} must not be a regular expression")
    return string(value)


def _includes(this: Value, arguments: Values) -> Value:
    text, wanted = _text(this), _plain_text(_arg(arguments, 0), "includes")
    return text.find(wanted, _clamped(_arg(arguments, 1), len(text))) >= 0


def _starts_with(this: Value, arguments: Values) -> Value:
    text, wanted = _text(this), _plain_text(_arg(arguments, 0), "startsWith")
    return text.startswith(wanted, _clamped(_arg(arguments, 1), len(text)))


def _ends_with(this: Value, arguments: Values) -> Value:
    text, wanted = _text(this), _plain_text(_arg(arguments, 0), "endsWith")
    return text[: _clamped(_arg(arguments, 1), len(text), INFINITY)].endswith(wanted)


def _index_of(this: Value, arguments: Values) -> Value:
    text, wanted = _text(this), string(_arg(arguments, 0))
    return text.find(wanted, _clamped(_arg(arguments, 1), len(text)))


def _last_index_of(this: Value, arguments: Values) -> Value:
    text, wanted = _text(this), string(_arg(arguments, 0))
    start = number(_arg(arguments, 1))
    limit = len(text) if start != start else _clamped(start, len(text))
    return text.rfind(wanted, 0, limit + len(wanted))


def _pad(this: Value, arguments: Values, side: Literal["start", "end"]) -> Value:
    text = _text(this)
    length = integer(_arg(arguments, 0))
    filler = " " if isinstance(_arg(arguments, 1), Undefined) else string(_arg(arguments, 1))
    if length <= len(text) or not filler:
        return text
    if length > MAX_LENGTH:
        raise range_error("Invalid string length")
    missing = int(length) - len(text)
    padding = (filler * (missing // len(filler) + 1))[:missing]
    return padding + text if side == "start" else text + padding


def _repeat(this: Value, arguments: Values) -> Value:
    text, count = _text(this), integer(_arg(arguments, 0))
    if count < 0 or count == INFINITY:
        raise range_error(f"Invalid count value: {string(_arg(arguments, 0))}")
    if count * len(text) > MAX_LENGTH:
        raise range_error("Invalid string length")
    return text * int(count) if text else ""


def _slice(this: Value, arguments: Values) -> Value:
    text = _text(this)
    start = _relative(_arg(arguments, 0), len(text))
    return text[start : max(start, _relative(_arg(arguments, 1), len(text), INFINITY))]


def _substring(this: Value, arguments: Values) -> Value:
    text = _text(this)
    ends = sorted((_clamped(_arg(arguments, 0), len(text)), _clamped(_arg(arguments, 1), len(text), INFINITY)))
    return text[ends[0] : ends[1]]


def _substr(this: Value, arguments: Values) -> Value:
    text = _text(this)
    start = _relative(_arg(arguments, 0), len(text))
    length = INFINITY if isinstance(_arg(arguments, 1), Undefined) else integer(_arg(arguments, 1))
    return text[start : start + int(max(0.0, min(length, float(len(text)))))]


def _lower(this: Value, arguments: Values) -> Value:
    text = _text(this)
    return text.lower() if text.isascii() else units(characters_kept(text).lower())


def _upper(this: Value, arguments: Values) -> Value:
    text = _text(this)
    return text.upper() if text.isascii() else bounded(units(characters_kept(text).upper()))


def characters_kept(text: str) -> str:
    """Code units as characters; halves of pairs stay what they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _trim(this: Value, arguments: Values) -> Value:
    return _text(this).strip(SPACES)


def _trim_start(this: Value, arguments: Values) -> Value:
    return _text(this).lstrip(SPACES)


def _trim_end(this: Value, arguments: Values) -> Value:
    return _text(this).rstrip(SPACES)


def _split(this: Value, arguments: Values) -> Value:
    text, separator = _text(this), _arg(arguments, 0)
    limit = 2**32 - 1 if isinstance(_arg(arguments, 1), Undefined) else uint32(_arg(arguments, 1))
    parts: list[Value | Missing]
    if isinstance(separator, RegExp):
        parts = _split_at_matches(text, separator)
    elif limit and isinstance(separator, Undefined):
        parts = [text]
    else:
        wanted = string(separator)
        parts = list(text.split(wanted, MAX_ITEMS) if wanted else text[: MAX_ITEMS + 1])
    return Array(parts[:limit])


def _split_at_matches(text: str, separator: RegExp) -> "list[Value | Missing]":
    if not text:
        return [] if separator.search("") is not None else [""]
    parts: list[Value | Missing] = []
    begin = at = 0
    while at < len(text):
        found = separator.search(text, at)
        if found is None or found.start() >= len(text):
            break
        if found.end() == found.start() and found.end() == begin:
            # A match of nothing at the start of a part does not split.
            at = max(at, begin) + 1
            nearer = separator.search(text, at)
            if nearer is None or nearer.start() >= len(text):
                break
            found = nearer
            if found.end() == begin:
                continue
        parts.append(text[begin : found.start()])
        parts += [UNDEFINED if group is None else group for group in found.groups()]
        begin = at = found.end()
        if len(parts) > MAX_ITEMS:
            raise range_error("Invalid array length")
    parts.append(text[begin:])
    return parts


def _replace(this: Value, arguments: Values) -> Value:
    text, pattern, replacement = _text(this), _arg(arguments, 0), _arg(arguments, 1)
    if isinstance(pattern, RegExp):
        if pattern.is_global:
            pattern.last_index = 0
            return _replace_matches(text, pattern, replacement)
        found = pattern.search(text)
        if found is None:
            if not isinstance(replacement, Function):
                string(replacement)
            return text
        return bounded(text[: found.start()] + replaced(text, found, replacement) + text[found.end() :])
    wanted = string(pattern)
    if not isinstance(replacement, Function):
        replacement = string(replacement)
    at = text.find(wanted)
    if at < 0:
        return text
    return bounded(text[:at] + _in_place(text, wanted, at, replacement) + text[at + len(wanted) :])


def _in_place(text: str, wanted: str, at: int, replacement: Value) -> str:
    if isinstance(replacement, Function):
        return string(replacement.native(UNDEFINED, (wanted, at, text)))
    return substituted(string(replacement), text, at, at + len(wanted), [])


def _replace_matches(text: str, pattern: RegExp, replacement: Value) -> str:
    if not isinstance(replacement, Function):
        replacement = string(replacement)
    parts: list[str] = []
    size = at = 0
    # JavaScript finds all matches before it calls the function.
    for found in list(pattern.matches(text)):
        parts += (text[at : found.start()], replaced(text, found, replacement))
        size += len(parts[-1]) + len(parts[-2])
        if size > MAX_LENGTH:
            raise range_error("Invalid string length")
        at = found.end()
    parts.append(text[at:])
    return bounded("".join(parts))


def _replace_all(this: Value, arguments: Values) -> Value:
    text, pattern, replacement = _text(this), _arg(arguments, 0), _arg(arguments, 1)
    if isinstance(pattern, RegExp):
        if not pattern.is_global:
            raise type_error("replaceAll must be called with a global RegExp")
        pattern.last_index = 0
        return _replace_matches(text, pattern, replacement)
    wanted = string(pattern)
    if not isinstance(replacement, Function):
        replacement = string(replacement)
    parts: list[str] = []
    size = begin = at = 0
    while (at := text.find(wanted, at)) >= 0:
        parts += (text[begin:at], _in_place(text, wanted, at, replacement))
        size += len(parts[-1]) + len(parts[-2])
        if size > MAX_LENGTH:
            raise range_error("Invalid string length")
        begin = at + len(wanted)
        at = begin if wanted else at + 1
        if at > len(text):
            break
    parts.append(text[begin:])
    return bounded("".join(parts))


def _needs_pattern(value: Value, name: str) -> RegExp:
    if not isinstance(value, RegExp):
        raise type_error(f"{name}() without a regular expression literal is not supported")
    return value


def _match(this: Value, arguments: Values) -> Value:
    text, pattern = _text(this), _needs_pattern(_arg(arguments, 0), "match")
    if not pattern.is_global:
        found = find(pattern, text)
        return None if found is None else match_array(found, text)
    pattern.last_index = 0
    matches: list[Value | Missing] = [found.group() or "" for found in pattern.matches(text)]
    return Array(matches) if matches else None


def _match_all(this: Value, arguments: Values) -> Value:
    text, pattern = _text(this), _needs_pattern(_arg(arguments, 0), "matchAll")
    if not pattern.is_global:
        raise type_error("String.prototype.matchAll called with a non-global RegExp argument")
    return Array([match_array(found, text) for found in pattern.matches(text)])


def _search(this: Value, arguments: Values) -> Value:
    found = _needs_pattern(_arg(arguments, 0), "search").search(_text(this))
    return -1 if found is None else found.start()


def _locale_compare(this: Value, arguments: Values) -> Value:
    texts = (_text(this), string(_arg(arguments, 0)))
    first, second = (_normalized("NFD", characters_kept(text)) for text in texts)
    one, two = _weights(first), _weights(second)
    return 0 if one == two else -1 if one < two else 1


def _weights(text: str) -> tuple[list[tuple[int, str]], str, list[bool]]:
    """What texts are ordered by: letters (behind digits, behind punctuation), then accents, then case."""
    bare = [character for character in text.casefold() if not unicodedata.combining(character)]
    letters = [(2 if one.isalpha() else 1 if one.isdecimal() else 0, one) for one in bare]
    return letters, text.casefold(), [character.isupper() for character in text]


def _normalize(this: Value, arguments: Values) -> Value:
    form = "NFC" if isinstance(_arg(arguments, 0), Undefined) else string(_arg(arguments, 0))
    text = characters_kept(_text(this))
    if form not in _FORMS:
        raise range_error("The normalization form should be one of NFC, NFD, NFKC, NFKD.")
    return bounded(units(_normalized(_FORMS[form], text)))


_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_FORMS: dict[str, _Form] = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}


def _normalized(form: _Form, text: str) -> str:
    """A text in a normalization form. Marks are put in order as by an insertion sort: a row of them is bounded."""
    marks = 0
    for character in "" if text.isascii() else text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MAX_MARKS:
            raise range_error("Too many combining marks in a row")
    return unicodedata.normalize(form, text)


def _to_string(this: Value, arguments: Values) -> Value:
    if isinstance(this, str):
        return this
    if isinstance(this, Boxed) and isinstance(this.primitive, str):
        return this.primitive
    raise type_error("String.prototype.toString requires that 'this' be a String")


def _pad_start(this: Value, arguments: Values) -> Value:
    return _pad(this, arguments, "start")


def _pad_end(this: Value, arguments: Values) -> Value:
    return _pad(this, arguments, "end")


_METHODS: tuple[tuple[str, Native, int], ...] = (
    ("at", _at, 1),
    ("charAt", _char_at, 1),
    ("charCodeAt", _char_code_at, 1),
    ("codePointAt", _code_point_at, 1),
    ("concat", _concat, 1),
    ("endsWith", _ends_with, 1),
    ("includes", _includes, 1),
    ("indexOf", _index_of, 1),
    ("lastIndexOf", _last_index_of, 1),
    ("localeCompare", _locale_compare, 1),
    ("match", _match, 1),
    ("matchAll", _match_all, 1),
    ("normalize", _normalize, 0),
    ("padEnd", _pad_end, 2),
    ("padStart", _pad_start, 2),
    ("repeat", _repeat, 1),
    ("replace", _replace, 2),
    ("replaceAll", _replace_all, 2),
    ("search", _search, 1),
    ("slice", _slice, 2),
    ("split", _split, 2),
    ("startsWith", _starts_with, 1),
    ("substr", _substr, 2),
    ("substring", _substring, 2),
    ("toLocaleLowerCase", _lower, 0),
    ("toLocaleUpperCase", _upper, 0),
    ("toLowerCase", _lower, 0),
    ("toString", _to_string, 0),
    ("toUpperCase", _upper, 0),
    ("trim", _trim, 0),
    ("trimEnd", _trim_end, 0),
    ("trimLeft", _trim_start, 0),
    ("trimRight", _trim_end, 0),
    ("trimStart", _trim_start, 0),
    ("valueOf", _to_string, 0),
)
_LINEAR = frozenset(("concat", "endsWith", "includes", "indexOf", "lastIndexOf", "localeCompare", "match", "matchAll"))
_LINEAR |= {"normalize", "repeat", "replace", "replaceAll", "search", "split", "startsWith", "toLowerCase"}
_LINEAR |= {"toUpperCase", "toLocaleLowerCase", "toLocaleUpperCase"}
"""What goes through the whole text."""


def _counted(native: Native) -> Native:
    def counted(this: Value, arguments: Values) -> Value:
        if isinstance(this, str):
            spend(len(this) >> 2)
        return native(this, arguments)

    return counted


STRING_PROTOTYPE.properties.update(
    {name: Builtin(_counted(native) if name in _LINEAR else native, name, length) for name, native, length in _METHODS}
)


def _called(this: Value, arguments: Values) -> Value:
    return string(arguments[0]) if arguments else ""


def _from_char_code(this: Value, arguments: Values) -> Value:
    return "".join(chr(uint32(argument) % 65536) for argument in arguments)


def _from_code_point(this: Value, arguments: Values) -> Value:
    made = []
    for argument in arguments:
        code = number(argument)
        if not 0 <= code <= 0x10FFFF or code != int(code):
            raise range_error(f"Invalid code point {string(argument)}")
        made.append(chr(int(code)))
    return units("".join(made))


STRING = Builtin(_called, "String", 1, lambda arguments: Boxed(string(arguments[0]) if arguments else ""))
STRING.properties.update(
    {
        "fromCharCode": Builtin(_from_char_code, "fromCharCode", 1),
        "fromCodePoint": Builtin(_from_code_point, "fromCodePoint", 1),
        "prototype": STRING_PROTOTYPE,
    }
)
STRING_PROTOTYPE.properties["constructor"] = STRING
