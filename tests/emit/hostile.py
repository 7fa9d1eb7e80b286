"""Configurations that try to get out of their strings, as located trees: every slot that takes text holds a trap."""

from typing import Any

from hypothesis import strategies as st

from egc.compiler.diagnostics import Span
from egc.compiler.globs import glob_pattern
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence, Variable
from egc.compiler.paths import host_regex, path_pattern, path_regex
from egc.compiler.regexes import Untranslatable

TRAPS = (
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "\\\\",
    '\\"',
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\x1a",
    "\x0c",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\ufeff",
    "\ud800",
    "\udfff",
    "\U0001f600",
    "é",
    "ﬁ",
    "{",
    "}",
    "{{ canary() }}",
    "{% for x in y %}",
    "{# #}",
    "{0}",
    "%s",
    "%(x)s",
    "${",
    "$${X}",
    "f'{canary()}'",
    "#",
    "# type: ignore",
    "# fmt: off",
    "# noqa",
    ")",
    "(",
    ",",
    ":",
    ";",
    "canary()",
    '" + canary() + "',
    "')\ncanary()\n('",
    '"""\ncanary()\n"""',
    "\\N{BULLET}",
    "\\x41",
    "\\u0041",
    "__import__('os')",
    "None",
    "class",
    "import",
    "app",
    "store",
    "x",
    "Gateway",
    "print",
    "coding: utf-7",
    " ",
    "a",
    "0",
)

text = st.lists(st.sampled_from(TRAPS) | st.text(st.characters(), max_size=4), max_size=6).map("".join)
name = text.map(lambda value: value or "a")


def _compiles(make: Any) -> Any:
    def works(value: str) -> bool:
        try:
            make(value)
        except Untranslatable:
            return False
        return True

    return works


path = text.map(lambda value: "/" + value).filter(_compiles(path_pattern))
regex = (text.map(lambda value: "^" + value) | text.map(lambda value: "[" + value + "]")).filter(_compiles(path_regex))
host = text.filter(_compiles(host_regex))
url = st.text(st.sampled_from("abc/?&=%'\"\\{}$()#;:@._-"), max_size=12).map(lambda value: "http://h/" + value)


@st.composite
def value(draw: st.DrawFn, inner: st.SearchStrategy[str] = text) -> Node:
    """A scalar with hostile text, or with a hostile default of a variable."""
    written = draw(inner)
    if draw(st.booleans()):
        return Scalar(written, HERE)
    before, default = draw(text), draw(text)
    parts: tuple[str | Variable, ...] = (Variable("NAME", default or None),)
    if before:
        parts = (before, *parts)
    return Scalar(before + default, HERE, parts, () if default else ("NAME",))


HERE = Span("gateway.config.yml", 3, 1, 3, 2)


def tree(data: object) -> Node:
    """A located tree of plain data; nodes inside of it stay."""
    if isinstance(data, Mapping | Sequence | Scalar):
        return data
    if isinstance(data, dict):
        return Mapping(tuple(Entry(Scalar(key, HERE), tree(item)) for key, item in data.items()), HERE)
    if isinstance(data, list):
        return Sequence(tuple(tree(item) for item in data), HERE)
    assert data is None or isinstance(data, str | int | float | bool)
    return Scalar(data, HERE)


@st.composite
def configurations(draw: st.DrawFn) -> tuple[Node, Node]:
    """A gateway and a system file that compile, whatever their texts are."""
    service_names = draw(st.lists(name, min_size=1, max_size=3, unique=True))
    endpoint_names = draw(st.lists(name, min_size=1, max_size=3, unique=True))
    endpoints: dict[str, object] = {}
    for endpoint in endpoint_names:
        definition: dict[str, object] = {"scopes": draw(st.lists(text, max_size=2)), draw(name): draw(text)}
        definition[draw(st.sampled_from(["host", "hostRegex"]))] = draw(host)
        if draw(st.booleans()):
            definition["paths"] = draw(st.lists(path, max_size=2))
        else:
            definition["pathRegex"] = draw(regex)
        endpoints[endpoint] = definition
    services = {
        service: {
            "url": draw(url),
            "proxyOptions": {
                "headers": draw(st.dictionaries(name, value(), max_size=2)),
                "auth": draw(value()),
                "target": {draw(name): draw(value())},
            },
        }
        for service in service_names
    }
    steps: list[object] = [
        {"oauth2": [{"action": {"passThrough": draw(st.booleans())}}]},
        {"terminate": {"condition": {"name": "never"}}},
        {
            "proxy": {
                "action": {
                    "serviceEndpoint": draw(st.sampled_from(service_names)),
                    "timeout": draw(st.integers(1, 10**9)),
                }
            }
        },
    ]
    answer = [{"terminate": {"action": {"message": draw(value()), "statusCode": draw(st.integers(200, 599))}}}]
    pipelines = {
        draw(name): {"apiEndpoints": endpoint_names[:1], "policies": steps},
        draw(name): {"apiEndpoints": endpoint_names[1:], "policies": answer},
    }
    certificate = {"key": draw(value(name)), "cert": draw(value(name)), "ca": [draw(value())]}
    gateway = {
        "http": {"port": 8080, "hostname": draw(value(name))},
        "https": {
            "tls": {draw(name.filter(_compiles(glob_pattern))): certificate},
            "options": {"ciphers": draw(value())},
        },
        "admin": {"port": 9876, "allowedHosts": [draw(value())], "auth": {"keyDigest": draw(value(name))}},
        "apiEndpoints": endpoints,
        "serviceEndpoints": services,
        "policies": ["oauth2", "proxy", "terminate"],
        "pipelines": pipelines,
    }
    system = {"oauth2": {"grants": ["implicit"], "issuer": draw(value())}}
    return tree(gateway), tree(system)
