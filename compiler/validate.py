"""The second stage: the trees against the JSON Schemas, all errors at once, each at the value or key at fault.

What Express Gateway ignored without harm is a warning; where it lost a policy, a condition or a limit of an endpoint,
an error. What names mean is for the next stage.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urlsplit

from egc.compiler.catalogue import Catalogue, built_in
from egc.compiler.diagnostics import Fix, Report, Severity, Span
from egc.compiler.mends import renamed, text_in
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence, plain
from egc.compiler.schema import MOST_ERRORS, STEP, Checker, Found, Schema, check, describe, is_variable, load
from egc.compiler.source import Project, Source
from egc.compiler.spelling import meant, nearest

LIMITS = ("host", "hostRegex", "paths", "path", "pathRegex", "methods", "scopes")
"""The keys that say which requests an endpoint takes: left empty or misspelt, it takes more than was meant."""

_ANCHOR = re.compile(r"[ \t]*:[ \t]+&([^\s,{}\[\]]+)")
_ANSWERING = ("proxy", "terminate")
"""Policies without which a request gets 404: nobody is let in where one is lost."""

_OTHER_NAMES = {("cors", "headers"): "allowedHeaders"}
"""Parameters of a policy by another name that the library of Express Gateway took as well."""


def validate(project: Project, report: Report, known: Catalogue | None = None) -> Project:
    """Check every file of a project. `known` are the policies and conditions that there are, by default the core's.

    Returns:
        The project as it is; what is wrong with it is in `report`.
    """
    known = known or built_in()
    gateway = Gateway(project.gateway.tree, report, known)
    gateway.check()
    if project.system is not None:
        check(project.system.tree, schema("system"), report, System(report).unknown)
    for plugin in known.plugins:
        check(plugin.settings, plugin.schema, report, System(report).unknown, entry=plugin.entry)
        names = list(plugin.schema.get("properties", {}))
        for entry in islice((entry for entry in plugin.settings if entry.name not in names), MOST_ERRORS):
            message = f"the plugin `{plugin.name}` has no setting `{entry.name}`"
            fix = renamed(report, entry.key.span, entry.name, names, plugin.settings, served=True)
            report.warning("CO104", "unknown-property", message, entry.key.span, help=meant(entry.name, names), fix=fix)
    for source in project.models.values():
        model(source, report)
    return project


def schema(name: str) -> Schema:
    """A schema that is there."""
    found = load(name)
    assert found is not None  # noqa: S101 - shipped with the compiler
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a policy entry; `checked` where Express Gateway's own schema looked at it (D20, D35)."""

    policy: str
    value: Mapping
    entry: Entry
    checked: bool


