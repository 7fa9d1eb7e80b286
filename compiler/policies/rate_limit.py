"""Lowering of `rate-limit`: each step counts by itself unless it names a counter (D427)."""

from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Node, Scalar
from egc.compiler.plan import Argument, Table
from egc.compiler.policies import Policy
from egc.compiler.settings import Values


def lower(
    policy: Policy, parameters: Mapping | None, service: ServiceEndpoint | None, values: Values
) -> tuple[Argument, ...]:
    """The arguments of a RateLimit; the step's own name is the counter of one that names none."""
    arguments = tuple(_plain(argument, values) for argument in values.arguments(parameters, policy.properties))
    if not any(argument.keyword == "counter" for argument in arguments):
        arguments = (*arguments, Argument("counter", values.owner, None))
    given = _written(parameters, "delayAfter") or _written(parameters, "delayMs")
    if not given and _lets_two_pass(arguments) and values.place is not None:
        values.report.warning(
            "RL207",
            "delayed-by-default",
            "the second request of a window waits a second, the third two, and so on: delayAfter is 1 and delayMs 1000 "
            "where they are not given, as in Express Gateway",
            values.place,
            help="write `delayMs: 0` for no delays, or both for those that you want",
        )
    return arguments


def _plain(argument: Argument, values: Values) -> Argument:
    """`headers` as true or false: Express Gateway asked only whether there was something (D227)."""
    if argument.keyword != "headers" or not isinstance(argument.value, Table) or argument.span is None:
        return argument
    message = "`headers` is true or false here: what is in it is not read"
    values.report.warning("CO124", "wrong-type", message, argument.span)
    return Argument("headers", True, argument.span)


def _written(parameters: Mapping | None, name: str) -> bool:
    node: Node | None = parameters.get(name) if parameters is not None else None
    return node is not None and not (isinstance(node, Scalar) and node.value is None and not node.parts)


def _lets_two_pass(arguments: tuple[Argument, ...]) -> bool:
    return all(argument.value != 1 for argument in arguments if argument.keyword == "max")
