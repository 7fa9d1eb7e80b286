"""What the Admin API shows of a configuration: its sections as they were written, and the JSON Schemas (C137-C145).

The build writes it beside the module (`admin.json`), for a gateway that serves has neither YAML nor schemas. Variables
stay `${NAME}` (D11): what they hold here may be secret.
"""

import json
from collections.abc import Collection, Iterator
from datetime import date, datetime

from egc.compiler import scalars, variables
from egc.compiler.catalogue import Catalogue
from egc.compiler.node import Mapping, Node, Regexp, Scalar, Sequence, Variable
from egc.compiler.schema import Schema, load
from egc.compiler.source import MODELS, Project

SECTIONS = ("apiEndpoints", "serviceEndpoints", "policies", "pipelines")
"""What can be read and written by itself."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

OWN_WORDS = frozenset(("x-egc", "x-express-gateway", "errorMessage"))
"""Keywords of our schemas that are for the compiler."""

REQUIRED = {
    "basic-auth": ("passThrough",),
    "headers": ("headersPrefix", "forwardHeaders"),
    "jwt": ("jwtExtractor", "checkCredentialExistence"),
    "key-auth": ("passThrough",),
    "oauth2": ("passThrough",),
    "oauth2-introspect": ("passThrough", "endpoint", "ttl"),
    "proxy": ("strategy", "changeOrigin", "stripPath", "ignorePath", "prependPath", "followRedirects"),
    "terminate": ("statusCode", "message"),
}
"""What Express Gateway's schemas require although it has a default: its validator filled that in first (C4)."""


def document(project: Project, listed: Collection[str], known: Catalogue) -> str:
    """The text of `admin.json`.

    Arguments:
        project: the files that were read.
        listed: the policies that the configuration lists.
        known: what policies, conditions and plugins there are.
    """
    tree = project.gateway.tree
    sections = {entry.name: shown(entry.value) for entry in tree} if isinstance(tree, Mapping) else {}
    written = {
        "configuration": {name: sections[name] for name in SECTIONS if name in sections},
        "schemas": [{"type": kind, "schema": schema} for kind, schema in _schemas(project, listed, known)],
    }
    return json.dumps(written, separators=(",", ":"), allow_nan=False) + "\n"


def shown(node: Node) -> Json:
    """A tree as JSON; a value with variables as the text that was written."""
    if isinstance(node, Mapping):
        return {entry.name: shown(entry.value) for entry in node}
    if isinstance(node, Sequence):
        return [shown(item) for item in node]
    if node.parts:
        return _written(node.parts)
    return _leaf(node)


def normal(value: Json) -> Json:
    """JSON with its numbers and variables as a configuration would hold them.

    Raises ValueError for a number that is too large.
    """
    if isinstance(value, dict):
        return {name: normal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return scalars.exact(value)
    if isinstance(value, str) and "${" in value:
        return _written(variables.cut(value)) or value
    return value


def _written(parts: tuple[str | Variable, ...]) -> str:
    return "".join(part if isinstance(part, str) else _token(part.name, part.default) for part in parts)


def _token(name: str, default: str | None) -> str:
    return f"${{{name}}}" if default is None else f"${{{name}:-{default}}}"


def _leaf(node: Scalar) -> Json:
    value = node.value
    if isinstance(value, Regexp):
        return f"/{value.source}/{value.flags}"
    if isinstance(value, datetime):
        # As JavaScript writes a moment, which is always in UTC here.
        return f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00.000Z"
    return value


def _schemas(project: Project, listed: Collection[str], known: Catalogue) -> Iterator[tuple[str, Json]]:
    """Kind and text of each schema, in Express Gateway's order of kinds (C144)."""
    for name in ("gateway", "system"):
        yield "config", _stripped(_own(name))
    for name in MODELS:
        source = project.models.get(name)
        shipped = _own(f"models/{name}")
        found = shown(source.tree) if source is not None else None
        yield "model", {"$id": shipped["$id"], **found} if isinstance(found, dict) else _stripped(shipped)
    for condition in known.conditions.values():
        yield "condition", _stripped(condition.schema)
    # The module of `oauth2` brings the schema of `jwt`, which its own refers to.
    for name in sorted({*listed, *(("jwt",) if "oauth2" in listed else ())}):
        if name in known.policies:
            yield "policy", _policy(name, _stripped(known.policies[name].schema))
    for plugin in known.plugins:
        if plugin.schema:
            yield "plugin", _stripped(plugin.schema)


def _own(name: str) -> Schema:
    found = load(name)
    assert found is not None  # noqa: S101 - shipped with the compiler
    return found


def _stripped(schema: Schema) -> dict[str, Json]:
    """A schema without our own keywords; what is called like one of them inside of `properties` stays."""
    return {
        word: {name: _inner(one) for name, one in value.items()}
        if word in ("properties", "patternProperties", "definitions") and isinstance(value, dict)
        else _inner(value)
        for word, value in schema.items()
        if word not in OWN_WORDS
    }


def _inner(value: object) -> Json:
    if isinstance(value, dict):
        return _stripped(value)
    if isinstance(value, list):
        return [_inner(item) for item in value]
    assert value is None or isinstance(value, str | int | float)  # noqa: S101 - read from JSON
    return value


def _policy(name: str, schema: dict[str, Json]) -> dict[str, Json]:
    """A policy's schema with what Express Gateway's says in other words."""
    if name in REQUIRED:
        schema["required"] = list(REQUIRED[name])
    properties = schema["properties"]
    code = properties.get("statusCode") if name == "terminate" and isinstance(properties, dict) else None
    if isinstance(code, dict):
        code["type"] = "number"
    return schema
