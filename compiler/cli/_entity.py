"""The group of the sub-commands for one kind of thing."""

import click


class Entity(click.Group):
    """The sub-commands for one kind of thing; `rm` is `remove` (C152)."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command of that name."""
        return super().get_command(ctx, "remove" if cmd_name == "rm" else cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sub-commands with the whole of their first sentence."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_sentence(one)) for name, one in sorted(self.commands.items())])


def first_sentence(command: click.Command) -> str:
    """The first sentence of a command's help."""
    sentence, _, _ = " ".join((command.help or "").split("\n\n")[0].split()).partition(". ")
    return f"{sentence.removesuffix('.')}."
