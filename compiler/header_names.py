"""Headers that a configuration sets: names must be names, and not those that frame a message; values must be values."""

import re

from egc.compiler import scripts
from egc.compiler.node import Mapping, Node, Scalar, Sequence
from egc.compiler.settings import Values

FRAMING = frozenset(
    (
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that the gateway writes itself, for each connection anew (RFC 9110 section 7.6.1)."""

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def check_added(added: Node | None, values: Values, *, prefix: str = "") -> None:
    """Report names and plain values of a mapping that cannot be added, and what would be added to no effect."""
    for entry in added if isinstance(added, Mapping) else ():
        name = prefix + entry.name
        if not _NAME.fullmatch(name):
            values.report.error("CO142", "wrong-value", f"`{name}` cannot be the name of a header", entry.key.span)
        elif name.lower() in FRAMING:
            message = f"`{name}` has no effect: the gateway writes this header itself"
            values.report.warning("CO120", "option-without-effect", message, entry.key.span)
        _check_value(name, entry.value, values)


def _check_value(name: str, value: Node, values: Values) -> None:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        known, plain = scripts.constant(value, value.value, "expression")
        if known and isinstance(plain, str) and not _VALUE.fullmatch(plain):
            message = f"this text cannot be the value of the header `{name}`"
            help = "a header holds letters of Latin 1 and no line breaks; encode others, as in encodeURIComponent('€')"
            values.report.error("CO142", "wrong-value", message, value.span, help=help)


def check_changes(changes: Node | None, values: Values) -> None:
    """Report names of `add` and `remove` that cannot be a header's."""
    if not isinstance(changes, Mapping):
        return
    check_added(changes.get("add"), values)
    removed = changes.get("remove")
    for item in removed if isinstance(removed, Sequence) else ():
        if isinstance(item, Scalar) and not item.parts and not _NAME.fullmatch(str(item.value)):
            message = f"`{item.value}` cannot be the name of a header"
            values.report.error("CO142", "wrong-value", message, item.span)
