"""The condition expression."""

from egc.runtime.exchange import Exchange
from egc.runtime.javascript import Script, truthy


class Expression:
    """A JavaScript expression has a value that counts as true (D136).

    Arguments:
        expression: the compiled script. What it throws ends the request with 500.
    """

    def __init__(self, *, expression: Script) -> None:
        self._expression = expression

    def __call__(self, x: Exchange) -> bool:
        return truthy(self._expression(x))
