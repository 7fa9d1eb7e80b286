"""Settings in words, for sentences that end up in logs and pull requests: nothing secret, nothing long."""

import json
import re

from egc.compiler.plan import Argument, Lookup, Made, Pattern, Reference, Script, Service, Setting, Table
from egc.compiler.render import hidden

LONGEST = 60

_SECRET = re.compile(r"auth|credential|digest|key|pass|pwd|secret|token|cookie", re.IGNORECASE)
_NO_SECRET = frozenset(
    (
        *("api_key_header", "api_key_header_scheme", "api_key_field", "preserve_header_key_case", "authorization_code"),
        *("grants", "pass_through", "access_ttl", "refresh_ttl", "code_ttl"),
    )
)
_USER = re.compile(r"(?<=://)[^/?#]*@")
_CAMEL = re.compile(r"_([a-z])")
_SECONDS = frozenset(("proxy_timeout", "timeout", "access_ttl", "refresh_ttl", "code_ttl"))


def spelled(keyword: str) -> str:
    """An argument as the configuration calls it: `strip_path` is `stripPath`."""
    if keyword == "authorization_value":
        return keyword
    return _CAMEL.sub(lambda found: found[1].upper(), keyword)


def change(keyword: str, before: Argument | None, after: Argument | None) -> str:
    """What became of an argument: `max: 5 -> 10`."""
    name = f"`{spelled(keyword)}`"
    old, new = (None if one is None else written(one.value, keyword) for one in (before, after))
    if old is None or new is None or old == new:
        found = new if old is None else f"no longer {old}" if new is None else ""
        return f"{name} changed" if not found else f"{name}: {found}"
    return f"{name}: {old} -> {new}"


def written(value: Setting, keyword: str = "") -> str:
    """A setting as somebody would write it, or `(hidden)`."""
    if _SECRET.search(keyword) and keyword not in _NO_SECRET and not isinstance(value, Lookup | bool):
        return "(hidden)"
    text = " ".join(_USER.sub("***@", hidden(_written(value))).split())
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return f"{text} s" if keyword in _SECONDS and isinstance(value, int | float) else text


def _written(value: Setting) -> str:
    match value:
        case Lookup():
            return "".join(part if isinstance(part, str) else _variable(*part) for part in value.parts)
        case Script():
            # Variables are filled in there, secret ones too.
            return "(script)"
        case Pattern():
            return f"/{value.regex}/{'i' * value.ignore_case}"
        case Reference():
            return value.name
        case Table():
            return ", ".join(f"{name}: {written(inner, name)}" for name, inner in value.entries)
        case Made():
            return value.class_name
        case tuple():
            return ", ".join(map(_written, value)) or "none"
        case str():
            return value
        case _:
            return json.dumps(value)


def _variable(name: str, default: str | None) -> str:
    if default is None:
        return f"${{{name}}}"
    return f"${{{name}:-{'***' if default and _SECRET.search(name) else default}}}"


def place(service: Service) -> str:
    """Where a service is."""
    return ", ".join(written(url) for url in service.urls)


def scopes(found: tuple[str, ...] | frozenset[str]) -> str:
    """Scopes as a list: `a` and `b`."""
    return ", ".join(f"`{one}`" for one in sorted(found))
