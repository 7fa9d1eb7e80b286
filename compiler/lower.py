"""From the model to the plan. A policy's parameters become keyword arguments, in the order of its schema."""

import ipaddress
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from egc.compiler import plan
from egc.compiler.conditions.lowering import Lowering
from egc.compiler.consumers import models
from egc.compiler.diagnostics import Fix, Related, Span
from egc.compiler.globs import glob_pattern, is_plain
from egc.compiler.identity import identity
from egc.compiler.mends import added, apart, dropped, moved, text_in
from egc.compiler.model import Definition, Model, Section, ServiceEndpoint, text
from egc.compiler.names import Names as Variables
from egc.compiler.names import plain as plain_name
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence
from egc.compiler.paths import ANY, half_anchored, host_pattern, host_regex, never_matches, path_pattern, path_regex
from egc.compiler.plan import Argument
from egc.compiler.policies.jwt import check_key_file
from egc.compiler.policies.rewrite import targets
from egc.compiler.regexes import Untranslatable
from egc.compiler.resolve import Flow, Names, Resolved, methods, signs_tokens
from egc.compiler.settings import Values, snake
from egc.compiler.shared_store import shared_store
from egc.compiler.source import Project

GRANTS = ("authorization_code", "implicit", "password", "client_credentials", "refresh_token")
ADMIN_PORT = 9876

_TLS_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "requestCert": ("request_cert", {"type": "boolean"}),
    "rejectUnauthorized": ("reject_unauthorized", {"type": "boolean"}),
    "ciphers": ("ciphers", {"type": "string"}),
    "minVersion": ("min_version", {"type": "string", "enum": ["TLSv1.2", "TLSv1.3"]}),
}
_LIFETIMES = (
    ("access_ttl", "accessTokens", 720_000),
    ("refresh_ttl", "refreshTokens", 720_000),
    ("code_ttl", "authorizationCodes", 300_000),
)
_MILLISECONDS = 1000
_SIGNING = (
    "secretOrPrivateKey",
    "secretOrPrivateKeyFile",
    "algorithm",
    "issuer",
    "subject",
    "audience",
)

Pattern = TypeVar("Pattern", plan.PathPattern, plan.HostPattern)


def lower(model: Model, names: Names, values: Values, project: Project) -> plan.Gateway:
    """The plan of a configuration.

    Arguments:
        model, names: what was written, and what its names mean.
        values: turns nodes into settings; holds the report.
        project: the files that were read.
    """
    variables = Variables()
    listeners = tuple(_listeners(model, values))
    endpoints = [
        (
            definition,
            plan.Endpoint(
                variables.make(definition.name, "endpoint"),
                definition.name,
                tuple(dict.fromkeys(values.shape(scope) for scope in definition.scopes)),
                plan.Table(()),
                definition.span,
            ),
        )
        for definition in model.definitions
    ]
    services = {
        service.name: plan.Service(
            variables.make(service.name, "service"), service.name, tuple(_urls(service, values)), (), service.span
        )
        for service in model.services
    }
    plugins = {plugin.name: plugin for plugin in _plugins(variables, values)}
    objects = {plugin.name: plan.Reference(plugin.variable) for plugin in plugins.values()}
    pipelines = {id(flow): _pipeline(flow, services, objects, variables, values) for flow in names.flows}
    if any("apiEndpoint" in script.text for script in values.scripts):
        endpoints = [
            (definition, replace(endpoint, properties=_properties(definition, values)))
            for definition, endpoint in endpoints
        ]
    routes = tuple(_routes(endpoints, names, pipelines, values))
    _check_strip_path(routes, values)
    _check_preflights(routes, model, values)
    authorization = _authorization(model, names, values)
    administration = _administration(model, project, values)
    owners: list[plan.Plugin | plan.Step] = [*plugins.values()]
    owners += [step for pipeline in pipelines.values() for step in pipeline.steps]
    needs_store = bool(
        authorization or administration or any(plan.Reference("store") in owner.positional for owner in owners)
    )
    found = {source.name: sha256(source.data).hexdigest() for source in project.sources}
    for plugin in values.known.plugins:
        found |= dict(plugin.files)
    sources = tuple(found.items())
    return plan.Gateway(
        project.gateway.name,
        sha256("".join(f"{name} {digest}\n" for name, digest in sources).encode()).hexdigest(),
        listeners,
        tuple(endpoint for _, endpoint in endpoints),
        tuple(services.values()),
        shared_store(model, values) if needs_store else None,
        authorization,
        administration,
        _functions(values),
        tuple(pipelines.values()),
        routes,
        (*_options(model, values), *_metrics(model, administration, pipelines.values(), values)),
        tuple(plan.Variable(name, value) for name, value in sorted(values.resolved.items())),
        sources,
        tuple(dict.fromkeys(_files(model, project.directory, authorization, values))),
        tuple(plugins.values()),
    )


