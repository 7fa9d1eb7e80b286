"""The condition hostMatch."""

from egc.runtime.exchange import Exchange
from egc.runtime.patterns import Pattern


class HostMatch:
    """The Host header fits a glob: as sent, with its port if it has one (D135). Without a Host nothing fits.

    Arguments:
        pattern: the glob as an anchored expression.
    """

    def __init__(self, *, pattern: Pattern) -> None:
        self._match = pattern.match

    def __call__(self, x: Exchange) -> bool:
        return x.host != "" and self._match(x.host) is not None
