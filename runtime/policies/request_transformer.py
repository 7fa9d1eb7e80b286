"""The request-transformer policy: other headers and another body for the service."""

from typing import Literal

from egc.runtime import bodies
from egc.runtime.changes import BodyChanges, BodySteps, HeaderChanges, HeaderSteps
from egc.runtime.exchange import Exchange


class RequestTransformer:
    """Change the request before it is sent on (D306-D314).

    Headers are replaced whatever their case. Only JSON objects and forms have their body changed; what is another
    type, a JSON list or empty stays as it is (D399, D431). What is changed goes upstream decoded, with its length.

    Arguments:
        headers: those to add and to remove.
        body: top-level properties to add and to remove.
    """

    answers: Literal["never"] = "never"

    def __init__(self, *, headers: HeaderChanges | None = None, body: BodyChanges | None = None) -> None:
        self._headers = None if headers is None else HeaderSteps(headers)
        self._body = None if body is None else BodySteps(body)

    async def __call__(self, x: Exchange) -> None:
        """Change the request.

        Raises Refused 400, 413 or 415 for a body that cannot be read (D310, D312), and what the scripts throw.
        """
        if self._headers is not None:
            self._headers.change(x)
        if self._body is not None:
            kind = await bodies.parse(x)
            if kind is not None and isinstance(x.parsed, dict):
                x.parsed = self._body.changed(x, x.parsed, lambda body: setattr(x, "parsed", body))
                bodies.replace(x, x.parsed, kind)
