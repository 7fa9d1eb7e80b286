"""The headers policy: request headers for the service."""

from collections.abc import Mapping
from typing import Literal

from egc.runtime.changes import Constant, HeaderSteps
from egc.runtime.exchange import Exchange
from egc.runtime.javascript import Script


class Headers:
    """Set request headers to what expressions give (D212-D216, D397); those of the caller are replaced (D421).

    Arguments:
        headers_prefix: put in front of each name.
        forward_headers: a constant or a script by name.
    """

    answers: Literal["never"] = "never"

    def __init__(self, *, headers_prefix: str = "", forward_headers: Mapping[str, Constant | Script]) -> None:
        self._headers = HeaderSteps({"add": {headers_prefix + name: value for name, value in forward_headers.items()}})

    def __call__(self, x: Exchange) -> None:
        """Set the headers. Raises what the scripts throw (D214)."""
        self._headers.change(x)
