"""Lowering of `response-transformer`."""

from egc.compiler.header_names import check_changes
from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping
from egc.compiler.plan import Argument
from egc.compiler.policies import Policy
from egc.compiler.settings import Values


def lower(
    policy: Policy, parameters: Mapping | None, service: ServiceEndpoint | None, values: Values
) -> tuple[Argument, ...]:
    """The parameters as they are, once the names of headers have been looked at."""
    if parameters is not None:
        check_changes(parameters.get("headers"), values)
    return values.arguments(parameters, policy.properties)
