"""Paths and hosts of endpoints: express 4's path dialect and vhost's host dialect, as patterns of the plan.

Path strings mean what path-to-regexp 0.1.13 makes of them (D76-D96, D452, D453); hosts what vhost 3.0.2 does (D70-D73).
"""

import re
from typing import Literal

from egc.compiler.ecmascript import ANY as CHARACTER
from egc.compiler.ecmascript import (
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Repeat,
    Sequence,
    anchored,
    captures,
    literal,
    ranges,
    read,
)
from egc.compiler.plan import HostPattern, PathPattern
from egc.compiler.regexes import Untranslatable, compiled

ANY = "*"

_LITERAL_PATH = re.compile(r"/(?:[^\\^$|?*+()\[\]{}:]|:(?!\w))*", re.ASCII)
_PLAIN_PATH = re.compile(r"(?:/(?:[\w~@-]+|:\w+))+", re.ASCII)
_SHORT = 512
_PARAMETER = re.compile(r"[:*]")
_TOKEN = re.compile(r"\\.|(/)?(\.)?:(\w+)(\(.*?\))?(\*)?(\?)?|[.*]|/\(", re.ASCII)
_GROUP = re.compile(r"\\.|\((?:\?<(.*?)>)?(?!\?)", re.ASCII)
_FIRST_STAR = re.compile(r"\\.|\*")
_OUTLINE = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[(|)]", re.DOTALL)
_END_ANCHOR = re.compile(r"(?:^|[^\\])(?:\\\\)*\$\Z")
_PLAIN_SEGMENT = re.compile(r"/(?:[\w~@-]|\\\.)*", re.ASCII)
_SINGLE = re.compile(r"[^\\^$.*+?()\[\]{}|]|\\[^\w]", re.ASCII)
_UNMATCHABLE = re.compile(r"[\w.~%:-][^|]*", re.ASCII)


(_SLASH,) = literal("/", fold=True)
_PARAMETER_NODE = Group(Repeat(Chars(((47, 47),), negated=True, fold=True), 1, None, lazy=True))


def path_pattern(text: str) -> PathPattern:
    """The pattern of an entry of `paths`; `""` and `*` are every path (D74).

    Raises Untranslatable.
    """
    if text in ("", ANY):
        return PathPattern(ANY, None, ("0",), False, "all")
    strip = _strip(text)
    if _LITERAL_PATH.fullmatch(text) and text.isascii():
        return PathPattern(text, None, (), False, "path")
    if len(text) <= _SHORT and _PLAIN_PATH.fullmatch(text):
        return _plain(text)
    return _dialect(text, strip)


def _plain(text: str) -> PathPattern:
    """As `_dialect`, for paths of plain segments and whole parameters, of which is known what comes of them."""
    nodes: list[Node] = [Edge("^")]
    regex, names = "", []
    for segment in text.split("/")[1:]:
        nodes.append(_SLASH)
        if segment.startswith(":"):
            names.append(segment[1:])
            nodes.append(_PARAMETER_NODE)
            regex += "/([^/]+?)"
        else:
            nodes += literal(segment, fold=True)
            regex += f"/{segment}"
    nodes += (Repeat(_SLASH, 0, 1, lazy=False), Edge("$"))
    return PathPattern(text, rf"^{regex}/?\Z", tuple(names), False, "group", False, Sequence(tuple(nodes)))


def _dialect(text: str, strip: Literal["path", "all", "group"]) -> PathPattern:
    """The pattern of any other path. Raises Untranslatable."""
    source, names = _express(text)
    node = read(source, ignore_case=True, one_line=True)
    found = compiled(_from_start(node), whole=True).pattern
    return PathPattern(text, found.regex, _only(names, node), False, strip, found.linear, found.tree)


def path_regex(source: str) -> PathPattern:
    """The pattern of a `pathRegex`: case counts, and it may match anywhere in the path (D78).

    Raises Untranslatable.
    """
    node = read(source, one_line=True)
    found = compiled(_from_start(node), whole=True).pattern
    return PathPattern(source, found.regex, _only(_unnamed(source), node), True, "never", found.linear, found.tree)


def host_pattern(text: str) -> HostPattern:
    """The pattern of a `host`: literal but for `*`, one or more characters other than a dot (D70, D71).

    Raises Untranslatable for very many `*`.
    """
    if text in ("", ANY):
        return HostPattern(ANY, None)
    if "*" not in text:
        return HostPattern(text, None)
    label = Repeat(Chars(ranges([(ord("."), ord("."))]), negated=True, fold=True), 1, None, lazy=False)
    first, *others = (literal(part, fold=True) for part in text.split("*"))
    nodes: list[Node] = [*first]
    for part in others:
        nodes += (label, *part)
    return _host(text, Sequence((*nodes, Edge("$"))))