def _plugins(variables: Variables, values: Values) -> Iterator[plan.Plugin]:
    """The objects of plugins, with their settings."""
    for plugin in values.known.plugins:
        if plugin.class_name:
            variable = variables.make(plugin.name, "plugin")
            with values.naming(variable, variables, plugin.span):
                arguments = values.arguments(plugin.settings, plugin.schema.get("properties", {}))
            taken = tuple(plan.Reference(name) for name in plugin.takes)
            yield plan.Plugin(variable, plugin.name, plugin.class_name, plugin.package, taken, arguments, plugin.span)


def _functions(values: Values) -> tuple[plan.Function, ...]:
    if not values.scripts:
        return ()
    # The parser is loaded only where there is something to parse.
    from egc.compiler.scripts import functions

    return tuple(functions(values.scripts, values.report))


# ---- Listeners


def _listeners(model: Model, values: Values) -> Iterator[plan.Listener]:
    for name, section in model.listeners:
        if name == "admin":
            yield plan.Listener("admin", _admin_address(section, values), section.span)
        elif name == "http":
            yield plan.Listener("http", tuple(_address(section, values)), section.span)
        elif (tls := section.values.get("tls")) is None or isinstance(tls, Scalar):
            values.report.warning(
                "CO130", "https-without-tls", "without `tls` there is no https listener", section.span
            )
        else:
            arguments = (*_address(section, values), *_tls(section, values))
            yield plan.Listener("https", arguments, section.span)


def _address(section: Section, values: Values) -> Iterator[Argument]:
    """Interface, port and trusted proxies of http and https (D22, D23)."""
    host = section.values.get("hostname")
    if isinstance(host, Scalar) and (host.value or host.parts):
        yield Argument("host", values.lookup(host, "text"), host.span)
    yield _port(section, 0, values)
    proxies = section.values.get("trustedProxies")
    if proxies is not None:
        yield Argument("trusted_proxies", tuple(_networks(proxies, values)), proxies.span)


def _port(section: Section, default: int, values: Values) -> Argument:
    port = section.values.get("port")
    if not isinstance(port, Scalar):
        return Argument("port", default, None)
    return Argument("port", values.lookup(port, "port"), port.span)


def _networks(node: Node, values: Values) -> Iterator[plan.Setting]:
    for item in node if isinstance(node, Sequence) else (node,):
        if not isinstance(item, Scalar):
            continue
        network = values.lookup(item, "text")
        if isinstance(network, str):
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                message = f"`{network}` is no IP address or network"
                values.report.error("CO132", "no-network", message, item.span, help="write 10.0.0.0/8 or 192.0.2.7")
        yield network


def _tls(section: Section, values: Values) -> Iterator[Argument]:
    """Certificates in the order of the file, and the options that the listener knows (D25-D29)."""
    tls = section.values.get("tls")
    if isinstance(tls, Mapping):
        yield Argument("certificates", tuple(_certificate(entry, values) for entry in tls), tls.span)
    options = section.values.get("options")
    for entry in options if isinstance(options, Mapping) else ():
        if entry.name in _TLS_OPTIONS:
            keyword, schema = _TLS_OPTIONS[entry.name]
            yield Argument(keyword, values.setting(entry.value, schema), entry.key.span)
        elif entry.name == "honorCipherOrder":
            message = "`honorCipherOrder` has no effect: egc always takes its own order"
            values.report.warning("CO120", "option-without-effect", message, entry.key.span)
        else:
            message = f"this version of egc does not know the TLS option `{entry.name}`"
            values.report.error("MG907", "unsupported-tls-option", message, entry.key.span)


