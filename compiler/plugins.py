"""Plugins: what `plugins` of system.config brings, read from data files beside its code. The code itself is never run.

A plugin is a Python package, beside the configuration or installed:

    plugin.json                       the schema of its settings, and the class of the plugin object
    schemas/policies/NAME.json        a policy, as egc's own schemas say it; its class is in policies/NAME.py
    schemas/conditions/NAME.json      a condition; its class is in conditions/NAME.py
"""

import ast
import json
import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Literal

from egc.compiler.catalogue import Catalogue, built_in, catalogue
from egc.compiler.conditions import ConditionKind
from egc.compiler.diagnostics import Report, Span
from egc.compiler.model import empty
from egc.compiler.node import Entry, Mapping, Scalar
from egc.compiler.npm import instead, is_built_in
from egc.compiler.policies import Policy
from egc.compiler.regexes import Untranslatable, safe
from egc.compiler.schema import Schema
from egc.compiler.settings import snake
from egc.compiler.source import Project

MAX_SCHEMA = 256 * 1024
"""Bytes of a data file of a plugin."""

MAX_SCHEMA_NODES = 10_000
"""Values of a schema, those that references repeat counted each time."""

MAX_FILES = 2000
MAX_BYTES = 32 * 1024 * 1024
"""What an artifact takes along of a plugin."""

_DOTTED = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OURS = frozenset(
    (
        *("egc", "gateway", "gunicorn", "data", "falcon", "uvloop", "httptools", "jinja2", "cryptography", "joserfc"),
        *("bcrypt", "yaml", "jsonschema", "tree_sitter", "tree_sitter_javascript", "click", "requests", "rich"),
        *("re2", "redis", "markupsafe", "referencing", "attr", "attrs", "certifi", "idna", "urllib3", "rpds"),
    )
)
"""Modules that the gateway itself needs, or that stand in an artifact."""

_IGNORED = frozenset(("__pycache__", "node_modules"))
_ANSWERS = ("never", "maybe", "always")
_TAKES = ("store", "service", "plugin")


class Unfit(Exception):
    """A file of a plugin cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that a configuration names.

    Attributes:
        name: as in system.config; `package` the dotted name of its module.
        class_name: of the plugin object; "" where there is none.
        takes: the objects that the plugin object gets by position.
        schema: of its settings, which `settings` holds.
        inside: the top-level directory or file below the configuration's, or "" where it is installed.
        files: names below the configuration's directory, and digests, of the files that were found there.
    """

    name: str
    package: str
    class_name: str
    takes: tuple[str, ...]
    schema: Schema
    settings: Mapping
    entry: Entry
    policies: tuple[Policy, ...] = ()
    conditions: tuple[ConditionKind, ...] = ()
    inside: str = ""
    files: tuple[tuple[str, str], ...] = field(default=())

    @property
    def span(self) -> Span:
        """Where system.config names it."""
        return self.entry.key.span


def read_plugins(project: Project) -> Catalogue:
    """What the plugins of a project bring, with what is built in, and what is wrong with them."""
    report = Report()
    tree = project.system.tree if project.system is not None else None
    section = tree.get("plugins") if isinstance(tree, Mapping) else None
    if not isinstance(section, Mapping) or not section.entries:
        return built_in()
    plugins: list[Plugin] = []
    missing: list[str] = []
    for entry in section:
        before = report.errors
        plugin = _plugin(project.directory, entry, report)
        if plugin is not None:
            plugins.append(plugin)
        elif report.errors > before:
            missing.append(entry.name)
    _replaced(plugins, report)
    return catalogue(plugins, missing, report)


def _replaced(plugins: list[Plugin], report: Report) -> None:
    """D370: a plugin may take the place of what is built in; whoever reads the configuration is told."""
    core = built_in()
    for plugin in plugins:
        for kind, brought, known in (
            ("policy", plugin.policies, core.policies),
            ("condition", plugin.conditions, core.conditions),
        ):
            for one in brought:
                if one.name in known:
                    message = f"the {kind} `{one.name}` of this plugin takes the place of the one that is built in"
                    report.warning("MG914", "plugin-replaces", message, plugin.span)


