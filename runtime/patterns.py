"""Regular expressions of the configuration, each for the engine that the compiler chose.

Python's `re` is quick to call and goes back where it fails: the compiler gives it only what it has proven harmless.
RE2 never goes back, so that no text holds a worker; it takes the rest.
"""

import re
from typing import Protocol, cast

import re2

_MEMORY = 1 << 22
"""Bytes that RE2 may keep for each pattern; with less it takes more time, still in proportion to the text."""


class Match(Protocol):
    """What was found. Groups that took no part are None, at -1; offsets count characters."""

    def group(self, group: int = 0, /) -> str | None: ...
    def groups(self) -> tuple[str | None, ...]: ...
    def start(self, group: int = 0, /) -> int: ...
    def end(self, group: int = 0, /) -> int: ...
    def span(self, group: int = 0, /) -> tuple[int, int]: ...


class Pattern(Protocol):
    """A compiled expression; `re.Pattern` is one. `^` is the start of the text, wherever `pos` is."""

    @property
    def groups(self) -> int: ...
    def search(self, string: str, pos: int = 0) -> Match | None: ...
    def match(self, string: str, pos: int = 0) -> Match | None: ...


def pattern(regex: str, *, ignore_case: bool = False, linear: bool = False) -> Pattern:
    """Compile an expression.

    Arguments:
        regex: for Python's `re`, or for RE2 where `linear`.
        ignore_case: letters of ASCII count in either case; never with `linear`.
        linear: use RE2.
    """
    if linear:
        return _Linear(regex)
    return cast(Pattern, re.compile(regex, re.ASCII | (re.IGNORECASE if ignore_case else 0)))


class _Linear:
    """A pattern of RE2, which reads UTF-8. Lone surrogates, as JSON may hold them, pass like any character."""

    __slots__ = ("_program", "groups", "regex")

    def __init__(self, regex: str) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        self.regex = regex
        self._program = re2.compile(regex, options)
        self.groups: int = self._program.groups

    def search(self, string: str, pos: int = 0) -> Match | None:
        """The first match at `pos` or behind it."""
        text = _text(string)
        found = self._program.search(text.encoded, text.offset(pos))
        return _Match(text, found) if found else None

    def match(self, string: str, pos: int = 0) -> Match | None:
        """The match that begins at `pos`."""
        text = _text(string)
        found = self._program.match(text.encoded, text.offset(pos))
        return _Match(text, found) if found else None


class _Text:
    """A text and its UTF-8.

    Offsets are counted from the last one asked for: who goes through a text looks at each character once.
    """

    __slots__ = ("_bytes", "_characters", "encoded", "plain", "string")

    def __init__(self, string: str) -> None:
        self.string = string
        self.plain = string.isascii()
        self.encoded = string.encode("utf-8", "surrogatepass")
        self._characters = self._bytes = 0

    def offset(self, characters: int) -> int:
        """Bytes of the first `characters`."""
        if self.plain or not characters:
            return min(characters, len(self.encoded))
        if characters >= self._characters:
            between = self.string[self._characters : characters]
            self._bytes += len(between.encode("utf-8", "surrogatepass"))
        else:
            between = self.string[characters : self._characters]
            self._bytes -= len(between.encode("utf-8", "surrogatepass"))
        self._characters = min(characters, len(self.string))
        return self._bytes

    def characters(self, offset: int) -> int:
        """Characters of the first `offset` bytes; -1 stays -1."""
        if self.plain or offset <= 0:
            return offset
        if offset >= self._bytes:
            self._characters += len(self.encoded[self._bytes : offset].decode("utf-8", "surrogatepass"))
        else:
            self._characters -= len(self.encoded[offset : self._bytes].decode("utf-8", "surrogatepass"))
        self._bytes = offset
        return self._characters


_latest = _Text("")


def _text(string: str) -> _Text:
    """The text, the same one as the last time if it is that of the last time: `g` asks many times for one text."""
    global _latest
    if _latest.string is not string:
        _latest = _Text(string)
    return _latest


class _Match:
    """A match of RE2 in characters."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: _Text, found: "re2._Match[bytes]") -> None:
        self._text = text
        self._found = found

    def group(self, group: int = 0, /) -> str | None:
        start, end = self._found.span(group)
        return None if start < 0 else self._text.encoded[start:end].decode("utf-8", "surrogatepass")

    def groups(self) -> tuple[str | None, ...]:
        return tuple(self.group(number + 1) for number in range(len(self._found.groups())))

    def start(self, group: int = 0, /) -> int:
        return self._text.characters(self._found.start(group))

    def end(self, group: int = 0, /) -> int:
        return self._text.characters(self._found.end(group))

    def span(self, group: int = 0, /) -> tuple[int, int]:
        return self.start(group), self.end(group)
