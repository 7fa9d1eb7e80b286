"""The condition authenticated."""

from egc.runtime.exchange import Exchange


class Authenticated:
    """A step before this one has authenticated the caller (D137)."""

    def __call__(self, x: Exchange) -> bool:
        return x.consumer is not None
