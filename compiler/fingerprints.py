"""What a finding is called whatever line it stands on: its code and the way to its place through the keys of the file.

A baseline holds these, so that it outlives edits above and below; so do programs that follow a finding over versions.
"""

from bisect import bisect_right
from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence

Place = tuple[int, int]


class Fingerprints:
    """The fingerprints of a report's findings."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._ways: dict[str, Ways] = {}

    def of(self, found: Diagnostic) -> str:
        """As `RT106:gateway.config.yml:pipelines.late.policies[1].terminate`."""
        return f"{found.code}:{found.span.file}:{self.way(found)}"

    def way(self, found: Diagnostic) -> str:
        """The keys and indexes that lead to a finding; empty where its file has no tree."""
        file = found.span.file
        if file not in self._report.trees:
            return ""
        if file not in self._ways:
            self._ways[file] = Ways(self._report.trees[file])
        return self._ways[file].to((found.span.line, found.span.column))


class Ways:
    """The ways through one tree, by where the last step begins."""

    def __init__(self, tree: Node) -> None:
        self._ways: dict[Place, str] = {}
        self._seen: set[int] = set()
        self._walk(tree, "")
        self._places = sorted(self._ways)

    def to(self, place: Place) -> str:
        """The way to what begins at a place, or began last before it."""
        index = bisect_right(self._places, place)
        return self._ways[self._places[index - 1]] if index else ""

    def _walk(self, node: Node, way: str) -> None:
        # What an anchor names is in the tree wherever an alias repeats it; its first way is its name.
        if isinstance(node, Scalar) or id(node) in self._seen:
            return
        self._seen.add(id(node))
        for inner, step in _steps(node, way):
            key = inner.key if isinstance(inner, Entry) else inner
            start = (key.span.line, key.span.column)
            if self._ways.get(start, way) == way:
                self._ways[start] = step
            self._walk(inner.value if isinstance(inner, Entry) else inner, step)


def _steps(node: Mapping | Sequence, way: str) -> Iterator[tuple[Entry | Node, str]]:
    if isinstance(node, Mapping):
        for entry in node:
            name = entry.name if _plain(entry.name) else f"[{entry.name!r}]"
            yield entry, f"{way}.{name}" if way else name
    else:
        named = way == "pipelines"
        for index, item in enumerate(node):
            yield item, f"{way}[{_name(item) if named else ''}]".replace("[]", f"[{index}]")


def _plain(name: str) -> bool:
    return name.replace("-", "_").replace(":", "_").isidentifier()


def _name(item: Node) -> str:
    """What a pipeline of a list is called: its place changes where one is added above."""
    named = item.get("name") if isinstance(item, Mapping) else None
    return named.value if isinstance(named, Scalar) and isinstance(named.value, str) and _plain(named.value) else ""
