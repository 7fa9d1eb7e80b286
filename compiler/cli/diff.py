"""Show what a client would notice between two configurations."""

import os
import sys
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._report import compat_option, show

if TYPE_CHECKING:
    from egc.compiler.diff.changes import Difference
    from egc.compiler.diff.sources import Loaded

FORMS = ("text", "json", "markdown", "html", "github")
CLASSES = ("breaking", "weaker", "stronger", "neutral")


def classes(ctx: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of --fail-on, which may be joined by commas."""
    found = [one.strip() for word in words for one in word.split(",")]
    for one in found:
        if one not in CLASSES:
            raise click.BadParameter(f"{one!r} is not one of {', '.join(CLASSES)}.", ctx, parameter)
    return tuple(dict.fromkeys(found))


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text",
    show_default=True,
    help="How it is written; `markdown` is for the comment of a pull request.",
)
@click.option(
    "--fail-on",
    "failing",
    multiple=True,
    callback=classes,
    metavar="CLASSES",
    help=f"Which changes make the exit code 1, separated by commas: {', '.join(CLASSES)}.",
)
@click.option("--exit-code", "any_fails", is_flag=True, help="Exit with 1 if there is any change at all.")
@click.option("--code", "of_modules", is_flag=True, help="Show how the emitted modules differ instead.")
@compat_option
def command(
    before: str, after: str, form: str, failing: tuple[str, ...], any_fails: bool, of_modules: bool, eg_compat: bool
) -> int:
    """Show what a client would notice between two configurations, A before and B afterwards.

    A and B are each a directory with gateway.config.yml or that file, a directory that `egc build` has written, or
    git:REVISION:PATH, with PATH counted from here, or from the top of the repository where it begins with a slash.

    \b
    Every change has a class or more:
      breaking  what is served today is refused, answered otherwise, or sent to another service
      weaker    more people reach something, or with less
      stronger  more is asked of a caller; breaking as well where that refuses somebody who is served today
      neutral   all else that somebody would notice

    Each has its places in both files and a request that shows it. `may differ` stands where a script or an
    expression decides. What only names, comments or the order of keys change is no change. A side that does not
    compile is told, and the exit code is 3. No network is used.

    \b
    Examples:
      egc diff git:origin/main:config config --fail-on weaker,breaking
      egc diff dist config --format markdown > comment.md
      egc diff --code git:HEAD:config config
    """
    from egc.compiler.diff import compare

    if of_modules and form not in ("text", "github"):
        raise click.UsageError("--code has no other form than text")
    sides = [_loaded(name, eg_compat) for name in (before, after)]
    old, new = sides
    if old is None or new is None:
        return ExitCode.DOES_NOT_COMPILE
    if of_modules:
        from egc.compiler.diff.modules import render

        text = render(old, new, colour=_colour())
        click.echo(text, nl=False, color=_colour())
        return ExitCode.FINDINGS if text and (any_fails or failing) else ExitCode.CLEAN
    found = compare(old, new)
    click.echo(_rendered(found, form, failing), nl=False, color=_colour())
    return ExitCode.FINDINGS if found.fails(failing) or (any_fails and found.changes) else ExitCode.CLEAN


def _loaded(name: str, eg_compat: bool) -> "Loaded | None":
    """One side; None where it does not compile, which is told."""
    from egc.compiler.diagnostics import DoesNotCompile
    from egc.compiler.diff.revisions import Unreadable
    from egc.compiler.diff.sources import load
    from egc.compiler.render import visible

    try:
        return load(name, os.environ, eg_compat=eg_compat)
    except Unreadable as error:
        raise EnvironmentFailure(visible(str(error))) from None
    except DoesNotCompile as error:
        click.echo(f"egc: {visible(name)} does not compile, so nothing can be said of it", err=True)
        show(error.report, "text", sys.stderr)
        return None


def _rendered(found: "Difference", form: str, failing: tuple[str, ...]) -> str:
    from egc.compiler.diff import github, html, json, markdown, text

    match form:
        case "json":
            return json.render(found)
        case "markdown":
            return markdown.render(found)
        case "html":
            return html.render(found)
        case "github":
            return github.render(found, failing)
        case _:
            return text.render(found, colour=_colour())


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
