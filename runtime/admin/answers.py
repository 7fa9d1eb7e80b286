"""How the Admin API answers: JSON, weak entity tags, and errors in the form that the caller can read."""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import falcon
import falcon.asgi

from egc.runtime.admin.invalid import Invalid
from egc.runtime.errors import Refused, page
from egc.runtime.oauth2.secrets import Busy
from egc.runtime.store import Json, StoreError

_HTML = "text/html; charset=utf-8"
RETRY_SECONDS = "5"
_ABOUT_THE_REQUEST = frozenset((400, 409, 413, 415, 422))
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As in RFC 9110; Python took these up with version 3.13."""


def answer(resp: falcon.asgi.Response, value: object, *, store: bool = True) -> None:
    """Answer 200 with `value` as JSON, keys in their order (C106). `store=False` keeps it out of caches."""
    resp.data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    resp.content_type = "application/json; charset=utf-8"
    if not store:
        resp.set_header("Cache-Control", "no-store")


class EntityTags:
    """Middleware: a weak ETag on every answer with a body, and 304 where the caller has it already (C104)."""

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Tag the answer (RFC 9110 section 13.1.2)."""
        if resp.status_code != 200 or not resp.data or resp.get_header("Cache-Control") == "no-store":
            return
        digest = base64.b64encode(hashlib.sha256(resp.data).digest()).decode()[:27]
        tag = f'W/"{len(resp.data):x}-{digest}"'
        resp.set_header("ETag", tag)
        if req.method in ("GET", "HEAD") and _matches(req.get_header("If-None-Match"), tag):
            resp.status = 304
            resp.data = None
            resp.content_type = None


def _matches(condition: str | None, tag: str) -> bool:
    if condition is None:
        return False
    return any(part.strip() in ("*", tag, tag.removeprefix("W/")) for part in condition.split(","))


async def on_refused(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Refused, _params: Any) -> None:
    """Answer what was refused.

    What is wrong with a request is a problem document (RFC 9457) that names the member, unless the caller takes text
    only. Any other refusal is its sentence as Express Gateway sent it (C106), escaped, or a problem document for who
    names that; who takes plain text but no HTML gets that.
    """
    resp.status = error.status
    for name, value in error.headers:
        resp.set_header(name.decode(), value.decode())
    if isinstance(error, Invalid) and not (error.as_text and req.get_header("Accept") is None):
        _write_error(req, resp, error.body, ({**error.place, "detail": error.body},))
    else:
        is_problem = error.status in _ABOUT_THE_REQUEST and not isinstance(error, Invalid)
        _write_error(req, resp, error.body, () if is_problem else None)


async def on_http_error(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: falcon.HTTPError, _params: Any
) -> None:
    """Falcon's own refusals: an unknown route or method is Express's 404 page (C108)."""
    if error.status_code in (404, 405):
        resp.status = 404
        path = req.scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1") or req.path
        resp.data = page(f"Cannot {req.method} {path}")
        resp.content_type = _HTML
        _protect(resp)
        return
    resp.status = error.status_code
    _write_error(req, resp, error.description or error.title or "Bad Request")


async def on_unavailable(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: StoreError | Busy, _params: Any
) -> None:
    """The store or the hashing pool cannot do it now: 503."""
    resp.status = 503
    resp.set_header("Retry-After", RETRY_SECONDS)
    _write_error(req, resp, str(error) or "Too many secrets are waiting to be hashed.")


def refuse_configuration(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, sentence: str, errors: Sequence[Json]
) -> None:
    """Answer 422: what is wrong with a configuration, each with its place (RFC 9457 section 3).

    That is a problem document, unless the caller takes text only.
    """
    resp.status = 422
    _write_error(req, resp, sentence, errors)


def _write_error(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, sentence: str, errors: Sequence[Json] | None = None
) -> None:
    accept = req.get_header("Accept") or "*/*"
    if "application/problem+json" in accept or (errors is not None and ("*/*" in accept or "json" in accept)):
        status = resp.status_code
        problem: dict[str, Json] = {
            "status": status,
            "title": _TITLES.get(status) or HTTPStatus(status).phrase,
            "detail": sentence,
        }
        if errors:
            problem["errors"] = list(errors)
        resp.data = json.dumps(problem, ensure_ascii=False).encode("utf-8", "replace")
        resp.content_type = "application/problem+json"
    elif "text/plain" in accept and "text/html" not in accept and "*/*" not in accept:
        resp.data = sentence.encode("utf-8", "replace")
        resp.content_type = "text/plain; charset=utf-8"
    else:
        resp.data = html.escape(sentence, quote=False).encode("utf-8", "replace")
        resp.content_type = _HTML
    _protect(resp)


def _protect(resp: falcon.asgi.Response) -> None:
    resp.set_header("Content-Security-Policy", "default-src 'none'")
    resp.set_header("X-Content-Type-Options", "nosniff")
