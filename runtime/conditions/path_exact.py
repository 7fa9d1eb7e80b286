"""The condition pathExact."""

from egc.runtime.exchange import Exchange


class PathExact:
    """The URL of the request, with its query, is `path` to the letter (D132).

    Arguments:
        path: what earlier steps may have made of the URL counts, not what the caller sent.
    """

    def __init__(self, *, path: str) -> None:
        self._path = path

    def __call__(self, x: Exchange) -> bool:
        return x.url == self._path