def _certificate(entry: Entry, values: Values) -> plan.Setting:
    arguments = []
    if entry.name != "default" and not is_plain(entry.name):
        try:
            arguments.append(Argument("matches", glob_pattern(entry.name), entry.key.span))
        except Untranslatable as error:
            values.report.error("CO117", "invalid-pattern", f"this name does not compile: {error}", entry.key.span)
    node = entry.value
    for name in ("key", "cert"):
        file = node.get(name) if isinstance(node, Mapping) else None
        if isinstance(file, Scalar) and (file.value or file.parts):
            arguments.append(Argument(name, values.lookup(file, "text"), file.span))
        else:
            message = f"the certificate `{entry.name}` needs `key` and `cert`"
            values.report.error("CO134", "certificate-without-key", message, entry.key.span)
    authorities = node.get("ca") if isinstance(node, Mapping) else None
    if authorities is not None:
        files = authorities.items if isinstance(authorities, Sequence) else (authorities,)
        settings = tuple(values.lookup(file, "text") for file in files if isinstance(file, Scalar))
        arguments.append(Argument("ca", settings, authorities.span))
    return plan.Made("Certificate", "egc.runtime", (entry.name,), tuple(arguments))


# ---- Admin API, authorization server, store


def _admin_host(section: Section) -> Scalar | None:
    """`hostname` is deprecated and wins (C41)."""
    for key in ("hostname", "host"):
        node = section.values.get(key)
        if isinstance(node, Scalar) and (node.value or node.parts):
            return node
    return None


def _admin_address(section: Section, values: Values) -> tuple[Argument, ...]:
    host = _admin_host(section)
    port = _port(section, ADMIN_PORT, values)
    if host is None:
        return (Argument("host", "localhost", None), port)
    if not section.values.get("auth") and not _is_loopback(str(host.value)):
        values.report.warning(
            "SC103",
            "admin-exposed",
            "the Admin API listens beyond this machine and asks nobody for a key"
            + ("" if values.report.compat else ": the gateway will not start so"),
            host.span,
            help="leave it on localhost, or run `egc admin-key` and put what it prints under `admin.auth`",
        )
    return (Argument("host", values.lookup(host, "text"), host.span), port)


def _is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _options(model: Model, values: Values) -> tuple[Argument, ...]:
    """Settings of the gateway as a whole."""
    access_log = model.system.get("accessLog")
    serve = model.system.get("serve")
    return (
        Argument("access_log", values.lookup(access_log, "flag"), access_log.span)
        if isinstance(access_log, Scalar)
        else Argument("access_log", True, None),
        Argument("serve", values.lookup(serve, "text"), serve.span)
        if isinstance(serve, Scalar)
        else Argument("serve", "direct", None),
    )


def _metrics(
    model: Model, shown: plan.Administration | None, pipelines: Iterable[plan.Pipeline], values: Values
) -> Iterator[Argument]:
    """What counts for Prometheus, where that is asked for and somebody can see it."""
    node = model.system.get("metrics")
    if not isinstance(node, Scalar) or (on := values.lookup(node, "flag")) in (False, None):
        return
    if shown is None:
        message = "`metrics` has no effect: the admin listener shows them, and there is none"
        values.report.warning("CO120", "option-without-effect", message, node.span, help="write an `admin` section")
        return
    arguments = []
    if on is not True:
        arguments.append(Argument("on", on, node.span))
    names = tuple((flow.variable, flow.name) for flow in pipelines if flow.variable != flow.name)
    if names:
        arguments.append(Argument("names", plan.Table(names), node.span))
    yield Argument("metrics", plan.Made("Metrics", "egc.runtime.metrics", (), tuple(arguments)), node.span)


