"""Express Gateway's word for a new gateway: `egc gateway create` is `egc new`."""

import click

from egc.compiler.cli import new


@click.group()
def command() -> None:
    """Express Gateway's word for a new gateway: `egc gateway create` is `egc new`.

    \b
    Examples:
      egc gateway create
      egc gateway create -n oauth -d oauth -t getting-started
    """


command.add_command(new.command, "create")
