"""How secrets look that stand in a text: by the key in front of them, and by their own beginning."""

import re
from base64 import b64decode
from collections.abc import Sequence

from egc.compiler.variables import looks_secret

FORMS = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("an access key of AWS", re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])")),
    ("a token of GitHub", re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})")),
    ("a token of GitLab", re.compile(r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,}")),
    ("a token of Slack", re.compile(r"(?<![A-Za-z0-9])xox[abeprs]-[A-Za-z0-9-]{10,}")),
    ("a key of Stripe", re.compile(r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{16,}")),
    ("a key of Google", re.compile(r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}")),
    ("a key of SendGrid", re.compile(r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")),
    ("a token of npm", re.compile(r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}")),
    ("a key of OpenAI or Anthropic", re.compile(r"(?<![A-Za-z0-9])sk-(?:ant-|proj-)[A-Za-z0-9_-]{20,}")),
    ("a JSON web token", re.compile(r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}")),
    ("a bearer token", re.compile(r"\bBearer [A-Za-z0-9+/_.~-]{16,}=*(?![A-Za-z0-9+/_.~${-])")),
)
"""What can be nothing else than a secret, by what it is called."""

_URL = re.compile(r"""://[^\s'"`]+""")
_HOST_AND_PORT = re.compile(r"[^/@:]+:[0-9]+/")
_BEFORE_PATH = re.compile(r"[^/?#]*@")
_SHORTEST_TOKEN = 16
"""Characters of what stands in the place of a URL's user, without a password, and is none's name."""

_QUERY = re.compile(
    r"""(?<=[?&])(?P<key>[^=?&#\s'"{}]{0,60}?(?:key|passw|secret|signature|token)[^=?&#\s'"{}]{0,60}=)"""
    r"""(?P<value>(?:\$\{[^}\s]*\}|[^&#\s'"`{}])+)""",
    re.IGNORECASE,
)
"""What the query of a URL says under the name of a secret."""

_KEYS = (
    r"(?:[\w-]{0,60}[_-])?(?:pass(?:word|wd|phrase)|pwd|secret|token)|(?:client|key|api|session|jwt)secret"
    r"|cipher[_-]?key|secret[_-]?key|(?:[\w-]{0,60}[_-])?api[_-]?key|access[_-]?key|private[_-]?key"
    r"|secretOrP(?:ublic|rivate)Key|(?:access|auth|api)token|(?:proxy-)?authorization(?:_value)?|auth|(?:set-)?cookie"
)
_VALUE = re.compile(
    rf"""(?<![\w-])(?P<key>(?:{_KEYS})(?:["'][ \t]*:[ \t]*|[ \t]*:[ \t]+)(?:[&!][^\s,\[\]{{}}]*[ \t]+)*)"""
    r"""(?P<value>"(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?|(?![{\[|>&*!#])(?:\$\{[^}\n]*\}|(?!,[ \t]|[ \t]#|\})[^\n])+)""",
    re.IGNORECASE,
)
_OPEN = re.compile(
    rf"""(?<![\w-])(?:{_KEYS})["']?[ \t]*:[ \t]*(?:[&!][^\s]*[ \t]*)*(?:[|>][-+0-9]*)?[ \t]*(?:\#.*)?$""", re.IGNORECASE
)
_FLOW = re.compile(
    rf"""(?<![\w-])(?!(?:auth|cookie|token)["' \t:])(?:{_KEYS})["']?[ \t]*:[ \t]*(?:[&!][^\s,\[\]{{}}]*[ \t]+)*"""
    r"(?=[\[{])",
    re.IGNORECASE,
)
"""The key of a secret before a bracket or a brace; other things than secrets have settings called `auth` or so."""
_IN_FLOW = re.compile(r"""[^\s"'\[\]{},]+""")
_ALIAS = re.compile(rf"""(?<![\w-])(?:{_KEYS})["']?[ \t]*:[ \t]+\*(?P<name>[^\s,\[\]{{}}]+)""", re.IGNORECASE)
_ANCHOR = re.compile(r"(?<=[ \t:\[{,-])&(?P<name>[^\s,\[\]{}]+)")
_LONGEST_BLOCK = 400
"""Lines above a line that are asked whether it goes on there."""
_EMITTED = re.compile(
    r"""(?P<key>\b[a-z_]{0,60}?(?:auth|cipher|cookie|key|pass|secret|token)[a-z_]{0,60}=b?(?P<quote>["']))"""
    r"""(?P<value>(?:\\.|(?!(?P=quote))[^\\])+)"""
)
"""An argument in the emitted module."""
_NAMED = r"(?:key|passw|secret|token|authorization|cookie)"
_COMPARED = re.compile(
    rf"""(?P<key>{_NAMED}[\w-]{{0,60}}\\?["'`]?\]?[ \t]{{0,9}}[!=]==?[ \t]{{0,9}}\\?(?P<quote>["'`]))"""
    r"""(?P<value>(?:(?!(?P=quote))[^\\\n])+)""",
    re.IGNORECASE,
)
_COMPARED_BEFORE = re.compile(
    r"""(?P<value>(?<=["'`])[^"'`\n\\]{1,400})"""
    rf"""(?P<key>\\?["'`][ \t]{{0,9}}[!=]==?[ \t]{{0,9}}[\w.\["'`\\-]{{1,80}}?{_NAMED})""",
    re.IGNORECASE,
)
_TYPES = frozenset(("undefined", "string", "object", "number", "boolean", "function", "null"))
_BASIC = re.compile(r"(?<![A-Za-z0-9])Basic (?P<value>[A-Za-z0-9+/]{6,}={0,2})")
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_]+)(?::-(?P<default>[^}\n]*))?\}")
_ENCODED = re.compile(r"^(?P<indent>[ \t+-]*)(?P<line>[A-Za-z0-9+/]{40,}={0,2})[ \t]*$")
_PART = re.compile(r"[^\s\"']+")


def starred(line: str) -> str:
    """A line of a configuration with the secrets in it starred out, each in its own length.

    Names of variables stay, what they fall back to does not. Quotation marks and blanks stay.
    """
    line = _VALUE.sub(lambda found: found["key"] + _without(found["value"]), line)
    line = _without_flows(line)
    line = _COMPARED.sub(lambda found: found["key"] + _unless_type(found["value"]), line)
    line = _COMPARED_BEFORE.sub(lambda found: _unless_type(found["value"]) + found["key"], line)
    line = _VARIABLE.sub(_default_of_secret, quoted(line))
    return _ENCODED.sub(lambda found: found["indent"] + "*" * len(found["line"]), line)


def starred_line(lines: Sequence[str], number: int) -> str:
    """The line with that number, from 0 on, as `starred`; all of it where it is the value of a key further up.

    A value is a secret, too, whose anchor stands for one elsewhere: `x: &it value`, then `secret: *it`.
    """
    line = lines[number]
    indent = _indent(line)
    for above in range(number - 1, max(-1, number - 1 - _LONGEST_BLOCK), -1):
        if not lines[above].strip() or _indent(lines[above]) >= indent:
            continue
        if _OPEN.search(lines[above]) or _secret_anchor(lines, lines[above]) is not None:
            return _PART.sub(_stars, line)
        break
    anchor = _secret_anchor(lines, line)
    if anchor is None:
        return starred(line)
    return starred(line[: anchor.end()]) + _PART.sub(_stars, line[anchor.end() :])


def _secret_anchor(lines: Sequence[str], line: str) -> re.Match[str] | None:
    """The first anchor of a line that any line uses for a secret."""
    for anchor in _ANCHOR.finditer(line):
        if any(found["name"] == anchor["name"] for one in lines if "*" in one for found in _ALIAS.finditer(one)):
            return anchor
    return None


def _without_flows(line: str) -> str:
    """A line without what stands in brackets or braces where a secret belongs."""
    end, parts = 0, []
    for found in _FLOW.finditer(line):
        if found.start() < end:
            continue
        parts.append(line[end : found.end()])
        end = _closed(line, found.end())
        parts.append(_IN_FLOW.sub(_stars, line[found.end() : end]))
    return "".join([*parts, line[end:]])


def _closed(line: str, begin: int) -> int:
    """The place behind the bracket or brace that closes the one at `begin`; the end of the line where none does."""
    depth = 0
    for place in range(begin, len(line)):
        depth += (line[place] in "[{") - (line[place] in "]}")
        if not depth:
            return place + 1
    return len(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def emitted(line: str) -> str:
    """A line of the emitted module with the secrets in it starred out."""
    return starred(_EMITTED.sub(lambda found: found["key"] + "*" * len(found["value"]), line))


def quoted(text: str) -> str:
    """A sentence that quotes a configuration, without what is known for a secret wherever it stands."""
    text = _URL.sub(lambda found: "://".join(map(_without_user, found[0].split("://"))), text)
    text = _QUERY.sub(lambda found: found["key"] + _without(found["value"]), text)
    for _, pattern in FORMS:
        text = pattern.sub(_stars, text)
    return _BASIC.sub(_credentials, text)


def _without_user(text: str) -> str:
    """What follows `://`, without user and password."""
    before = _BEFORE_PATH.match(text)
    user = before[0][:-1] if before is not None else text.rpartition("@")[0]
    name, colon, _ = _VARIABLE.sub("", user).partition(":")
    path = "/" in name or (before is None and _HOST_AND_PORT.match(text))
    if path or (not colon and len(name) < _SHORTEST_TOKEN):
        return text
    return (_without(user) if "${" in user else "*" * len(user)) + text[len(user) :]


def _credentials(found: re.Match[str]) -> str:
    """`Basic` with stars, if user and password are what follows."""
    try:
        plain = b64decode(found["value"] + "=" * (-len(found["value"]) % 4))
    except ValueError:
        return found[0]
    return f"Basic {'*' * len(found['value'])}" if b":" in plain else found[0]


def _unless_type(value: str) -> str:
    return value if value in _TYPES else _without(value)


def _default_of_secret(found: re.Match[str]) -> str:
    default = found["default"]
    if not default or not looks_secret(found["name"]):
        return found[0]
    return f"${{{found['name']}:-{'*' * len(default)}}}"


def _without(value: str) -> str:
    parts, end = [], 0
    for found in _VARIABLE.finditer(value):
        parts.append(_PART.sub(_stars, value[end : found.start()]))
        default = found["default"]
        parts.append(f"${{{found['name']}:-{'*' * len(default)}}}" if default else found[0])
        end = found.end()
    return "".join([*parts, _PART.sub(_stars, value[end:])])


def _stars(found: re.Match[str]) -> str:
    return "*" * len(found[0])