def _administration(model: Model, project: Project, values: Values) -> plan.Administration | None:
    section = next((section for name, section in model.listeners if name == "admin"), None)
    if section is None:
        return None
    arguments = list(models(project, values))
    host = _admin_host(section)
    allowed = section.values.get("allowedHosts")
    hosts: list[plan.Setting] = []
    if host is not None and not _is_loopback(str(host.value)) and str(host.value) not in ("0.0.0.0", "::"):  # noqa: S104
        hosts.append(values.lookup(host, "text"))
    names = allowed.items if isinstance(allowed, Sequence) else ()
    hosts += [values.lookup(name, "text") for name in names if isinstance(name, Scalar)]
    if hosts:
        span = allowed.span if allowed is not None else host.span if host is not None else section.span
        arguments.append(Argument("allowed_hosts", tuple(hosts), span))
    auth = section.values.get("auth")
    digest = auth.get("keyDigest") if isinstance(auth, Mapping) else None
    if isinstance(digest, Scalar):
        arguments.append(Argument("key_digest", values.lookup(digest, "text"), digest.span))
    elif auth is not None:
        message = "`admin.auth` needs `keyDigest`"
        values.report.error("CO135", "no-key-digest", message, auth.span, help="`egc admin-key` prints one")
    elif values.report.compat:
        arguments.append(Argument("exposed", True, None))
    return plan.Administration(tuple(arguments), section.span)


def _authorization(model: Model, names: Names, values: Values) -> plan.AuthorizationServer | None:
    """The authorization server exists where the oauth2 policy is listed (D236)."""
    span = names.listed.get("oauth2")
    if span is None:
        return None
    arguments = [_grants(model, span, values)]
    for keyword, name, default in _LIFETIMES:
        section = model.system.get(name)
        node = section.get("timeToExpiry") if isinstance(section, Mapping) else None
        if isinstance(node, Scalar) and (node.value is not None or node.parts):
            arguments.append(Argument(keyword, values.lookup(node, "number", divisor=_MILLISECONDS), node.span))
        else:
            arguments.append(Argument(keyword, default / _MILLISECONDS, None))
    oauth2 = model.system.get("oauth2")
    for name in ("templates", "issuer"):
        node = oauth2.get(name) if isinstance(oauth2, Mapping) else None
        if isinstance(node, Scalar) and (node.value or node.parts):
            setting = values.shape(node) if name == "templates" else values.lookup(node, "url")
            arguments.append(Argument(name, setting, node.span))
    if signs_tokens(model, values):
        arguments.append(_signed_tokens(model, span, values))
    return plan.AuthorizationServer(tuple(arguments), span)


def _signed_tokens(model: Model, listed: Span, values: Values) -> Argument:
    """How access tokens are signed (C29-C34)."""
    tokens = model.system.get("accessTokens")
    arguments = []
    for name in _SIGNING:
        node = tokens.get(name) if isinstance(tokens, Mapping) else None
        if name == "audience" and node is not None:
            items = node.items if isinstance(node, Sequence) else (node,)
            audience = tuple(values.lookup(item, "text") for item in items if isinstance(item, Scalar))
            arguments.append(Argument(name, audience, node.span))
        elif isinstance(node, Scalar) and (node.value or node.parts):
            setting = values.shape(node) if name == "algorithm" else values.lookup(node, "text")
            arguments.append(Argument(snake(name), setting, node.span))
    span = tokens.span if tokens is not None else listed
    if not {"secret_or_private_key", "secret_or_private_key_file"} & {argument.keyword for argument in arguments}:
        values.report.error(
            "CO141",
            "missing-property",
            "`accessTokens` needs `secretOrPrivateKey` or `secretOrPrivateKeyFile`, for tokenType is jwt",
            span,
            help="write `secretOrPrivateKey: ${JWT_KEY}` and set JWT_KEY",
        )
    check_key_file(tokens.get("secretOrPrivateKeyFile") if isinstance(tokens, Mapping) else None, values)
    made = plan.Made("SignedTokens", "egc.runtime.oauth2.signed", (), tuple(arguments))
    return Argument("access_tokens", made, span)


