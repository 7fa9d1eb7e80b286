"""Lowering of `proxy`: its options come from three places, and a service's own beat those of the action (D254)."""

from typing import Any

from egc.compiler.mends import renamed
from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Entry, Mapping, Node, Scalar
from egc.compiler.plan import Argument, Setting
from egc.compiler.policies import Policy
from egc.compiler.settings import Values, from_json, snake
from egc.compiler.spelling import meant

ALWAYS = ("changeOrigin", "prependPath", "ignorePath", "stripPath", "xfwd")
MILLISECONDS = frozenset(("proxyTimeout", "timeout"))
NOT_OPTIONS = frozenset(("serviceEndpoint", "strategy", "proxyOptions"))
WITHOUT_EFFECT = {
    "agent": "egc keeps its own connections to services",
    "buffer": "bodies are streamed",
    "ca": "name the file in `target.caFile`",
    "forward": "Express Gateway passed it on to a library that did not use it here",
    "followRedirect": "the option is called `followRedirects`",
    "selfHandleResponse": "the gateway always sends the service's answer",
    "ssl": "TLS for callers is set in `https.tls`",
}
"""Options that Express Gateway took and that changed nothing in it."""


def lower(
    policy: Policy, parameters: Mapping | None, service: ServiceEndpoint | None, values: Values
) -> tuple[Argument, ...]:
    """The arguments of a Proxy. Times are milliseconds in the configuration and seconds in the module."""
    merged: dict[str, Entry] = {}
    deprecated = parameters.get("proxyOptions") if parameters else None
    for source in (parameters, service.proxy_options if service else None, deprecated):
        for entry in source if isinstance(source, Mapping) else ():
            if entry.name not in NOT_OPTIONS and _known(entry, source, policy, values):
                merged[entry.name] = entry
    arguments = []
    for name, schema in policy.properties.items():
        written = merged.get(name)
        if written is not None and not _empty(written.value):
            arguments.append(Argument(snake(name), _setting(written, schema, values), written.key.span))
        elif name in ALWAYS:
            arguments.append(Argument(snake(name), from_json(schema["default"]), None))
    return tuple(arguments)


def _setting(entry: Entry, schema: dict[str, Any], values: Values) -> Setting:
    if entry.name in MILLISECONDS and isinstance(entry.value, Scalar):
        return values.lookup(entry.value, "number", divisor=1000)
    if entry.name == "target" and isinstance(entry.value, Mapping):
        return values.setting(_snake_keys(entry.value), schema)
    return values.setting(entry.value, schema)


def _snake_keys(target: Mapping) -> Mapping:
    """`keyFile` and its like as the runtime calls them."""
    return Mapping(
        tuple(Entry(Scalar(snake(entry.name), entry.key.span), entry.value) for entry in target), target.span
    )


def _empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None and not node.parts


def _known(entry: Entry, beside: Node | None, policy: Policy, values: Values) -> bool:
    if entry.name in policy.properties:
        return True
    if entry.name in WITHOUT_EFFECT:
        values.report.warning(
            "CO120",
            "option-without-effect",
            f"`{entry.name}` has no effect: {WITHOUT_EFFECT[entry.name]}",
            entry.key.span,
        )
        return False
    if entry.name == "condition":
        return False  # which validation has told
    help = meant(entry.name, policy.properties)
    # Express Gateway took any option; one that was meant to be another changes where requests go.
    tell = values.report.stricter if help else values.report.warning
    holder = beside if isinstance(beside, Mapping) else None
    served = not help or values.report.compat
    fix = renamed(values.report, entry.key.span, entry.name, policy.properties, holder, served=served)
    tell("CO104", "unknown-property", f"`proxy` has no option `{entry.name}`", entry.key.span, help=help, fix=fix)
    return False
