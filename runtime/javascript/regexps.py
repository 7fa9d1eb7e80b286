"""RegExp (ECMA-262 section 22.2). Patterns were translated at build time; nothing here reads them."""

from collections.abc import Iterator

from egc.runtime.javascript.convert import integer, string
from egc.runtime.javascript.values import (
    MAX_ITEMS,
    REGEXP_PROTOTYPE,
    UNDEFINED,
    Array,
    Builtin,
    Function,
    Missing,
    Object,
    Value,
    Values,
    range_error,
    type_error,
)
from egc.runtime.patterns import Match, Pattern


class RegExp(Object):
    """A regular expression: its source and flags as written, and the pattern that finds what they mean."""

    __slots__ = ("flags", "last_index", "pattern", "source")

    kind = "RegExp"

    def __init__(self, source: str, flags: str, pattern: Pattern) -> None:
        super().__init__(None, REGEXP_PROTOTYPE)
        self.source = source
        self.flags = "".join(sorted(flags))
        self.pattern = pattern
        self.last_index: Value = 0

    @property
    def is_global(self) -> bool:
        """Whether it has the flag `g`."""
        return "g" in self.flags

    def own(self, key: str) -> "Value | Missing":
        if key == "lastIndex":
            return self.last_index
        if key == "source":
            return self.source
        if key == "flags":
            return self.flags
        if key in _FLAGS:
            return _FLAGS[key] in self.flags
        return super().own(key)

    def put(self, key: str, value: Value) -> None:
        if key == "lastIndex":
            self.last_index = value
        elif key not in ("source", "flags", *_FLAGS):
            super().put(key, value)

    def search(self, text: str, start: int = 0) -> Match | None:
        """The first match from `start` on."""
        return self.pattern.search(text, start) if start <= len(text) else None

    def matches(self, text: str) -> Iterator[Match]:
        """All matches, none overlapping, as `g` finds them."""
        at = 0
        count = 0
        while at <= len(text):
            found = self.pattern.search(text, at)
            if found is None:
                return
            count += 1
            if count > MAX_ITEMS:
                raise range_error("Invalid array length")
            yield found
            at = found.end() + (found.end() == found.start())


_FLAGS = {
    "dotAll": "s",
    "global": "g",
    "hasIndices": "d",
    "ignoreCase": "i",
    "multiline": "m",
    "sticky": "y",
    "unicode": "u",
}


def regexp(source: str, flags: str, pattern: Pattern) -> RegExp:
    """A literal."""
    return RegExp(source or "(?:)", flags, pattern)


def match_array(found: Match, text: str) -> Array:
    """What `exec` returns."""
    groups: list[Value | Missing] = [UNDEFINED if group is None else group for group in found.groups()]
    made = Array([found.group() or "", *groups])
    made.properties["index"] = found.start()
    made.properties["input"] = text
    made.properties["groups"] = UNDEFINED
    return made


def _this(value: Value) -> RegExp:
    if not isinstance(value, RegExp):
        raise type_error("Receiver is not a RegExp")
    return value


def find(regexp: RegExp, text: str) -> Match | None:
    """The next match of a regular expression that may remember where it stopped."""
    if not regexp.is_global:
        return regexp.search(text)
    start = integer(regexp.last_index)
    found = regexp.search(text, max(0, int(start))) if start <= len(text) else None
    regexp.last_index = 0 if found is None else found.end()
    return found


def _exec(this: Value, arguments: Values) -> Value:
    text = string(arguments[0] if arguments else UNDEFINED)
    found = find(_this(this), text)
    return None if found is None else match_array(found, text)


def _test(this: Value, arguments: Values) -> Value:
    return find(_this(this), string(arguments[0] if arguments else UNDEFINED)) is not None


def _text(this: Value, arguments: Values) -> Value:
    found = _this(this)
    return f"/{found.source}/{found.flags}"


def _called(this: Value, arguments: Values) -> Value:
    raise type_error("RegExp() is not supported: write a literal")


REGEXP_PROTOTYPE.properties.update(
    {
        "exec": Builtin(_exec, "exec", 1),
        "test": Builtin(_test, "test", 1),
        "toString": Builtin(_text, "toString", 0),
    }
)
REGEXP = Builtin(_called, "RegExp", 2)
REGEXP.properties["prototype"] = REGEXP_PROTOTYPE
REGEXP_PROTOTYPE.properties["constructor"] = REGEXP


def replaced(text: str, found: Match, replacement: Value) -> str:
    """What comes in place of a match: a pattern with `$1`, or what a function makes of it."""
    if isinstance(replacement, Function):
        groups = [UNDEFINED if group is None else group for group in found.groups()]
        whole = found.group() or ""
        return string(replacement.native(UNDEFINED, (whole, *groups, found.start(), text)))
    groups_text = [None if group is None else group for group in found.groups()]
    return substituted(string(replacement), text, found.start(), found.end(), groups_text)


def substituted(pattern: str, text: str, start: int, end: int, groups: "list[str | None]") -> str:
    """GetSubstitution: `$$`, `$&`, `` $` ``, `$'` and `$1`."""
    if "$" not in pattern:
        return pattern
    made: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        following = pattern[at + 1 : at + 2]
        if character != "$" or not following:
            made.append(character)
            at += 1
        elif following in "$&`'":
            made.append({"$": "$", "&": text[start:end], "`": text[:start], "'": text[end:]}[following])
            at += 2
        elif following.isdecimal() and following.isascii():
            two = pattern[at + 1 : at + 3]
            width = 2 if len(two) == 2 and two.isdecimal() and two.isascii() and 1 <= int(two) <= len(groups) else 1
            index = int(pattern[at + 1 : at + 1 + width])
            if 1 <= index <= len(groups):
                made.append(groups[index - 1] or "")
                at += 1 + width
            else:
                made.append("$")
                at += 1
        else:
            made.append("$")
            at += 1
    return "".join(made)
