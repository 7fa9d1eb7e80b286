"""What the compiler knows of conditions: their schemas, and one file for each condition whose lowering is special."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from egc.compiler.node import Mapping, Sequence
from egc.compiler.schema import SCHEMAS
from egc.compiler.settings import snake


@dataclass(frozen=True, slots=True)
class ConditionKind:
    """A condition that compiles: a fixed answer, a junction of others, or a class that is asked.

    `pure` ones change nothing and never fail: where the answer is known without them, they are not asked. `plugin` is
    the name of the plugin that brings it.
    """

    name: str
    fixed: bool | None
    joins: Literal["and", "or", "not"] | None
    class_name: str
    module: str
    waits: bool
    pure: bool
    schema: dict[str, Any]
    plugin: str = ""

    @property
    def properties(self) -> dict[str, Any]:
        """The schemas of its parameters by name, in their order."""
        found: dict[str, Any] = self.schema.get("properties", {})
        return found


@cache
def conditions() -> dict[str, ConditionKind]:
    """All conditions that have a schema, by name, in the order of their names."""
    found = {}
    for file in sorted((SCHEMAS / "conditions").glob("*.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        about = schema["x-egc"]
        # Some file systems take `pathmatch.json` for `pathMatch.json`.
        name = about.get("name", file.stem)
        found[name] = ConditionKind(
            name,
            about.get("fixed"),
            about.get("joins"),
            about.get("class", ""),
            f"egc.runtime.conditions.{snake(name)}",
            about.get("waits", False),
            about.get("pure", False),
            schema,
        )
    return found


def children(condition: Mapping) -> Iterator[Mapping]:
    """The conditions that a junction joins (D129-D131)."""
    for key in ("conditions", "condition"):
        node = condition.get(key)
        for item in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(item, Mapping):
                yield item