@dataclass(frozen=True, slots=True)
class System:
    """The checks of system.config."""

    report: Report

    def unknown(self, found: Found, entry: Entry, known: list[str]) -> None:
        """Tell of a key that has no meaning here."""
        tell_unknown(self.report, "warning", entry, found, meant(entry.name, known), known)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The checks of gateway.config."""

    tree: Node
    report: Report
    known: Catalogue

    def check(self) -> None:
        """Check the shape of the file, then the parameters of its policies and conditions."""
        check(self.tree, schema("gateway"), self.report, self.unknown)
        for definition in self.definitions():
            self.limits(definition)
        for name in ("http", "https", "admin"):
            section = child(self.tree, name)
            port = section.entry("port") if isinstance(section, Mapping) else None
            if port is not None and is_empty(port.value) and not is_variable(port.value):
                self.empty_port(name, port)
            interface = section.entry("hostname") if isinstance(section, Mapping) else None
            if interface is not None and is_empty(interface.value) and name != "admin":
                self.empty_limit(
                    interface, "the gateway listens on all interfaces", "leave the key out if that is meant"
                )
        for service in self.services():
            self.urls(service)
        for step in self.steps():
            self.step(step)

    def empty_port(self, section: str, port: Entry) -> None:
        """An empty port is any free one (D17); Express Gateway's Admin API did not start with it (C40)."""
        effect = "the Admin API of Express Gateway did not start" if section == "admin" else "any free port is taken"
        severity: Severity = "error" if section == "admin" else "warning"
        message, help = f"`{section}.port` is empty: {effect}", "give a port, or leave the key out"
        self.report.add("CO143", "empty-value", severity, message, port.key.span, help=help)

    # ---- Endpoints

    def definitions(self) -> Iterator[Mapping]:
        """Every definition of an apiEndpoint."""
        endpoints = child(self.tree, "apiEndpoints")
        for entry in endpoints if isinstance(endpoints, Mapping) else ():
            for item in entry.value if isinstance(entry.value, Sequence) else (entry.value,):
                if isinstance(item, Mapping):
                    yield item

    def limits(self, definition: Mapping) -> None:
        """An endpoint takes any further keys (D84), but not one that reads like a limit and is none (D445)."""
        for entry in definition:
            if entry.name in LIMITS:
                if is_empty(entry.value) and entry.name != "scopes":
                    things = {"host": "hosts", "hostRegex": "hosts", "methods": "methods"}.get(entry.name, "paths")
                    self.empty_limit(entry, f"the endpoint takes all {things}", "write '*' if that is meant")
            elif (near := nearest(entry.name, LIMITS)) and definition.entry(near) is None:
                message = f"`{entry.name}` is not read, so the endpoint takes requests that it should not"
                help = f"did you mean `{near}`?"
                fix = renamed(self.report, entry.key.span, entry.name, LIMITS, definition, served=self.report.compat)
                self.report.stricter("CO104", "unknown-property", message, entry.key.span, help=help, fix=fix)

    def empty_limit(self, entry: Entry, effect: str, help: str) -> None:
        """An empty limit is no limit: a warning where it was written so, an error where a variable is empty."""
        variable = isinstance(entry.value, Scalar) and bool(entry.value.parts)
        tell = self.report.stricter if variable else self.report.warning
        span = entry.value.span if variable else entry.key.span
        tell("CO143", "empty-value", f"`{entry.name}` is empty: {effect}", span, help=help)

    # ---- Services

    def services(self) -> Iterator[Mapping]:
        """Every serviceEndpoint."""
        services = child(self.tree, "serviceEndpoints")
        for entry in services if isinstance(services, Mapping) else ():
            if isinstance(entry.value, Mapping):
                yield entry.value

    def urls(self, service: Mapping) -> None:
        """Check the URLs of a service as far as their variables have values (D33, D282, D283)."""
        for node in (service.get("url"), service.get("urls")):
            for item in node.items if isinstance(node, Sequence) else (node,):
                if isinstance(item, Scalar) and item.value is not None and not item.missing:
                    self.url(item, str(item.value))

    def url(self, scalar: Scalar, url: str) -> None:
        """Check one URL. What variables bring may be secret, and is not quoted."""
        quoted = "the value of this" if scalar.parts else f"`{url}`"
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            fine = False
        if not fine or not url.isprintable() or " " in url:
            bare = "//" not in url and url[:1].isalnum() and not scalar.parts
            help = f"write http://{url}" if bare else ""
            self.report.error("CO123", "no-service-url", f"{quoted} is no http or https URL", scalar.span, help=help)
        elif parts.username is not None:
            message, help = "the user name in this URL is not sent", "give `auth: user:password` to the proxy"
            self.report.warning("CO137", "url-with-user", message, scalar.span, help=help)
        else:
            self.behind_the_path(scalar, url)

    def behind_the_path(self, scalar: Scalar, url: str) -> None:
        """A fragment is never sent, and a query with every request (D282, D443)."""
        text = text_in(self.report, scalar.span)
        if "#" in url:
            edit = None
            if text is not None and "#" in (written := text.at(scalar.span)) and not scalar.parts:
                start = text.start(scalar.span) + written.index("#")
                edit = text.edit(start, start + len(url) - url.index("#"), "")
            message = "what stands behind `#` in this URL is never sent"
            fix = Fix("leave it away", (edit,), safe=True) if edit else None
            self.report.warning("CO112", "url-and-urls", message, scalar.span, fix=fix)
        elif "?" in url:
            message = "the query of this URL goes with every request; Express Gateway glued it into the path"
            self.report.add("CO112", "url-and-urls", "info", message, scalar.span)

    # ---- Steps

    def pipelines(self) -> Iterator[tuple[Mapping, bool]]:
        """Every pipeline, and whether Express Gateway's schema looked at it: not at those of a list (D35)."""
        found = child(self.tree, "pipelines")
        items: list[Node | None] = []
        if isinstance(found, Mapping):
            items += [entry.value for entry in found]
        elif isinstance(found, Sequence):
            items += found.items
        else:
            items.append(child(self.tree, "pipeline"))
        yield from ((item, isinstance(found, Mapping)) for item in items if isinstance(item, Mapping))

    def steps(self) -> Iterator[Step]:
        """Every step that is written as a mapping, or left empty."""
        for pipeline, checked in self.pipelines():
            node = pipeline.get("policies") or pipeline.get("policy")
            entries = node.items if isinstance(node, Sequence) else (node,)
            for index, item in enumerate(entries):
                for policy in item if isinstance(item, Mapping) else ():
                    value = policy.value
                    empty = isinstance(value, Scalar) and value.value is None and not value.parts
                    if empty or (isinstance(value, Sequence) and not value.items):
                        yield Step(policy.name, Mapping((), policy.key.span), policy, checked=False)
                        continue
                    for step in value if isinstance(value, Sequence) else (value,):
                        if isinstance(step, Mapping):
                            yield Step(policy.name, step, policy, checked and index == 0)
                        elif isinstance(step, Scalar) and (step.value is not None or step.parts):
                            self.no_step(policy, step, checked=checked and index == 0)

    def no_step(self, policy: Entry, step: Scalar, *, checked: bool) -> None:
        """A step that is a single value: Express Gateway refuses it in the first entry (D20), else it reads nothing."""
        if checked:
            message = f"`{policy.name}` should be a mapping or a list, not {describe(step)}"
            self.report.error("CO124", "wrong-type", message, step.span)
        else:
            message = f"this is not read: `{policy.name}` runs with its defaults"
            help = f"write the parameters of `{policy.name}` below `action`"
            self.report.warning("CO124", "wrong-type", message, step.span, help=help)

    def step(self, step: Step) -> None:
        """Check the parameters of a step and of its condition against their own schemas."""
        action = step.value.entry("action")
        if action is not None and is_empty(action.value) and step.checked:
            message = f"`action` of `{step.policy}` is empty; Express Gateway refuses that in the first policy"
            help = "indent the parameters below it, or leave it out"
            self.report.error("CO143", "empty-value", message, action.key.span, help=help)
        if action is not None and isinstance(action.value, Mapping):
            self.action(step, action, action.value)
        elif action is not None and isinstance(action.value, Sequence):
            message = f"`action` of `{step.policy}` is a list, and nothing of it is read"
            tell = self.report.error if step.checked else self.report.warning
            tell("CO124", "wrong-type", message, action.key.span, help="write the parameters without dashes")
        else:
            entry = step.entry
            if isinstance(entry.value, Sequence) and len(entry.value.items) > 1:
                # Of several, the one that lacks it is the place.
                place = next((one.key.span for one in step.value), entry.key.span)
                entry = replace(entry, key=replace(entry.key, span=place))
            self.action(step, entry, Mapping((), entry.key.span))
        condition = step.value.entry("condition")
        if condition is not None:
            self.condition(condition.value, condition)

    def condition(self, node: Node, entry: Entry | None) -> None:
        """Check the parameters of a condition, and of the conditions inside of it."""
        name = child(node, "name")
        kind = self.known.conditions.get(str(name.value)) if isinstance(name, Scalar) else None
        if kind is None or not isinstance(node, Mapping):
            return
        found = kind.schema
        check(node, found, self.report, self.unknown, entry=entry)
        names = [*kind.properties, "name"]
        for other in islice((other for other in node if other.name not in names), MOST_ERRORS):
            message = f"the condition `{kind.name}` has no parameter `{other.name}`"
            fix = renamed(self.report, other.key.span, other.name, names, node, served=True)
            help = meant(other.name, names)
            self.report.warning("CO104", "unknown-property", message, other.key.span, help=help, fix=fix)
        if kind.joins:
            inner = node.entry("condition") or node.entry("conditions")
            for item in inner.value.items if inner and isinstance(inner.value, Sequence) else ():
                self.condition(item, None)
            if inner is not None and isinstance(inner.value, Mapping):
                self.condition(inner.value, inner)

    def action(self, step: Step, action: Entry, parameters: Mapping) -> None:
        """Check the parameters of a policy."""
        lost = parameters.entry("condition")
        if lost is not None:
            message = "`condition` belongs beside `action`; inside of it, it is not read and the step always runs"
            self.report.stricter("CO104", "unknown-property", message, lost.key.span)
        policy = self.known.policies.get(step.policy)
        if policy is None:
            return
        known = policy.schema
        if step.policy == "rewrite" and not policy.plugin and self.of_another_plugin(parameters):
            return
        check(parameters, known, self.report, self.unknown, entry=action)
        tokens = parameters.entry("jwt") if step.policy == "oauth2" and not policy.plugin else None
        if tokens is not None and isinstance(tokens.value, Mapping):
            check(tokens.value, schema("policies/jwt"), self.report, self.unknown, entry=tokens)
        if step.policy == "proxy" and not policy.plugin:
            return  # its lowering knows which options Express Gateway passed on to no effect
        names = list(known.get("properties", {}))
        patterns = [pattern.strip("^$") for pattern in known.get("patternProperties", {})]
        told = {*names, *patterns, "condition"}
        for entry in islice((entry for entry in parameters if entry.name not in told), MOST_ERRORS):
            message = f"the policy `{step.policy}` has no parameter `{entry.name}`"
            fix = renamed(self.report, entry.key.span, entry.name, names, parameters, served=True)
            other = _OTHER_NAMES.get((step.policy, entry.name))
            help = f"`{other}` is meant: write that" if other else meant(entry.name, names)
            self.report.warning("CO104", "unknown-property", message, entry.key.span, help=help, fix=fix)

    def of_another_plugin(self, parameters: Mapping) -> bool:
        """Whether a `rewrite` is written for another plugin than the one whose policy is built in."""
        found = parameters.entry("search")
        if found is not None and parameters.entry("rewrite") is None:
            message = (
                "`search` and `replace` are parameters of another plugin's `rewrite` than the one that is built in"
            )
            help = "write `condition: {name: regexpmatch, match: ...}` and `action: {rewrite: ...}` instead"
            self.report.error("MG913", "other-plugin", message, found.key.span, help=help)
            return True
        status = parameters.get("redirect")
        if isinstance(status, Scalar) and status.value in ("permanent", "temporary"):
            message = f"`redirect: {status.value}` is of a plugin for older versions of Express Gateway"
            help = f"write {301 if status.value == 'permanent' else 302}"
            self.report.error("MG913", "other-plugin", message, status.span, help=help)
            return True
        return False

    # ---- Keys that do not belong where they stand

    def unknown(self, found: Found, entry: Entry, known: list[str]) -> None:
        """Tell of a key that has no meaning where it stands, and where it belongs."""
        if set(known) == STEP:
            if found.entry is None or found.entry.name.removeprefix("-") not in STEP:  # or CO101 has told of it
                self.unknown_in_step(found, entry, known)
        elif "apiEndpoints" in known and "policies" in known and found.path and entry.name in self.known.policies:
            message = f"the policy `{entry.name}` stands beside `policies`, where nothing runs it"
            help = f"write `- {entry.name}:` below `policies`"
            self.report.stricter("CO104", "unknown-property", message, entry.key.span, help=help)
        elif "apiEndpoints" in known and found.entry is not None and child(entry.value, "policies") is not None:
            help = f"it reads like a pipeline: indent it as `{found.entry.name}`"
            tell_unknown(self.report, "warning", entry, found, help)
        elif not found.path and found.entry is None and child(entry.value, "policies") is not None:
            help = f"it reads like a pipeline: indent `{entry.name}` below `pipelines`"
            tell_unknown(self.report, "warning", entry, found, help)
        elif found.path[:1] == ("pipelines",) and found.entry is None and is_empty(entry.value):
            help = f"write `name: {entry.name}` if that is its name"
            tell_unknown(self.report, "warning", entry, found, help, known)
        elif not found.path and found.entry is None and self.shared(entry):
            return
        else:
            help = meant(entry.name, known) or self.elsewhere(entry.name)
            tell_unknown(self.report, "warning", entry, found, help, known)

    def shared(self, entry: Entry) -> bool:
        """Whether a key only keeps something that is written once (`key: &name`) for where it is used (`*name`)."""
        text = text_in(self.report, entry.key.span)
        anchor = _ANCHOR.match(text.text, text.end(entry.key.span)) if text is not None else None
        return text is not None and anchor is not None and f"*{anchor[1]}" in text.text

    def unknown_in_step(self, found: Found, entry: Entry, known: list[str]) -> None:
        """A key beside `condition` and `action`: most often a parameter that should be one level deeper (D110)."""
        owner = self.known.policies.get(next((str(part) for part in reversed(found.path) if isinstance(part, str)), ""))
        patterns = owner.schema.get("patternProperties", {}) if owner is not None else {}
        own = owner is not None and entry.name in owner.properties
        own = own or any(re.search(pattern, entry.name) for pattern in patterns)
        if entry.name in self.known.policies and not own and not isinstance(entry.value, Scalar):
            message = f"the policy `{entry.name}` stands below another one, where nothing runs it"
            help = f"write `- {entry.name}:` below `policies`, indented as the other policies"
            tell = self.report.warning if entry.name in _ANSWERING else self.report.stricter
            tell("CO104", "unknown-property", message, entry.key.span, help=help)
            return
        near = nearest(entry.name, known)
        if near is not None:
            message = f"`{entry.name}` is not read, so the step runs without its {near}"
            beside = found.node if isinstance(found.node, Mapping) else None
            fix = renamed(self.report, entry.key.span, entry.name, known, beside, served=self.report.compat)
            help = f"did you mean `{near}`?"
            self.report.stricter("CO104", "unknown-property", message, entry.key.span, help=help, fix=fix)
            return
        condition = found.node.entry("condition") if isinstance(found.node, Mapping) else None
        if condition is not None and is_empty(condition.value) and entry.name in self.of_conditions():
            help = f"`{entry.name}` belongs under `condition`, line {condition.key.span.line}: indent it further"
            tell_unknown(self.report, "warning", entry, found, help)
            return
        action = found.node.entry("action") if isinstance(found.node, Mapping) else None
        line = f", line {action.key.span.line}" if action else ""
        tell_unknown(self.report, "warning", entry, found, f"`{entry.name}` belongs under `action`{line}")

    def of_conditions(self) -> set[str]:
        """The parameters of all conditions."""
        return {"name", *(name for kind in self.known.conditions.values() for name in kind.properties)}

    def elsewhere(self, name: str) -> str:
        """Where a key of that name belongs, or nothing."""
        definitions = schema("gateway")["definitions"]
        sections = {f"`{section}`": body for section, body in schema("gateway")["properties"].items()}
        places: dict[str, Schema] = {
            **{place: body for place, body in sections.items() if place in ("`http`", "`https`", "`admin`")},
            "an entry of `apiEndpoints`": definitions["apiEndpoint"],
            "an entry of `serviceEndpoints`": definitions["serviceEndpoint"],
            "a pipeline": definitions["pipeline"],
            "the top level": schema("gateway"),
            **{f"`action` of `{name}`": policy.schema for name, policy in self.known.policies.items()},
        }
        for place, body in places.items():
            if name in body.get("properties", {}):
                return f"`{name}` belongs under {place}" if place != "the top level" else f"`{name}` belongs at {place}"
        return ""


