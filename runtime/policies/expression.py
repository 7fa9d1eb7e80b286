"""The expression policy: run a script."""

from typing import Literal

from egc.runtime.exchange import Answered, Exchange, Outcome
from egc.runtime.javascript import Script


class RunExpression:
    """Run JavaScript for what it does (D209).

    An exception is a 500 (D210, D433). Once the script has sent an answer the pipeline ends, and no later step runs
    (D211, D423).

    Arguments:
        jscode: the script.
    """

    answers: Literal["maybe"] = "maybe"

    def __init__(self, *, jscode: Script) -> None:
        self._jscode = jscode

    def __call__(self, x: Exchange) -> Outcome:
        """Run the script. Raises JSError for what it throws."""
        try:
            self._jscode(x)
        except Answered as answered:
            return answered.answer
        return None
