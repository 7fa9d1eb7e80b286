"""Properties as they are written on the command line (`-p key=value`) and as lines of JSON on stdin (`--stdin`)."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

LONGEST_LINE = 128 * 1024
"""Characters of one line on stdin; the Admin API takes bodies of 100 kB (C105)."""

MOST_LINES = 1_000_000

AS_WRITTEN = ("password", "secret", "keyId", "keySecret", "passwordKey")
"""Properties of a credential that are text even where they look like JSON: `password=12345` (C163 done right)."""

Properties = dict[str, object]
Function = TypeVar("Function", bound=Callable[..., object])


def parse(ctx: click.Context, parameter: click.Parameter, written: Sequence[str]) -> Properties:
    """`key=value` texts as a mapping of text to text; split at the first `=` (C163).

    Raises:
        click.BadParameter: a text has no `=` or nothing behind it, or a key comes twice. Values are never quoted in
            the message: one may be a password.
    """
    found: Properties = {}
    for text in written:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"invalid property option: {key!r} is not of the form key=value", ctx, parameter)
        if not value:
            raise click.BadParameter(f"invalid property option: {key!r} has no value", ctx, parameter)
        if key in found:
            raise click.BadParameter(f"invalid property option: {key!r} is given twice", ctx, parameter)
        found[key] = value
    return found


def property_option(function: Function) -> Function:
    """Add `-p/--property KEY=VALUE`, repeatable."""
    return click.option(
        "-p",
        "--property",
        "properties",
        multiple=True,
        metavar="KEY=VALUE",
        callback=parse,
        help="A property and its value; may be repeated.",
    )(function)


def stdin_option(function: Function) -> Function:
    """Add `--stdin`: one JSON object a line."""
    return click.option("--stdin", is_flag=True, help="Read JSON objects from stdin, one a line; ask nothing.")(
        function
    )


def typed(properties: Properties) -> Properties:
    """Properties of a credential: each value as JSON where it is JSON, else as the text it is (C163).

    One scope alone becomes a list of scopes (C178).
    """
    found = {key: value if key in AS_WRITTEN else json_or_text(str(value)) for key, value in properties.items()}
    return with_scope_list(found)


def with_scope_list(properties: Properties) -> Properties:
    """The properties with `scopes` as a list where one scope was written as text (C178)."""
    if isinstance(properties.get("scopes"), str):
        return {**properties, "scopes": [properties["scopes"]]}
    return properties


def json_or_text(text: str) -> object:
    """The JSON value that a text spells, or the text."""
    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return text


def refuse(name: str) -> object:
    """NaN and Infinity are no JSON (RFC 8259 section 6)."""
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Line:
    """One object of stdin and the line it stood on, counted from 1."""

    number: int
    properties: Properties


def read_lines() -> list[Line]:
    """All objects of stdin (C166); every line is checked before the first is used.

    Raises:
        click.UsageError: a line is no JSON object or too long, there are too many, or none. The line is not quoted:
            it may hold a password.
    """
    lines: list[Line] = []
    number = 0
    stream = sys.stdin.buffer
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise click.UsageError(f"stdin, line {number}: longer than {LONGEST_LINE // 1024} KiB; nothing was sent")
        if not raw.strip():
            continue
        if len(lines) == MOST_LINES:
            raise click.UsageError(f"stdin has more than {MOST_LINES} lines; nothing was sent")
        try:
            value = json.loads(raw, parse_constant=refuse)
        except (ValueError, RecursionError) as error:
            where = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            raise click.UsageError(f"stdin, line {number}{where}: this is not JSON; nothing was sent") from None
        if not isinstance(value, dict):
            raise click.UsageError(f"stdin, line {number}: this is no JSON object; nothing was sent")
        lines.append(Line(number, value))
    if not lines:
        raise click.UsageError("stdin is empty: --stdin expects one JSON object a line")
    return lines
