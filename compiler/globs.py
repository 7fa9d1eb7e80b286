"""Globs as minimatch 3.1.5 reads them, for names without a slash: Host headers (D135) and names of servers (D27).

Braces are expanded, each alternative becomes a JavaScript regular expression as minimatch writes it, and that becomes a
pattern. Only whether a name fits is ever asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from egc.compiler.ecmascript import (
    ANY,
    Chars,
    Choice,
    Edge,
    Look,
    Node,
    Repeat,
    Sequence,
    Untranslatable,
    inverse,
    literal,
    ranges,
    read,
    without_first,
)
from egc.compiler.plan import Pattern
from egc.compiler.regexes import compiled

MAX_ALTERNATIVES = 128
MAX_LENGTH = 4096

_BRACES = re.compile(r"\{[^{\n\r\u2028\u2029]*\}")
_NUMBERS = re.compile(r"-?\d+\.\.-?\d+(?:\.\.-?\d+)?", re.ASCII)
_LETTERS = re.compile(r"[a-zA-Z]\.\.[a-zA-Z](?:\.\.-?\d+)?", re.ASCII)
_PADDED = re.compile(r"-?0\d", re.ASCII)
_SET_FOLLOWS = re.compile(r",(?!,)[^\n\r\u2028\u2029]*\}")
_SLASHES = re.compile("/+")
_ESCAPED = {"\\\\": "\0S", "\\{": "\0O", "\\}": "\0C", "\\,": "\0K", "\\.": "\0P"}
_SPACES = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_GLOBSTAR = "**"
_DOT = ranges([(ord("."), ord("."))])

# minimatch writes `[^/]` for what is no slash; here that is every character.
_ONE = "."
_RUN = ".*?"
_SPECIAL = frozenset("().*{}+?[]^$\\!")
_OPENINGS = {"!": "(?:(?!(?:", "?": "(?:", "+": "(?:", "*": "(?:", "@": "(?:"}
_ENDINGS = {"!": ")).*?)", "?": ")?", "+": ")+", "*": ")*", "@": ")"}
_PIPE = re.compile(r"((?:\\{2}){0,64})(\\?)\|")


def glob_pattern(text: str) -> Pattern:
    """The pattern of a glob; it is anchored, and case counts.

    Raises Untranslatable for a glob with too many alternatives, or one that could hold a worker.
    """
    if len(text) > MAX_LENGTH:
        raise Untranslatable(f"the glob is longer than {MAX_LENGTH} characters")
    glob = text.strip(_SPACES)
    if text.startswith("#") or glob.startswith("#"):
        return compiled(Chars(())).pattern
    bare = glob.lstrip("!")
    found = [one for part in _expanded(bare) if (one := _name(part)) is not None] if glob else []
    names: Node = Choice(tuple(found)) if len(found) != 1 else found[0]
    whole: Node = Sequence((names, Edge("$"))) if found else Chars(())
    if (len(glob) - len(bare)) % 2:
        whole = Look(ahead=True, negative=True, body=whole)
    return compiled(Sequence((Edge("^"), whole))).pattern


def is_plain(text: str) -> bool:
    """Whether a glob takes the same text and nothing else, on the face of it."""
    return re.fullmatch(r"[\w.:-]+", text) is not None


def _name(glob: str) -> Node | None:
    """What one alternative takes of names that hold no slash and are not empty; None for nothing."""
    *before, last = _SLASHES.split(glob)
    if any(part != _GLOBSTAR for part in before) or not last:
        return None
    if last == _GLOBSTAR:
        return without_first(Repeat(ANY, 1, None, lazy=False), _DOT)
    part = _Part(last)
    if not part.magic:
        return Sequence(literal(re.sub(r"\\(.)", r"\1", last)))
    try:
        node = read(part.source, one_line=True, only_whether=True)
    except Untranslatable as error:
        raise Untranslatable(f"it means the expression `{part.source}`, and {error}") from None
    return without_first(_first_come(node), _DOT if part.hides_dots else ())


def _first_come(node: Node) -> Node:
    """The same, with `.*-.*` as `[^-]*-.*`: the first hyphen will do, and fewer ways are tried."""
    if not isinstance(node, Sequence):
        return node
    items = list(node.items)
    for at in range(len(items) - 2):
        run, one, other = items[at : at + 3]
        if run == other == Repeat(ANY, 0, None, lazy=False) and isinstance(one, Chars):
            items[at] = Repeat(Chars(inverse(one.ranges)), 0, None, lazy=False)
    return Sequence(tuple(items))


# ---- Braces, as brace-expansion 1.1 expands them


def _expanded(glob: str) -> list[str]:
    if not _BRACES.search(glob):
        return [glob]
    if glob.startswith("{}"):
        glob = "\\{\\}" + glob[2:]
    for escape, token in _ESCAPED.items():
        glob = glob.replace(escape, token)
    found = []
    for one in _expand(glob, 0, top=True):
        for escape, token in _ESCAPED.items():
            one = one.replace(token, escape[1])
        found.append(one)
    return found


@dataclass(frozen=True, slots=True)
class _Braces:
    before: str
    body: str
    behind: str


def _expand(glob: str, depth: int, *, top: bool = False) -> list[str]:
    if depth > 20:
        raise Untranslatable("its braces are nested too deeply")
    found = _balanced(glob)
    if found is None or found.before.endswith("$"):
        return [glob]
    sequence = _LETTERS.fullmatch(found.body) or _NUMBERS.fullmatch(found.body)
    if not sequence and "," not in found.body:
        if _SET_FOLLOWS.search(found.behind):
            return _expand(f"{found.before}{{{found.body}\0C{found.behind}", depth + 1, top=True)
        return [glob]
    members: list[str]
    if sequence:
        members = list(_sequence(found.body))
    else:
        parts = _comma_parts(found.body)
        if len(parts) == 1:
            parts = [f"{{{one}}}" for one in _expand(parts[0], depth + 1)]
            if len(parts) == 1:
                rest = _expand(found.behind, depth + 1) if found.behind else [""]
                return [found.before + parts[0] + one for one in rest]
        members = [one for part in parts for one in _expand(part, depth + 1)]
    rest = _expand(found.behind, depth + 1) if found.behind else [""]
    if len(members) * len(rest) > MAX_ALTERNATIVES:
        raise Untranslatable(f"its braces have more than {MAX_ALTERNATIVES} alternatives")
    all_of_them = [found.before + one + other for one, other in product(members, rest)]
    return all_of_them if sequence or not top else [one for one in all_of_them if one]


def _balanced(glob: str) -> _Braces | None:
    """The first pair of braces that fit, outermost where they are nested."""
    open_at: list[int] = []
    best: tuple[int, int] | None = None
    for at, character in enumerate(glob):
        if character == "{":
            open_at.append(at)
        elif character == "}" and open_at:
            start = open_at.pop()
            if not open_at:
                best = (start, at)
                break
            if best is None or start < best[0]:
                best = (start, at)
    if best is None:
        return None
    start, end = best
    return _Braces(glob[:start], glob[start + 1 : end], glob[end + 1 :])


def _comma_parts(text: str) -> list[str]:
    found = _balanced(text)
    if found is None:
        return text.split(",")
    parts = found.before.split(",")
    parts[-1] += f"{{{found.body}}}"
    if found.behind:
        first, *others = _comma_parts(found.behind)
        parts[-1] += first
        parts += others
    return parts


def _sequence(body: str) -> Iterator[str]:
    ends = body.split("..")
    letters = ends[0].isalpha()
    first, last = (ord(end) if letters else int(end) for end in ends[:2])
    step = max(abs(int(ends[2])), 1) if len(ends) == 3 else 1
    padded = any(_PADDED.match(end) for end in ends)
    width = max(len(end) for end in ends[:2])
    if abs(last - first) // step > MAX_ALTERNATIVES or width > 32:
        raise Untranslatable(f"its braces have more than {MAX_ALTERNATIVES} alternatives")
    for number in range(first, last + 1, step) if first <= last else range(first, last - 1, -step):
        if letters:
            yield chr(number).replace("\\", "")
        else:
            yield f"{number:0{width}d}" if padded else str(number)


# ---- One name


@dataclass(slots=True)
class _Opened:
    """A list such as `+(a|b)`: its sign, and where it stands in the expression."""

    sign: str
    start: int
    end: int = 0


class _Part:
    """The expression of one name: `source`, whether there is any `magic`, and whether it `hides_dots` in front."""

    def __init__(self, glob: str, *, inside: bool = False) -> None:
        self._text = ""
        self._sign = ""
        self.magic = False
        opened, negative = self._read(glob)
        for list_ in reversed(opened):
            tail = _PIPE.sub(
                lambda found: found[1] * 2 + (found[2] or "\\") + "|",
                self._text[list_.start + len(_OPENINGS[list_.sign]) :],
            )
            sign = {"*": _RUN, "?": _ONE}.get(list_.sign, "\\" + list_.sign)
            self.magic = True
            self._text = f"{self._text[: list_.start]}{sign}\\({tail}"
        self._flush()
        if self._escaping:
            self._text += "\\\\"
        self.hides_dots = self._text[:1] in ("[", ".", "(") and not glob.startswith(".")
        for list_ in reversed(negative):
            self._negate(list_, inside)
        self.source = self._text
        if inside:
            start = r"(?!\.)" if self.hides_dots else ""
            self.source = start + ("(?=.)" if self._text and self.magic else "") + self._text

    def _flush(self) -> None:
        """A sign that opens no list stands for itself."""
        if self._sign:
            self.magic = self.magic or self._sign in "*?"
            self._text += {"*": _RUN, "?": _ONE}.get(self._sign, "\\" + self._sign)
            self._sign = ""

    def _read(self, glob: str) -> tuple[list[_Opened], list[_Opened]]:
        opened: list[_Opened] = []
        negative: list[_Opened] = []
        self._escaping = False
        class_at, class_text = -1, 0
        for at, character in enumerate(glob):
            if self._escaping and character in _SPECIAL:
                self._text += "\\" + character
                self._escaping = False
            elif character == "\\":
                self._flush()
                self._escaping = True
            elif character in "?*+@!":
                if class_at >= 0:
                    self._text += "^" if character == "!" and at == class_at + 1 else character
                elif character != "*" or self._sign != "*":
                    self._flush()
                    self._sign = character
            elif character == "(" and class_at >= 0:
                self._text += "("
            elif character == "(":
                if self._sign:
                    opened.append(_Opened(self._sign, len(self._text)))
                    self._text += _OPENINGS[self._sign]
                    self._sign = ""
                else:
                    self._text += "\\("
            elif character == ")":
                if class_at >= 0 or not opened:
                    self._text += "\\)"
                    continue
                self._flush()
                self.magic = True
                closed = opened.pop()
                self._text += _ENDINGS[closed.sign]
                if closed.sign == "!":
                    negative.append(closed)
                closed.end = len(self._text)
            elif character == "|":
                if class_at >= 0 or not opened or self._escaping:
                    self._text += "\\|"
                    self._escaping = False
                    continue
                self._flush()
                self._text += "|"
            elif character == "[":
                self._flush()
                if class_at >= 0:
                    self._text += "\\["
                    continue
                class_at, class_text = at, len(self._text)
                self._text += "["
            elif character == "]":
                if class_at < 0 or at == class_at + 1:
                    self._text += "\\]"
                    self._escaping = False
                elif _is_class(glob[class_at + 1 : at]):
                    self.magic = True
                    self._text += "]"
                    class_at = -1
                else:
                    self._literal_class(glob[class_at + 1 : at], class_text, "\\]")
                    class_at = -1
            else:
                self._flush()
                if self._escaping:
                    self._escaping = False
                elif character in _SPECIAL and not (character == "^" and class_at >= 0):
                    self._text += "\\"
                self._text += character
        if class_at >= 0:
            self._literal_class(glob[class_at + 1 :], class_text, "")
        return opened, negative

    def _literal_class(self, inside: str, start: int, end: str) -> None:
        """A `[` that begins no class after all."""
        part = _Part(inside, inside=True)
        self.magic = self.magic or part.magic
        self._text = f"{self._text[:start]}\\[{part.source}{end}"

    def _negate(self, list_: _Opened, inside: bool) -> None:
        """`!(a)b` must not be `ab` as a whole: what follows is part of what must not be there."""
        before, behind = self._text[: list_.start], self._text[list_.end :]
        run = list_.end - len(_ENDINGS["!"]) + 1
        first, last = self._text[list_.start : run], self._text[run : list_.end]
        looked_at = behind
        for _ in range(before.count("(")):
            looked_at = re.sub(r"\)[+*?]?", "", looked_at, count=1)
        end = "$" if not looked_at and not inside else ""
        self._text = f"{before}{first}{looked_at}{end}{last}{behind}"


def _is_class(inside: str) -> bool:
    """Whether JavaScript takes `[inside]`. Raises Untranslatable where it does, and we do not."""
    try:
        read(f"[{inside}]")
    except Untranslatable as error:
        if "out of order" in str(error) or "closed" in str(error) or "backslash" in str(error):
            return False
        raise
    return True
