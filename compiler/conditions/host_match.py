"""Lowering of the condition `hostMatch`."""

from egc.compiler.conditions import ConditionKind
from egc.compiler.globs import glob_pattern
from egc.compiler.node import Mapping, Scalar
from egc.compiler.plan import Argument
from egc.compiler.regexes import Untranslatable
from egc.compiler.settings import Values


def lower(kind: ConditionKind, condition: Mapping, values: Values) -> tuple[Argument, ...]:
    """The glob as a pattern of the module."""
    node = condition.get("pattern")
    if not isinstance(node, Scalar):
        return ()
    try:
        return (Argument("pattern", glob_pattern(values.shape(node)), node.span),)
    except Untranslatable as error:
        values.report.error("CO117", "invalid-pattern", f"this pattern does not compile: {error}", node.span)
        return ()
