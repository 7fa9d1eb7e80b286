"""Names for the objects of the emitted module, made of names of the configuration: unique, plain, always the same."""

import builtins
import keyword
import re
import unicodedata

from egc.compiler.settings import snake

MAX_LENGTH = 32
"""Longer names are cut, so that a definition stays on its line."""

_CALLED = frozenset(("step", "condition", "script"))
_MAX_CALLED = 44
"""What is only called may have a longer name: it begins with the name of its pipeline."""

# fmt: off
_TAKEN = frozenset((
    "AdminApi", "AuthorizationServer", "Certificate", "Endpoint", "Exchange", "Gateway", "Host", "Listener", "Outcome",
    "Path", "RedisStore", "Route", "SQLiteStore", "Service", "ANY", "SOURCE_SHA256", "admin", "administration", "app",
    "authorization", "env", "http", "https", "js", "met", "outcome", "pattern", "require", "store", "x",
))
# fmt: on
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")


class Names:
    """Gives each object its name; the first to ask for one gets it, the next gets another."""

    def __init__(self) -> None:
        self._given: set[str] = set(_TAKEN)

    def make(self, text: str, kind: str) -> str:
        """A name for `text`; `kind` (`endpoint`, `service`, `pipeline`) tells apart what is called the same.

        The name is an ASCII identifier in snake case, no keyword, no builtin and nothing the module imports.
        """
        base = plain(text) or kind
        if base[0].isdigit():
            base = f"{kind}_{base}"
        candidate = base[: _MAX_CALLED if kind in _CALLED else MAX_LENGTH].rstrip("_")
        if self._is_free(candidate):
            return self._give(candidate)
        with_kind = f"{candidate}_{kind}"
        if self._is_free(with_kind):
            return self._give(with_kind)
        number = 2
        while not self._is_free(f"{with_kind}_{number}"):
            number += 1
        return self._give(f"{with_kind}_{number}")

    def _is_free(self, name: str) -> bool:
        return not (
            name in self._given or keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name)
        )

    def _give(self, name: str) -> str:
        self._given.add(name)
        return name


def plain(text: str) -> str:
    """Letters without accents, digits and single underscores, in snake case; may be empty."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return snake(_NO_WORD.sub("_", folded).strip("_"))
