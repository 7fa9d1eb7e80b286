"""Errors of the authorization server, as protocols word them and as people read them."""

import json
import re

import falcon
import falcon.asgi

_NOT_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_DESCRIPTION_LIMIT = 200


class OAuthError(Exception):
    """A request refused in the words of RFC 6749, sections 4.1.2.1 and 5.2.

    Arguments:
        code: the protocol's word, such as `invalid_grant`.
        description: a sentence for the client's developer; what section 5.2 does not allow in it becomes `?`.
        status: HTTP status where the error is a response of its own.
        retry_after: seconds for a Retry-After header, or None.
    """

    def __init__(self, code: str, description: str, *, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = _NOT_IN_DESCRIPTION.sub("?", description)[:_DESCRIPTION_LIMIT]
        self.status = status
        self.retry_after = retry_after


class PageError(Exception):
    """A request refused with a page, because there is nobody else to tell: the client or its address is in doubt.

    Arguments:
        status: HTTP status.
        title: heading of the page.
        message: what is wrong and what to do, for the person in front of the browser.
    """

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(f"{status} {title}")
        self.status = status
        self.title = title
        self.message = message


class Throttled(Exception):
    """Too many wrong guesses; nothing was compared. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


def invalid_request(description: str) -> OAuthError:
    """The request lacks a parameter, repeats one, or is malformed otherwise."""
    return OAuthError("invalid_request", description)


def invalid_client(description: str = "Client authentication failed") -> OAuthError:
    """The client is unknown or did not prove who it is (section 5.2: 401)."""
    return OAuthError("invalid_client", description, status=401)


def invalid_grant(description: str) -> OAuthError:
    """The code, the refresh token or the owner's password is not good."""
    return OAuthError("invalid_grant", description)


def too_many(wait: Throttled) -> OAuthError:
    """Guessing is slowed (P30)."""
    return OAuthError(
        "temporarily_unavailable",
        "Too many failed attempts, try again later",
        status=429,
        retry_after=wait.retry_after,
    )


async def answer_json(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: OAuthError, _: object) -> None:
    """Write the error as RFC 6749 section 5.2 says; the error handler of the token and revocation endpoints."""
    resp.status = error.status
    resp.content_type = falcon.MEDIA_JSON
    resp.text = json.dumps({"error": error.code, "error_description": error.description})
    keep_private(resp)
    if error.status == 401:
        resp.set_header("WWW-Authenticate", 'Basic realm="Users"')
    if error.retry_after is not None:
        resp.set_header("Retry-After", str(error.retry_after))


def keep_private(resp: falcon.asgi.Response) -> None:
    """Let nobody cache or reinterpret an answer (RFC 6749 section 5.1)."""
    resp.set_header("Cache-Control", "no-store")
    resp.set_header("Pragma", "no-cache")
    resp.set_header("X-Content-Type-Options", "nosniff")