def host_regex(source: str) -> HostPattern:
    """The pattern of a `hostRegex`: without regard to case, anchored at both ends (D73).

    Express Gateway glues missing anchors on as text, so that `aa|bb` took `aax`; here they are put around the whole
    pattern (D446).

    Raises Untranslatable.
    """
    if source == ANY:
        return HostPattern(ANY, None)
    node = read(source, ignore_case=True, one_line=True, only_whether=True)
    ends = _END_ANCHOR.search(source) is not None
    if source.startswith("^") and ends:
        return _host(source, _from_start(node))
    return _host(source, node if ends and not isinstance(node, Choice) else Sequence((node, Edge("$"))))


def half_anchored(source: str) -> bool:
    """Whether Express Gateway's anchors held only parts of this `hostRegex` (D73).

    Arguments:
        source: what `host_regex` takes.
    """
    if source.startswith("^") and _END_ANCHOR.search(source):
        return False
    depth = 0
    for mark in _OUTLINE.findall(source):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if mark == "|" and not depth:
            return True
    return False


def never_matches(text: str) -> bool:
    """Whether a path string can match no request, for it does not begin with `/` (D452)."""
    return _UNMATCHABLE.fullmatch(text) is not None


def _strip(text: str) -> Literal["path", "all", "group"]:
    """What `stripPath` leaves (D286-D288)."""
    found = _PARAMETER.search(text)
    if not found:
        return "path"
    return "all" if found.start() == 0 else "group"


def _from_start(node: Node) -> Node:
    """What fits at the start where JavaScript looks everywhere."""
    return node if anchored(node) else Sequence((Repeat(CHARACTER, 0, None, lazy=True), node))


def _host(text: str, node: Node) -> HostPattern:
    found = compiled(node, whole=True).pattern
    return HostPattern(text, found.regex, found.linear, found.tree)


def _only(names: list[str], node: Node) -> tuple[str, ...]:
    groups = captures(node)
    if len(names) < groups:
        raise Untranslatable("a group has no name")
    return tuple(names[:groups])


def _unnamed(source: str) -> list[str]:
    """The parameters of a regular expression: names of groups, or numbers in order."""
    names: list[str] = []
    number = 0
    for found in _GROUP.finditer(source):
        if found[0].startswith("\\"):
            continue
        names.append(found[1] or str(number))
        number += not found[1]
    return names


def _express(path: str) -> tuple[str, list[str]]:
    """The JavaScript regular expression of a path string, and the names of its groups in order.

    A parameter is `:name`, with an optional `(constraint)`, `*` (and the rest of the path) and `?`; a `*` alone is any
    run of characters. Between two parameters of one segment the second must not begin with what stands between.
    """
    source: list[str] = []
    keys: list[tuple[str, int]] = []
    behind = 0
    at = 0
    separator = ""
    length = 0

    def put(text: str) -> None:
        nonlocal length
        source.append(text)
        length += len(text)

    for token in _TOKEN.finditer(path):
        text, offset = token[0], token.start()
        put(path[at:offset])
        at = token.end()
        slash, dot, name, constraint, star, optional = (part or "" for part in token.groups())
        if text.startswith("\\"):
            separator += text
            behind += 2
            put(text)
            continue
        if text == ".":
            separator += r"\."
            behind += 1
            put(r"\.")
            continue
        separator = "" if slash or dot else separator + path[behind:offset]
        behind = token.end()
        if text == "*":
            separator = ""
            put("(.*)")
        elif text == "/(":
            separator += "/"
            put("/(?:")
        else:
            dot = r"\." if dot else ""
            if constraint:
                capture = _FIRST_STAR.sub(lambda found: "(.*)" if found[0] == "*" else found[0], constraint, count=1)
            elif separator and _PLAIN_SEGMENT.fullmatch(separator):
                # What begins with a slash is excluded with it.
                capture = "([^/]+?)"
            elif separator and _SINGLE.fullmatch(separator):
                capture = f"([^/{separator}]+?)"
            elif separator:
                capture = f"((?:(?!/|{separator}).)+?)"
            else:
                capture = f"([^/{dot}]+?)"
            keys.append((name, length))
            put(f"(?:{dot}{slash}{capture}{f'((?:[/{dot}].+?)?)' if star else ''}){optional}")
            separator = ""
    put(path[at:])
    whole = "".join(source)
    names = _numbered(whole, keys)
    return f"^{whole}{'?' if whole.endswith('/') else '/?'}$", names


def _numbered(source: str, keys: list[tuple[str, int]]) -> list[str]:
    """The names of the groups: those of parameters at their offsets, numbers for the groups between."""
    names = list(keys)
    number = 0
    groups = [found for found in _GROUP.finditer(source) if not found[0].startswith("\\")]
    for index, found in enumerate(groups):
        if index >= len(names) or names[index][1] > found.start():
            names.insert(index, (str(number), found.start()))
            number += 1
    return [name for name, _ in names]
