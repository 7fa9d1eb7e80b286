"""Who can reach what, as text: a table for a terminal, aligned columns for a pipe."""

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from egc.compiler.access.beside import Beside
from egc.compiler.access.rows import Row, methods_in_words, witness_text
from egc.compiler.access.view import LEGEND, View
from egc.compiler.render import cells, visible

if TYPE_CHECKING:
    from rich.text import Text

WIDEST = 48
"""Columns up to which the cells of a column are aligned; a longer one moves what is right of it."""

NOTHING = "-"
OPEN = "nobody"

HEADINGS = (
    *("METHODS", "HOST", "PATH", "ENDPOINT", "PIPELINE", "POLICIES", "NEEDS", "CONDITIONS", "LIMITS", "COMES TO"),
    *("URLS", "WITNESS"),
)


def plain(view: View) -> str:
    """Aligned text without any colour, one class of requests a line."""
    lines = list(_aligned([HEADINGS, *(_columns(row) for row in view.rows)]))
    lines += ["", "Beside the routes:", *_aligned([("", *_about(one)) for one in view.beside])] if view.beside else []
    lines += ["", *_legend(), "", view.summary]
    return "".join(f"{line}\n" for line in lines)


def _columns(row: Row) -> tuple[str, ...]:
    return (
        row.method_words,
        row.host,
        row.path,
        row.endpoint or NOTHING,
        row.pipeline or NOTHING,
        ", ".join(row.policies) or NOTHING,
        needs(row) or NOTHING,
        ", ".join(one.words for one in row.conditions) or NOTHING,
        ", ".join(limit.text for limit in row.limits) or NOTHING,
        comes_to(row),
        ", ".join(row.upstream.urls) if row.upstream else NOTHING,
        witness_text(row.access.witness) or NOTHING,
    )


def needs(row: Row) -> str:
    """What the caller must show; `nobody` where nobody asks and it comes to something."""
    return ", ".join(proof.text for proof in row.proofs) or (OPEN if row.open else "")


def comes_to(row: Row) -> str:
    """The service, or what else answers; said to be inexact where it is."""
    found = row.upstream.service if row.access.service is not None and row.upstream else row.outcome
    if row.access.service is None and row.upstream:
        found += f", may call {row.upstream.service}"
    return found if row.exact else f"{found} (inexact)"


def _about(one: Beside) -> tuple[str, ...]:
    paths = ", ".join(f"{methods_in_words(methods)} {path}" for path, methods in one.paths)
    name = f"{one.kind} {one.name}".strip()
    return name, one.address, one.who if one.exact else f"{one.who} (inexact)", paths


def _legend() -> Iterator[str]:
    yield from _aligned([(word, f"{meaning}") for word, meaning in LEGEND])


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    shown = [[visible(cell) for cell in line] for line in table]
    columns = range(len(shown[0]) if shown else 0)
    widths = [max((cells(line[at]) for line in shown if cells(line[at]) <= WIDEST), default=0) for at in columns]
    for line in shown:
        padded = (cell + " " * (width - cells(cell)) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def terminal(view: View, width: int, *, colour: bool) -> str:
    """A table for people, `width` columns wide, with colours if `colour`."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    asked = any(row.conditions or row.limits for row in view.rows)
    for heading in ("Requests", "Endpoint → pipeline", "Needs", *(["If, limits"] if asked else []), "Reaches"):
        table.add_column(heading, overflow="fold")
    for row in view.rows:
        paint = "red" if row.open and row.upstream else "yellow" if not row.exact else ""
        table.add_row(
            _two(f"{row.method_words} {row.host} {row.path}", f"e.g. {witness}" if (witness := _witness(row)) else ""),
            _two(" → ".join(filter(None, (row.endpoint, row.pipeline))), ", ".join(row.policies)),
            Text(visible(needs(row)), paint),
            *([_two(*("\n".join(map(visible, texts)) for texts in _if_and_limits(row)), breaks=True)] if asked else []),
            _two(comes_to(row), ", ".join(row.upstream.urls) if row.upstream else ""),
            end_section=True,
        )
    besides = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        besides.add_column(overflow="fold")
    for one in view.beside:
        name, address, who, paths = map(visible, _about(one))
        besides.add_row(Text(name, "bold"), Text(address), Text(f"{who}\n{paths}".rstrip()))
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False)
    console.print(table)
    if view.beside:
        console.print("\n[bold]Beside the routes[/bold]" if colour else "\nBeside the routes")
        console.print(besides)
    console.print()
    for line in _legend():
        console.print(Text(line, "dim"), soft_wrap=True)
    console.print(Text(f"\n{view.summary}", "bold"), soft_wrap=True)
    return out.getvalue()


def _if_and_limits(row: Row) -> tuple[list[str], list[str]]:
    return [one.words for one in row.conditions], [limit.text for limit in row.limits]


def _witness(row: Row) -> str:
    return witness_text(row.access.witness)


def _two(first: str, second: str, *, breaks: bool = False) -> "Text":
    """Two lines, the second one dim."""
    from rich.text import Text

    shown = (first, second) if breaks else (visible(first), visible(second))
    return Text("\n").join(Text(part, style) for part, style in zip(shown, ("", "dim"), strict=True) if part)
