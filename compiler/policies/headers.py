"""Lowering of `headers`."""

from egc.compiler.header_names import check_added
from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Scalar
from egc.compiler.plan import Argument
from egc.compiler.policies import Policy
from egc.compiler.settings import Values


def lower(
    policy: Policy, parameters: Mapping | None, service: ServiceEndpoint | None, values: Values
) -> tuple[Argument, ...]:
    """The parameters as they are. The prefix is part of names, so it is known when the gateway is built."""
    if parameters is not None:
        message = "the policy `headers` is deprecated"
        help = "`headers.add` of request-transformer does the same"
        values.report.warning("ST803", "deprecated-policy", message, parameters.span, help=help)
    arguments = values.arguments(parameters, policy.properties)
    prefix = parameters.get("headersPrefix") if parameters is not None else None
    if isinstance(prefix, Scalar):
        text = values.shape(prefix)
        arguments = tuple(
            Argument(one.keyword, text, one.span) if one.keyword == "headers_prefix" else one for one in arguments
        )
    else:
        text = ""
    if parameters is not None:
        check_added(parameters.get("forwardHeaders"), values, prefix=text)
    return arguments
