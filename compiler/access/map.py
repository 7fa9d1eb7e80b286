"""A map of a gateway: lines from endpoints over pipelines to services, laid out so that no label covers another.

The endpoints of a pipeline stand together, and so do the pipelines of a service: a box is as high as what leads to it,
and lines are straight but where a pipeline reaches a further service. All lengths are pixels of the drawing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from egc.compiler.access.rows import Row
from egc.compiler.render import cells, visible

ROW = 24
"""From one label of a column to the next."""

BOX = 19
WIDTHS = (290, 250, 230)
GAP = 90
MARGIN = 8
TITLE = 30
LETTER = 7.3
"""The width of a cell of the typewriter font, a little generous: fonts differ."""

REPEATED = 16
"""After so many rows a high box says its label again."""

NO_PIPELINE = "in no pipeline"
ANSWERED = "no service"

Kind: TypeAlias = Literal["answer", "closed", "open"]

_WORST: Sequence[Kind] = ("answer", "closed", "open")


@dataclass(frozen=True, slots=True)
class Node:
    """A labelled box. `title` is the whole label; `first` the number of the first row of an endpoint."""

    x: int
    y: float
    width: int
    height: float
    label: str
    at: tuple[float, ...]
    title: str
    kind: str
    first: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A line: `path` as SVG spells it. `exact` is False where only some of its requests may come along."""

    path: str
    kind: Kind
    exact: bool
    title: str


@dataclass(frozen=True, slots=True)
class Map:
    """The drawing. `columns` are the places and words of its headings."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    columns: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Line:
    kind: Kind
    exact: bool


@dataclass(frozen=True, slots=True)
class _Span:
    """The rows of a column that a box takes: from the first one to the one behind the last."""

    begin: int
    end: int

    @property
    def top(self) -> float:
        return TITLE + self.begin * ROW + (ROW - BOX) / 2

    @property
    def height(self) -> float:
        return (self.end - self.begin - 1) * ROW + BOX

    @property
    def middle(self) -> float:
        return TITLE + (self.begin + self.end) * ROW / 2

    def nearest(self, y: float) -> float:
        """The height at which a line that comes from `y` meets the box."""
        return min(max(y, self.top + BOX / 2), self.top + self.height - BOX / 2)


_Lines: TypeAlias = dict[tuple[str, str], _Line]

COLUMNS = (MARGIN, MARGIN + WIDTHS[0] + GAP, MARGIN + WIDTHS[0] + WIDTHS[1] + 2 * GAP)


def drawn(rows: Iterable[Row]) -> Map:
    """The map of classes of requests. What the gateway answers itself leads nowhere in it."""
    left: _Lines = {}
    right: _Lines = {}
    first: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        pipelines = row.pipelines[-1:] or ((NO_PIPELINE,) if row.endpoint else ())
        kind: Kind = "answer" if row.upstream is None else "open" if row.open else "closed"
        if row.endpoint:
            first.setdefault(row.endpoint, number)
            for pipeline in pipelines:
                _join(left, (row.endpoint, pipeline), kind, row.exact)
        for pipeline in pipelines:
            if row.upstream is not None:
                _join(right, (pipeline, row.upstream.service), kind, row.exact)
    reaching = {pipeline for pipeline, _ in right}
    for _, pipeline in left:
        if pipeline not in reaching:
            _join(right, (pipeline, ANSWERED), "answer", exact=True)
    places, total = _placed(left, right)
    nodes = [_node(column, name, span, first.get(name)) for (column, name), span in places.items()]
    edges = [_edge(0, places[0, one], places[1, other], (one, other), line) for (one, other), line in left.items()]
    edges += [_edge(1, places[1, one], places[2, other], (one, other), line) for (one, other), line in right.items()]
    edges.sort(key=lambda edge: _WORST.index(edge.kind))
    return Map(
        COLUMNS[2] + WIDTHS[2] + MARGIN,
        TITLE + max(total, 1) * ROW + MARGIN,
        tuple(nodes),
        tuple(edges),
        tuple(zip(COLUMNS, ("apiEndpoints", "pipelines", "services"), strict=True)),
    )


def _join(lines: _Lines, pair: tuple[str, str], kind: Kind, exact: bool) -> None:
    line = lines.setdefault(pair, _Line(kind, exact))
    line.kind = max(line.kind, kind, key=_WORST.index)
    line.exact = line.exact and exact


def _placed(left: _Lines, right: _Lines) -> tuple[dict[tuple[int, str], _Span], int]:
    """The rows that each box takes, by column and name, and how many there are.

    A pipeline stands with the first service that it reaches, an endpoint with its first pipeline.
    """
    endpoints: dict[str, list[str]] = {}
    seen: set[str] = set()
    for endpoint, pipeline in left:
        if endpoint not in seen:
            seen.add(endpoint)
            endpoints.setdefault(pipeline, []).append(endpoint)
    pipelines: dict[str, list[str]] = {}
    main: dict[str, str] = {}
    for pipeline, service in right:
        if main.setdefault(pipeline, service) == service:
            pipelines.setdefault(service, []).append(pipeline)
    places: dict[tuple[int, str], _Span] = {}
    row = 0
    for service in dict.fromkeys(service for _, service in right):
        top = row
        for pipeline in pipelines.get(service, ()):
            begin = row
            for endpoint in endpoints.get(pipeline, ()):
                places[0, endpoint] = _Span(row, row + 1)
                row += 1
            row = max(row, begin + 1)
            places[1, pipeline] = _Span(begin, row)
        row = max(row, top + 1)
        places[2, service] = _Span(top, row)
    return places, row


def _node(column: int, name: str, span: _Span, first: int | None) -> Node:
    width = WIDTHS[column]
    rows = span.end - span.begin
    labels = -(-rows // REPEATED)
    at = tuple(span.top + (number + 0.5) * span.height / labels + 4.5 for number in range(labels))
    kind = ("endpoint", "pipeline", "service")[column]
    return Node(
        COLUMNS[column],
        span.top,
        width,
        span.height,
        _cut(name, int((width - 16) / LETTER)),
        at,
        name,
        "none" if (column, name) in ((1, NO_PIPELINE), (2, ANSWERED)) else kind,
        first if column == 0 else None,
    )


def _cut(name: str, room: int) -> str:
    """A name in so many cells, its middle left out where it is longer: ends tell names apart."""
    shown = visible(name)
    if cells(shown) <= room:
        return shown
    head, tail = "", ""
    for letter in shown:
        if cells(head + letter) > room // 2:
            break
        head += letter
    for letter in reversed(shown):
        if cells(letter + tail) > room - 1 - cells(head):
            break
        tail = letter + tail
    return f"{head}…{tail}"


def _edge(column: int, begin: _Span, end: _Span, pair: tuple[str, str], line: _Line) -> Edge:
    x, to_x = COLUMNS[column] + WIDTHS[column], COLUMNS[column + 1]
    y = begin.middle
    to_y = end.nearest(y)
    curve = f"H{to_x}" if to_y == y else f"C{x + GAP / 2:g} {y:g} {to_x - GAP / 2:g} {to_y:g} {to_x} {to_y:g}"
    return Edge(f"M{x} {y:g}{curve}", line.kind, line.exact, " → ".join(pair))
