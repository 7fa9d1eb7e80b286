"""Models of users and applications that a project has made its own (C43-C50): what the Admin API checks at run time."""

import json
from collections.abc import Iterator
from typing import Any

from egc.compiler.diagnostics import Report
from egc.compiler.node import Mapping, Scalar, plain
from egc.compiler.plan import Argument, Made, Setting
from egc.compiler.schema import SCHEMAS
from egc.compiler.source import Project

KINDS = ("users", "applications")
TYPES = frozenset(("string", "number", "integer", "boolean", "array", "object", "null"))
FORMATS = frozenset(("email", "uri"))
CHECKED = frozenset(("type", "format", "default", "enum", "isMutable", "title", "description", "examples", "$comment"))


def models(project: Project, report: Report) -> Iterator[Argument]:
    """An argument of the Admin API for each model that differs from the shipped one."""
    for kind in KINDS:
        source = project.models.get(kind)
        if source is None or not isinstance(source.tree, Mapping):
            continue
        written: Any = plain(source.tree)
        shipped = json.loads((SCHEMAS / "models" / f"{kind}.json").read_text(encoding="utf-8"))
        if _meaning(written) == _meaning(shipped):
            continue
        declared = source.tree.get("properties")
        required = written.get("required")
        names = frozenset(required) if isinstance(required, list) else frozenset()
        made = tuple(
            _property(entry.name, entry.value, entry.name in names, report)
            for entry in (declared if isinstance(declared, Mapping) else ())
            if isinstance(entry.value, Mapping)
        )
        yield Argument(kind, Made("Model", "egc.runtime.admin", (made,), ()), source.tree.span)


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


def _property(name: str, schema: Mapping, required: bool, report: Report) -> Setting:
    arguments: list[Argument] = []

    def add(keyword: str, key: str, value: Setting) -> None:
        node = schema.get(key)
        arguments.append(Argument(keyword, value, node.span if node is not None else schema.span))

    values: dict[str, Any] = {entry.name: plain(entry.value) for entry in schema}
    for entry in schema:
        if entry.name not in CHECKED:
            message = f"the Admin API does not check `{entry.name}` of `{name}`"
            report.warning("MG911", "unchecked-keyword", message, entry.key.span)
    kind = values.get("type")
    add("type", "type", kind if kind in TYPES else None)
    if values.get("format") in FORMATS:
        add("format", "format", values["format"])
    if required:
        add("required", "type", True)
    if isinstance(schema.get("default"), Scalar):
        add("default", "default", _scalar(values["default"]))
    if values.get("isMutable") is False:
        add("is_mutable", "isMutable", False)
    if isinstance(values.get("enum"), list):
        add("choices", "enum", tuple(_scalar(value) for value in values["enum"]))
    return Made("Property", "egc.runtime.admin", (name,), tuple(arguments))


def _scalar(value: object) -> Setting:
    return value if isinstance(value, str | int | float | bool) else None