def _grants(model: Model, listed: Span, values: Values) -> Argument:
    oauth2 = model.system.get("oauth2")
    grants = oauth2.get("grants") if isinstance(oauth2, Mapping) else None
    if not isinstance(grants, Sequence):
        message = "all grants of Express Gateway are on, `implicit` and `password` too, for none are listed"
        help = "list those you need in system.config.yml: oauth2: {grants: [authorization_code, refresh_token]}"
        if not any(action.policy.value == "oauth2" for text in model.pipelines for action in text.actions):
            message = "`/oauth2/*` and `/login` are served with all grants by this, and no pipeline uses `oauth2`"
            help = "remove it, and there is no authorization server; or " + help
        values.report.warning("OA311", "grants-not-listed", message, listed, help=help)
        return Argument("grants", GRANTS, None)
    found: list[plan.Setting] = []
    for item in grants:
        name = values.shape(item) if isinstance(item, Scalar) else ""
        found.append(name)
    return Argument("grants", tuple(dict.fromkeys(found)), grants.span)


def _files(
    model: Model, directory: Path, authorization: plan.AuthorizationServer | None, values: Values
) -> Iterator[str]:
    """What an artifact takes along. Keys and certificates stay where they are."""
    yield from (plugin.inside for plugin in values.known.plugins if plugin.inside)
    for argument in authorization.arguments if authorization else ():
        if argument.keyword != "templates" or not isinstance(argument.value, str):
            continue
        span = argument.span or model.span
        inside = PurePosixPath(argument.value)
        if inside.is_absolute() or ".." in inside.parts or "\0" in argument.value:
            message = "this should be a directory beside the configuration, without `..`"
            values.report.error("CO139", "file-outside", message, span)
        elif not (directory / inside).is_dir():
            values.report.error("CO140", "no-such-file", f"there is no directory `{argument.value}`", span)
        else:
            yield argument.value


# ---- Endpoints, services, routes


def _properties(definition: Definition, values: Values) -> plan.Table:
    """What scripts see as `apiEndpoint`, its name and scopes apart; `path` is there as `paths`, too (D84, D119)."""
    seen = {entry.name: _seen(entry.value, values) for entry in definition.written if entry.name != "scopes"}
    if "path" in seen:
        seen["paths"] = seen.get("paths") or seen["path"]
    return plan.Table(tuple(seen.items()))


def _seen(node: Node, values: Values) -> plan.Setting:
    if isinstance(node, Mapping):
        return plan.Table(tuple((entry.name, _seen(entry.value, values)) for entry in node))
    if isinstance(node, Sequence):
        return tuple(_seen(item, values) for item in node)
    if node.parts:
        return values.shape(node)
    number = not isinstance(node.value, float) or math.isfinite(node.value)
    return node.value if number and isinstance(node.value, str | int | float | bool | None) else text(node)


def _urls(service: ServiceEndpoint, values: Values) -> Iterator[plan.Setting]:
    if not service.urls:
        message = f"the serviceEndpoint `{service.name}` has no URL"
        values.report.error("CO136", "service-without-url", message, service.span)
    for scalar in service.urls:
        yield values.lookup(scalar, "url")


def _routes(
    endpoints: list[tuple[Definition, plan.Endpoint]],
    names: Names,
    pipelines: dict[int, plan.Pipeline],
    values: Values,
) -> Iterator[plan.Route]:
    """All routes, grouped by host text in the order in which each first appears (D67)."""
    hosts: dict[str, plan.HostPattern] = {}
    groups: dict[str, list[plan.Route]] = {}
    for definition, endpoint in endpoints:
        host = _host(definition, hosts, values)
        group = groups.setdefault(host.text, [])
        flow = names.flow_of.get(definition.name)
        pipeline = pipelines[id(flow)] if flow else None
        allowed = methods(definition, values)
        for path, span in _paths(definition, values):
            group.append(plan.Route(host, path, allowed, endpoint, pipeline, span))
    for group in groups.values():
        yield from group