def tell_unknown(
    report: Report, severity: Severity, entry: Entry, found: Found, help: str, known: list[str] | None = None
) -> None:
    """Report a key that is not read. `known` are the keys one of which may have been meant."""
    message = f"`{entry.name}` has no meaning here and is not read"
    if found.entry is not None and found.path:
        message = f"`{entry.name}` has no meaning in `{found.entry.name}` and is not read"
    beside = found.node if isinstance(found.node, Mapping) else None
    fix = renamed(report, entry.key.span, entry.name, known or (), beside, served=severity != "error")
    report.add("CO104", "unknown-property", severity, message, entry.key.span, help=help, fix=fix)


def model(source: Source, report: Report) -> None:
    """A model is itself a JSON Schema, and has a name (C5)."""
    from jsonschema import Draft7Validator

    start = Span(source.name, 1, 1, 1, 2)
    if not isinstance(source.tree, Mapping):
        report.error("CO124", "wrong-type", f"{source.name} should be a mapping", source.tree.span)
        return
    if source.tree.entry("$id") is None:
        report.error("CO141", "missing-property", f"{source.name} needs `$id`", start)
    meta: Schema = dict(Draft7Validator.META_SCHEMA)
    checker = Checker(source.tree, meta, report, System(report).unknown, None)
    for error in Draft7Validator(meta).iter_errors(plain(source.tree)):
        found = checker.find(error.absolute_path)
        report.error("CO144", "no-schema", f"{source.name} is no JSON Schema: {error.message}", found.span)


def child(node: Node | None, name: str) -> Node | None:
    """The member of a mapping, or None."""
    return node.get(name) if isinstance(node, Mapping) else None


def is_empty(node: Node) -> bool:
    """Whether a value is null or the empty text; a variable that is not set is neither."""
    return isinstance(node, Scalar) and not node.missing and node.value in (None, "")
