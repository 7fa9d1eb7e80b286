"""What the policies that authenticate have in common: where credentials stand, and how they are refused."""

import re
from urllib.parse import parse_qsl

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.errors import Throttled

_ANONYMOUS = (b"eg-consumer-id", b"anonymous")
_WORD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def field(x: Exchange, name: bytes) -> bytes | None:
    """The value of a request field that carries a credential, or None.

    Raises Refused 400 where it came twice: which of them counts is not for us to choose, nor for the service behind us.
    """
    sent = [value for key, value in x.headers if key == name]
    if len(sent) > 1:
        raise Refused(400, "Bad Request", reason="two_credentials")
    return sent[0] if sent else None


def challenge(scheme: str, *, error: str = "", scopes: frozenset[str] = frozenset(), charset: str = "") -> bytes:
    """A WWW-Authenticate value (RFC 9110 section 11.6.1, RFC 6750 section 3).

    Arguments:
        scheme: what is no token (RFC 9110 section 5.6.2) becomes Bearer.
        error: the error code, where a credential was sent.
        scopes: those that the endpoint asks for.
        charset: of user name and password (RFC 7617 section 2.1).
    """
    text = f'{scheme if _WORD.fullmatch(scheme) else "Bearer"} realm="egc"'
    if charset:
        text += f', charset="{charset}"'
    if error:
        text += f', error="{error}"'
    if scopes:
        text += f', scope="{_NOT_QUOTABLE.sub("?", " ".join(sorted(scopes)))}"'
    return text.encode()


def refused(asked: bytes, reason: str, *, status: int = 401, body: str = "Unauthorized") -> Refused:
    """The refusal of a caller who may try again with a better credential; `asked` is its WWW-Authenticate (D152)."""
    return Refused(status, body, headers=[(b"www-authenticate", asked)], reason=reason)


def throttled(wait: Throttled) -> Refused:
    """The refusal of a guess that was not looked at."""
    headers = [(b"retry-after", b"%d" % wait.retry_after)]
    return Refused(429, "Too Many Requests", headers=headers, reason="too_many_guesses")


def pass_on(x: Exchange) -> None:
    """Let the request go on without a consumer: the caller is told that it is nobody (D154), unless it is known."""
    if x.consumer is None and _ANONYMOUS not in x.response_headers:
        x.response_headers.append(_ANONYMOUS)


def bearer(x: Exchange, limit: int) -> str | None:
    """The token of a well-formed `Authorization: Bearer` field (D237, C246), or None.

    A token in the query does not count: it would end in logs and in the service's hands (RFC 9700 section 4.3.2).
    Raises Refused 400 for a token in two places (RFC 6750 section 2). `limit` is in bytes.
    """
    value = field(x, b"authorization")
    if value is None:
        return None
    words = value.split(b" ")
    if len(words) != 2 or words[0].lower() != b"bearer" or len(words[1]) > limit:
        return None
    if "access_token=" in x.url and _in_query(x.url, "access_token"):
        asked = challenge("Bearer", error="invalid_request")
        raise refused(asked, "two_tokens", status=400, body="Bad Request")
    return words[1].decode("latin-1")


def _in_query(url: str, name: str) -> bool:
    return any(key == name for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True))
