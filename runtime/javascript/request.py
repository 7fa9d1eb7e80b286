"""`req`: the request as Express gives it to scripts, live both ways (D98, D126, D346)."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from egc.runtime.exchange import Claims, Exchange
from egc.runtime.front import METHODS
from egc.runtime.headers import IDENTITY, IDENTITY_TWINS, is_name
from egc.runtime.javascript.convert import header_text, key, string
from egc.runtime.javascript.json_text import from_json, to_json
from egc.runtime.javascript.values import (
    MISSING,
    OBJECT_PROTOTYPE,
    UNDEFINED,
    Array,
    Builtin,
    Missing,
    Object,
    Value,
    Values,
    characters,
    type_error,
    units,
)

if TYPE_CHECKING:
    from egc.runtime.javascript.context import Context

_ONLY_FIRST = frozenset(
    (
        *("age", "authorization", "content-length", "content-type", "etag", "expires", "from", "host"),
        *("if-modified-since", "if-unmodified-since", "last-modified", "location", "max-forwards"),
        *("proxy-authorization", "referer", "retry-after", "server", "user-agent"),
    )
)
"""Fields of which Node keeps the first; others are joined with `, `, cookies with `; `."""

_HIDDEN = IDENTITY | IDENTITY_TWINS
_IDENTITY = frozenset(name.decode() for name in IDENTITY)
_HOST = re.compile(r"(?:[\w.~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?", re.ASCII)


class Headers(Object):
    """`req.headers`: names are lower-case, as Node gives them; a name that a script has set also as it spelled it.

    What a script sets replaces the field whatever its case, and a list makes several lines of it (D421).
    `eg-consumer-id` is the gateway's own: scripts see that of the consumer, never one that a caller made up (D422).
    """

    __slots__ = ("_spelled", "_x")

    def __init__(self, x: Exchange) -> None:
        super().__init__()
        self._x = x
        self._spelled: dict[str, str] = {}

    def own(self, key: str) -> Value | Missing:
        return field(self._x, self._spelled.get(key, key))

    def put(self, key: str, value: Value) -> None:
        name = key.lower()
        _write(self._x, name, key, value)
        if name in _IDENTITY:
            return
        self._spelled = {spelled: found for spelled, found in self._spelled.items() if found != name}
        if key != name:
            self._spelled[key] = name

    def delete(self, key: str) -> bool:
        name = self._spelled.pop(key, key).encode("utf-8", "surrogatepass")
        if name not in _HIDDEN:
            self._x.headers = [item for item in self._x.headers if item[0] != name]
        return True

    def names(self) -> list[str]:
        spelled = {name: written for written, name in self._spelled.items()}
        names = dict.fromkeys(name.decode("latin-1") for name, _ in self._x.headers if name not in _HIDDEN)
        found = [spelled.get(name, name) for name in names]
        return found if self._x.consumer is None else [*found, "eg-consumer-id"]


def _write(x: Exchange, name: str, spelled: str, value: Value) -> None:
    """Put a field of that (lower-case) name in the place of all of it, as scripts may."""
    if name in _IDENTITY:
        _require_own(x, name, value)
        return
    encoded = name.encode("utf-8", "surrogatepass")
    if not spelled.isascii() or not is_name(encoded) or encoded in IDENTITY_TWINS:
        raise type_error(f'Header name must be a valid HTTP token ["{spelled[:100]}"]')
    texts = [header_text(one) for one in value.values()] if isinstance(value, Array) else [header_text(value)]
    if name == "host":
        if len(texts) != 1 or _HOST.fullmatch(texts[0]) is None:
            raise type_error('Invalid value for header "host"')
        x.host = texts[0]
    headers = [item for item in x.headers if item[0] != encoded]
    headers += [(encoded, text.encode("latin-1")) for text in texts]
    x.headers = headers


def _require_own(x: Exchange, name: str, value: Value) -> None:
    """Scripts may write what the gateway writes anyway."""
    if name == "eg-consumer-id" and x.consumer is not None and string(value) == units(x.consumer.id):
        return
    raise type_error(f"{name} is set by the gateway only")


def field(x: Exchange, name: str) -> Value | Missing:
    """A request header by its lower-case name, repeated ones folded as Node does."""
    wanted = name.encode("utf-8", "surrogatepass")
    if wanted in _HIDDEN:
        known = name == "eg-consumer-id" and x.consumer is not None and x.consumer.id
        return units(x.consumer.id) if known and x.consumer is not None else MISSING
    found: str | None = None
    for one, value in x.headers:
        if one == wanted:
            text = value.decode("latin-1")
            if name == "set-cookie":
                return Array([each.decode("latin-1") for other, each in x.headers if other == wanted])
            if found is None:
                found = text
                if name in _ONLY_FIRST:
                    break
            else:
                found = f"{found}; {text}" if name == "cookie" else f"{found}, {text}"
    return MISSING if found is None else found


def header(x: Exchange, name: str) -> Value:
    """`req.headers[name]`."""
    if x.script is not None and x.script.headers is not None:
        return x.script.headers.get(name)
    found = field(x, name)
    return OBJECT_PROTOTYPE.get(name) if isinstance(found, Missing) else found


def set_header(x: Exchange, name: Value, value: Value) -> None:
    """`req.headers[name] = value`. Raises a TypeError for what no field can carry."""
    spelled = key(name)
    if (x.script is None or x.script.headers is None) and spelled == spelled.lower():
        # Without an object that would have to know how each name was spelled.
        _write(x, spelled, spelled, value)
    else:
        headers(x).put(spelled, value)


def delete_header(x: Exchange, name: Value) -> bool:
    """`delete req.headers[name]`."""
    return headers(x).delete(key(name))


def set_url(x: Exchange, value: Value) -> None:
    """`req.url = value`."""
    if not isinstance(value, str):
        raise type_error("req.url must be a string")
    x.url = characters(value)


def set_method(x: Exchange, value: Value) -> None:
    """`req.method = value`. HEAD stays HEAD, for the length of its answer depends on it."""
    if not isinstance(value, str) or value not in METHODS or (value == "HEAD") != (x.method == "HEAD"):
        raise type_error("req.method must be a method, and HEAD where it was HEAD")
    x.method = value


def address(x: Exchange) -> str:
    """`req.ip`: the caller's address; IPv4 is written as Node does on a socket for both (D126)."""
    return x.client if ":" in x.client or not x.client else f"::ffff:{x.client}"


