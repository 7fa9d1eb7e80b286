"""P1 for scripts: whatever a script's text is, what is written for it does nothing but call `js`."""

import ast
import os
import re
from typing import cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egc.compiler.javascript import Kind, compile_script
from egc.runtime import javascript
from tests.emit.hostile import TRAPS

EXAMPLES = int(os.environ.get("EGC_P1_EXAMPLES", "500"))

SLOTS = (
    "{0}",
    "'{0}'",
    '"{0}"',
    "`{0}`",
    "`a${{ {0} }}{1}`",
    "/{0}/.test(req.url)",
    "req.{0}",
    'req["{0}"]',
    "req.headers['{0}'] = '{1}'",
    "{0} = '{1}'",
    "let {0} = 1; {0} + {1}",
    "var {0}; {0}",
    "({{ {0}: '{1}', '{1}': 2 }})",
    "[1].map({0} => {0} + '{1}')",
    "function {0}({1}) {{ return {1} }} {0}(1)",
    "// {0}\n1",
    "/* {0} */ '{1}'",
    "if (req.method === '{0}') {{ res.send('{1}') }}",
    "try {{ {0}() }} catch ({1}) {{ {1} }}",
    "delete req.{0}; typeof {1}",
    "req?.{0} ?? x.{1}",
)
WORDS = (
    *TRAPS,
    "class_",
    "__class__",
    "constructor",
    "__proto__",
    "js",
    "t1",
    "f1",
    "req",
    "scope",
    "self",
    "lambda",
    "eval",
)
OWN = re.compile(
    r"js|x|req|res|scope|this|arguments|Exchange|None|str|script_pattern_\d+|t\d+|f\d+|[A-Za-z0-9_$]*_(?:\d+)?",
    re.ASCII,
)

STATEMENTS = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AnnAssign, ast.Expr, ast.If),
    *(ast.Try, ast.ExceptHandler, ast.Raise, ast.Pass, ast.Nonlocal),
    *(ast.Call, ast.keyword, ast.Name, ast.Attribute, ast.Constant, ast.Tuple, ast.Dict, ast.Load, ast.Store),
    *(ast.Compare, ast.BoolOp, ast.UnaryOp, ast.And, ast.Or, ast.Not, ast.USub, ast.IfExp),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn),
)
"""What a script is written with; an import, a subscript, a lambda or a formatted string would be a hole."""

word = st.sampled_from(WORDS) | st.lists(st.sampled_from(WORDS), max_size=3).map("".join)
script = st.lists(
    st.tuples(st.sampled_from(SLOTS), word, word).map(lambda made: made[0].format(made[1], made[2])), max_size=3
).map("; ".join)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script, st.sampled_from(["expression", "template", "program"]))
def test_the_text_of_a_script_never_becomes_code(text: str, kind: str) -> None:
    made = compile_script(text, cast("Kind", kind), "script")
    written = "\n".join([*made.before, f"{made.head}\n{made.body}"])
    assert written.isascii()
    module = ast.parse(written)
    nodes = list(ast.walk(module))
    assert {type(node).__name__ for node in nodes if not isinstance(node, STATEMENTS)} == set()
    names = {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.name for node in nodes if isinstance(node, ast.FunctionDef)
    }
    assert {name for name in names - {"script"} if not OWN.fullmatch(name)} == set()
    for node in nodes:
        if isinstance(node, ast.Attribute):
            assert isinstance(node.value, ast.Name)
            assert node.value.id in ("js", "x")
            if node.value.id == "js":
                assert hasattr(javascript, node.attr), node.attr
            else:
                assert not node.attr.startswith("_")
        elif isinstance(node, ast.Call):
            # Only `js` is called: what scripts call goes through its own functions.
            assert isinstance(node.func, ast.Attribute)
            assert isinstance(node.func.value, ast.Name)
            assert node.func.value.id == "js"
