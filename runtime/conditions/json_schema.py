"""The condition json-schema."""

from egc.runtime import bodies, log
from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.json_schema import Schema, TooMuch


class JsonSchema:
    """The body, JSON or a form, is as a schema wants it (D140-D150, D401, D426).

    What is neither, and an empty body, counts as `{}`. The steps behind it find the body in `req.body`, with types
    coerced and defaults filled in; the service gets it as it came (D142).

    Arguments:
        schema: what to hold the body against.
        log_errors: whether to log what is wrong with a body.
    """

    def __init__(self, *, schema: Schema, log_errors: bool = False) -> None:
        self._schema = schema
        self._log_errors = log_errors

    async def __call__(self, x: Exchange) -> bool:
        """Whether it is. Raises Refused 400, 413 or 415 for a body that cannot be read (D143)."""
        await bodies.parse(x)
        try:
            wrong = self._schema.wrong(x.parsed)
        except TooMuch:
            raise Refused(400, "Bad Request", reason="body_too_complex") from None
        if wrong is not None and self._log_errors:
            log.note(x, "condition", "json-schema", wrong, level="warn")
        return wrong is None
