"""Filling of path patterns as path-to-regexp 3.3 does it (D326): the targets of the plugin `rewrite`."""

from collections.abc import Mapping
from urllib.parse import quote

from egc.runtime.patterns import Pattern

_PLAIN = "-_.!~*'()"


class Part:
    """A parameter of a target.

    Arguments:
        name: which value stands here.
        fits: takes the whole percent-encoded value, or it is refused.
        prefix: stands before the value, and goes with it.
        optional: there may be no value.
    """

    __slots__ = ("fits", "name", "optional", "prefix")

    def __init__(self, name: str, fits: Pattern, *, prefix: str = "", optional: bool = False) -> None:
        self.name = name
        self.fits = fits
        self.prefix = prefix
        self.optional = optional


class Fill:
    """A target: text and parameters in turn."""

    __slots__ = ("_parts",)

    def __init__(self, *parts: str | Part) -> None:
        self._parts = parts

    @property
    def start(self) -> str:
        """The text that every target begins with."""
        first = self._parts[0] if self._parts else ""
        return first if isinstance(first, str) else "" if first.optional else first.prefix

    def __call__(self, values: Mapping[str, str | None]) -> str:
        """The target with these values, each percent-encoded as a component of a URL.

        Raises ValueError where a value is missing or does not fit; the message names the parameter, not the value.
        """
        return "".join(part if isinstance(part, str) else _filled(part, values.get(part.name)) for part in self._parts)


def _filled(part: Part, value: str | None) -> str:
    if value is None:
        if part.optional:
            return ""
        raise ValueError(f"the parameter {part.name} has no value")
    segment = quote(value, safe=_PLAIN)
    if part.fits.match(segment) is None:
        raise ValueError(f"the value of the parameter {part.name} does not fit the target")
    return part.prefix + segment
