"""What the compiler knows of policies: their schemas, and one file for each policy whose lowering is special."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from egc.compiler.plan import Part, Role
from egc.compiler.schema import SCHEMAS


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that compiles: where its class is, what a call of it gives, and the schema of its parameters.

    `takes` names the objects that it gets by position: `store`, `service`, and `plugin` where a plugin brings it, whose
    name is `plugin` then. `role` and `changes` are as in `plan.Step`; nobody knows what a plugin's policy changes.
    """

    name: str
    class_name: str
    module: str
    answers: Literal["never", "maybe", "always"]
    waits: bool
    takes: tuple[str, ...]
    schema: dict[str, Any]
    plugin: str = ""
    role: Role = ""
    changes: tuple[Part, ...] = ("url", "method", "host", "consumer", "other")

    @property
    def properties(self) -> dict[str, Any]:
        """The schemas of its parameters by name, in their order."""
        found: dict[str, Any] = self.schema.get("properties", {})
        return found


@cache
def policies() -> dict[str, Policy]:
    """All policies that have a schema, by name, in the order of their names."""
    found = {}
    for file in sorted((SCHEMAS / "policies").glob("*.json")):
        name = file.stem
        schema = json.loads(file.read_text(encoding="utf-8"))
        about = schema["x-egc"]
        found[name] = Policy(
            name,
            about["class"],
            f"egc.runtime.policies.{name.replace('-', '_')}",
            about["answers"],
            about["waits"],
            tuple(about.get("takes", ())),
            schema,
            role=about.get("role", ""),
            changes=tuple(about.get("changes", ())),
        )
    return found
