"""A request that is refused, and how the refusal is written.

Three kinds of failure have three types: a wrong configuration is a diagnostic of the compiler, a refused request is
`Refused`, anything else is a bug.
"""

import html
from collections.abc import Sequence

HeaderList = Sequence[tuple[bytes, bytes]]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>{}</pre>
</body>
</html>
"""


class Refused(Exception):
    """End this request with `status`. `body` goes to the caller, `reason` only to the log.

    Arguments:
        status: HTTP status code.
        body: what the caller reads, as text.
        content_type: media type of `body`.
        headers: further response headers, names in lower case.
        reason: a word or two for the access log (`no_route`, `bad_token`), never shown to the caller.
    """

    def __init__(
        self,
        status: int,
        body: str,
        *,
        content_type: str = "text/plain; charset=utf-8",
        headers: HeaderList = (),
        reason: str = "",
    ) -> None:
        super().__init__(f"{status} {reason or body}")
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers
        self.reason = reason


def page(sentence: str) -> bytes:
    """The small HTML page by which Express answers what it has no answer for (D101, C108)."""
    return _PAGE.format(html.escape(sentence).replace("&#x27;", "&#39;")).encode()