def hostname(x: Exchange) -> Value:
    """`req.hostname`: Host without its port."""
    if not x.host:
        return UNDEFINED
    if x.host.startswith("["):
        return x.host[: x.host.find("]") + 1]
    return x.host.partition(":")[0]


def headers(x: Exchange) -> Headers:
    """`req.headers`, made for the first script that needs the object."""
    from egc.runtime.javascript.context import context

    script = context(x)
    if script.headers is None:
        script.headers = Headers(x)
    return script.headers


class Request(Object):
    """`req`. Members of Express are read from the exchange; any other property belongs to the scripts."""

    __slots__ = ("_body", "_body_of", "_context", "_x")

    def __init__(self, x: Exchange, context: "Context") -> None:
        super().__init__()
        self._x = x
        self._context = context
        self._body: Value = UNDEFINED
        self._body_of: object = MISSING

    def own(self, key: str) -> Value | Missing:
        if key in _MEMBERS:
            return _MEMBERS[key](self._x)
        if key in self.properties:
            return self.properties[key]
        if key == "headers":
            return headers(self._x)
        if key == "query":
            return self._context.query
        if key == "body":
            return self._read_body()
        if key == "user":
            return self._context.consumer(self._x)
        if key == "egContext":
            return self._context.scope
        if key == "res":
            return self._context.response
        return _METHODS.get(key, MISSING)

    def put(self, key: str, value: Value) -> None:
        if key == "url":
            set_url(self._x, value)
        elif key == "method":
            set_method(self._x, value)
        elif key == "user":
            self._set_user(value)
        elif key == "body":
            self._body = value
            self._x.parsed = to_json(value)
            self._body_of = self._x.parsed
        elif key in _MEMBERS or key in ("headers", "query", "egContext", "res"):
            raise type_error(f"Cannot assign to read only property '{key}' of req")
        else:
            self.properties[key] = value

    def delete(self, key: str) -> bool:
        if key in ("user", "body"):
            self.put(key, UNDEFINED)
        return super().delete(key)

    def names(self) -> list[str]:
        return ["method", "url", "originalUrl", "headers", "httpVersion", *super().names()]

    def _read_body(self) -> Value:
        if self._x.parsed is None:
            return UNDEFINED if self._body_of is not None else self._body
        if self._body_of is not self._x.parsed:
            self._body_of = self._x.parsed
            self._body = from_json(self._x.parsed)
        return self._body

    def _set_user(self, value: Value) -> None:
        if isinstance(value, Object):
            found = to_json(value)
            self._x.consumer = Claims(found) if isinstance(found, dict) else None
            self._context.adopt(self._x, value)
        elif value is None or value is UNDEFINED:
            self._x.consumer = None
        else:
            raise type_error("req.user must be an object")


