"""The condition anonymous."""

from egc.runtime.exchange import Exchange


class Anonymous:
    """No step before this one has authenticated the caller (D138)."""

    def __call__(self, x: Exchange) -> bool:
        return x.consumer is None
