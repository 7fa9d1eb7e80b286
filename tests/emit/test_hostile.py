"""P1: configuration text never becomes code."""

import ast
import io
import json
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from egc.compiler import plan
from egc.compiler.diagnostics import Report
from egc.compiler.emit import emit
from egc.compiler.lower import lower
from egc.compiler.model import read
from egc.compiler.node import Node
from egc.compiler.resolve import resolve
from egc.compiler.settings import Values
from egc.compiler.source import Project, Source
from tests.emit.hostile import configurations

EXAMPLES = int(os.environ.get("EGC_P1_EXAMPLES", "500"))

ALLOWED = (
    ast.Module,
    ast.Expr,
    ast.ImportFrom,
    ast.alias,
    ast.Assign,
    ast.AnnAssign,
    ast.Call,
    ast.keyword,
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.BinOp,
    ast.Add,
    ast.Div,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.arguments,
    ast.arg,
    ast.Return,
    ast.Await,
    ast.If,
    ast.Compare,
    ast.IsNot,
    ast.Load,
    ast.Store,
)
"""What a module is made of; a subscript, a lambda or a formatted string would be a hole."""

COMMENT = re.compile(r"# (?:[ -~]*:)?L\d+|# default|# ---- [A-Za-z<>_:, ]+ -+")
METHODS = {
    "text",
    "port",
    "flag",
    "number",
    "integer",
    "url",
    "to_url",
    "to_number",
    "to_flag",
    "to_port",
    "data_dir",
    "start_directory",
    "join",
}


def compiled(gateway: Node, system: Node) -> tuple[plan.Gateway, dict[str, str]]:
    """What `compile_project` makes of two trees."""
    report = Report()
    values = Values({}, report)
    model = read(gateway, system, report)
    names = resolve(model, values)
    project = Project(Path(), Source("gateway.config.yml", b"", gateway), Source("system.config.yml", b"", system), {})
    planned = lower(model, names, values, project)
    assert [found.message for found in report if found.severity == "error"] == []
    return planned, emit(planned)


class Anything:
    """Stands in for everything that the module imports."""

    def __call__(self, *_: object, **__: object) -> "Anything":
        return self

    def __getattr__(self, _: str) -> "Anything":
        return self

    def __add__(self, _: object) -> "Anything":
        return self

    def __radd__(self, _: object) -> "Anything":
        return self

    def __truediv__(self, _: object) -> "Anything":
        return self


class Text(Anything):
    """`env`: its look-ups give text."""

    def text(self, _: str, default: str = "") -> str:
        return default


class Canary(BaseException):
    """Raised when configuration text ran."""


def canary(*_: object) -> None:
    raise Canary


def imported(name: str, *_: object) -> Any:
    stand_in = Anything()
    stand_in.__dict__["env"] = Text()
    return stand_in


def strings(value: object) -> Iterator[str]:
    """Every text of a plan."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)
    elif hasattr(value, "__dataclass_fields__"):
        for field in value.__dataclass_fields__:
            yield from strings(getattr(value, field))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(configurations())
def test_configuration_text_never_becomes_code(trees: tuple[Node, Node]) -> None:
    planned, files = compiled(*trees)
    json.loads(files["manifest.json"])
    for name in ("gateway.py", "gunicorn.conf.py"):
        module = ast.parse(files[name])
        nodes = list(ast.walk(module))
        allowed = (*ALLOWED, ast.Subscript) if name == "gunicorn.conf.py" else ALLOWED
        assert [type(node) for node in nodes if not isinstance(node, allowed)] == []
        assert {node.attr for node in nodes if isinstance(node, ast.Attribute)} <= METHODS | {
            "parent",
            "resolve",
            "on_starting",
            "beside",
        }
        known = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        known |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        known |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        loaded = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert loaded - known - {"x"} <= {"__file__", "list", "dict", "str"}
        comments = [
            token.string
            for token in tokenize.generate_tokens(io.StringIO(files[name]).readline)
            if token.type == tokenize.COMMENT
        ]
        if name == "gateway.py":
            assert [comment for comment in comments if not COMMENT.fullmatch(comment)] == []
            docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            written = {
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
            }
            fixed = {"", "http", "https", "admin", "admin.json", "always", "all", "path"}
            assert written - set(strings(planned)) <= fixed
            assert {endpoint.name for endpoint in planned.endpoints} <= written
            names = {"__builtins__": {"__import__": imported, "canary": canary}, "__file__": "", "__name__": "gateway"}
            exec(compile(module, name, "exec"), names)
