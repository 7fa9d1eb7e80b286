"""Request parameters: from a query, a form or a JSON body, each name at most once (RFC 6749 sections 3.1 and 3.2)."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import falcon.asgi

from egc.runtime.oauth2.errors import OAuthError, invalid_request

BODY_LIMIT = 64 * 1024
"""Bytes of a request body."""

_FIELD_LIMIT = 100
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Parameters:
    """Parameters by name. One without a value counts as absent (RFC 6749 section 3.1).

    `repeated` names what came more than once, `malformed` what is no text: bytes that are not UTF-8, or a JSON value
    that is not a string.
    """

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._values: dict[str, str] = {}
        repeated: set[str] = set()
        malformed: set[str] = set()
        seen: set[str] = set()
        for name, value in pairs:
            if name in seen:
                repeated.add(name)
            seen.add(name)
            if not isinstance(value, str) or not _is_text(value):
                malformed.add(name)
            if isinstance(value, str) and value:
                self._values[name] = value
        self.names = frozenset(seen)
        self.repeated = frozenset(repeated)
        self.malformed = frozenset(malformed)

    def get(self, name: str) -> str | None:
        """The value, or None where it is absent or empty."""
        return self._values.get(name)

    def require(self, name: str) -> str:
        """The value. Raises OAuthError invalid_request where it is absent or empty."""
        value = self.get(name)
        if value is None:
            raise invalid_request(f"Missing required parameter: {name}")
        return value

    def check(self) -> None:
        """Raise OAuthError invalid_request if a parameter is repeated or not text."""
        for name in sorted(self.repeated):
            raise invalid_request(f"Parameter given more than once: {name}")
        for name in sorted(self.malformed):
            raise invalid_request(f"Parameter must be a string: {name}")


def read_query(query: str) -> Parameters:
    """The parameters of a query string. Bytes that are not UTF-8 survive as surrogate escapes, for `state` to keep.

    Raises OAuthError invalid_request when there are more than 100.
    """
    return Parameters(_pairs(query, errors="surrogateescape"))


async def read_body(req: falcon.asgi.Request) -> Parameters:
    """The parameters of a form or, as Express Gateway allows, of a JSON object.

    Raises OAuthError invalid_request: another media type, more than 64 kB (status 413), malformed, repeated names.
    """
    body = await _read(req)
    media_type = (req.content_type or "").partition(";")[0].strip().lower()
    if media_type == _FORM or (not media_type and not body):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise invalid_request("The body is not UTF-8") from None
        parameters = Parameters(_pairs(text, errors="surrogateescape"))
    elif media_type == _JSON:
        parameters = Parameters(_members(body))
    else:
        raise invalid_request(f"The body must be {_FORM}")
    parameters.check()
    return parameters


async def _read(req: falcon.asgi.Request) -> bytes:
    too_long = OAuthError("invalid_request", "The body is longer than 64 kB", status=413)
    if (req.content_length or 0) > BODY_LIMIT:
        raise too_long
    body = bytearray()
    while chunk := await req.stream.read(BODY_LIMIT + 1 - len(body)):
        body += chunk
        if len(body) > BODY_LIMIT:
            raise too_long
    return bytes(body)


def _pairs(text: str, errors: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors=errors, max_num_fields=_FIELD_LIMIT)
    except ValueError:
        raise invalid_request(f"More than {_FIELD_LIMIT} parameters") from None


def _members(body: bytes) -> list[tuple[str, object]]:
    try:
        found: Any = json.loads(body.decode(), object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        raise invalid_request("The body is not JSON") from None
    if not isinstance(found, _Members):
        raise invalid_request("The body is not a JSON object")
    if len(found) > _FIELD_LIMIT:
        raise invalid_request(f"More than {_FIELD_LIMIT} parameters")
    return list(found)


class _Members(list[tuple[str, object]]):
    """A JSON object that still knows its repeated names."""


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def scope_list(text: str | None) -> tuple[str, ...]:
    """The scopes of a `scope` parameter: sorted, each once (C237).

    Raises OAuthError invalid_scope for a character that RFC 6749 section 3.3 does not allow.
    """
    if text is None:
        return ()
    scopes = sorted({scope for scope in text.split(" ") if scope})
    for scope in scopes:
        if not all(c == "\x21" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e" for c in scope):
            raise OAuthError("invalid_scope", "A scope holds a character that RFC 6749 section 3.3 does not allow")
    return tuple(scopes)


def within(scopes: Iterable[str], held: Iterable[str]) -> None:
    """Raise OAuthError invalid_scope unless every one of `scopes` is in `held`."""
    missing = sorted(set(scopes) - set(held))
    if missing:
        raise OAuthError("invalid_scope", f"The client may not ask for the scope {missing[0]}")


def only(scopes: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """Those of `scopes` that are still in `held`, in order: what was granted once can be taken back."""
    kept = set(held)
    return tuple(scope for scope in scopes if scope in kept)
