"""The map: no box covers another, no label leaves its box, and every line begins and ends at the boxes of its names."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.access.map import LETTER, ROW, Map, drawn
from egc.compiler.access.rows import Row, Upstream
from egc.compiler.render import cells
from tests.access.conftest import SHOP
from tests.access.views import of

PLAIN = of(SHOP).rows[0]
NAMES = st.text(alphabet="ab東\x1b‮ ", min_size=1, max_size=60)


def row(endpoint: str, pipelines: Sequence[str], service: str) -> Row:
    upstream = None
    if service:
        assert PLAIN.upstream is not None
        upstream = Upstream(service, (), PLAIN.upstream.span)
    return replace(PLAIN, endpoint=endpoint, pipelines=tuple(pipelines), upstream=upstream)


def check(found: Map) -> None:
    """Raise AssertionError unless the drawing is tidy."""
    for left, _ in found.columns:
        boxes = sorted((node.y, node.y + node.height) for node in found.nodes if node.x == left)
        assert all(bottom < top for (_, bottom), (top, _) in pairwise(boxes))
    for node in found.nodes:
        assert 0 <= node.x <= node.x + node.width <= found.width
        assert 0 <= node.y <= node.y + node.height <= found.height
        assert cells(node.label) * LETTER <= node.width - 16 + LETTER
        assert all(node.y < at < node.y + node.height for at in node.at)
        assert all(low + ROW / 2 < high for low, high in pairwise(node.at))
    titles = {(node.x, node.title): node for node in found.nodes}
    xs = [x for x, _ in found.columns]
    for edge in found.edges:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", edge.path)]
        x, y = numbers[:2]
        to_x, to_y = (numbers[-1], y) if "H" in edge.path else numbers[-2:]
        column = xs.index(int(to_x))
        begins = [node for (at, _), node in titles.items() if at == xs[column - 1] and at + node.width == x]
        assert any(node.y <= y <= node.y + node.height for node in begins)
        ends = [node for (at, _), node in titles.items() if at == to_x]
        assert any(node.y <= to_y <= node.y + node.height for node in ends)


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=2), st.sampled_from(["", "one", "two"])), max_size=40))
def test_any_gateway_is_drawn_tidily(found: list[tuple[str, list[str], str]]) -> None:
    check(drawn(row(*one) for one in found))


def test_300_endpoints_are_drawn_tidily() -> None:
    found = drawn(row(f"endpoint-{n}", [f"pipeline-{n // 2}"], f"service-{n % 8}") for n in range(300))
    check(found)
    assert sum(node.kind == "endpoint" for node in found.nodes) == 300
    assert {node.label for node in found.nodes if node.kind == "service"} == {f"service-{n}" for n in range(8)}


def test_lines_are_coloured_by_who_may_come() -> None:
    kinds = {edge.title: edge.kind for edge in drawn(of(SHOP).rows).edges}
    assert kinds["invoices → money"] == kinds["money → billing"] == "closed"
    assert kinds["prices → shop"] == kinds["shop → catalogue"] == "open"
    assert kinds["lost → in no pipeline"] == "answer"


def test_one_open_way_colours_the_line() -> None:
    opened = replace(row("a", ["p"], "s"), access=replace(PLAIN.access, authentication=()))
    assert {edge.kind for edge in drawn([row("a", ["p"], "s"), opened, row("a", ["p"], "s")]).edges} == {"open"}


def test_a_long_name_keeps_both_its_ends() -> None:
    (endpoint,) = (node for node in drawn([row(f"first{'x' * 80}last", ["p"], "s")]).nodes if node.kind == "endpoint")
    assert endpoint.label.startswith("firstx")
    assert endpoint.label.endswith("xlast")
    assert endpoint.title == f"first{'x' * 80}last"
