"""The condition expression."""

from egc.runtime.exchange import Exchange
from egc.runtime.javascript import Script, Value, truthy


class Expression:
    """A JavaScript expression has a value that counts as true (D136, D335).

    Arguments:
        expression: the compiled script, or the value itself where the expression is nothing but one. What a script
            throws ends the request with 500.
    """

    def __init__(self, *, expression: Script | Value) -> None:
        self._expression = expression if callable(expression) else None
        self._known = not callable(expression) and truthy(expression)

    def __call__(self, x: Exchange) -> bool:
        return self._known if self._expression is None else truthy(self._expression(x))
