"""The condition regexpmatch."""

from egc.runtime.exchange import Exchange
from egc.runtime.patterns import Match, Pattern


class Found:
    """A regular expression, and what it found in `url`."""

    __slots__ = ("match", "pattern", "url")

    def __init__(self, pattern: Pattern, match: Match, url: str) -> None:
        self.pattern = pattern
        self.match = match
        self.url = url


class Regexpmatch:
    """A regular expression finds something in the URL of the request, its query included (D325).

    It is kept for the policy `rewrite`, which replaces it; that of an earlier match is gone.

    Arguments:
        match: searched for anywhere.
    """

    def __init__(self, *, match: Pattern) -> None:
        self._pattern = match
        self._search = match.search

    def __call__(self, x: Exchange) -> bool:
        url = x.url
        found = self._search(url)
        if found is None:
            return False
        x.matched = Found(self._pattern, found, url)
        return True
