"""Conditions of the configuration as conditions of the plan; what is known at build is decided here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from egc.compiler import plan
from egc.compiler.conditions import ConditionKind, children
from egc.compiler.diagnostics import Span
from egc.compiler.names import Names
from egc.compiler.names import plain as plain_name
from egc.compiler.node import Mapping, Scalar
from egc.compiler.plan import Argument
from egc.compiler.settings import Values


@dataclass(frozen=True, slots=True)
class Lowering:
    """Lowers the condition of one step; `place` is `<pipeline>_<position>`."""

    place: str
    variables: Names
    values: Values

    def condition(self, node: Mapping) -> plan.Condition:
        """The condition of a node, in which every name is known."""
        name = node.get("name")
        kind = self.values.known.conditions.get(self.values.shape(name)) if isinstance(name, Scalar) else None
        span = name.span if name is not None else node.span
        if kind is None or kind.fixed is not None:
            return plan.Fixed(kind is None or bool(kind.fixed), span)
        if kind.joins == "not":
            inner = [self.condition(child) for child in children(node)]
            return _negated(inner[0], span) if inner else plan.Fixed(True, span)
        if kind.joins:
            return self._joined(kind.joins, [self.condition(child) for child in children(node)], span)
        return self._check(kind, node)

    def _check(self, kind: ConditionKind, node: Mapping) -> plan.Condition:
        variable = self.variables.make(f"{self.place}_if_{plain_name(kind.name)}", "condition")
        special = None if kind.plugin else _special(kind.name)
        with self.values.naming(variable, self.variables):
            if special is not None:
                arguments = special(kind, node, self.values)
            else:
                arguments = self.values.arguments(node, kind.properties)
        name = node.get("name")
        span = name.span if name is not None else node.span
        return plan.Check(variable, kind.name, kind.class_name, kind.module, arguments, kind.waits, span)

    def _joined(self, word: str, inner: list[plan.Condition], span: Span) -> plan.Condition:
        """A junction without what does not matter: behind the first fixed answer that decides it, nothing is asked."""
        decides = word == "or"
        kept: list[plan.Condition] = []
        for child in inner:
            if not isinstance(child, plan.Fixed):
                kept.append(child)
            elif child.holds is decides:
                if all(self.values.known.conditions[check.condition].pure for one in kept for check in checks(one)):
                    return plan.Fixed(decides, span)
                kept.append(child)
                break
        if not kept:
            return plan.Fixed(not decides, span)
        return kept[0] if len(kept) == 1 else plan.Joined("or" if decides else "and", tuple(kept), span)


def checks(condition: plan.Condition | None) -> Iterator[plan.Check]:
    """The checks of a condition, from left to right."""
    if isinstance(condition, plan.Check):
        yield condition
    elif isinstance(condition, plan.Joined):
        for child in condition.children:
            yield from checks(child)


def _negated(inner: plan.Condition, span: Span) -> plan.Condition:
    if isinstance(inner, plan.Fixed):
        return plan.Fixed(not inner.holds, span)
    return plan.Joined("not", (inner,), span)


@cache
def _special(condition: str) -> Callable[[ConditionKind, Mapping, Values], tuple[Argument, ...]] | None:
    """The lowering of a condition that has a file of its own beside the schema's generic rule."""
    name = f"egc.compiler.conditions.{plain_name(condition)}"
    if find_spec(name) is None:
        return None
    found: Callable[[ConditionKind, Mapping, Values], tuple[Argument, ...]] = import_module(name).lower
    return found
