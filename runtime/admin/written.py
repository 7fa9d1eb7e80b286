"""What the build wrote for the Admin API: the configuration's sections and the JSON Schemas (`admin.json`)."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from egc.runtime.store import Json


class Written:
    """Reads `admin.json` when it is first asked for.

    Arguments:
        path: of the file; None where there is none, as for an Admin API without a gateway.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @cached_property
    def _document(self) -> dict[str, Any]:
        if self._path is None:
            return {"configuration": {}, "schemas": []}
        document: dict[str, Any] = json.loads(self._path.read_bytes())
        return document

    def section(self, name: str) -> Json:
        """A section as it was written, None where it was left empty; an empty one where it is absent (C137)."""
        found: Json = self._document["configuration"].get(name, {})
        return found

    def entity(self, section: str, name: str) -> Json:
        """One entry of a section, or None. A list's are found by their `name`, as the gateway calls them."""
        found = self.section(section)
        if isinstance(found, dict):
            return found.get(name)
        if isinstance(found, list):
            return next((item for item in found if isinstance(item, dict) and item.get("name") == name), None)
        return None

    def schemas(self, kind: str | None = None) -> list[Json]:
        """Kind and text of each schema, or of those of one kind (C144)."""
        return [one for one in self._document["schemas"] if kind is None or one["type"] == kind]

    def schema(self, identifier: str) -> Json:
        """The schema with that `$id`, or None."""
        return next((one["schema"] for one in self._document["schemas"] if one["schema"]["$id"] == identifier), None)
