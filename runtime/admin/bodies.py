"""Request bodies and query parameters of the Admin API, checked before anything looks at them."""

import json
import math
import re
from typing import Any

import falcon.asgi

from egc.runtime.admin.invalid import Invalid
from egc.runtime.errors import Refused
from egc.runtime.store import Json

LARGEST = 100 * 1024
"""Bytes of a body (C105)."""

DEEPEST = 32
"""Lists and objects inside each other."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PAGE = 100
_LARGEST_PAGE = 1000
_LARGEST_CURSOR = 2**53


async def read_object(req: falcon.asgi.Request) -> dict[str, Json]:
    """The JSON object of the body; empty where there is no body or it is not `application/json` (C105).

    Raises Refused: 400 for what is not a JSON object, 413 for too long a body, 415 for an encoded one.
    """
    content = await _read_json(req)
    value = _parsed(content) if content else {}
    if not isinstance(value, dict):
        raise Refused(400, "The body must be a JSON object.")
    return value


async def read_entity(req: falcon.asgi.Request) -> Json:
    """The JSON object or list of the body.

    Raises Refused: 400 for anything else and for none (N39), 413 for too long a body, 415 for an encoded one.
    """
    content = await _read_json(req)
    value = _parsed(content) if content else None
    if not isinstance(value, dict | list):
        raise Refused(400, "The body must be a JSON object or list, with the Content-Type application/json.")
    return value


async def _read_json(req: falcon.asgi.Request) -> bytes:
    """The bytes of a JSON body; none where there is no body or it is not `application/json`."""
    media, _, parameters = (req.content_type or "").partition(";")
    content = await _read(req)
    if media.strip().lower() != "application/json" or not content:
        return b""
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Refused(415, "The body must be JSON in UTF-8.")
    if (req.get_header("Content-Encoding") or "identity").lower() != "identity":
        raise Refused(415, "The body must not be encoded.")
    return content


def _parsed(content: bytes) -> Json:
    try:
        value: Json = json.loads(content.decode(), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except RecursionError:
        raise Refused(400, f"The body is nested more than {DEEPEST} levels deep.") from None
    except UnicodeDecodeError:
        raise Refused(400, "The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Refused(400, f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise Refused(400, "The body is not JSON: a number is out of range.") from None
    _check(value)
    return value


def read_page(req: falcon.asgi.Request) -> tuple[int, int]:
    """`start` and `count` of a list (C110). Raises Refused (400)."""
    start = _read_integer(req, "start", 0, 0, _LARGEST_CURSOR)
    return start, read_count(req)


def read_count(req: falcon.asgi.Request) -> int:
    """`count` of a list. Raises Refused (400)."""
    return min(_read_integer(req, "count", _PAGE, 1, _LARGEST_CURSOR), _LARGEST_PAGE)


def read_status(body: dict[str, Json]) -> bool:
    """`status` of a body that switches a record on or off. Raises Refused (400)."""
    status = body.get("status")
    if not isinstance(status, bool):
        raise Invalid(400, "status must be true or false", "status")
    return status


def read_scopes(value: Json) -> tuple[str, ...]:
    """A list of scopes, each once. Raises Refused (400)."""
    if not isinstance(value, list):
        raise Invalid(400, "scopes must be a list of texts", "scopes")
    return tuple(dict.fromkeys(read_scope(scope) for scope in value))


def read_scope(value: Json) -> str:
    """One scope. Raises Refused (400) for what could never be asked for."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid(400, "a scope must be a text that is not empty", "scopes")
    require_printable(value, "scopes", "a scope")
    return value


def require_printable(name: str, member: str, what: str = "") -> None:
    """Raises Invalid (400) for a name that holds what breaks lines, or what terminals obey."""
    if _CONTROL.search(name):
        raise Invalid(400, f"{what or member} must not contain control characters", member)


async def _read(req: falcon.asgi.Request) -> bytes:
    if (req.content_length or 0) > LARGEST:
        raise Refused(413, f"The body is larger than {LARGEST} bytes.")
    content = b""
    while piece := await req.stream.read(LARGEST + 1 - len(content)):
        content += piece
        if len(content) > LARGEST:
            raise Refused(413, f"The body is larger than {LARGEST} bytes.")
    return content


def _refuse_constant(name: str) -> Any:
    raise Refused(400, f"The body is not JSON: {name} is no number.")


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The members of an object. Raises Refused (400) where one comes twice: readers differ in which of them counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused(400, "The body is not clear: an object has two members of one name.")
    return members


def _check(value: Json) -> None:
    """Refuse what the store could not keep: deep nesting, infinite numbers, text with lone surrogates."""
    level: list[Json] = [value]
    for _ in range(DEEPEST + 1):
        below: list[Json] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise Refused(400, "The body is not JSON: a number is out of range.")
            elif isinstance(item, str) and not item.isascii() and any("\ud800" <= mark <= "\udfff" for mark in item):
                raise Refused(400, "A text of the body holds half a character (a lone surrogate).")
        if not below:
            return
        level = below
    raise Refused(400, f"The body is nested more than {DEEPEST} levels deep.")


def _read_integer(req: falcon.asgi.Request, name: str, default: int, least: int, most: int) -> int:
    text = req.get_param(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most:
        return int(text)
    raise Invalid(400, f"{name} must be a whole number of at least {least}", parameter=name)
