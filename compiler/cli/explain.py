"""Explain a finding, a policy, a condition or a key of the configuration."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from egc.compiler.cli import ExitCode

if TYPE_CHECKING:
    from egc.compiler.explain import Page


def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the shell offers for a word."""
    from egc.compiler.explain import words

    return [CompletionItem(word) for word in words() if word.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("word", nargs=-1, metavar="[WORD]...", shell_complete=complete)
@click.option("--format", "form", type=click.Choice(("text", "markdown", "json")), default="text", show_default=True)
@click.option("--all", "everything", is_flag=True, help="Write all pages: the reference of egc.")
def command(word: tuple[str, ...], form: str, everything: bool) -> int:
    """Explain a finding, a policy, a condition or a key of the configuration.

    \b
    Examples:
      egc explain RT106                       a finding, by its code
      egc explain unreachable-policy          or by its name
      egc explain proxy                       a policy with its parameters
      egc explain proxy.stripPath             one of them
      egc explain accessTokens.timeToExpiry   a key of system.config.yml
      egc explain --all --format markdown     everything

    Without WORD it lists what there is.
    """
    from egc.compiler import explain

    if everything and word:
        raise click.UsageError("--all takes no WORD")
    if everything:
        show([page for _, chosen in explain.chapters() for page in chosen], form, whole=True)
        return ExitCode.CLEAN
    if not word:
        index(form)
        return ExitCode.CLEAN
    chosen: list[Page] = []
    for one in word:
        pages = explain.found(one)
        if not pages:
            near = " or ".join(f"`{known}`" for known in explain.meant(one))
            raise click.UsageError(f"there is no page for {one!r}" + (f"; did you mean {near}?" if near else ""))
        chosen += pages
    show(chosen, form)
    return ExitCode.CLEAN


def show(chosen: "Sequence[Page]", form: str, *, whole: bool = False) -> None:
    """Write pages.

    Arguments:
        chosen: the pages.
        form: text, markdown or json.
        whole: these are all that there are, which Markdown puts into chapters.
    """
    import json

    from egc.compiler import explain

    if form == "json":
        records = [explain.data(page) for page in chosen]
        click.echo(json.dumps({"schema_version": 1, "pages": records}, indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo(explain.everything() if whole else "\n".join(map(explain.markdown, chosen)), nl=False)
    elif whole or not on_screen():
        click.echo("\n".join(map(explain.text, chosen)), nl=False)
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console()
        for page in chosen:
            console.print(Markdown(explain.markdown(page)))


def on_screen() -> bool:
    """Whether somebody looks at stdout, and wants colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def index(form: str) -> None:
    """Write what there is, one line a page."""
    import json

    from egc.compiler import explain

    chapters = [
        (heading, [(explain.title(page), explain.summary(page)) for page in chosen])
        for heading, chosen in (explain.chapters())
    ]
    if form == "json":
        click.echo(json.dumps({"schema_version": 1, "words": list(explain.words())}, indent=2))
        return
    for heading, rows in chapters:
        click.echo(f"## {heading}\n" if form == "markdown" else heading)
        for name, said in rows:
            click.echo(f"- `{name}`: {explain.escaped(said)}" if form == "markdown" else f"  {name}  {said}")
        click.echo()
