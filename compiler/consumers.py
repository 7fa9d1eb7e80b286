"""Models that a project has made its own (C43-C54): what the Admin API checks at run time."""

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

from egc.compiler.conditions.json_schema import embedded
from egc.compiler.diagnostics import Report
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence, plain
from egc.compiler.plan import Argument, Made, Setting, Table
from egc.compiler.schema import SCHEMAS
from egc.compiler.settings import Values, from_json
from egc.compiler.source import Project

KINDS = ("users", "applications")
TYPES = frozenset(("string", "number", "integer", "boolean", "array", "object", "null"))
FORMATS = frozenset(("email", "uri"))
PLAIN = frozenset(("type", "format", "default", "enum", "isMutable", "title", "description", "examples", "$comment"))
"""Keywords of a property that need no schema at run time."""

READ = frozenset(
    ("$schema", "$id", "id", "title", "description", "$comment", "type", "properties", "required", "definitions")
)
"""Keywords of a model that are read, or say nothing."""

_SECRETS = {"basic-auth": "password", "key-auth": "keySecret", "jwt": "keySecret", "oauth2": "secret"}
_KEYED = ("key-auth", "jwt")
_OURS = ("autoGeneratePassword", "passwordKey", "scopes")


def models(project: Project, values: Values) -> Iterator[Argument]:
    """An argument of the Admin API for each model that differs from the shipped one."""
    for kind in KINDS:
        source = project.models.get(kind)
        if source is None or not isinstance(source.tree, Mapping):
            continue
        if _meaning(plain(source.tree)) == _meaning(_shipped(kind)):
            continue
        for entry in source.tree:
            if entry.name not in READ and not (entry.name == "additionalProperties" and _is_flag(entry.value)):
                message = f"the Admin API does not check `{entry.name}` of {kind}"
                values.report.warning("MG911", "unchecked-keyword", message, entry.key.span)
        names = _texts(source.tree.get("required"))
        made = tuple(_properties(_entries(source.tree.get("properties")), names, source.tree, values))
        others = source.tree.get("additionalProperties")
        closed = (Argument("closed", True, others.span),) if _is_flag(others) and others.value is False else ()
        yield Argument(kind, Made("Model", "egc.runtime.admin", (made,), closed), source.tree.span)
    yield from _credentials(project, values)


def _credentials(project: Project, values: Values) -> Iterator[Argument]:
    """The types of credentials whose model differs from the shipped one (C51-C54)."""
    source = project.models.get("credentials")
    if source is None or not isinstance(source.tree, Mapping):
        return
    found: list[tuple[str, Setting]] = []
    for entry in _entries(source.tree.get("properties")):
        if entry.name not in _SECRETS:
            message = f"there are no credentials of the type `{entry.name}`: no policy asks for them"
            help = f"there are {', '.join(_SECRETS)}"
            values.report.warning("CO120", "option-without-effect", message, entry.key.span, help=help)
        elif isinstance(entry.value, Mapping):
            key, arguments = _credential(entry.name, entry.value, source.tree, values)
            if arguments or key != _SECRETS[entry.name]:
                found.append((entry.name, Made("CredentialModel", "egc.runtime.admin", (key,), arguments)))
    if found:
        yield Argument("credentials", Table(tuple(found)), source.tree.span)


def _credential(type_: str, schema: Mapping, root: Mapping, values: Values) -> tuple[str, tuple[Argument, ...]]:
    """What the secret of a type is called, and what else is not as it is shipped."""
    parts = list(_parts(schema, root, values.report))
    declared = {entry.name: entry for part in parts for entry in _entries(part.get("properties"))}
    required = frozenset(name for part in parts for name in _texts(part.get("required")))
    arguments = []
    key = _SECRETS[type_]
    if type_ not in _KEYED:
        named, makes = (_default(declared.get(name)) for name in ("passwordKey", "autoGeneratePassword"))
        if isinstance(named, Scalar) and isinstance(named.value, str) and named.value:
            key = named.value
        if isinstance(makes, Scalar) and makes.value is False:
            arguments.append(Argument("auto_generate_password", False, makes.span))
    if "scopes" in required:
        arguments.append(Argument("scopes_required", True, schema.span))
    scopes = _default(declared.get("scopes"))
    if scopes is not None:
        items = scopes.items if isinstance(scopes, Sequence) else (scopes,)
        listed = tuple(item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str))
        arguments.append(Argument("default_scopes", listed, scopes.span))
    own = [entry for name, entry in declared.items() if name not in _OURS]
    made = tuple(_properties(own, required, root, values))
    if made:
        model = Made("Model", "egc.runtime.admin", (made,), ())
        arguments.append(Argument("properties", model, schema.span))
    return key, tuple(arguments)