def _plugin(directory: Path, entry: Entry, report: Report) -> Plugin | None:
    settings = entry.value if isinstance(entry.value, Mapping) else Mapping((), entry.key.span)
    named = settings.entry("package")
    node = named.value if named is not None else None
    package = str(node.value) if isinstance(node, Scalar) and not empty(node) else ""
    if is_built_in(entry.name, package):
        message = "`rewrite` is built in; this entry has no effect"
        report.warning("MG912", "plugin-built-in", message, entry.key.span, help="remove it")
        return None
    span = entry.key.span
    if isinstance(node, Scalar) and node.parts:
        message = "which plugin runs is not for a variable to say"
        report.error("MG906", "unsupported-plugin", message, node.span, help="name its Python module")
        return None
    dotted = package or entry.name.replace("-", "_")
    place = _place(directory, dotted) if _DOTTED.fullmatch(dotted) and not dotted.endswith(".js") else None
    if place is None:
        what = f"the plugin `{entry.name}` is no Python module that is here"
        if package.startswith((".", "/")) or "-" in package or package.endswith(".js"):
            what = f"the plugin `{entry.name}` is JavaScript for Express Gateway; egc cannot run it"
        elif not package:
            what = f"the plugin `{entry.name}` is not here: there is no Python module `{dotted}`"
        report.error("MG906", "unsupported-plugin", what, span, help=instead(entry.name, package))
        return None
    top = dotted.partition(".")[0]
    if top in sys.stdlib_module_names or top in _OURS:
        message = f"a plugin cannot be called `{top}`: the gateway has a module of that name"
        report.error("MG906", "unsupported-plugin", message, span, help="put it into a package, `plugins` say")
        return None
    parts = tuple(one for one in settings if one.name != "package")
    return _read(directory, place, dotted, entry, Mapping(parts, settings.span), report)


# ---- Where it is


@dataclass(frozen=True, slots=True)
class _Place:
    """A package or module on disk; `beside` the configuration, or installed."""

    path: Path
    beside: bool


def _place(directory: Path, dotted: str) -> _Place | None:
    """Where a module is, without importing anything: beside the configuration, else where Python would look."""
    top, *rest = dotted.split(".")
    if (directory / top).is_dir() or (directory / f"{top}.py").is_file():
        path = _below(directory, (top, *rest))
        return _Place(path, True) if path is not None else None
    # Not what happens to stand in the working directory: it would not be there when the gateway starts.
    paths = [path for path in sys.path if path and Path(path).resolve() not in (Path.cwd(), directory.resolve())]
    spec = PathFinder.find_spec(top, paths)
    if spec is None:
        return None
    for found in spec.submodule_search_locations or ():
        path = _below(Path(found).parent, (Path(found).name, *rest))
        if path is not None:
            return _Place(path, False)
    return _Place(Path(spec.origin), False) if spec.origin and not rest else None


def _below(directory: Path, parts: tuple[str, ...]) -> Path | None:
    path = directory.joinpath(*parts)
    if path.is_dir():
        return path
    module = path.with_suffix(".py")
    return module if module.is_file() else None


def _taken_along(directory: Path, top: str, span: Span, report: Report) -> tuple[tuple[str, str], ...]:
    """Names and digests of all files below the top-level package, which an artifact holds a copy of."""
    root = directory / top
    home = directory.resolve()
    found: list[tuple[str, str]] = []
    size = 0
    for path in sorted(_files(root)):
        name = path.relative_to(directory).as_posix()
        if not path.resolve().is_relative_to(home):
            message = f"`{name}` leads out of the directory of the configuration"
            report.error("CO139", "file-outside", message, span)
            return ()
        if path.is_dir():
            continue
        size += path.stat().st_size
        if len(found) >= MAX_FILES or size > MAX_BYTES:
            message = f"`{top}` is too large: an artifact takes {MAX_FILES} files along, {MAX_BYTES >> 20} MiB in all"
            report.error("MG915", "unfit-plugin", message, span)
            return ()
        found.append((name, sha256(path.read_bytes()).hexdigest()))
    return tuple(found)


def _files(root: Path) -> Iterator[Path]:
    """A file, or all in a directory; directories that are symbolic links are named, not followed."""
    if not root.is_dir() or root.is_symlink():
        yield root
        return
    for path in root.iterdir():
        if path.name not in _IGNORED and not path.name.startswith(".") and path.suffix != ".pyc":
            yield from _files(path)