def _host(definition: Definition, known: dict[str, plan.HostPattern], values: Values) -> plan.HostPattern:
    """The host of a definition; the first of a text decides whether it is an expression (D69)."""
    scalar = definition.host_regex or definition.host
    if scalar is None:
        return plan.HostPattern(ANY, None)
    text = values.shape(scalar)
    if text in known:
        return known[text]
    if definition.host_regex is None:
        found = _pattern(lambda: host_pattern(text), plan.HostPattern(text, None), scalar, values)
        if ":" in text and not text.startswith("["):
            whole = "://" in text
            message = (
                "a host is the name alone: with a scheme it matches no request"
                if whole
                else "a host with a port matches no request: ports are not compared"
            )
            name = text.partition("://")[2].partition("/")[0].partition(":")[0]
            help = (f"write {name}" if name else "write the name of a host") if whole else "leave the port away"
            values.report.warning("CO119", "host-with-port", message, scalar.span, help=help)
    else:
        found = _pattern(lambda: host_regex(text), plan.HostPattern(text, None), scalar, values)
        if found.regex is not None and half_anchored(text):
            values.report.warning(
                "MG902",
                "behaviour-differs",
                "Express Gateway anchored only the ends of this expression; egc anchors each of its alternatives",
                scalar.span,
            )
    known[text] = found
    return found


def _paths(definition: Definition, values: Values) -> Iterator[tuple[plan.PathPattern, Span]]:
    everything = path_pattern(ANY)
    if definition.path_regex is not None:
        source = values.shape(definition.path_regex)
        scalar = definition.path_regex
        yield _pattern(lambda: path_regex(source), everything, scalar, values), scalar.span
        return
    if not definition.paths:
        yield everything, definition.span
    for scalar in definition.paths:
        yield _path(scalar, values), scalar.span


def _path(scalar: Scalar, values: Values) -> plan.PathPattern:
    text = values.shape(scalar)
    if never_matches(text):
        values.report.warning(
            "CO118",
            "unmatchable-path",
            f"`{text}` matches no request: paths begin with `/`",
            scalar.span,
            help=f"write /{text}",
        )
    return _pattern(lambda: path_pattern(text), path_pattern(ANY), scalar, values)


def _pattern(make: Callable[[], Pattern], otherwise: Pattern, scalar: Scalar, values: Values) -> Pattern:
    try:
        return make()
    except Untranslatable as error:
        values.report.error("CO117", "invalid-pattern", f"this pattern does not compile: {error}", scalar.span)
        return otherwise


def _check_strip_path(routes: tuple[plan.Route, ...], values: Values) -> None:
    """D291: what `stripPath` would leave of a pathRegex nobody can say."""
    for route in routes:
        for step in route.pipeline.steps if route.pipeline and route.path.strip == "never" else ():
            for argument in step.arguments:
                if argument.keyword == "strip_path" and argument.value is not False:
                    values.report.error(
                        "CO122",
                        "strip-path-of-regex",
                        "`stripPath` cannot cut a pathRegex",
                        argument.span or step.span,
                        related=(Related(route.span, "the pathRegex is here"),),
                        help="use `paths` with a `*` instead of `pathRegex`",
                    )


def _check_preflights(routes: tuple[plan.Route, ...], model: Model, values: Values) -> None:
    """D449: OPTIONS to an endpoint that does not take it is answered without `cors`."""
    told: set[str] = set()
    for route in routes:
        step = next((step for step in route.pipeline.steps if step.policy == "cors"), None) if route.pipeline else None
        if step is None or route.methods is None or "OPTIONS" in route.methods or route.endpoint.variable in told:
            continue
        told.add(route.endpoint.variable)
        values.report.warning(
            "RT112",
            "options-not-routed",
            f"`methods` of `{route.endpoint.name}` lacks OPTIONS, so preflights never reach `cors`",
            route.span,
            related=(Related(step.span, "`cors` is here"),),
            help="add OPTIONS to `methods`",
            fix=_with_options(route, model, values),
        )


