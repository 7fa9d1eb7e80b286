"""How secrets look that stand in a text: by the key in front of them, and by their own beginning."""

import re

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

USER = re.compile(r"""(?<=://)[^\s/@'"{}]+:[^\s/@'"{}]+(?=@)""")
"""User and password of a URL."""

_KEYS = (
    r"pass(?:word|wd|phrase)|pwd|secret|(?:client|key|api|session|jwt)[_-]?secret|cipher[_-]?key|secret[_-]?key"
    r"|(?:x-)?api[_-]?key|access[_-]?key|private[_-]?key|secretOrP(?:ublic|rivate)Key|(?:access|auth|api)[_-]?token"
    r"|(?:proxy-)?authorization(?:_value)?|auth"
)
_VALUE = re.compile(
    rf"""(?<![\w-])(?P<key>(?:{_KEYS})["']?[ \t]*:[ \t]+)"""
    r"""(?P<value>"(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?|(?![{\[|>&*!#])(?:\$\{[^}\n]*\}|(?!,[ \t]|[ \t]#|\})[^\n])+)""",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+(?::-(?P<default>[^}\n]*))?\}")
_ENCODED = re.compile(r"^(?P<indent>[ \t+-]*)(?P<line>[A-Za-z0-9+/]{40,}={0,2})[ \t]*$")
_PART = re.compile(r"[^\s\"']+")


def starred(line: str) -> str:
    """A line of a configuration with the secrets in it starred out, each in its own length.

    Names of variables stay, what they fall back to does not. Quotation marks and blanks stay.
    """
    line = _VALUE.sub(lambda found: found["key"] + _without(found["value"]), line)
    for pattern in (USER, *(pattern for _, pattern in FORMS)):
        line = pattern.sub(_stars, line)
    return _ENCODED.sub(lambda found: found["indent"] + "*" * len(found["line"]), line)


def _without(value: str) -> str:
    parts, end = [], 0
    for found in _VARIABLE.finditer(value):
        parts.append(_PART.sub(_stars, value[end : found.start()]))
        default = found["default"] or ""
        parts.append(found[0].replace(default, "*" * len(default)) if default else found[0])
        end = found.end()
    return "".join([*parts, _PART.sub(_stars, value[end:])])


def _stars(found: re.Match[str]) -> str:
    return "*" * len(found[0])
