"""Runs scripts: compiled by egc over an exchange, and by an engine over the same request."""

import json
import math
from typing import Any

import quickjs

from egc.compiler.javascript import Kind, compile_script
from egc.compiler.javascript import Script as Compiled
from egc.runtime import javascript as js
from egc.runtime.exchange import Exchange
from egc.runtime.headers import Headers
from egc.runtime.javascript.dates import Date
from egc.runtime.javascript.regexps import RegExp
from egc.runtime.javascript.values import Array, Boxed, ErrorObject, Function, Missing, Object, Undefined
from egc.runtime.routing import ANY, Endpoint, Path, Route

HEADERS: Headers = [
    (b"host", b"shop.example:8080"),
    (b"x-mode", b"on"),
    (b"x-count", b"42"),
    (b"accept", b"application/json"),
    (b"x-user-context", b'{"userId":"u1","roles":["admin","dev"],"n":3.5}'),
]
URL = "/api/items/7?page=10&tag=a&tag=b&filter[name]=bob&empty="
BODY: Any = {
    "name": "Ada",
    "age": 36,
    "nothing": None,
    "ok": True,
    "list": [3, 1, 2, "x", None],
    "inner": {"b": 2, "a": "\u00e9\U0001f600"},
}


def exchange(method: str = "GET", url: str = URL, headers: Headers | None = None, body: Any = None) -> Exchange:
    """A request that a route has taken."""
    x = Exchange(method, url, list(HEADERS if headers is None else headers), "shop.example:8080", "http", "10.0.0.1")
    path = Path("/api/:kind/*", "^/api/(?:([^/]+?))/(.*)/?\\Z", "kind", "0")
    route = Route(ANY, path, ANY, Endpoint("items", scopes=("read", "write")), None)
    found = path.matches(x.path)
    x.begin(route, found.groups() if found else ())
    x.parsed = body
    return x


def function(compiled: Compiled) -> js.Script:
    """The function that the emitted module would hold."""
    names: dict[str, Any] = {"js": js, "Exchange": Exchange}
    source = "\n".join((*compiled.before, compiled.head, compiled.body))
    exec(compile(source, "gateway.py", "exec"), names)
    found: js.Script = names[compiled.name]
    return found


def compiled(text: str, kind: Kind = "expression", **names: Any) -> js.Script:
    """A script that has no problems."""
    script = compile_script(text, kind, "script", **names)
    assert script.problems == (), script.problems
    return function(script)


def run(text: str, x: Exchange | None = None, kind: Kind = "expression", **names: Any) -> js.Value:
    """What a script comes to."""
    return compiled(text, kind, **names)(exchange(body=BODY) if x is None else x)


def outcome(text: str) -> str:
    """What a script comes to or throws, written so that an engine can be asked for the same."""
    script = compile_script(text, "expression", "script")
    assert all(problem.name != "expression-unsupported" for problem in script.problems), script.problems
    try:
        return shown(function(script)(exchange(body=BODY)))
    except js.JSError as error:
        thrown = error.value
        return f"throws {thrown.get('name')}" if isinstance(thrown, ErrorObject) else f"throws {shown(thrown)}"


def shown(value: js.Value | Missing) -> str:
    """A value as text; `SHOW` is the same in JavaScript."""
    if isinstance(value, Missing):
        return "<hole>"
    if isinstance(value, str):
        return "s" + ",".join(f"{ord(character):x}" for character in value)
    if isinstance(value, bool) or value is None or isinstance(value, Undefined):
        return js.text(value)
    if isinstance(value, int | float):
        return "-0" if value == 0 and math.copysign(1.0, value) < 0 else f"n{js.text(value)}"
    if isinstance(value, Array):
        return f"[{' '.join(shown(item) for item in value.items)}]"
    if isinstance(value, Function):
        return "function"
    if isinstance(value, Date):
        return f"Date({shown(value.time)})"
    if isinstance(value, RegExp):
        return f"{value.source}/{value.flags}"
    if isinstance(value, Boxed):
        return f"boxed {shown(value.primitive)}"
    if isinstance(value, ErrorObject):
        return f"error {value.get('name')}"
    if isinstance(value, Object):
        return "{" + " ".join(f"{shown(name)}:{shown(value.get(name))}" for name in value.names()) + "}"
    return repr(value)


SHOW = """
function shown(v) {
  if (typeof v === 'string') return 's' + v.split('').map(c => c.charCodeAt(0).toString(16)).join(',');
  if (typeof v === 'number') return Object.is(v, -0) ? '-0' : 'n' + v;
  if (v === null || typeof v === 'undefined' || typeof v === 'boolean') return String(v);
  if (typeof v === 'function') return 'function';
  if (Array.isArray(v)) {
    var parts = [];
    for (var i = 0; i < v.length; i++) parts.push(i in v ? shown(v[i]) : '<hole>');
    return '[' + parts.join(' ') + ']';
  }
  if (v instanceof Date) return 'Date(' + shown(v.getTime()) + ')';
  if (v instanceof RegExp) return v.source + '/' + v.flags;
  if (v instanceof Error) return 'error ' + v.name;
  if (v instanceof String || v instanceof Number || v instanceof Boolean) return 'boxed ' + shown(v.valueOf());
  return '{' + Object.keys(v).map(k => shown(k) + ':' + shown(v[k])).join(' ') + '}';
}
Date.prototype.toString = (old => function () {
  var text = old.call(this);
  return /GMT/.test(text) ? text + ' (Coordinated Universal Time)' : text;
})(Date.prototype.toString);
Function.prototype.toString = function () { return 'function ' + this.name + '() { [native code] }' };
function outcome(code) {
  try { return shown((0, eval)(code)); }
  catch (e) { return e instanceof Error ? 'throws ' + e.name : 'throws ' + shown(e); }
}
"""

REQUEST = {
    "method": "GET",
    "url": URL,
    "originalUrl": URL,
    "path": "/api/items/7",
    "hostname": "shop.example",
    "protocol": "http",
    "secure": False,
    "httpVersion": "1.1",
    "headers": {name.decode(): value.decode() for name, value in HEADERS},
    "query": {"page": "10", "tag": ["a", "b"], "filter": {"name": "bob"}, "empty": ""},
    "params": {"0": "7", "kind": "items"},
    "body": BODY,
}


class Engine:
    """QuickJS, with the request of `exchange` as `req`, made anew for each script."""

    def __init__(self) -> None:
        self._context = quickjs.Context()
        self._context.set_time_limit(60)
        self._context.eval(SHOW)

    def outcome(self, text: str) -> str:
        """What the script comes to or throws there."""
        self._context.eval(f"var req = {json.dumps(REQUEST)};")
        found: str = self._context.eval(f"outcome({json.dumps(text)})")
        return found
