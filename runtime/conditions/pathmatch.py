"""The condition pathmatch."""

from collections.abc import Sequence

from egc.runtime.exchange import Exchange
from egc.runtime.patterns import Pattern


class Pathmatch:
    """The URL of the request, with its query, fits a path with parameters (D324).

    Their values are kept for the policy `rewrite`, as they stand in the URL; those of an earlier match are gone.

    Arguments:
        match: the path as an anchored expression.
        names: the parameters, by group. Of two that have one name the last counts.
    """

    def __init__(self, *, match: Pattern, names: Sequence[str]) -> None:
        self._match = match.match
        self._names = tuple(names)

    def __call__(self, x: Exchange) -> bool:
        found = self._match(x.url)
        if found is None:
            return False
        x.matched = dict(zip(self._names, found.groups(), strict=True))
        return True
