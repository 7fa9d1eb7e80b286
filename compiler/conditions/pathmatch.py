"""Lowering of the condition `pathmatch`."""

from egc.compiler.conditions import ConditionKind
from egc.compiler.node import Mapping, Scalar
from egc.compiler.patterns3 import match3
from egc.compiler.plan import Argument
from egc.compiler.regexes import Untranslatable
from egc.compiler.settings import Values


def lower(kind: ConditionKind, condition: Mapping, values: Values) -> tuple[Argument, ...]:
    """The path as a pattern of the module, and the names of its parameters."""
    node = condition.get("match")
    if not isinstance(node, Scalar):
        return ()
    try:
        pattern, names = match3(values.shape(node))
    except Untranslatable as error:
        values.report.error("CO117", "invalid-pattern", f"this path does not compile: {error}", node.span)
        return ()
    return (Argument("match", pattern, node.span), Argument("names", names, node.span))