def _parts(schema: Mapping, root: Mapping, report: Report) -> Iterator[Mapping]:
    """A schema with all that it joins by `allOf` and `$ref`, in order, each once."""
    left: list[Node | None] = [schema]
    seen: set[int] = set()
    while left:
        found = left.pop(0)
        if not isinstance(found, Mapping) or id(found) in seen:
            continue
        seen.add(id(found))
        joined = found.get("allOf")
        reference = found.get("$ref")
        if isinstance(reference, Scalar):
            target: Node | None = root
            for step in str(reference.value).removeprefix("#").split("/")[1:]:
                target = target.get(step) if isinstance(target, Mapping) else None
            if not isinstance(target, Mapping) or target is root:
                message = f"`$ref` leads to `{reference.value}`, which is not in this schema"
                report.error("CO111", "invalid-embedded-schema", message, reference.span)
            left.insert(0, target)
        yield found
        left[:0] = joined.items if isinstance(joined, Sequence) else ()


def _shipped(kind: str) -> Any:
    return json.loads((SCHEMAS / "models" / f"{kind}.json").read_text(encoding="utf-8"))


def _meaning(model: Any) -> tuple[Any, Any]:
    """What of a model decides anything: its properties in order, without words for people, and what is required."""
    properties = model.get("properties") if isinstance(model, dict) else None
    shown = [
        (name, {key: value for key, value in schema.items() if key not in ("title", "description")})
        for name, schema in (properties or {}).items()
        if isinstance(schema, dict)
    ]
    required = model.get("required") if isinstance(model, dict) else None
    return shown, set(required) if isinstance(required, list) else set()


def _properties(entries: list[Entry], required: frozenset[str], root: Mapping, values: Values) -> Iterator[Setting]:
    for entry in entries:
        if isinstance(entry.value, Mapping):
            yield _property(entry, entry.value, entry.name in required, root, values)


def _property(entry: Entry, schema: Mapping, required: bool, root: Mapping, values: Values) -> Setting:
    arguments: list[Argument] = []

    def add(keyword: str, key: str, value: Setting) -> None:
        node = schema.get(key)
        arguments.append(Argument(keyword, value, node.span if node is not None else schema.span))

    found: dict[str, Any] = {one.name: plain(one.value) for one in schema}
    kind, format_ = found.get("type"), found.get("format")
    is_plain = found.keys() <= PLAIN and _is_one_of(kind, TYPES) and _is_one_of(format_, FORMATS)
    add("type", "type", kind if is_plain else None)
    if is_plain and format_ is not None:
        add("format", "format", format_)
    if required:
        add("required", "type", True)
    if found.get("default") is not None:
        add("default", "default", from_json(found["default"]))
    if found.get("isMutable") is False:
        add("is_mutable", "isMutable", False)
    if is_plain and isinstance(found.get("enum"), list):
        add("choices", "enum", tuple(from_json(value) for value in found["enum"]))
    if not is_plain:
        whole = Mapping(tuple(_around(entry, root)), schema.span)
        arguments.append(Argument("schema", embedded(whole, values), schema.span))
    return Made("Property", "egc.runtime.admin", (entry.name,), tuple(arguments))


def _around(entry: Entry, root: Mapping) -> Iterator[Entry]:
    """A schema of nothing but this property, which may refer to the definitions of the model."""
    yield Entry(Scalar("properties", entry.key.span), Mapping((entry,), entry.key.span))
    definitions = root.entry("definitions")
    if definitions is not None:
        yield definitions


def _entries(node: Node | None) -> list[Entry]:
    return list(node) if isinstance(node, Mapping) else []


def _texts(node: Node | None) -> frozenset[str]:
    items = node.items if isinstance(node, Sequence) else ()
    return frozenset(item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str))


def _default(entry: Entry | None) -> Node | None:
    return entry.value.get("default") if entry is not None and isinstance(entry.value, Mapping) else None


def _is_one_of(value: Any, choices: frozenset[str]) -> bool:
    return value is None or (isinstance(value, str) and value in choices)


def _is_flag(node: Node | None) -> TypeGuard[Scalar]:
    return isinstance(node, Scalar) and isinstance(node.value, bool)
