"""Markdown for a comment on a pull request: a heading and a table."""

import re

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.render import count, remarks, told

HARMLESS = " .,/()'\"%$=?-"
"""Signs that mean nothing inside of a line, as long as `[`, `:` and `&` are none."""

EMPTY = "<!-- -->"
WWW = re.compile(r"(?i)(www)\.")


def render(report: Report, *, colour: bool) -> str:
    """The table, or a heading that says there is none."""
    heading = f"### egc: {count(report) or 'no findings'}\n"
    if not len(report):
        return heading
    rows = [row(found, report.root) for found in report]
    return "\n".join([heading, "| | finding | place | |", "|---|---|---|---|", *rows, ""])


def row(found: Diagnostic, root: str) -> str:
    """One finding as a row. `root` is put before the name of its file."""
    said = [plain(told(found.message)), *(f"*{word}:* {plain(told(text))}" for word, text in remarks(found))]
    name = f"{code(found.code)} {plain(found.name)}"
    return f"| {found.severity} | {name} | {code(told(f'{root}{found.span}'))} | {'<br>'.join(said)} |"


def plain(text: str) -> str:
    """Text in which nothing is mark-up, but for what stands between back-ticks: that is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return inert(text)
    return "".join(code(part) if index % 2 and part else inert(part) for index, part in enumerate(parts))


def code(text: str) -> str:
    """Text as code, whatever it holds: between back-ticks it could not hold some itself."""
    return f"<code>{inert(text)}</code>"


def inert(text: str) -> str:
    """Text in which nothing is mark-up: signs are character references, which make none (CommonMark 0.31, 2.5).

    GitHub makes a person of `@name` and an issue of `#1` even then, hence the empty comment behind those; and a link
    of what begins with `www.`.
    """
    signs = (
        character
        if character.isalnum() or character in HARMLESS
        else f"&#{ord(character)};" + EMPTY * (character in "@#")
        for character in text
    )
    return WWW.sub(r"\1&#46;", "".join(signs))