def _with_options(route: plan.Route, model: Model, values: Values) -> Fix | None:
    definition = next((one for one in model.definitions if one.span == route.endpoint.span), None)
    last = definition.methods[-1] if definition is not None and definition.methods else None
    text = text_in(values.report, last.span) if last is not None else None
    if last is None or text is None or last.parts:
        return None
    edit = added(values.report, last.span, "OPTIONS")
    if edit is None and definition is not None and definition.methods == (last,):
        # One text for all of them: `GET,POST`.
        end = text.end(last.span) - (text.at(last.span)[-1:] in ("'", '"'))
        edit = text.edit(end, end, ",OPTIONS")
    return Fix("add OPTIONS to `methods`", (edit,), safe=False) if edit else None


# ---- Pipelines


def _pipeline(
    flow: Flow,
    services: dict[str, plan.Service],
    plugins: dict[str, plan.Reference],
    variables: Variables,
    values: Values,
) -> plan.Pipeline:
    name = variables.make(flow.text.name, "pipeline")
    steps: list[plan.Step] = []
    skipped: list[plan.Step] = []
    for position, resolved in enumerate(flow.steps, 1):
        step = _step(f"{name}_{position}", resolved, services, plugins, variables, values)
        if step is None:
            continue
        last = steps[-1] if steps else None
        if last is not None and last.ends:
            skipped.append(step)
            values.report.warning(
                "RT106",
                "unreachable-policy",
                f"`{step.policy}` never runs: `{last.policy}` in line {last.span.line} always answers",
                step.span,
                related=(Related(last.span, "it ends every request here"),),
                fix=_reached(step, last, values),
            )
        else:
            steps.append(step)
    steps = targets(steps, values.report)
    return plan.Pipeline(name, flow.text.name, tuple(steps), tuple(skipped), identity(steps), flow.text.span)


def _reached(step: plan.Step, last: plan.Step, values: Values) -> Fix | None:
    """The fix for a step that never runs: before the one that answers, or out of the way if it would answer too."""
    text, tree = text_in(values.report, step.span), values.report.trees.get(step.span.file)
    if text is None or tree is None:
        return None
    item, before = apart(tree, step.span, last.span)
    if item is None or before is None:
        return None
    if step.answers == "always":
        return dropped(values.report, item.span, f"remove `{step.policy}`", safe=False)
    edits = moved(text, item.span, item.span, before.span)
    return Fix(f"move `{step.policy}` before `{last.policy}`", edits, safe=False) if edits else None


def _step(
    place: str,
    resolved: Resolved,
    services: dict[str, plan.Service],
    plugins: dict[str, plan.Reference],
    variables: Variables,
    values: Values,
) -> plan.Step | None:
    """A step, or None where its condition is never met."""
    policy, action = resolved.policy, resolved.action
    variable = variables.make(f"{place}_{plain_name(policy.name)}", "step")
    condition = None
    if action.condition is not None:
        condition = Lowering(place, variables, values).condition(action.condition)
        if isinstance(condition, plan.Fixed):
            if not condition.holds:
                return None
            condition = None
    lowering = _special(policy.name) if not policy.plugin else None
    with values.naming(variable, variables, action.span):
        if lowering is None:
            used_up = {"serviceEndpoint"} if "service" in policy.takes else set()
            properties = {name: schema for name, schema in policy.properties.items() if name not in used_up}
            arguments = values.arguments(action.parameters, properties)
        else:
            parameters = Mapping((), action.span) if action.parameters is None else action.parameters
            arguments = lowering(policy, parameters, resolved.service, values)
    service = services[resolved.service.name] if resolved.service else None
    taken: dict[str, plan.Setting] = {
        "store": plan.Reference("store"),
        "service": plan.Reference(service.variable) if service else None,
        "plugin": plugins.get(policy.plugin),
    }
    return plan.Step(
        variable,
        policy.name,
        policy.class_name,
        policy.module,
        arguments,
        tuple(taken[name] for name in policy.takes),
        policy.answers,
        policy.waits,
        condition,
        action.span,
        policy.role,
        policy.changes,
    )


@cache
def _special(policy: str) -> Callable[..., tuple[Argument, ...]] | None:
    """The lowering of a policy that has a file of its own beside the schema's generic rule."""
    name = f"egc.compiler.policies.{policy.replace('-', '_')}"
    if find_spec(name) is None:
        return None
    found: Callable[..., tuple[Argument, ...]] = import_module(name).lower
    return found
