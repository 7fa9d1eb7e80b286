"""Where a configuration holds secrets: keys that say so, and texts that can be nothing else."""

import math
import re
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from egc.compiler.known_secrets import FORMS
from egc.compiler.lint._written import literal
from egc.compiler.node import Mapping, Node, Scalar, Sequence, Variable
from egc.compiler.review import Review
from egc.compiler.source import Source
from egc.compiler.variables import looks_secret

Kind = Literal["key", "setting", "script", "other"]
"""What a secret is: the key of JSON web tokens, another setting, a text in a script, or what only looks like one."""

_NAMES = frozenset(
    (
        *("password", "passwd", "pwd", "passphrase", "secret", "clientsecret", "keysecret", "secretkey", "apisecret"),
        *(
            "privatekey",
            "cipherkey",
            "accesskey",
            "apikey",
            "xapikey",
            "authorizationvalue",
            "authtoken",
            "accesstoken",
        ),
    )
)
"""Keys whose values are secrets, whatever they look like."""

_KEYS = ("secretorpublickey", "secretorprivatekey")
_NOT_SECRET = re.compile(r"(?:field|header|scheme|file|uri|url|path|type|name|digest|id|prefix|algorithms?|expiry)s?$")
_SCRIPTS = frozenset(("request-transformer", "response-transformer", "headers", "expression", "log"))
_QUOTED = re.compile(r"""\s*(['"`])(?P<text>[^'"`\\]*)\1\s*""")
_PUBLIC = re.compile(r"-----BEGIN (?:RSA |EC )?(?:PUBLIC KEY|CERTIFICATE)-----")
_PLACEHOLDER = re.compile(r"<[^>]*>|\[[^\]]*\]|x{4,}|\*{3,}|\.{3,}|redacted|todo|none|null|\$\$?\{.*", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~-]{20,}")
_FILE_NAME = re.compile(r"[\w./\\~-]+\.(?:pem|key|crt|cer|pub|der|txt)", re.IGNORECASE)
_BASIC = re.compile(r"Basic ([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9+/=])")

DEFAULTS = frozenset(
    (
        *("secret", "secretkey", "secret-key", "secret_key", "mysecret", "my-secret", "my_secret", "mysecretkey"),
        *("supersecret", "super-secret", "super_secret", "topsecret", "top-secret", "jwtsecret", "jwt-secret"),
        *("jwt_secret", "thisisasecret", "this-is-a-secret", "thisisasecretkey", "yoursecret", "your-secret"),
        *("your_secret", "yoursecretkey", "your-secret-key", "your_secret_key", "your-256-bit-secret"),
        *("your-384-bit-secret", "your-512-bit-secret", "a-string-secret-at-least-256-bits-long"),
        *("shhhhh", "shhhhhared-secret", "shared-secret", "secretorpublickey", "changeme", "change-me", "change_me"),
        *("changeit", "password", "passwd", "passw0rd", "p@ssw0rd", "password1", "password123", "admin", "admin123"),
        *("root", "test", "test123", "testing", "default", "example", "guest", "letmein", "qwerty", "12345", "123456"),
        *("1234", "12345678", "123456789", "1234567890", "abc123", "foobar", "foobared", "redis", "key", "apikey"),
        *("sensitivekey", "keyboard cat", "keyboardcat"),
    )
)
"""Secrets of documentation, templates and tutorials: whoever guesses tries them first."""

SAMPLE_KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo"
"""How the public key of jwt.io begins, whose private key stands beside it."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A text of the configuration that opens something.

    Arguments:
        key: the key that it stands under; the last one for an item of a list.
        path: the keys down to it.
        node: the value.
        secret: the text itself, which nobody may print.
        kind: what it is.
        what: what it is, in words; empty where only its key says so.
    """

    key: str
    path: tuple[str, ...]
    node: Scalar
    secret: str
    kind: Kind
    what: str

    @property
    def is_default(self) -> bool:
        """Whether everybody knows it, or can guess it."""
        plain = self.secret.strip()
        words = plain.split(":", 1) if self.key.lower() == "auth" else [plain]
        return words[-1].lower() in DEFAULTS or SAMPLE_KEY in plain.replace("\n", "") or self.is_file_name

    @property
    def is_file_name(self) -> bool:
        """Whether it is the name of a file where what is in it was meant."""
        return self.kind == "key" and _FILE_NAME.fullmatch(self.secret.strip()) is not None


