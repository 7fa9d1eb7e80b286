"""Lowering of the condition `regexpmatch`."""

from egc.compiler.conditions import ConditionKind
from egc.compiler.node import Mapping, Scalar
from egc.compiler.plan import Argument
from egc.compiler.regexes import Untranslatable, safe
from egc.compiler.settings import Values


def lower(kind: ConditionKind, condition: Mapping, values: Values) -> tuple[Argument, ...]:
    """The expression as a pattern of the module; one that is invalid or could hold a worker is an error."""
    node = condition.get("match")
    if not isinstance(node, Scalar):
        return ()
    try:
        return (Argument("match", safe(values.shape(node), one_line=True), node.span),)
    except Untranslatable as error:
        values.report.error("CO117", "invalid-pattern", f"this pattern does not compile: {error}", node.span)
        return ()
