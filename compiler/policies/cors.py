"""Lowering of `cors`: origins may be regular expressions."""

from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Node, Regexp, Scalar, Sequence
from egc.compiler.plan import Argument, Setting
from egc.compiler.policies import Policy
from egc.compiler.regexes import Untranslatable, safe
from egc.compiler.settings import Values


def lower(
    policy: Policy, parameters: Mapping | None, service: ServiceEndpoint | None, values: Values
) -> tuple[Argument, ...]:
    """The parameters, with the expressions of `origin` as patterns (D194)."""
    schema = policy.properties["origin"]
    origin = parameters.get("origin") if parameters is not None else None
    if origin is None or (isinstance(origin, Scalar) and not isinstance(origin.value, Regexp)):
        arguments = values.arguments(parameters, policy.properties)
    else:
        if isinstance(origin, Sequence):
            found: Setting = tuple(_entry(item, values) for item in origin)
        elif isinstance(origin, Scalar):
            found = _entry(origin, values)
        else:
            found = values.setting(origin, schema)
        others = {name: other for name, other in policy.properties.items() if name != "origin"}
        arguments = (Argument("origin", found, origin.span), *values.arguments(parameters, others))
    _warn_of_credentials(arguments, values)
    return arguments


def _entry(node: Node, values: Values) -> Setting:
    if not isinstance(node, Scalar) or not isinstance(node.value, Regexp):
        return values.setting(node, {"type": "string"})
    try:
        return safe(node.value.source, node.value.flags, one_line=True)
    except Untranslatable as error:
        values.report.error("CO117", "invalid-pattern", f"this pattern does not compile: {error}", node.span)
        return None


def _warn_of_credentials(arguments: tuple[Argument, ...], values: Values) -> None:
    """Credentials of a browser, for pages of any origin: allowed for all, or for none."""
    settings = {argument.keyword: argument for argument in arguments}
    credentials = settings.get("credentials")
    origin = settings["origin"].value
    if credentials is None or credentials.value is not True or credentials.span is None:
        return
    if origin is True:
        message = "pages of every origin may send the user's cookies and read what comes back"
    elif origin == "*":
        message = "browsers refuse every answer to a request with credentials where `origin` is `*`"
    else:
        return
    values.report.warning(
        "SC104", "cors-credentials-wildcard", message, credentials.span, help="list the origins that may, in `origin`"
    )
