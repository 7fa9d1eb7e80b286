"""Express Gateway's words for `egc new`: `egc gateway create`."""

import click

from egc.compiler.cli import new


@click.group()
def command() -> None:
    """Express Gateway's words for `egc new`: `egc gateway create`.

    \b
    Examples:
      egc gateway create
      egc gateway create -n oauth -d oauth -t getting-started
    """


command.add_command(new.command, "create")