def credentials(review: Review) -> Iterator[Credential]:
    """The secrets that stand in the files themselves, the defaults of variables included."""
    for source in (review.project.gateway, review.project.system):
        if source is not None:
            yield from _of(source)


def _of(source: Source) -> Iterator[Credential]:
    waiting: deque[tuple[tuple[str, ...], Node]] = deque([((), source.tree)])
    seen: set[int] = set()
    while waiting:
        path, node = waiting.popleft()
        if isinstance(node, Scalar):
            found = _credential(path, node)
            if found is not None:
                yield found
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, Mapping):
                # What a JSON Schema says of a property is no property.
                waiting += [
                    ((*path, entry.name), entry.value) for entry in node if entry.name not in ("schema", "$schema")
                ]
            elif isinstance(node, Sequence):
                waiting += [(path, item) for item in node.items]


def _credential(path: tuple[str, ...], node: Scalar) -> Credential | None:
    key = path[-1] if path else ""
    text = literal(node)
    if text is None:
        # A prefix in front of a variable: `Basic ${X}` is none, `https://u:p@${HOST}` is told elsewhere.
        return None
    in_script = bool(_SCRIPTS.intersection(path))
    kind: Kind = "script" if in_script else "setting"
    what = _known(text)
    if what:
        return Credential(key, path, node, text, kind, what)
    if in_script:
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            return None
        text = quoted["text"]
    if not text or _PLACEHOLDER.fullmatch(text.strip()):
        return None
    plain = re.sub(r"[^a-z]", "", key.lower())
    if plain in _KEYS:
        return (
            None
            if _PUBLIC.search(text) and SAMPLE_KEY not in text.replace("\n", "")
            else Credential(key, path, node, text, "key", "")
        )
    if plain == "auth":
        return Credential(key, path, node, text, kind, "user and password") if _is_pair(path, text) else None
    if plain in _NAMES:
        return Credential(key, path, node, text, kind, "") if _says_something(text) else None
    if looks_secret(key) and not _NOT_SECRET.search(plain) and _is_random(text):
        return Credential(key, path, node, text, "other", "")
    return None


def _known(text: str) -> str:
    for what, pattern in FORMS:
        if pattern.search(text):
            return what
    found = _BASIC.search(text)
    if found is not None:
        try:
            pair = b64decode(found[1], validate=True).decode("utf-8")
        except ValueError:
            return ""
        return "user and password" if ":" in pair and pair.isprintable() else ""
    return ""


def _is_pair(path: tuple[str, ...], text: str) -> bool:
    user, colon, password = text.partition(":")
    return "proxy" in path and bool(user and colon and password) and not _PLACEHOLDER.fullmatch(password)


def _says_something(text: str) -> bool:
    """Whether a text may be a secret: no word that says where the secret is, and no sentence."""
    return text not in ("true", "false") and len(text.split()) <= 2


def _is_random(text: str) -> bool:
    """Whether a text reads as if it had been drawn: letters and digits mixed, none much more often than others."""
    if not _TOKEN.fullmatch(text) or not re.search(r"[0-9]", text) or not re.search(r"[A-Za-z]", text):
        return False
    if "/" in text and text.count("/") > len(text) // 16:
        return False
    counts = Counter(text)
    entropy = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    return entropy >= (3.0 if re.fullmatch(r"[0-9a-fA-F]+", text) else 3.7)


class Variables:
    """Names of variables for secrets: the same for the same one, and none that the configuration uses."""

    def __init__(self, review: Review) -> None:
        self._taken = set(_variables(review))
        self._given: dict[str, str] = {}

    def name(self, found: Credential) -> str:
        """The name of the variable that a secret could come from."""
        known = self._given.get(found.secret)
        if known is not None:
            return known
        base = "JWT_KEY" if found.kind == "key" else _CAPITAL.sub("_", found.key).strip("_").upper() or "SECRET"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        self._given[found.secret] = name
        return name


def _variables(review: Review) -> Iterator[str]:
    """The variables that the configuration uses."""
    for source in review.project.sources:
        waiting: list[Node] = [source.tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Scalar):
                yield from (part.name for part in node.parts if isinstance(part, Variable))
            else:
                waiting += [entry.value for entry in node] if isinstance(node, Mapping) else list(node.items)
