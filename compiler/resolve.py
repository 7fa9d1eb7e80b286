"""Names become objects: steps know their policy and service, endpoints their pipeline, variables stay symbolic."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from egc.compiler.conditions import children
from egc.compiler.diagnostics import Fix, Related, Span
from egc.compiler.mends import added, dropped, mentioned, renamed
from egc.compiler.model import Action, Definition, Model, PipelineText, ServiceEndpoint
from egc.compiler.model import text as spelled
from egc.compiler.node import Mapping, Scalar
from egc.compiler.policies import Policy
from egc.compiler.settings import Values
from egc.compiler.spelling import meant

# fmt: off
METHODS = frozenset((
    "ACL", "BIND", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE",
    "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE",
    "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK", "UNLOCK",
    "UNSUBSCRIBE",
))
# fmt: on
"""The methods that Node 20 and so Express know (D79)."""

_PLAIN_PATH = re.compile(r"[\w/~%-]*(?![?+{])", re.ASCII)
_INTEGER_LIKE = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A step with its objects."""

    policy: Policy
    action: Action
    service: ServiceEndpoint | None


@dataclass(frozen=True, slots=True)
class Flow:
    """A pipeline with its steps resolved."""

    text: PipelineText
    steps: tuple[Resolved, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of a model mean: the pipeline of each apiEndpoint, and the policies that are listed."""

    flows: tuple[Flow, ...]
    flow_of: dict[str, Flow]
    listed: dict[str, Span]


def resolve(model: Model, values: Values) -> Names:
    """Look up every name; what names nothing is reported."""
    listed = _listed(model, values)
    values.known.tell(values.report)
    _order(model, values)
    services = {service.name: service for service in model.services}
    signed = signs_tokens(model, values)
    endpoints: dict[str, list[Definition]] = {}
    for definition in model.definitions:
        endpoints.setdefault(definition.name, []).append(definition)
    flows = []
    flow_of: dict[str, Flow] = {}
    taken: dict[str, Scalar] = {}
    for text in model.pipelines:
        flow = Flow(text, tuple(_oauth2(step, signed, values) for step in _steps(text, listed, services, values)))
        flows.append(flow)
        for scalar in text.endpoints:
            name = values.shape(scalar)
            if name not in endpoints:
                _unknown_endpoint(name, scalar, endpoints, values)
                continue
            if name in taken and flow_of[name] is not flow:
                values.report.warning(
                    "RT104",
                    "endpoint-in-two-pipelines",
                    f"`{name}` is in two pipelines; only the last, `{text.name}`, serves it",
                    taken[name].span,
                    related=(Related(scalar.span, "it is taken here"),),
                )
            taken[name] = scalar
            flow_of[name] = flow
    unused = {name: definitions for name, definitions in endpoints.items() if name not in flow_of}
    named = mentioned(values.report.trees.values(), "apiEndpoints") if unused else set()
    for name, definitions in unused.items():
        values.report.warning(
            "RT105",
            "unused-endpoint",
            f"`{name}` is in no pipeline: it answers 404, and ends the search for another endpoint",
            definitions[0].span,
            fix=_removal(name, definitions, model, named, values),
        )
    return Names(tuple(flows), flow_of, listed)


def _removal(name: str, definitions: list[Definition], model: Model, named: set[str], values: Values) -> Fix | None:
    """The fix that removes an endpoint; what it answered with 404 may be another endpoint's then.

    None where a pipeline names one that there is not: it may mean this one; nor where something that is not read, such
    as a pipeline within another, names it.
    """
    if name in named:
        return None
    known = {one.name for one in model.definitions}
    if any(spelled(scalar) not in known for pipeline in model.pipelines for scalar in pipeline.endpoints):
        return None
    others = [one for one in model.definitions if one.name != name]
    safe = not any(_may_meet(one, other) for one in definitions for other in others)
    return dropped(values.report, definitions[0].span, f"remove `{name}`", safe=safe)


def _may_meet(one: Definition, other: Definition) -> bool:
    """Whether two definitions might take the same request, as far as is plain to see."""
    hosts = [str(each.host.value).lower() if each.host and not each.host_regex else "*" for each in (one, other)]
    if hosts[0] != hosts[1] and not any("*" in host for host in hosts):
        return False
    mine, its = _beginnings(one), _beginnings(other)
    return any(a.startswith(b) or b.startswith(a) for a in mine for b in its)


def _beginnings(definition: Definition) -> list[str]:
    """What the paths of a definition begin with, up to the first sign that is none of a plain path."""
    if definition.path_regex is not None or not definition.paths:
        return [""]
    found = (_PLAIN_PATH.match(str(path.value)) for path in definition.paths)
    return [match[0].rstrip("/").lower() if match else "" for match in found]


def methods(definition: Definition, values: Values) -> tuple[str, ...] | None:
    """The methods of a definition in upper case, or None for all (D79)."""
    if definition.methods is None:
        return None
    found: list[str] = []
    for scalar in definition.methods:
        for word in values.shape(scalar).split(","):
            method = word.strip().upper()
            if method in ("*", "ALL") and len(definition.methods) == 1:
                return None
            if method and method not in METHODS:
                values.report.error("CO115", "unknown-method", f"there is no method `{word.strip()}`", scalar.span)
            elif method and method not in found:
                found.append(method)
    return tuple(found) or None


def _listed(model: Model, values: Values) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for scalar in model.policies:
        name = values.shape(scalar)
        found.setdefault(name, scalar.span)
        if name not in values.known.policies:
            values.report.error(
                "CO103",
                "unknown-policy",
                f"there is no policy `{name}`; {_perhaps(values)}",
                scalar.span,
                help=meant(name, values.known.policies),
                fix=renamed(values.report, scalar.span, name, values.known.policies),
            )
    return found


def _perhaps(values: Values) -> str:
    """Who may have brought a name that is not known."""
    missing = " or ".join(f"`{name}`" for name in values.known.missing[:3])
    if missing:
        return f"it may belong to the plugin {missing}, which is not here"
    return "policies of Express Gateway plugins are not compiled"


def _order(model: Model, values: Values) -> None:
    """D15: Express Gateway reads names that look like indexes first, in the order of their numbers."""
    for kind, named in (("apiEndpoints", model.definitions), ("pipelines", model.pipelines)):
        named_spans: Sequence[Definition | PipelineText] = named
        names = list(dict.fromkeys(item.name for item in named_spans))
        numbers = sorted((name for name in names if _INTEGER_LIKE.fullmatch(name)), key=int)
        if numbers and names != numbers + [name for name in names if name not in numbers]:
            values.report.warning(
                "MG902",
                "behaviour-differs",
                f"Express Gateway reads the {kind} whose names are numbers first; egc keeps the order of the file",
                next(item.span for item in named_spans if item.name == numbers[0]),
            )


def _steps(
    text: PipelineText, listed: dict[str, Span], services: dict[str, ServiceEndpoint], values: Values
) -> Iterator[Resolved]:
    for action in text.actions:
        name = values.shape(action.policy)
        policy = values.known.policies.get(name)
        if name not in listed:
            values.report.error(
                "CO102",
                "policy-not-whitelisted",
                f"`{name}` is not in the list `policies` at the top, so Express Gateway does not start",
                action.policy.span,
                help=f"add `- {name}` to `policies`" if policy else meant(name, listed),
                fix=_listing(name, listed, values)
                if policy
                else renamed(values.report, action.policy.span, name, listed),
            )
        if policy is None:
            continue
        service = _service(action, services, values) if "service" in policy.takes else None
        if action.condition is not None:
            _condition(action.condition, values)
        yield Resolved(policy, action, service)


def _listing(name: str, listed: dict[str, Span], values: Values) -> Fix | None:
    """The fix that lists a policy behind those that are."""
    edit = added(values.report, next(iter(listed.values())), name) if listed else None
    return Fix(f"add `{name}` to `policies`", (edit,), safe=True) if edit else None


def signs_tokens(model: Model, values: Values) -> bool:
    """Whether access tokens are JSON web tokens (C28)."""
    tokens = model.system.get("accessTokens")
    kind = tokens.get("tokenType") if isinstance(tokens, Mapping) else None
    return isinstance(kind, Scalar) and values.shape(kind) == "jwt"


def _oauth2(step: Resolved, signed: bool, values: Values) -> Resolved:
    """What `oauth2` is: where access tokens are JSON web tokens, `jwt` with the parameters below `jwt` (D240)."""
    if step.policy.name != "oauth2" or step.policy.plugin:
        return step
    parameters = step.action.parameters or Mapping((), step.action.span)
    found, passes = parameters.entry("jwt"), parameters.entry("passThrough")
    if not signed:
        if found is not None:
            message = "`jwt` has no effect: accessTokens.tokenType of system.config is not jwt"
            values.report.warning("CO120", "option-without-effect", message, found.key.span)
        return step
    if found is None or not isinstance(found.value, Mapping):
        values.report.error(
            "CO141",
            "missing-property",
            "`oauth2` needs `jwt`, for access tokens are JSON web tokens",
            step.action.span,
            help="say how they are verified: `jwt: {secretOrPublicKey: ..., checkCredentialExistence: false}`",
        )
        return step
    if passes is not None:
        message = "`passThrough` has no effect here, for access tokens are JSON web tokens"
        help = "write it below `jwt`"
        values.report.warning("CO120", "option-without-effect", message, passes.key.span, help=help)
    return Resolved(values.known.policies["jwt"], replace(step.action, parameters=found.value), None)


def _service(action: Action, services: dict[str, ServiceEndpoint], values: Values) -> ServiceEndpoint | None:
    node = action.parameters.get("serviceEndpoint") if action.parameters else None
    if not isinstance(node, Scalar) or (node.value is None and not node.missing):
        values.report.warning(
            "CO121",
            "proxy-without-service",
            f"this `{action.policy.value}` names no serviceEndpoint: it answers 502 to every request",
            action.span,
        )
        return None
    name = values.shape(node)
    if name not in services:
        values.report.error(
            "CO106",
            "unknown-service-endpoint",
            f"there is no serviceEndpoint `{name}`",
            node.span,
            help=meant(name, services),
            fix=renamed(values.report, node.span, name, services),
        )
    return services.get(name)


def _condition(condition: Mapping, values: Values) -> None:
    """Look up the name of a condition, and of those inside of it."""
    node = condition.get("name")
    name = values.shape(node) if isinstance(node, Scalar) else ""
    kind = values.known.conditions.get(name)
    if kind is None:
        values.report.error(
            "CO128",
            "unknown-condition",
            f"there is no condition `{name}`" + (f"; {_perhaps(values)}" if values.known.missing else ""),
            condition.span if node is None else node.span,
            help=meant(name, values.known.conditions),
            fix=None if node is None else renamed(values.report, node.span, name, values.known.conditions),
        )
    elif kind.joins:
        for child in children(condition):
            _condition(child, values)


def _unknown_endpoint(name: str, scalar: Scalar, endpoints: dict[str, list[Definition]], values: Values) -> None:
    values.report.warning(
        "CO105",
        "unknown-api-endpoint",
        f"there is no apiEndpoint `{name}`; this line does nothing",
        scalar.span,
        help=meant(name, endpoints),
        fix=renamed(values.report, scalar.span, name, endpoints, served=True)
        or dropped(values.report, scalar.span, "remove the line", safe=True),
    )
