"""From the plan to the files of an artifact: gateway.py, gunicorn.conf.py and manifest.json.

The module's text comes from a template that looks like it; every value in it is `Code` (literals.py).
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from egc.compiler import literals, plan
from egc.compiler.diagnostics import Span
from egc.compiler.literals import Code, Expression, argument, call, identifier, listing, literal, statement, words

API = 1

ADMIN = "admin.json"
"""What the Admin API shows of the configuration (shown.py)."""

_OWN_PATHS = "/oauth2/*"
_COLUMN = 40
_SECRET = re.compile(r"auth|credential|key|pass|pwd|secret|token", re.IGNORECASE)
_STORE_MODULE = "egc.runtime.store.sqlite"
_REDIS_MODULE = "egc.runtime.store.redis"
_OWN_NAMES = frozenset(
    (
        *(
            "AdminApi",
            "AuthorizationServer",
            "Certificate",
            "CredentialModel",
            "Either",
            "Endpoint",
            "Exchange",
            "Fill",
            "Gateway",
            "Host",
        ),
        *(
            "Listener",
            "Metrics",
            "Model",
            "Outcome",
            "Part",
            "Path",
            "Property",
            "RedisStore",
            "Route",
            "Schema",
            "SQLiteStore",
            "Service",
            "SignedTokens",
        ),
        "ANY",
    )
)
"""What a module may import besides the classes of its steps and conditions."""

_NOTHING = Code("")
_INDENT = Code("    ")
_LINE = Code("\n")


def emit(gateway: plan.Gateway, *, lines: bool = True) -> dict[str, str]:
    """The text of each file of the artifact, by name. `lines`: whether comments name lines of the configuration."""
    writer = _Writer(gateway, lines)
    return {
        "gateway.py": _template("gateway.py.jinja").render(writer.module()),
        "gunicorn.conf.py": _template("gunicorn.conf.py.jinja").render(bind=writer.bind()),
        "manifest.json": json.dumps(manifest(gateway), indent=2) + "\n",
    }


def _only_code(value: object) -> Code:
    """What the template may print."""
    if not isinstance(value, Code):
        raise TypeError(f"a template printed {type(value).__name__}, which did not come through literals.py")
    return value


@cache
def _template(name: str) -> Template:
    # What comes out is Python, not HTML; `finalize` is the guard.
    environment = Environment(
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=_only_code,
    )
    return environment.from_string(files("egc.compiler").joinpath("templates", name).read_text(encoding="utf-8"))


class _Writer:
    """Writes one plan; gathers on the way what the module has to import."""

    def __init__(self, gateway: plan.Gateway, lines: bool) -> None:
        self._gateway = gateway
        self._lines = lines
        self._imports: dict[str, set[str]] = {"egc.runtime": {"Gateway", "require"}}
        self._services = {service.variable: service for service in gateway.services}
        self._scripted = False
        self._functions = {function.script.variable: function for function in gateway.functions}
        self._called = _called(gateway)

    def module(self) -> dict[str, object]:
        """What the template of gateway.py asks for."""
        gateway = self._gateway
        used = {
            taken.name
            for pipeline in gateway.pipelines
            for step in pipeline.steps
            for taken in step.positional
            if isinstance(taken, plan.Reference)
        }
        parts: dict[str, object] = {
            "source_name": words(gateway.source_name),
            "places": self._lines,
            "api": literal(API),
            "source_sha256": literal(gateway.source_sha256),
            "listeners": [self._listener(listener) for listener in gateway.listeners],
            "endpoints": [self._endpoint(endpoint) for endpoint in gateway.endpoints],
            "services": [self._service(service) for service in gateway.services if service.variable in used],
            "state": list(self._state()),
            "plugins": [self._plugin(plugin) for plugin in gateway.plugins],
            "steps": list(self._steps()),
            "pipelines": [self._pipeline(pipeline) for pipeline in gateway.pipelines],
            "app": self._app(),
            "table": (table := list(self._table())),
            "raw": any("\\" in row for row in table),
        }
        parts["imports"] = list(self._import_lines())
        return parts

    def bind(self) -> Code:
        """The sockets that gunicorn opens, in the order of the listeners."""
        addresses: list[Expression] = []
        for listener in self._gateway.listeners:
            settings = {one.keyword: one.value for one in listener.arguments}
            host, port = (self._expression(settings.get(name)) for name in ("host", "port"))
            addresses.append(call(Code("address"), host, port))
        start = Code("bind = ") if addresses else Code("bind: list[str] = ")
        return statement(start, literals.array(addresses), _NOTHING)

    def _use(self, name: str, module: str = "egc.runtime") -> Code:
        self._imports.setdefault(str(literals.dotted(module)), set()).add(name)
        return identifier(self._called.get((module, name), name))

    def _import_lines(self) -> Iterator[Code]:
        # Those of plugins stand first: they are packages of others.
        order = sorted(self._imports, key=lambda module: (module.startswith("egc."), module))
        for before, module in zip(["", *order], order, strict=False):
            if before and module.startswith("egc.") != before.startswith("egc."):
                yield _NOTHING
            names = sorted(self._imports[module], key=lambda name: (_rank(name), name))
            start = literals.join(Code("from "), literals.dotted(module), Code(" import "))
            imported = [self._imported(module, name) for name in names]
            yield statement(start, literals.names(imported, start), _NOTHING)
            if self._scripted and module == "egc.runtime":
                yield Code("from egc.runtime import javascript as js")

    def _imported(self, module: str, name: str) -> Code:
        called = self._called.get((module, name), name)
        own = identifier(name)
        return own if called == name else literals.join(own, Code(" as "), identifier(called))

    # ---- Objects

    def _note(self, span: Span | None, *, default: bool = False) -> Code:
        """The comment behind a line: its place, or that the user did not write it."""
        if span is None:
            return Code("default") if default else _NOTHING
        if not self._lines:
            return _NOTHING
        place = f"L{span.line}"
        return words(place if span.file == self._gateway.source_name else f"{span.file}:{place}")

    def _listener(self, listener: plan.Listener) -> Code:
        expression = self._call(self._use("Listener"), (literal(listener.name),), listener.arguments, short=True)
        return self._assign(identifier(listener.name), expression, self._note(listener.span))

    def _endpoint(self, endpoint: plan.Endpoint) -> Code:
        items: list[Expression] = [literal(endpoint.name), argument("scopes", self._expression(endpoint.scopes))]
        if endpoint.properties.entries:
            items.append(argument("properties", self._expression(endpoint.properties)))
        expression = call(self._use("Endpoint", "egc.runtime.routing"), *items)
        return self._assign(identifier(endpoint.variable), expression, self._note(endpoint.span))

    def _service(self, service: plan.Service) -> Code:
        expression = call(
            self._use("Service", "egc.runtime.upstream"),
            literal(service.name),
            argument("urls", self._expression(service.urls)),
        )
        return self._assign(identifier(service.variable), expression, self._note(service.span))

    def _state(self) -> Iterator[Code]:
        gateway = self._gateway
        if gateway.store is not None:
            yield self._store(gateway.store)
        if gateway.authorization is not None:
            name = self._use("AuthorizationServer", "egc.runtime.oauth2")
            server = self._call(name, (Code("store"),), gateway.authorization.arguments)
            yield self._assign(Code("authorization"), server, self._note(gateway.authorization.span))
        if gateway.administration is not None:
            name = self._use("AdminApi", "egc.runtime.admin")
            written = call(literals.join(self._use("env"), Code("beside"), by="."), Code("__file__"), literal(ADMIN))
            api = self._call(name, (Code("store"), written), gateway.administration.arguments)
            yield self._assign(Code("administration"), api, self._note(gateway.administration.span))

    def _store(self, store: plan.Store) -> Code:
        if store.arguments:
            redis = self._call(self._use("RedisStore", _REDIS_MODULE), (), store.arguments)
            return self._assign(Code("store"), redis, self._note(store.span))
        self._use("env")
        directory = call(Code("env.data_dir"), Code("__file__"))
        return self._assign(Code("store"), call(self._use("SQLiteStore", _STORE_MODULE), directory), Code("default"))

    def _plugin(self, plugin: plan.Plugin) -> Code:
        name = self._use(plugin.class_name, plugin.module)
        taken = tuple(self._expression(setting) for setting in plugin.positional)
        return self._assign(
            identifier(plugin.variable), self._call(name, taken, plugin.arguments), self._note(plugin.span)
        )

    def _steps(self) -> Iterator[Code]:
        """Every step, behind the scripts that it calls and what its condition asks."""
        after_function = False
        for pipeline in self._gateway.pipelines:
            for step in pipeline.steps:
                for arguments, made in self._objects(step):
                    for function in self._scripts(arguments):
                        yield from (
                            literals.join(_LINE, before) if after_function else before for before in function.before
                        )
                        yield self._function(function)
                        after_function = True
                    yield literals.join(_LINE, made) if after_function else made
                    after_function = False

    def _objects(self, step: plan.Step) -> Iterator[tuple[tuple[plan.Argument, ...], Code]]:
        for check in _checks(step):
            call = self._call(self._use(check.class_name, check.module), (), check.arguments)
            yield check.arguments, self._assign(identifier(check.variable), call, self._note(check.span))
        yield step.arguments, self._step(step)

    def _scripts(self, arguments: tuple[plan.Argument, ...]) -> Iterator[plan.Function]:
        """The functions that settings name, in their order."""
        for setting in _inside([one.value for one in arguments]):
            if isinstance(setting, plan.Script):
                yield self._functions[setting.variable]

    def _function(self, function: plan.Function) -> Code:
        self._scripted = True
        self._use("Exchange")
        note = _comment(self._note(function.script.span))
        return literals.join(_LINE, function.head, note, _LINE, function.body)

    def _step(self, step: plan.Step) -> Code:
        name = self._use(step.class_name, step.module)
        taken = tuple(self._expression(setting) for setting in step.positional)
        return self._assign(identifier(step.variable), self._call(name, taken, step.arguments), self._note(step.span))

    def _call(
        self, name: Code, positional: Sequence[Expression], arguments: Sequence[plan.Argument], *, short: bool = False
    ) -> Expression:
        """A call with one setting a line, each with its place; `short`: in one line where it fits."""
        items = [*positional, *(argument(one.keyword, self._expression(one.value)) for one in arguments)]
        notes = [_NOTHING for _ in positional]
        notes += [_NOTHING if short else self._note(one.span, default=True) for one in arguments]
        return call(name, *items, notes=notes)

    def _assign(self, name: Code, expression: Expression, note: Code) -> Code:
        return statement(literals.join(name, Code(" = ")), expression, note)

    # ---- Settings

    def _expression(self, setting: plan.Setting) -> Expression:
        if isinstance(setting, plan.Lookup):
            return self._lookup(setting)
        if isinstance(setting, plan.Reference):
            return identifier(setting.name)
        if isinstance(setting, plan.Script):
            return identifier(setting.variable)
        if isinstance(setting, plan.Table):
            return literals.mapping([(name, self._expression(value)) for name, value in setting.entries])
        if isinstance(setting, plan.Made):
            items = [self._expression(value) for value in setting.positional]
            items += [argument(one.keyword, self._expression(one.value)) for one in setting.arguments]
            return call(self._use(setting.class_name, setting.module), *items)
        if isinstance(setting, plan.Pattern):
            flags = [name for name in ("ignore_case", "linear") if getattr(setting, name)]
            items = [literals.pattern(setting.regex), *(argument(name, literal(True)) for name in flags)]
            return call(self._use("pattern", "egc.runtime.patterns"), *items)
        if isinstance(setting, tuple):
            return listing([self._expression(item) for item in setting])
        return literal(setting)

    def _lookup(self, lookup: plan.Lookup) -> Expression:
        env = self._use("env")
        only = lookup.parts[0]
        if len(lookup.parts) == 1 and not isinstance(only, str):
            name, default = only
            items = [literal(name)] + ([] if default is None else [_default(default, lookup.kind)])
            return call(literals.join(env, identifier(lookup.kind), by="."), *items, divisor=lookup.divisor)
        parts: list[Expression] = []
        for part in lookup.parts:
            if isinstance(part, str):
                parts.append(literal(part))
            else:
                # Express Gateway puts the text `null` where a variable inside of a text is missing; here that is told.
                parts.append(call(Code("env.text"), *(literal(text) for text in part if text is not None)))
        text = literals.concatenation(parts)
        if lookup.kind == "text":
            return text
        return call(literals.join(Code("env.to_"), identifier(lookup.kind)), text, divisor=lookup.divisor)

    # ---- Routes and pipelines

    def _pipeline(self, pipeline: plan.Pipeline) -> dict[str, object]:
        self._use("Exchange")
        self._use("Outcome")
        note = self._note(pipeline.span)
        return {
            "name": identifier(pipeline.variable),
            "waits": any(step.waits or any(check.waits for check in _checks(step)) for step in pipeline.steps),
            "note": _comment(note),
            "summary": words(_summary(pipeline, self._services)),
            "falls_through": not (pipeline.steps and pipeline.steps[-1].ends),
            "body": [
                *self._in_task(pipeline),
                *_forgotten(pipeline),
                *(line for step in pipeline.steps for line in self._run(step)),
            ],
        }

    def _in_task(self, pipeline: plan.Pipeline) -> Iterator[Code]:
        """What has a pipeline run in a task from its first step: one of a plugin may wait as it likes."""
        asked: list[plan.Step | plan.Check] = [*pipeline.steps]
        for step in pipeline.steps:
            asked += _checks(step)
        if any(one.waits and not one.module.startswith("egc.") for one in asked):
            yield literals.join(Code("await "), self._use("in_task"), Code("()"))

    def _run(self, step: plan.Step) -> Iterator[Code]:
        """The lines that run a step where its condition holds."""
        call = _asked(step.variable, step.waits)
        note = _comment(self._note(step.span))
        if step.answers == "always":
            lines = [literals.join(Code("return "), call, note)]
        elif step.answers == "maybe":
            lines = [
                literals.join(Code("outcome = "), call, note),
                Code("if outcome is not None:"),
                Code("    return outcome"),
            ]
        else:
            lines = [literals.join(call, note)]
        if step.condition is not None:
            yield from self._when(step.condition)
            lines = [literals.join(_INDENT, line) for line in lines]
        yield from lines

    def _when(self, condition: plan.Condition) -> Iterator[Code]:
        """`if`, and the condition: in one line, one operand a line, or worked out step by step."""
        note = _comment(self._note(condition.span))
        text = _test(condition, 0)
        if len("    if :") + len(text) + len(note) <= literals.WIDTH:
            yield literals.join(Code("if "), text, Code(":"), note)
            return
        operands = _operands(condition)
        if operands and max(map(len, operands)) + len(_INDENT) * 2 <= literals.WIDTH:
            yield Code("if (")
            for operand in operands:
                yield literals.join(_INDENT, operand)
            yield literals.join(Code("):"), note)
            return
        first, *rest = _worked_out(condition)
        yield literals.join(first, note)
        yield from rest
        yield Code("if met:")

    def _route(self, route: plan.Route) -> Expression:
        methods: Expression = self._any() if route.methods is None else self._expression(route.methods)
        return call(
            self._use("Route", "egc.runtime.routing"),
            self._host(route.host),
            self._path(route.path),
            methods,
            identifier(route.endpoint.variable),
            literal(None) if route.pipeline is None else identifier(route.pipeline.variable),
        )

    def _any(self) -> Code:
        return self._use("ANY", "egc.runtime.routing")

    def _host(self, host: plan.HostPattern) -> Expression:
        if host.text == "*":
            return self._any()
        if host.regex is None:
            return literal(host.text)
        items: list[Expression] = [literals.pattern(host.text), literals.pattern(host.regex)]
        if host.linear:
            items.append(argument("linear", literal(True)))
        return call(self._use("Host", "egc.runtime.routing"), *items)

    def _path(self, path: plan.PathPattern) -> Expression:
        if path.regex is None:
            return self._any() if path.text == "*" else literal(path.text)
        items: list[Expression] = [literals.pattern(path.text), literals.pattern(path.regex), *map(literal, path.names)]
        if path.sensitive:
            items.append(argument("sensitive", literal(True)))
        if path.linear:
            items.append(argument("linear", literal(True)))
        if path.strip in ("path", "all"):
            items.append(argument("strip", literal(path.strip)))
        return call(self._use("Path", "egc.runtime.routing"), *items)

    def _app(self) -> Code:
        gateway = self._gateway
        routes = listing(
            [self._route(route) for route in gateway.routes], [self._note(route.span) for route in gateway.routes]
        )
        items = [argument("routes", routes)]
        notes = [_NOTHING]
        if gateway.authorization is not None:
            items.append(argument("resources", listing([Code("authorization")])))
            notes.append(self._note(gateway.authorization.span))
        if gateway.administration is not None:
            items.append(argument("administration", Code("administration")))
            notes.append(self._note(gateway.administration.span))
        if gateway.plugins:
            items.append(argument("plugins", listing([identifier(plugin.variable) for plugin in gateway.plugins])))
            notes.append(_NOTHING)
        items.append(argument("listeners", listing([identifier(listener.name) for listener in gateway.listeners])))
        notes.append(_NOTHING)
        if gateway.store is not None:
            items.append(argument("store", Code("store")))
            notes.append(_NOTHING)
        for option in gateway.options:
            items.append(argument(option.keyword, self._expression(option.value)))
            notes.append(self._note(option.span, default=True))
        items.append(argument("source", Code("SOURCE_SHA256")))
        notes.append(_NOTHING)
        return statement(Code("app = "), call(Code("Gateway"), *items, notes=notes), _NOTHING)

    def _table(self) -> Iterator[Code]:
        """The summary that a reviewer reads without the rest."""
        rows = [("host", "path", "methods", "does")]
        if self._gateway.authorization is not None:
            rows.append(("*", _OWN_PATHS, "any", "authorization server"))
        for route in self._gateway.routes:
            does = "404: in no pipeline"
            if route.pipeline is not None:
                steps = ", ".join(_spoken(step, self._services) for step in route.pipeline.steps) or "nothing"
                does = f"{route.pipeline.name}: {steps}"
            rows.append((route.host.text, route.path.text, " ".join(route.methods or ("any",)), does))
        if len(rows) == 1:
            return
        cells = [[str(literals.cell(_cut(cell))) for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        for row in cells:
            aligned = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
            yield literals.cell("  ".join(aligned).rstrip())


def _checks(step: plan.Step) -> Iterator[plan.Check]:
    """What the condition of a step asks of a request, from left to right."""
    left = [step.condition] if step.condition is not None else []
    while left:
        condition = left.pop(0)
        if isinstance(condition, plan.Check):
            yield condition
        elif isinstance(condition, plan.Joined):
            left = [*condition.children, *left]


def _forgotten(pipeline: plan.Pipeline) -> Iterator[Code]:
    """The line that takes headers away which only the pipeline may fill."""
    if pipeline.identity:
        names = [literals.field(name) for name in pipeline.identity]
        yield from literals.lines(call(Code("x.forget"), *names))


def _asked(variable: str, waits: bool) -> Code:
    return literals.join(Code("await ") if waits else _NOTHING, identifier(variable), Code("(x)"))


_BINDING = {"or": 1, "and": 2, "not": 3}


def _test(condition: plan.Condition, outer: int) -> Code:
    """A condition as an expression; in brackets where what is around it binds more tightly."""
    if isinstance(condition, plan.Fixed):
        return literal(condition.holds)
    if isinstance(condition, plan.Check):
        return _asked(condition.variable, condition.waits)
    binding = _BINDING[condition.word]
    parts = [_test(child, binding) for child in condition.children]
    if condition.word == "not":
        return literals.join(Code("not "), parts[0])
    text = literals.join(*parts, by=Code(" and ") if condition.word == "and" else Code(" or "))
    return literals.join(Code("("), text, Code(")")) if outer > binding else text


def _operands(condition: plan.Condition) -> list[Code]:
    """The operands of a junction, each but the first behind its operator; none where they get no lines of their own.

    ruff gives them those where there are three or more.
    """
    if not isinstance(condition, plan.Joined) or len(condition.children) < 3:
        return []
    word = Code("and ") if condition.word == "and" else Code("or ")
    first, *rest = (_test(child, _BINDING[condition.word]) for child in condition.children)
    return [first, *(literals.join(word, operand) for operand in rest)]


def _worked_out(condition: plan.Condition) -> Iterator[Code]:
    """Statements that leave in `met` whether a condition holds."""
    text = _test(condition, 0)
    if not isinstance(condition, plan.Joined) or len("        met = ") + len(text) <= literals.WIDTH:
        yield literals.join(Code("met = "), text)
        return
    first, *rest = condition.children
    yield from _worked_out(first)
    if condition.word == "not":
        yield Code("met = not met")
    for child in rest:
        yield Code("if met:") if condition.word == "and" else Code("if not met:")
        for line in _worked_out(child):
            yield literals.join(_INDENT, line)


def _inside(settings: Sequence[plan.Setting]) -> Iterator[plan.Setting]:
    """Settings and those inside of them, in the order in which they are written."""
    for setting in settings:
        yield setting
        if isinstance(setting, tuple):
            yield from _inside(setting)
        elif isinstance(setting, plan.Table):
            yield from _inside([value for _, value in setting.entries])
        elif isinstance(setting, plan.Made):
            yield from _inside([*setting.positional, *(one.value for one in setting.arguments)])


def _called(gateway: plan.Gateway) -> dict[tuple[str, str], str]:
    """What classes of plugins are called in the module, by module and name, where another class has the name."""
    used = [(plugin.module, plugin.class_name) for plugin in gateway.plugins]
    for pipeline in gateway.pipelines:
        for step in pipeline.steps:
            used += [(check.module, check.class_name) for check in _checks(step)]
            used.append((step.module, step.class_name))
    taken = {*_OWN_NAMES, *(name for module, name in used if module.startswith("egc."))}
    called = {}
    for module, name in dict.fromkeys(one for one in used if not one[0].startswith("egc.")):
        number = 2
        wanted = name
        while wanted in taken:
            wanted, number = f"{name}{number}", number + 1
        taken.add(wanted)
        if wanted != name:
            called[module, name] = wanted
    return called


def _rank(name: str) -> int:
    """Where isort puts a name: constants, then classes, then the rest."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2


