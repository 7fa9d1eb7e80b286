"""`res`: the answer as Express lets a script make it (D346, D356)."""

import re
from http import HTTPStatus
from typing import Final

from egc.runtime.entity_tag import entity_tag, is_known
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.headers import is_name
from egc.runtime.javascript.convert import header_text, int32, is_number, string
from egc.runtime.javascript.json_text import stringify
from egc.runtime.javascript.uri import encode_url
from egc.runtime.javascript.values import (
    MISSING,
    UNDEFINED,
    Array,
    Builtin,
    Missing,
    Native,
    Object,
    Undefined,
    Value,
    Values,
    characters,
    error,
    range_error,
    type_error,
)

MAX_HEADERS = 200

_TYPES: Final = {
    "bin": "application/octet-stream",
    "css": "text/css",
    "csv": "text/csv",
    "form": "application/x-www-form-urlencoded",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "application/javascript",
    "json": "application/json",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "text": "text/plain",
    "txt": "text/plain",
    "urlencoded": "application/x-www-form-urlencoded",
    "xml": "application/xml",
    "yaml": "text/yaml",
    "yml": "text/yaml",
    "zip": "application/zip",
}
_WITH_CHARSET = re.compile(r"text/|application/(?:javascript|json)")
_CHARSET = re.compile(r";\s*charset\s*=")
_FRAMING = frozenset(("connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade"))
"""Fields that the server writes itself."""


class Response(Object):
    """`res`. Its headers are those that the gateway keeps for every answer of the request (D455)."""

    __slots__ = ("_locals", "_x", "answer", "status")

    def __init__(self, x: Exchange) -> None:
        super().__init__()
        self._x = x
        self._locals = Object()
        self.status = 200
        self.answer: Answer | None = None

    def own(self, key: str) -> Value | Missing:
        if key in self.properties:
            return self.properties[key]
        if key == "statusCode":
            return self.status
        if key in ("headersSent", "finished", "writableEnded"):
            return self.answer is not None
        if key == "locals":
            return self._locals
        if key == "req":
            return MISSING if self._x.script is None else self._x.script.request
        return _METHODS.get(key, MISSING)

    def put(self, key: str, value: Value) -> None:
        if key == "statusCode":
            self.status = int32(value)
        elif key in ("headersSent", "finished", "writableEnded", "locals"):
            raise type_error(f"Cannot assign to read only property '{key}' of res")
        else:
            self.properties[key] = value

    # ---- Headers

    def header(self, name: str) -> Value:
        """A header that was set; several of one name as a list."""
        wanted = name.lower().encode("utf-8", "surrogatepass")
        found: list[Value | Missing] = [
            value.decode("latin-1") for key, value in self._x.response_headers if key.lower() == wanted
        ]
        if not found:
            return UNDEFINED
        first = found[0]
        return Array(found) if len(found) > 1 else UNDEFINED if isinstance(first, Missing) else first

    def set_header(self, name: str, value: Value) -> None:
        """Replace a header; a list makes several."""
        self.require_open("set")
        key = name.lower()
        if not is_name(key.encode("utf-8", "surrogatepass")):
            raise type_error(f'Header name must be a valid HTTP token ["{name[:100]}"]')
        values = value.values() if isinstance(value, Array) else [value]
        texts = [header_text(string(one) if isinstance(one, Array) else one) for one in values]
        if key in _FRAMING:
            # The server measures and frames what it sends.
            return
        self.remove_header(key)
        if len(self._x.response_headers) + len(texts) > MAX_HEADERS:
            raise range_error("Too many headers")
        self._x.response_headers.extend((key.encode(), text.encode("latin-1")) for text in texts)

    def remove_header(self, name: str) -> None:
        """Remove a header."""
        self.require_open("remove")
        wanted = name.lower().encode("utf-8", "surrogatepass")
        self._x.response_headers = [item for item in self._x.response_headers if item[0].lower() != wanted]

    def require_open(self, verb: str) -> None:
        """Raise an Error once an answer was sent."""
        if self.answer is not None:
            raise error("Error", f"Cannot {verb} headers after they are sent to the client")

    # ---- Answers

    def end(self, body: bytes) -> None:
        """Send the answer."""
        if not 200 <= self.status <= 599:
            raise range_error(f"Invalid status code: {self.status}")
        self.answer = Answer(self.status, [], body, "script")

    def send(self, chunk: Value) -> None:
        """Send text, or JSON of anything else."""
        self.require_open("set")
        if isinstance(chunk, Undefined):
            self.end(b"")
            return
        if chunk is not None and not isinstance(chunk, str):
            self.send_json(chunk)
            return
        kind = self.header("content-type")
        if chunk is None:
            chunk = ""
        elif not isinstance(kind, str):
            self.set_header("content-type", "text/html; charset=utf-8")
        elif ";" not in kind or "charset" not in kind:
            self.set_header("content-type", f"{kind}; charset=utf-8")
        else:
            self.set_header("content-type", re.sub(r"charset\s*=\s*[^;]+", "charset=utf-8", kind))
        body = characters(chunk).encode()
        if self.header("etag") is UNDEFINED:
            self.set_header("etag", entity_tag(body).decode())
        tag = self.header("etag")
        if isinstance(tag, str) and (200 <= self.status < 300) and is_known(self._x, tag.encode("latin-1")):
            self.status = 304
        if self.status in (204, 304):
            self.remove_header("content-type")
            body = b""
        self.end(body)

    def send_json(self, value: Value) -> None:
        """Send JSON."""
        text = stringify(value)
        if self.header("content-type") is UNDEFINED:
            self.set_header("content-type", "application/json; charset=utf-8")
        self.send(text)

    def redirect(self, status: int, url: str) -> None:
        """Send the caller elsewhere."""
        self.require_open("set")
        self.set_location(url)
        target = self.header("location")
        shown = target if isinstance(target, str) else ""
        self.status = status
        phrase = _phrase(status)
        self._vary("Accept")
        if _prefers_html(self._x.header(b"accept")):
            escaped = shown.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#39;")
            escaped = escaped.replace("<", "&lt;").replace(">", "&gt;")
            self.set_header("content-type", "text/html; charset=utf-8")
            self.end(f"<p>{phrase}. Redirecting to {escaped}</p>".encode())
        else:
            self.set_header("content-type", "text/plain; charset=utf-8")
            self.end(f"{phrase}. Redirecting to {shown}".encode())

    def set_location(self, url: str) -> None:
        """The header Location; `back` is where the caller came from."""
        if url == "back":
            url = (self._x.header(b"referer") or b"/").decode("latin-1")
        self.set_header("location", encode_url(url))

    def _vary(self, name: str) -> None:
        known = self.header("vary")
        if not isinstance(known, str) or not known:
            self.set_header("vary", name)
        elif name.lower() not in [part.strip().lower() for part in known.split(",")]:
            self.set_header("vary", f"{known}, {name}")

    def vary(self, name: str) -> None:
        """Add a name to Vary."""
        self._vary(name)


