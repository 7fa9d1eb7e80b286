"""Bodies that policies look at: JSON and forms, decoded and read within bounds. Read as Express's body-parser 1.20."""

import json
import zlib
from typing import Literal

from egc.runtime import forms
from egc.runtime.errors import Refused
from egc.runtime.exchange import BODY_LIMIT, Exchange
from egc.runtime.headers import Headers
from egc.runtime.store import Json

DEPTH = 200
"""How deep JSON may be nested: what walks through it recursively has an end."""

Kind = Literal["json", "form"]

_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"
_KINDS: dict[bytes, Kind] = {_JSON: "json", _FORM: "form"}
_CHARSETS = {"json": frozenset(("utf-8", "utf-16", "utf-16le", "utf-16be")), "form": frozenset(("utf-8",))}
_WINDOWS = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_DESCRIBES_BYTES = frozenset(
    (b"content-encoding", b"content-length", b"content-md5", b"digest", b"content-digest", b"repr-digest")
)
_WHITE = b" \t\n\r"


class Malformed(ValueError):
    """A body that is not what it says to be."""


class TooLong(ValueError):
    """A body that is longer than the limit, decoded."""


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Malformed("a number is too large")
    return number


def _no_number(text: str) -> float:
    raise Malformed(f"{text} is no JSON")


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


# ---- Request bodies


async def parse(x: Exchange, limit: int = BODY_LIMIT) -> Kind | None:
    """Read and parse the request body into `x.parsed`, once; what is sent upstream stays as it came (D141, D142).

    What is neither JSON nor a form, and an empty body, is `{}` (D141).

    Arguments:
        limit: bytes, as sent and decoded.

    Returns what the body is; None where it is empty or neither. Raises Refused: 400 for what cannot be read (D143,
    D310), 413 for what is too long, or a form of more than 1000 parameters, 415 for a charset or a content coding that
    is not known (D312).
    """
    kind = kind_of(x)
    if x.parsed is not None:
        return kind if x.body else None
    raw = await x.read_body(limit) if kind is not None else b""
    if kind is None or not raw:
        x.parsed = {}
        return None
    charset = _charset(x.header(b"content-type") or b"")
    if charset not in _CHARSETS[kind]:
        raise Refused(415, "Unsupported Media Type", reason="unknown_charset")
    coding = (b", ".join(value for name, value in x.headers if name == b"content-encoding")).strip().lower()
    if coding not in (b"", b"identity", *_WINDOWS):
        raise Refused(415, "Unsupported Media Type", reason="unknown_coding")
    try:
        text = _text(inflate(raw, coding, limit), charset)
        x.parsed = _form(text) if kind == "form" else _structure(text)
    except (TooLong, forms.TooMany):
        raise Refused(413, "Payload Too Large", reason="body_too_large") from None
    except (Malformed, forms.TooDeep):
        raise Refused(400, "Bad Request", reason="malformed_body") from None
    return kind


def kind_of(x: Exchange) -> Kind | None:
    """What the request's Content-Type says its body is."""
    return _KINDS.get((x.header(b"content-type") or b"").partition(b";")[0].strip().lower())


def replace(x: Exchange, value: Json, kind: Kind) -> None:
    """Send another body upstream, serialised as its kind wants, with the fields that describe it (D307, D311, D312)."""
    if kind == "form" and isinstance(value, dict):
        body, media = forms.serialise(value).encode(), _FORM
    else:
        body, media = dump(value), _JSON
    x.body = body
    x.headers = [field for field in x.headers if field[0] not in _DESCRIBES_BYTES and field[0] != b"transfer-encoding"]
    x.set_header(b"content-type", media)
    x.set_header(b"content-length", b"%d" % len(body))


def _charset(content_type: bytes) -> str:
    for parameter in content_type.decode("latin-1").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower() or "utf-8"
    return "utf-8"


def _text(data: bytes, charset: str) -> str:
    """The text of a body, without its byte order mark; what is no character becomes U+FFFD."""
    if charset == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        charset = "utf-16le"
    return data.decode(charset, "replace").removeprefix("\ufeff")


def _form(text: str) -> Json:
    return forms.parse(text) if text else {}


def _structure(text: str) -> Json:
    """A JSON object or list; body-parser's strict mode takes no other values (D141, D310)."""
    start = text.lstrip(" \t\n\r")[:1]
    if not text:
        return {}
    if start not in ("{", "["):
        raise Malformed("neither an object nor a list")
    return load(text)


# ---- JSON


def load(text: str) -> Json:
    """JSON as values. Raises Malformed, also for numbers that no double holds and for more than DEPTH levels."""
    try:
        found: Json = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None
    if text.count("{") + text.count("[") > DEPTH and _deeper(found, DEPTH):
        raise Malformed("nested too deeply")
    return found


def dump(value: Json) -> bytes:
    """Values as JSON, as short as JavaScript writes it."""
    try:
        return _compact.encode(value).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair: only an escape can say that.
        return _ascii.encode(value).encode()


def _deeper(value: Json, most: int) -> bool:
    level: list[Json] = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


# ---- Content codings


def inflate(data: bytes, coding: bytes, limit: int) -> bytes:
    """A body without its content coding: gzip, deflate, identity or none.

    Raises Malformed where it is not what its coding says or another coding, TooLong beyond `limit` bytes, which are
    never made.
    """
    if coding in (b"", b"identity"):
        if len(data) > limit:
            raise TooLong
        return data
    window = _WINDOWS.get(coding)
    if window is None:
        raise Malformed("unknown content coding")
    pieces: list[bytes] = []
    size = 0
    while data:
        decoder = zlib.decompressobj(window)
        try:
            piece = decoder.decompress(data, limit - size + 1)
        except zlib.error as error:
            raise Malformed(str(error)) from None
        size += len(piece)
        if size > limit:
            raise TooLong
        if not decoder.eof:
            raise Malformed("the compressed body ends too early")
        pieces.append(piece)
        data = decoder.unused_data
        if coding == b"deflate" or data[:2] != b"\x1f\x8b":
            # What follows the last member is padding.
            break
    return b"".join(pieces)


# ---- Response bodies


def is_object(data: bytes) -> bool | None:
    """Whether a body, as far as it is known, can be a JSON object; None where nothing but white space is known."""
    start = data.lstrip(_WHITE)[:1]
    return None if not start else start == b"{"


def describe(headers: Headers, body: bytes) -> Headers:
    """The fields of a response whose body has been made anew: its own length, and no promise about the old bytes.

    A strong entity tag becomes a weak one, and parts cannot be asked for (RFC 9110 sections 8.8.1 and 14.3).
    """
    kept: Headers = []
    for name, value in headers:
        lowered = name.lower()
        if lowered in _DESCRIBES_BYTES or lowered in (b"transfer-encoding", b"trailer", b"accept-ranges"):
            continue
        weak = lowered == b"etag" and not value.startswith(b"W/")
        kept.append((name, b"W/" + value if weak else value))
    kept.append((b"content-length", b"%d" % len(body)))
    return kept
