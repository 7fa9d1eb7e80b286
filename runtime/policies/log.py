"""The log policy: a line of one's own in the log."""

import os
from typing import Literal

from egc.runtime import log
from egc.runtime.exchange import Answered, Exchange
from egc.runtime.javascript import JSError, Script

_QUIET = frozenset(("warn", "warning", "error"))


class Log:
    """Write a message for each request, as a line of JSON on stdout (D217-D219).

    It is not written where LOG_LEVEL is `warn` or `error`. A message that cannot be made is told, and the request
    goes on.

    Arguments:
        message: a text, or the script of a template.
    """

    answers: Literal["never"] = "never"

    def __init__(self, *, message: str | Script) -> None:
        self._message = message
        self._silent = os.environ.get("LOG_LEVEL", "info").lower() in _QUIET

    def __call__(self, x: Exchange) -> None:
        """Write the message."""
        message = self._message
        level = "info"
        if not isinstance(message, str):
            try:
                message = str(message(x))
            except (JSError, Answered) as error:
                message, level = f"failed to build log message: {error}", "error"
        if level == "error" or not self._silent:
            log.note(x, "policy", "log", message, level=level)