def _phrase(status: int) -> str:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return str(status)
    return {413: "Payload Too Large", 418: "I'm a Teapot", 422: "Unprocessable Entity"}.get(status, phrase)


def _prefers_html(accept: bytes | None) -> bool:
    """Whether HTML is wanted rather than plain text; plain text where both are as good."""
    quality = {"text/plain": (-1, 0.0), "text/html": (-1, 0.0)}
    for part in (accept or b"*/*").decode("latin-1").lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        for name, (specific, _) in quality.items():
            exact = 2 if kind == name else 1 if kind == "text/*" else 0 if kind == "*/*" else -1
            if exact > specific:
                quality[name] = (exact, weight)
    return quality["text/html"][1] > quality["text/plain"][1]


def _with_charset(kind: str) -> str:
    if _CHARSET.search(kind) or not _WITH_CHARSET.match(kind):
        return kind
    return f"{kind}; charset=utf-8"


def _argument(arguments: Values, index: int) -> Value:
    return arguments[index] if index < len(arguments) else UNDEFINED


def _res(this: Value) -> Response:
    if not isinstance(this, Response):
        raise type_error("a method of res is called on something else")
    return this


def _status(this: Value, arguments: Values) -> Value:
    _res(this).status = int32(_argument(arguments, 0))
    return this


def _send(this: Value, arguments: Values) -> Value:
    res, chunk = _res(this), _argument(arguments, 0)
    if len(arguments) == 2:
        if not is_number(chunk) and is_number(arguments[1]):
            res.status = int32(arguments[1])
        else:
            res.status, chunk = int32(chunk), arguments[1]
    elif is_number(chunk) and len(arguments) == 1:
        # Express 4: a number alone is a status.
        res.require_open("set")
        if res.header("content-type") is UNDEFINED:
            res.set_header("content-type", "text/plain; charset=utf-8")
        res.status = int32(chunk)
        chunk = _phrase(res.status)
    res.send(chunk)
    return this


def _json(this: Value, arguments: Values) -> Value:
    res, value = _res(this), _argument(arguments, 0)
    res.require_open("set")
    if len(arguments) == 2:
        if is_number(arguments[1]):
            res.status = int32(arguments[1])
        else:
            res.status, value = int32(value), arguments[1]
    res.send_json(value)
    return this


