"""The located tree that `source` reads and every later stage asks: values that know their place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from egc.compiler.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Regexp:
    """A value written with the tag `!!js/regexp` (D12), as JavaScript spells it: `/source/flags`."""

    source: str
    flags: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`${name}` or `${name:-default}` inside a scalar (D4); `default` is None where none, or an empty one, is given."""

    name: str
    default: str | None


Value = str | int | float | bool | None | Regexp | date | datetime


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `value` is typed as js-yaml types it (D13), with variables resolved in the build's environment.

    `parts` is the text cut at its variables, and empty where it has none: what is emitted as a look-up at start.
    `missing` names variables that are neither set nor have a default. `filled` is the text with its variables filled
    in, before it got a type; empty where it has none.
    """

    value: Value
    span: Span
    parts: tuple[str | Variable, ...] = ()
    missing: tuple[str, ...] = ()
    filled: str = ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    span: Span

    def __iter__(self) -> Iterator["Node"]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping and what it holds."""

    key: Scalar
    value: "Node"

    @property
    def name(self) -> str:
        """The key as text, as JavaScript would spell it (`1`, `true`, `null`)."""
        value = self.key.value
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return str(value).lower()
        return "null" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping in the order of the file; merge keys are already applied."""

    entries: tuple[Entry, ...]
    span: Span

    def entry(self, name: str) -> Entry | None:
        """The entry of that name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def get(self, name: str) -> "Node | None":
        """The value of that name, or None where the key is absent (a key that holds null gives a Scalar)."""
        found = self.entry(name)
        return None if found is None else found.value

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """The tree without places, as JSON Schema looks at it."""
    if isinstance(node, Mapping):
        return {entry.name: plain(entry.value) for entry in node}
    if isinstance(node, Sequence):
        return [plain(item) for item in node]
    return node.value