# ---- What it brings


def _read(
    directory: Path, place: _Place, package: str, entry: Entry, settings: Mapping, report: Report
) -> Plugin | None:
    span = entry.key.span
    inside = ""
    files: tuple[tuple[str, str], ...] = ()
    if place.beside:
        top = package.partition(".")[0]
        inside = top if (directory / top).is_dir() else f"{top}.py"
        files = _taken_along(directory, inside, span, report)
    shown = _Shown(directory, place, report, span)
    about: Schema = {}
    class_name = ""
    takes: tuple[str, ...] = ()
    home = place.path if place.path.is_dir() else None
    if home is not None and (home / "plugin.json").is_file():
        loaded = shown.load(home / "plugin.json", _about_plugin)
        if loaded is None:
            return None
        about = loaded
        own = about.get("x-egc", {})
        class_name, takes = own.get("class", ""), tuple(own.get("takes", ()))
        code = home / "__init__.py"
        if class_name:
            shown.has_class(code, class_name)
    policies = []
    conditions = []
    for path, schema in shown.all("policies", _about_policy):
        own = schema["x-egc"]
        module = f"{package}.policies.{snake(path.stem)}"
        if shown.has_class(path.parents[2] / "policies" / f"{snake(path.stem)}.py", own["class"]):
            taken = tuple(own.get("takes", ()))
            if "plugin" in taken and not class_name:
                shown.tell(path, "it takes the plugin, which has no class: plugin.json names none")
            waits, answers = own.get("waits", False), own["answers"]
            policies.append(Policy(path.stem, own["class"], module, answers, waits, taken, schema, entry.name))
    for path, schema in shown.all("conditions", _about_condition):
        own = schema["x-egc"]
        module = f"{package}.conditions.{snake(path.stem)}"
        if shown.has_class(path.parents[2] / "conditions" / f"{snake(path.stem)}.py", own["class"]):
            waits, pure = own.get("waits", False), own.get("pure", False)
            conditions.append(
                ConditionKind(path.stem, None, None, own["class"], module, waits, pure, schema, entry.name)
            )
    if not (class_name or policies or conditions):
        shown.tell(home or place.path, "it brings nothing: no plugin.json with a class, no schemas")
    return Plugin(
        entry.name,
        package,
        class_name,
        takes,
        about,
        settings,
        entry,
        tuple(policies),
        tuple(conditions),
        inside,
        files,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """Reads the data files of one plugin, and tells what is wrong with them."""

    directory: Path
    place: _Place
    report: Report
    span: Span

    def tell(self, path: Path, why: str) -> None:
        name = path.relative_to(self.directory).as_posix() if self.place.beside else f"{path.parent.name}/{path.name}"
        self.report.error("MG915", "unfit-plugin", f"{name}: {why}", self.span)

    def all(self, kind: Literal["policies", "conditions"], check: Any) -> Iterator[tuple[Path, Schema]]:
        folder = self.place.path / "schemas" / kind
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            if not _NAME.fullmatch(path.stem):
                self.tell(path, "this is no name for a policy or condition")
                continue
            schema = self.load(path, check)
            if schema is not None:
                yield path, schema

    def load(self, path: Path, check: Any) -> Schema | None:
        """A data file, or None where it cannot be used, which is told."""
        try:
            schema = _parsed(path)
            check(schema)
            return schema
        except Unfit as error:
            self.tell(path, str(error))
            return None

    def has_class(self, path: Path, name: str) -> bool:
        """Whether a module binds a name; it is parsed, not run."""
        try:
            tree = ast.parse(path.read_bytes(), path.name)
        except OSError:
            self.tell(path, "there is no such file")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
            self.tell(path, f"{line}this is no Python")
        else:
            if any(name in _bound(statement) for statement in tree.body):
                return True
            self.tell(path, f"there is no class {name}")
        return False


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)


def _parsed(path: Path) -> Schema:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCHEMA + 1)
    except OSError as error:
        raise Unfit(error.strerror or "it cannot be read") from None
    if len(data) > MAX_SCHEMA:
        raise Unfit(f"it is longer than {MAX_SCHEMA >> 10} KiB")
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError) as error:
        where = (
            f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "not UTF-8, or too deep"
        )
        raise Unfit(f"this is no JSON ({where})") from None
    if not isinstance(schema, dict):
        raise Unfit("this should be a JSON object")
    _fit(schema)
    return schema