def _comment(note: Code) -> Code:
    return literals.join(Code("  # "), note) if note else _NOTHING


def _cut(text: str) -> str:
    return text if len(text) <= _COLUMN else text[: _COLUMN - 3] + "..."


def _default(text: str, kind: str) -> Code:
    if kind == "flag":
        return literal(text == "true")
    if kind in ("port", "integer"):
        return literal(int(text))
    return literal(float(text)) if kind == "number" else literal(text)


def _spoken(step: plan.Step, services: dict[str, plan.Service]) -> str:
    names = [taken.name for taken in step.positional if isinstance(taken, plan.Reference)]
    named = [services[name].name for name in names if name in services]
    return f"{step.policy}({', '.join(named)})" if named else step.policy


def _summary(pipeline: plan.Pipeline, services: dict[str, plan.Service]) -> str:
    """The docstring of a pipeline."""
    spoken = [_cut(_spoken(step, services)) for step in pipeline.steps]
    if not spoken:
        return "Do nothing: the next endpoint that matches is asked."
    if not pipeline.steps[-1].ends:
        return f"Run {', '.join(spoken)}; then the next endpoint that matches is asked."
    *before, last = spoken
    return f"Run {', '.join(before)}, then answer with {last}." if before else f"Answer with {last}."


# ---- The manifest


