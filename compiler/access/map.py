"""A map of a gateway: lines from endpoints over pipelines to what they reach, laid out so that no label covers another.

All lengths are pixels of the drawing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from egc.compiler.access.rows import Row
from egc.compiler.render import cells, visible

ROW = 26
"""From one label of a column to the next."""

BOX = 20
WIDTHS = (280, 230, 230)
GAP = 120
MARGIN = 8
TITLE = 30
LETTER = 7.3
"""The width of a cell of the typewriter font, a little generous: fonts differ."""

NO_PIPELINE = "in no pipeline"
ANSWERED = "answered here"
NOTHING = "404"

Kind: TypeAlias = Literal["open", "closed", "answer", "nothing"]

_WORST: Sequence[Kind] = ("nothing", "answer", "closed", "open")


@dataclass(frozen=True, slots=True)
class Node:
    """A labelled box. `title` is the whole label; `row` the number of the first row of an endpoint."""

    x: float
    y: float
    width: int
    label: str
    title: str
    kind: str
    row: int | None


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
    columns: tuple[tuple[float, str], ...]


@dataclass(slots=True)
class _Line:
    kind: Kind
    exact: bool


_Lines: TypeAlias = dict[tuple[str, str], _Line]


def drawn(rows: Iterable[Row]) -> Map:
    """The map of classes of requests; those without a route are drawn as far as they come."""
    left: _Lines = {}
    right: _Lines = {}
    first: dict[str, int] = {}
    services: set[str] = set()
    for number, row in enumerate(rows, 1):
        if row.upstream:
            services.add(row.upstream.service)
        reached, kind = _end(row)
        if row.endpoint:
            first.setdefault(row.endpoint, number)
            for pipeline in row.pipelines or (NO_PIPELINE,):
                _join(left, (row.endpoint, pipeline), kind, row.exact)
        for pipeline in row.pipelines or ((NO_PIPELINE,) if row.endpoint else ()):
            _join(right, (pipeline, reached), kind, row.exact)
    endpoints = _grouped(left)
    height = max(len(endpoints), len({one for one, _ in right}), len({one for _, one in right}), 1) * ROW
    above = (height - len(endpoints) * ROW) / 2
    places = {name: above + ROW * at + ROW / 2 for at, name in enumerate(endpoints)}
    middle = _placed(_means(left, places), [one for one, _ in right], height)
    end = _placed(_means(right, middle), [], height)
    xs = (MARGIN, MARGIN + WIDTHS[0] + GAP, MARGIN + WIDTHS[0] + WIDTHS[1] + 2 * GAP)
    nodes = [_node(0, xs, name, y, "endpoint", first[name]) for name, y in places.items()]
    nodes += [_node(1, xs, name, y, "none" if name == NO_PIPELINE else "pipeline") for name, y in middle.items()]
    nodes += [_node(2, xs, name, y, "service" if name in services else "none") for name, y in end.items()]
    edges = [_edge(0, xs, places, middle, pair, line) for pair, line in left.items()]
    edges += [_edge(1, xs, middle, end, pair, line) for pair, line in right.items()]
    edges.sort(key=lambda edge: _WORST.index(edge.kind))
    words = ("apiEndpoints", "pipelines", "reaches")
    return Map(
        xs[2] + WIDTHS[2] + MARGIN,
        TITLE + height + MARGIN,
        tuple(nodes),
        tuple(edges),
        tuple(zip(xs, words, strict=True)),
    )


def _end(row: Row) -> tuple[str, Kind]:
    """Where a row ends, and how a line to there looks."""
    if row.upstream:
        return row.upstream.service, "open" if row.open else "closed"
    answered = row.access.outcome in ("answered", "redirected") and row.access.status != 404
    return (ANSWERED, "answer") if answered else (NOTHING, "nothing")


def _join(lines: _Lines, pair: tuple[str, str], kind: Kind, exact: bool) -> None:
    line = lines.setdefault(pair, _Line(kind, exact))
    line.kind = max(line.kind, kind, key=_WORST.index)
    line.exact = line.exact and exact


def _grouped(lines: _Lines) -> list[str]:
    """Endpoints in the order of the file, those of a pipeline together."""
    pipelines: dict[str, dict[str, None]] = {}
    for endpoint, pipeline in lines:
        pipelines.setdefault(pipeline, {})[endpoint] = None
    return list(dict.fromkeys(endpoint for endpoints in pipelines.values() for endpoint in endpoints))


def _means(lines: _Lines, places: Mapping[str, float]) -> dict[str, float]:
    """For each end of lines the middle of where they begin."""
    begins: dict[str, list[float]] = {}
    for one, other in lines:
        if one in places:
            begins.setdefault(other, []).append(places[one])
    return {name: sum(ys) / len(ys) for name, ys in begins.items()}


def _placed(wanted: Mapping[str, float], others: Iterable[str], height: float) -> dict[str, float]:
    """Labels as near to where they are wanted as they fit into a column; `others` come last."""
    order = sorted(wanted, key=lambda name: wanted[name])
    order += [name for name in dict.fromkeys(others) if name not in wanted]
    lowest = ROW / 2
    ys: list[float] = []
    for name in order:
        ys.append(max(lowest, wanted.get(name, height)))
        lowest = ys[-1] + ROW
    highest = height - ROW / 2
    for at in range(len(ys) - 1, -1, -1):
        ys[at] = min(ys[at], highest)
        highest = ys[at] - ROW
    return dict(zip(order, ys, strict=True))


def _node(column: int, xs: Sequence[float], name: str, y: float, kind: str, row: int | None = None) -> Node:
    width = WIDTHS[column]
    return Node(xs[column], TITLE + y - BOX / 2, width, _cut(name, int((width - 16) / LETTER)), name, kind, row)


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


def _edge(
    column: int,
    xs: Sequence[float],
    begins: Mapping[str, float],
    ends: Mapping[str, float],
    pair: tuple[str, str],
    line: _Line,
) -> Edge:
    x, y = xs[column] + WIDTHS[column], TITLE + begins[pair[0]]
    to_x, to_y = xs[column + 1], TITLE + ends[pair[1]]
    bend = GAP / 2
    path = f"M{x:g} {y:.1f}C{x + bend:g} {y:.1f} {to_x - bend:g} {to_y:.1f} {to_x:g} {to_y:.1f}"
    return Edge(path, line.kind, line.exact, " → ".join(pair))