def _params(x: Exchange) -> Value:
    given = x.params
    names = x.route.names if x.route else ()
    return Object({units(name): units(given[name]) if name in given else UNDEFINED for name in names})


def _route(x: Exchange) -> Value:
    if x.route is None:
        return UNDEFINED
    path = x.route.path
    return Object({"path": units(path if isinstance(path, str) else path.text)})


def _raw_headers(x: Exchange) -> Value:
    return Array([part.decode("latin-1") for item in x.headers if item[0] not in _HIDDEN for part in item])


def _connection(x: Exchange) -> Value:
    return Object({"remoteAddress": address(x), "encrypted": x.scheme == "https"})


def _subdomains(x: Exchange) -> Value:
    name = hostname(x)
    if not isinstance(name, str) or name.startswith("["):
        return Array([])
    labels: list[Value | Missing] = [*reversed(name.split("."))]
    return Array([name] if name.replace(".", "").isdigit() else labels[2:])


_MEMBERS: dict[str, Callable[[Exchange], Value]] = {
    "method": lambda x: x.method,
    "url": lambda x: units(x.url),
    "originalUrl": lambda x: x.original_url,
    "path": lambda x: units(x.path),
    "params": _params,
    "hostname": hostname,
    "host": hostname,
    "ip": address,
    "ips": lambda x: Array([]),
    "protocol": lambda x: x.scheme,
    "secure": lambda x: x.scheme == "https",
    "httpVersion": lambda x: x.http_version,
    "route": _route,
    "baseUrl": lambda x: "",
    "rawHeaders": _raw_headers,
    "connection": _connection,
    "socket": _connection,
    "subdomains": _subdomains,
    "fresh": lambda x: False,
    "stale": lambda x: True,
    "xhr": lambda x: (x.header(b"x-requested-with") or b"").lower() == b"xmlhttprequest",
}


def _get(this: Value, arguments: Values) -> Value:
    """req.get(name): a header, whatever the case of its name."""
    if not isinstance(this, Request):
        raise type_error("req.get is called on something else")
    if not arguments or not isinstance(arguments[0], str):
        raise type_error("name argument is required to req.get")
    name = arguments[0].lower()
    if name in ("referer", "referrer"):
        found = header(this._x, "referrer")
        return found if found is not UNDEFINED and found != "" else header(this._x, "referer")
    return header(this._x, name)


_METHODS: dict[str, Value] = {"get": Builtin(_get, "get", 1), "header": Builtin(_get, "header", 1)}