# ---- Schemas


def _fit(schema: Schema) -> None:
    """Raise Unfit unless it is a schema of draft-07 that refers to itself only, and costs little to check."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft7Validator.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        raise Unfit(f"this is no JSON Schema of draft-07: {getattr(error, 'message', 'too deep')}") from None
    definitions = schema.get("definitions", {})
    sizes: dict[str, int] = {}

    def size(value: object, within: tuple[str, ...]) -> int:
        total = 1
        if isinstance(value, list):
            total += sum(size(item, within) for item in value)
        elif isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                total += referred(reference, within)
            _fit_patterns(value)
            total += sum(size(item, within) for name, item in value.items() if name != "definitions" or within)
        if total > MAX_SCHEMA_NODES:
            raise Unfit("this schema is too large")
        return total

    def referred(reference: str, within: tuple[str, ...]) -> int:
        name = reference.removeprefix("#/definitions/")
        if name == reference or name not in definitions:
            raise Unfit(f"`$ref` should name one of its `definitions`, not `{reference}`")
        if name in within:
            raise Unfit(f"the definition `{name}` refers to itself")
        if name not in sizes:
            sizes[name] = size(definitions[name], (*within, name))
        return sizes[name]

    try:
        size({name: value for name, value in schema.items() if name != "definitions"}, ())
    except RecursionError:
        raise Unfit("this schema is too deep") from None


def _fit_patterns(schema: Schema) -> None:
    """Expressions that could hold the compiler are refused: it looks for them with Python's `re`."""
    patterns = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    if isinstance(schema.get("patternProperties"), dict):
        patterns += schema["patternProperties"]
    for pattern in patterns:
        try:
            linear = safe(pattern, only_whether=True).linear
        except Untranslatable as error:
            raise Unfit(f"the pattern `{pattern}` cannot be used: {error}") from None
        if linear:
            raise Unfit(f"the pattern `{pattern}` could take too long")


def _about(schema: Schema, known: tuple[str, ...], takes: tuple[str, ...]) -> dict[str, Any]:
    """The part of a schema that is for egc."""
    about = schema.get("x-egc")
    if not isinstance(about, dict) or not isinstance(about.get("class"), str):
        raise Unfit('it needs `"x-egc": {"class": ...}`')
    if not _CLASS.fullmatch(about["class"]) or keyword.iskeyword(about["class"]):
        raise Unfit(f"`{about['class']}` is no name for a class, such as `AuditTrail`")
    for name, value in about.items():
        if name not in known:
            raise Unfit(f"`x-egc` has no member `{name}`")
        if name in ("waits", "pure") and not isinstance(value, bool):
            raise Unfit(f"`{name}` of `x-egc` should be true or false")
    taken = about.get("takes", [])
    if not isinstance(taken, list) or any(one not in takes for one in taken) or len(set(taken)) != len(taken):
        raise Unfit(f"`takes` of `x-egc` should be a list of {' and '.join(takes)}")
    _fit_names(schema)
    return about


def _fit_names(schema: Schema) -> None:
    """Parameters become keyword arguments."""
    properties = schema.get("properties", {})
    names = [snake(name) for name in properties]
    for name, python in zip(properties, names, strict=True):
        if not python.isidentifier() or not python.isascii() or keyword.iskeyword(python):
            raise Unfit(f"the property `{name}` would be the argument `{python}`, which Python cannot have")
        if names.count(python) > 1:
            raise Unfit(f"two properties would be the argument `{python}`")


def _about_plugin(schema: Schema) -> None:
    if "x-egc" in schema:
        _about(schema, ("class", "takes"), ("store",))
    if '"x-egc"' in json.dumps(schema.get("properties", {})):
        raise Unfit("settings of a plugin are values, not scripts: `x-egc` has no meaning in them")


def _about_policy(schema: Schema) -> None:
    about = _about(schema, ("class", "answers", "waits", "takes"), _TAKES)
    if about.get("answers") not in _ANSWERS:
        raise Unfit("`answers` of `x-egc` should be never, maybe or always")


def _about_condition(schema: Schema) -> None:
    _about(schema, ("class", "waits", "pure"), ())
