"""The policy count-callers."""

from egc.runtime.plugin import Exchange
from plugins.callers import Callers


class CountCallers:
    """Count the request in the plugin."""

    def __init__(self, plugin: Callers) -> None:
        self._count = plugin.count

    def __call__(self, x: Exchange) -> None:
        self._count(x.client)
