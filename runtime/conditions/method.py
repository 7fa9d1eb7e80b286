"""The condition method."""

from egc.runtime.exchange import Exchange


class Method:
    """The request has one of these methods (D134).

    Arguments:
        methods: one, or several, in upper case.
    """

    def __init__(self, *, methods: str | tuple[str, ...]) -> None:
        self._methods = frozenset((methods,) if isinstance(methods, str) else methods)

    def __call__(self, x: Exchange) -> bool:
        return x.method in self._methods
