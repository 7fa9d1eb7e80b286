"""The condition pathMatch."""

from egc.runtime.exchange import Exchange
from egc.runtime.patterns import Pattern


class PathMatch:
    """A regular expression finds something in the URL of the request, its query included (D133).

    Arguments:
        pattern: searched for anywhere; what earlier steps may have made of the URL counts.
    """

    def __init__(self, *, pattern: Pattern) -> None:
        self._search = pattern.search

    def __call__(self, x: Exchange) -> bool:
        return self._search(x.url) is not None
