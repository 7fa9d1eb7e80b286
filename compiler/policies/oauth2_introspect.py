"""Lowering of `oauth2-introspect`: the time-out is milliseconds in the configuration and seconds in the module."""

from dataclasses import replace

from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Scalar
from egc.compiler.plan import Argument
from egc.compiler.policies import Policy
from egc.compiler.settings import Values


def lower(policy: Policy, parameters: Mapping, service: ServiceEndpoint | None, values: Values) -> tuple[Argument, ...]:
    """The arguments of an OAuth2Introspect."""
    endpoint = parameters.get("endpoint")
    if not isinstance(endpoint, Scalar) or not (endpoint.parts or endpoint.value):
        values.report.error("CO141", "missing-property", "`oauth2-introspect` needs `endpoint`", parameters.span)
    arguments = values.arguments(parameters, policy.properties)
    timeout = parameters.get("timeout")
    if not isinstance(timeout, Scalar):
        return arguments
    seconds = values.lookup(timeout, "integer", divisor=1000)
    return tuple(
        replace(argument, value=seconds) if argument.keyword == "timeout" else argument for argument in arguments
    )
