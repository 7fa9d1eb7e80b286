"""A judged project, for people and for programs."""

import json
from collections.abc import Iterator

import click

from egc.compiler.cli._lines import Line
from egc.compiler.cli._lines import show as show_lines
from egc.compiler.migrate.project import VERDICTS, Judged, Judgement, Verdict

TITLES: dict[Verdict, str] = {
    "unsupported": "Unsupported",
    "changed": "Changed",
    "supported": "Supported",
}
SHOWN = 3
"""Places that people are shown of one thing."""


def show(judged: Judged, form: str) -> None:
    """Write it to stdout."""
    if form == "json":
        click.echo(json.dumps(_data(judged), indent=2))
    elif form == "markdown":
        click.echo("\n".join(_markdown(judged)))
    else:
        show_lines(_lines(judged), "")


def _lines(judged: Judged) -> Iterator[Line]:
    for verdict in VERDICTS:
        found = judged.of(verdict)
        if not found:
            continue
        yield Line(f"{TITLES[verdict]} ({len(found)})", tone="head")
        for one in found:
            tone = "bad" if verdict == "unsupported" else "good" if verdict == "supported" else ""
            yield Line(f"{one.about}: {one.message}", depth=1, tone="bad" if tone == "bad" else "")
            if one.places:
                yield Line(_places(one), depth=2, tone="dim")
            if one.help:
                yield Line(f"help: {one.help}", depth=2)
        yield Line()
    yield from (Line(text) for text in _ends(judged))


def _ends(judged: Judged) -> Iterator[str]:
    if not judged.whole:
        yield "The configuration does not compile: there may be more behind its errors. Mend them and look again."
    if judged.others:
        what = "1 thing" if judged.others == 1 else f"{judged.others} things"
        yield f"`egc lint` finds {what} besides that Express Gateway had too."
    if judged.exit_code == 0:
        yield "Everything does what it did."


def _markdown(judged: Judged) -> Iterator[str]:
    yield "# From Express Gateway to egc"
    for verdict in VERDICTS:
        found = judged.of(verdict)
        if not found:
            continue
        yield from ("", f"## {TITLES[verdict]}", "", "| what | says | where | help |", "|---|---|---|---|")
        for one in found:
            cells = (f"`{one.about}`", one.message, _places(one), one.help)
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    ends = list(_ends(judged))
    if ends:
        yield from ("", *ends)


def _places(one: Judgement) -> str:
    more = len(one.places) - SHOWN
    return ", ".join(one.places[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _data(judged: Judged) -> dict[str, object]:
    return {
        "schema_version": 1,
        "compiles": judged.whole,
        "other_findings": judged.others,
        **{
            verdict: [
                {
                    "about": one.about,
                    "message": one.message,
                    "places": list(one.places),
                    "help": one.help,
                    "code": one.code,
                }
                for one in judged.of(verdict)
            ]
            for verdict in VERDICTS
        },
    }