def manifest(gateway: plan.Gateway) -> dict[str, object]:
    """What the artifact was made of. No clock, no host name, no absolute path, and nothing that looks secret."""
    looked_up: dict[str, str | None] = {}
    for lookup in _lookups(gateway):
        for part in lookup.parts:
            if not isinstance(part, str):
                looked_up[part[0]] = _shown(*part)
    return {
        "egc": version("egc"),
        "api": API,
        "source": gateway.source_sha256,
        "files": dict(gateway.sources),
        "copied": list(gateway.files),
        "variables": {
            "at_start": dict(sorted(looked_up.items())),
            "at_build": {
                variable.name: _shown(variable.name, variable.value) for variable in gateway.resolved_variables
            },
        },
        "listeners": [listener.name for listener in gateway.listeners],
        "endpoints": list(dict.fromkeys(endpoint.name for endpoint in gateway.endpoints)),
        "services": [service.name for service in gateway.services],
        "pipelines": [pipeline.name for pipeline in gateway.pipelines],
    }


def _shown(name: str, value: str | None) -> str | None:
    return "(hidden)" if value is not None and _SECRET.search(name) else value


def _lookups(gateway: plan.Gateway) -> Iterator[plan.Lookup]:
    settings: list[plan.Setting] = []
    for owner in (*gateway.listeners, gateway.store, gateway.authorization, gateway.administration, *gateway.plugins):
        settings += [one.value for one in owner.arguments] if owner is not None else []
    for service in gateway.services:
        settings += service.urls
    for pipeline in gateway.pipelines:
        for step in pipeline.steps:
            owners = (step.arguments, *(check.arguments for check in _checks(step)))
            settings += [one.value for arguments in owners for one in arguments]
    yield from (setting for setting in _inside(settings) if isinstance(setting, plan.Lookup))
