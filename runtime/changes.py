"""What `add` and `remove` of a configuration do to headers and bodies (D306, D307, D315)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypedDict

from egc.runtime.env import Misconfigured
from egc.runtime.exchange import Exchange
from egc.runtime.headers import HOP_BY_HOP, is_name
from egc.runtime.javascript import UNDEFINED, JSError, Script, Value, header_text, to_json
from egc.runtime.javascript.values import Array, Function
from egc.runtime.store import Json

UNTOUCHABLE = HOP_BY_HOP | frozenset((b"content-length",))
"""Headers that frame a message: the gateway writes them itself, and a step that adds one has no effect."""


Constant: TypeAlias = str | float | bool | None
"""What a script that is nothing but a plain value is compiled to."""


class HeaderChanges(TypedDict, total=False):
    """Headers to add, by name; and names of those to remove."""

    add: Mapping[str, Constant | Script]
    remove: Sequence[str]


class BodyChanges(TypedDict, total=False):
    """Properties to add to a body, by name; and names of those to remove."""

    add: Mapping[str, Constant | Script]
    remove: Sequence[str]


class HeaderSteps:
    """Header changes, ready to be worked out: additions in their order, then removals, whatever the case (D432).

    Raises Misconfigured for a name that cannot be a header's and for a constant that cannot be its value.
    """

    def __init__(self, changes: HeaderChanges, text: Callable[[Value], str] = header_text) -> None:
        self._text = text
        self._add: dict[bytes, bytes | Script] = {}
        for name, value in changes.get("add", {}).items():
            lowered = _name(name)
            if lowered not in UNTOUCHABLE:
                self._add[lowered] = value if callable(value) else self._constant(name, value)
        self.removed = frozenset(_name(name) for name in changes.get("remove", ()))

    @property
    def names(self) -> frozenset[bytes]:
        """The names of those that are added."""
        return frozenset(self._add)

    def added(self, x: Exchange) -> list[tuple[bytes, bytes]]:
        """The headers to put in place of those of the same name; a list gives several, as cookies need.

        Raises what the scripts throw.
        """
        fields = []
        for name, value in self._add.items():
            if isinstance(value, bytes):
                fields.append((name, value))
                continue
            result = value(x)
            lines = result.values() if isinstance(result, Array) else (result,)
            fields += [(name, self._text(line).encode("latin-1")) for line in lines]
        return fields

    def change(self, x: Exchange) -> None:
        """Change the headers of the request; each script sees what those before it have set. Raises what they throw."""
        for name, value in self._add.items():
            x.set_header(name, self._value(x, value))
        for name in self.removed:
            x.remove_header(name)

    def _constant(self, name: str, value: Constant) -> bytes:
        try:
            return self._text(value).encode("latin-1")
        except JSError:
            raise Misconfigured(f"the value of the header {name!r} cannot stand in a header") from None

    def _value(self, x: Exchange, value: bytes | Script) -> bytes:
        return value if isinstance(value, bytes) else self._text(value(x)).encode("latin-1")


class BodySteps:
    """Body changes, ready to be worked out: additions in their order, then removals, of top-level properties."""

    def __init__(self, changes: BodyChanges) -> None:
        self._add = dict(changes.get("add", {}))
        self._remove = tuple(changes.get("remove", ()))

    def changed(
        self, x: Exchange, body: Mapping[str, Json], seen: Callable[[Mapping[str, Json]], None] | None = None
    ) -> dict[str, Json]:
        """A copy of a body with the changes. Raises what the scripts throw.

        A property whose value is `undefined` or a function is not there (D314).

        Arguments:
            seen: told of each state on the way: what the next script is to see.
        """
        for name, value in self._add.items():
            result: Value = value(x) if callable(value) else value
            if result is UNDEFINED or isinstance(result, Function):
                body = {key: kept for key, kept in body.items() if key != name}
            else:
                body = {**body, name: to_json(result)}
            if seen is not None:
                seen(body)
        return self.without_removed(body)

    def without_removed(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """A copy of a body with nothing but the removals."""
        return {key: kept for key, kept in body.items() if key not in self._remove}


def _name(name: str) -> bytes:
    lowered = name.lower().encode("utf-8")
    if not is_name(lowered):
        raise Misconfigured(f"{name!r} is not a valid header name")
    return lowered
