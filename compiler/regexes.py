"""JavaScript regular expressions in Python: the same meaning for the same text, or a reason why not.

ECMA-262 with annex B, as Node reads a pattern without the `u` flag. What Python's `re` spells otherwise (`$`, `[^]`,
`\\A`, `{,3}`) is rewritten; what it cannot say (back references to groups that took no part, repeated groups whose
captures JavaScript forgets) is refused. Groups are numbered as in JavaScript, and no name reaches Python.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_LENGTH = 4096
_MAX_DEPTH = 50
_MAX_COUNT = 65535
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)", re.ASCII)
_GROUP_NAME = re.compile(r"<([A-Za-z_$][\w$]*)>", re.ASCII)
_SPACES = r"\s\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LINE_ENDS = r"\n\r\u2028\u2029"
_CONTROLS = {"f": r"\f", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\v"}
_NOTHING_TO_REPEAT = "there is nothing to repeat before the quantifier"


class Untranslatable(Exception):
    """The pattern is invalid, or means something that Python's `re` cannot say; `str(error)` is the reason."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern for Python's `re`, to be compiled with ASCII (and IGNORECASE where JavaScript had `i`).

    `anchored`: every alternative begins with `^`, so that `match` finds what JavaScript's search finds.
    `alternatives`: how many the top level has. `groups`: how many groups capture.
    """

    regex: str
    groups: int
    anchored: bool
    alternatives: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """A translated part. `forgets`: it may match without setting one of its groups."""

    text: str
    nullable: bool = False
    captures: bool = False
    forgets: bool = False


def translate(source: str, flags: str = "", *, one_line: bool = False) -> Translated:
    """Translate a JavaScript pattern.

    Arguments:
        source: the pattern, without the slashes around it.
        flags: JavaScript's; of these `d`, `g`, `i` and `s` are understood.
        one_line: the text to be searched never holds a line end (a request path, a header value), so `.` may stay `.`.

    Raises Untranslatable.
    """
    if refused := sorted(set(flags) - set("dgis")):
        raise Untranslatable(f"the flag `{refused[0]}` is not supported")
    if len(source) > MAX_LENGTH:
        raise Untranslatable(f"the pattern is longer than {MAX_LENGTH} characters")
    reader = _Reader(source, ignore_case="i" in flags, dot=_dot(one_line, "s" in flags))
    result = reader.read()
    try:
        re.compile(result.regex, re.ASCII | (re.IGNORECASE if "i" in flags else 0))
    except (re.error, OverflowError, RecursionError) as error:
        raise Untranslatable(f"Python's `re` cannot say it: {error}") from None
    return result


def _dot(one_line: bool, dot_all: bool) -> str:
    if dot_all:
        return r"[\s\S]"
    return "." if one_line else f"[^{_LINE_ENDS}]"


class _Reader:
    """Recursive descent over one pattern."""

    def __init__(self, source: str, *, ignore_case: bool, dot: str) -> None:
        self._source = source
        self._at = 0
        self._ignore_case = ignore_case
        self._dot = dot
        self._groups = 0
        self._names: set[str] = set()
        self._named = "(?<" in source.replace("(?<=", "").replace("(?<!", "")

    def read(self) -> Translated:
        texts, anchored = self._alternatives(0)
        if self._at < len(self._source):
            raise Untranslatable("a `)` has no `(`")
        regex = "|".join(piece.text for piece in texts)
        return Translated(regex, self._groups, all(anchored), len(texts))

    def _peek(self, text: str) -> bool:
        return self._source.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        found = self._peek(text)
        if found:
            self._at += len(text)
        return found

    def _alternatives(self, depth: int) -> tuple[list[_Piece], list[bool]]:
        if depth > _MAX_DEPTH:
            raise Untranslatable(f"groups are nested deeper than {_MAX_DEPTH}")
        pieces: list[_Piece] = []
        anchored: list[bool] = []
        while True:
            anchored.append(self._peek("^"))
            pieces.append(self._sequence(depth))
            if not self._take("|"):
                return pieces, anchored

    def _sequence(self, depth: int) -> _Piece:
        text: list[str] = []
        nullable, captures, forgets = True, False, False
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            piece = self._term(depth)
            text.append(piece.text)
            nullable = nullable and piece.nullable
            captures = captures or piece.captures
            forgets = forgets or piece.forgets
        return _Piece("".join(text), nullable, captures, forgets)

    def _term(self, depth: int) -> _Piece:
        if self._take("^"):
            return self._unrepeated("^")
        if self._take("$"):
            return self._unrepeated(r"\Z")
        if self._take(r"\b") or self._take(r"\B"):
            return self._unrepeated(self._source[self._at - 2 : self._at])
        if self._peek("("):
            return self._group(depth)
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        return self._quantified(self._atom())

    def _unrepeated(self, text: str) -> _Piece:
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        return _Piece(text, nullable=True)

    def _group(self, depth: int) -> _Piece:
        self._at += 1
        for opening in ("?=", "?!", "?<=", "?<!"):
            if self._take(opening):
                return self._look(opening, depth)
        captures = True
        if self._take("?:"):
            captures = False
        elif self._take("?"):
            self._name()
        if captures:
            self._groups += 1
        pieces, _ = self._alternatives(depth + 1)
        if not self._take(")"):
            raise Untranslatable("a `(` is not closed")
        inside = any(piece.captures for piece in pieces)
        body = _Piece(
            "|".join(piece.text for piece in pieces),
            any(piece.nullable for piece in pieces),
            captures or inside,
            any(piece.forgets for piece in pieces) or (inside and len(pieces) > 1),
        )
        if captures:
            return self._quantified(_Piece(f"({body.text})", body.nullable, True, body.forgets))
        if len(pieces) == 1 and not _QUANTIFIER.match(self._source, self._at):
            return body
        return self._quantified(_Piece(f"(?:{body.text})", body.nullable, body.captures, body.forgets))

    def _look(self, opening: str, depth: int) -> _Piece:
        before = self._groups
        pieces, _ = self._alternatives(depth + 1)
        if not self._take(")"):
            raise Untranslatable("a `(` is not closed")
        if self._groups > before and opening != "?=":
            raise Untranslatable(f"a group that captures inside `({opening}` is not supported")
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(f"a repeated `({opening}` is not supported")
        text = "|".join(piece.text for piece in pieces)
        captures = self._groups > before
        return _Piece(f"({opening}{text})", True, captures, captures and len(pieces) > 1)

    def _name(self) -> None:
        found = _GROUP_NAME.match(self._source, self._at)
        if not found:
            raise Untranslatable("`(?` begins no group that JavaScript (Node 20) knows")
        if found[1] in self._names:
            raise Untranslatable(f"two groups are named `{found[1]}`")
        self._names.add(found[1])
        self._at = found.end()

    def _quantified(self, piece: _Piece) -> _Piece:
        found = _QUANTIFIER.match(self._source, self._at)
        if not found:
            return piece
        self._at = found.end()
        sign, low, comma, high, _lazy = found.groups()
        if sign:
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            least = int(low[:9])
            most = least if not comma else int(high[:9]) if high else None
        if max(least, most or 0) > _MAX_COUNT:
            raise Untranslatable(f"a count is larger than {_MAX_COUNT}")
        if most is not None and most < least:
            raise Untranslatable("the numbers of a quantifier are out of order")
        if _QUANTIFIER.match(self._source, self._at):
            raise Untranslatable(_NOTHING_TO_REPEAT)
        if most is None or most > 1:
            if piece.nullable:
                raise Untranslatable("a group that can match nothing is repeated")
            if piece.forgets:
                raise Untranslatable("a group that not every repetition sets is repeated")
        return _Piece(
            piece.text + found[0],
            piece.nullable or least == 0,
            piece.captures,
            piece.forgets or (piece.captures and least == 0),
        )

    def _atom(self) -> _Piece:
        character = self._source[self._at]
        self._at += 1
        if character == ".":
            return _Piece(self._dot)
        if character == "[":
            return _Piece(self._class())
        if character == "\\":
            return _Piece(self._escape())
        return _Piece(self._literal(character))

    def _escape(self) -> str:
        """What follows a backslash outside a class."""
        letter = self._next("the pattern ends in a backslash")
        if letter in "dDwW":
            return "\\" + letter
        if letter in "sS":
            return f"[{'^' if letter == 'S' else ''}{_SPACES}]"
        if letter in "123456789" or (letter == "k" and self._named):
            raise Untranslatable("a reference back to a group is not supported")
        return self._literal(self._character(letter))

    def _class(self) -> str:
        negated = self._take("^")
        if self._take("]"):
            return r"[\s\S]" if negated else "(?!)"
        items: list[str] = []
        while not self._take("]"):
            low, text = self._member()
            if self._peek("-") and not self._peek("-]"):
                self._at += 1
                high, end = self._member()
                if low is None or high is None:
                    items += [text, r"\-", end]
                    continue
                if high < low:
                    raise Untranslatable("the ends of a range are out of order")
                if self._ignore_case and any(_others(chr(code)) for code in range(max(ord(low), 128), ord(high) + 1)):
                    raise Untranslatable("a range of letters outside ASCII, without regard to case, is not supported")
                items.append(f"{_in_class(low)}-{_in_class(high)}")
            else:
                items.append(text)
                if low is not None and self._ignore_case:
                    items += [_in_class(other) for other in _others(low)]
        return f"[{'^' if negated else ''}{''.join(items)}]"

    def _member(self) -> tuple[str | None, str]:
        """One member of a class: its character, or None for a set like `\\d`, and its spelling."""
        character = self._next("a `[` is not closed")
        if character != "\\":
            self._plane(character)
            return character, _in_class(character)
        letter = self._next("the pattern ends in a backslash")
        if letter in "dDwW":
            return None, "\\" + letter
        if letter == "s":
            return None, _SPACES
        if letter == "S":
            raise Untranslatable(r"`\S` inside `[...]` is not supported")
        if letter == "b":
            return "\b", r"\b"
        if letter in "123456789":
            raise Untranslatable("an octal escape is not supported")
        found = self._character(letter)
        return found, _in_class(found)

    def _next(self, otherwise: str) -> str:
        if self._at >= len(self._source):
            raise Untranslatable(otherwise)
        self._at += 1
        return self._source[self._at - 1]

    def _character(self, letter: str) -> str:
        """The character that an escape stands for; `letter` is the one behind the backslash."""
        if letter in _CONTROLS:
            return {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}[letter]
        if letter == "0":
            if self._source[self._at : self._at + 1].isdecimal():
                raise Untranslatable("an octal escape is not supported")
            return "\0"
        if letter == "c":
            control = self._source[self._at : self._at + 1]
            if not (control.isascii() and control.isalpha()):
                raise Untranslatable(r"`\c` without a letter is not supported")
            self._at += 1
            return chr(ord(control) % 32)
        if letter in "xu":
            width = 2 if letter == "x" else 4
            digits = self._source[self._at : self._at + width]
            if len(digits) == width and re.fullmatch(r"[0-9A-Fa-f]+", digits):
                self._at += width
                return chr(int(digits, 16))
        return letter

    def _plane(self, character: str) -> None:
        if ord(character) > 0xFFFF:
            raise Untranslatable("a character beyond U+FFFF is not supported")

    def _literal(self, character: str) -> str:
        """A character outside a class, with its other cases where case does not count."""
        self._plane(character)
        others = _others(character) if self._ignore_case else ()
        if others:
            return f"[{character}{''.join(others)}]"
        return _outside_class(character)


def _others(character: str) -> tuple[str, ...]:
    """The other cases of a letter outside ASCII, whose case Python's ASCII flag leaves alone."""
    if character.isascii():
        return ()
    cases = {case for case in (character.lower(), character.upper()) if len(case) == 1 and not case.isascii()}
    return tuple(sorted(cases - {character}))


def _spelled(character: str) -> str | None:
    """An escape for what does not print."""
    code = ord(character)
    if character.isascii() and character.isprintable():
        return None
    if code < 256:
        return f"\\x{code:02x}"
    if unicodedata.category(character)[0] in "CZ":
        return f"\\u{code:04x}"
    return None


def _outside_class(character: str) -> str:
    spelled = _spelled(character)
    if spelled:
        return spelled
    return "\\" + character if character in r".^$*+?{}[]\|()" else character


def _in_class(character: str) -> str:
    spelled = _spelled(character)
    if spelled:
        return spelled
    return "\\" + character if character in r"\]^[-&~|" else character