def _send_status(this: Value, arguments: Values) -> Value:
    res = _res(this)
    res.require_open("set")
    res.status = int32(_argument(arguments, 0))
    res.set_header("content-type", "text/plain; charset=utf-8")
    res.send(_phrase(res.status))
    return this


def _end(this: Value, arguments: Values) -> Value:
    res, chunk = _res(this), _argument(arguments, 0)
    if res.answer is None:
        if chunk is None or isinstance(chunk, Undefined):
            res.end(b"")
        elif isinstance(chunk, str):
            res.end(characters(chunk).encode())
        else:
            raise type_error('The "chunk" argument must be of type string')
    return this


def _set(this: Value, arguments: Values) -> Value:
    res, name = _res(this), _argument(arguments, 0)
    if len(arguments) < 2:
        if not isinstance(name, Object):
            raise type_error("res.set() needs a name and a value")
        for key in name.names():
            _set(this, (key, name.get(key)))
        return this
    value = arguments[1]
    spelled = string(name)
    value = Array([string(item) for item in value.values()]) if isinstance(value, Array) else string(value)
    if spelled.lower() == "content-type":
        if isinstance(value, Array):
            raise type_error("Content-Type cannot be set to an Array")
        value = _with_charset(value)
    res.set_header(spelled, value)
    return this


def _set_header(this: Value, arguments: Values) -> Value:
    name = _argument(arguments, 0)
    if not isinstance(name, str):
        raise type_error("Header name must be a string")
    value = _argument(arguments, 1)
    if isinstance(value, Undefined):
        raise type_error(f'Invalid value "undefined" for header "{name[:100]}"')
    _res(this).set_header(name, value)
    return this


def _get_header(this: Value, arguments: Values) -> Value:
    return _res(this).header(string(_argument(arguments, 0)))


def _has_header(this: Value, arguments: Values) -> Value:
    return _res(this).header(string(_argument(arguments, 0))) is not UNDEFINED


def _remove_header(this: Value, arguments: Values) -> Value:
    _res(this).remove_header(string(_argument(arguments, 0)))
    return UNDEFINED


def _get_headers(this: Value, arguments: Values) -> Value:
    res = _res(this)
    names = dict.fromkeys(name.decode("latin-1").lower() for name, _ in res._x.response_headers)
    return Object({name: res.header(name) for name in names})


def _get_header_names(this: Value, arguments: Values) -> Value:
    names = dict.fromkeys(name.decode("latin-1").lower() for name, _ in _res(this)._x.response_headers)
    return Array(list(names))


def _append(this: Value, arguments: Values) -> Value:
    res, name, value = _res(this), string(_argument(arguments, 0)), _argument(arguments, 1)
    before = res.header(name)
    if not isinstance(before, Undefined):
        first = before.values() if isinstance(before, Array) else [before]
        second = value.values() if isinstance(value, Array) else [value]
        value = Array([*first, *second])
    return _set(this, (name, value))


def _type(this: Value, arguments: Values) -> Value:
    kind = string(_argument(arguments, 0))
    if "/" not in kind:
        kind = _TYPES.get(kind.rpartition(".")[2].lower(), "application/octet-stream")
    return _set(this, ("Content-Type", kind))


def _location(this: Value, arguments: Values) -> Value:
    _res(this).set_location(string(_argument(arguments, 0)))
    return this


def _vary_of(this: Value, arguments: Values) -> Value:
    res, names = _res(this), _argument(arguments, 0)
    for name in names.values() if isinstance(names, Array) else string(names).split(","):
        res.vary(string(name).strip())
    return this


def _redirect(this: Value, arguments: Values) -> Value:
    status, url = 302, _argument(arguments, 0)
    if len(arguments) == 2:
        if is_number(url):
            status, url = int32(url), arguments[1]
        else:
            status = int32(arguments[1])
    _res(this).redirect(status, string(url))
    return UNDEFINED


def _method(name: str, native: Native, length: int) -> tuple[str, Value]:
    return name, Builtin(native, name, length)


_METHODS: dict[str, Value] = dict(
    (
        _method("append", _append, 2),
        _method("contentType", _type, 1),
        _method("end", _end, 1),
        _method("get", _get_header, 1),
        _method("getHeader", _get_header, 1),
        _method("getHeaderNames", _get_header_names, 0),
        _method("getHeaders", _get_headers, 0),
        _method("hasHeader", _has_header, 1),
        _method("header", _set, 2),
        _method("json", _json, 1),
        _method("location", _location, 1),
        _method("redirect", _redirect, 1),
        _method("removeHeader", _remove_header, 1),
        _method("send", _send, 1),
        _method("sendStatus", _send_status, 1),
        _method("set", _set, 2),
        _method("setHeader", _set_header, 2),
        _method("status", _status, 1),
        _method("type", _type, 1),
        _method("vary", _vary_of, 1),
    )
)
