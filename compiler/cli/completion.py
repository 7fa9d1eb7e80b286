"""Print the completion script of a shell."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the script that completes egc's commands, options, files and types in bash, zsh or fish.

    Names of users and apps are not completed: a press of Tab asks no gateway.

    \b
    Examples:
      egc completion bash >> ~/.bashrc
      egc completion zsh >> ~/.zshrc
      egc completion fish > ~/.config/fish/completions/egc.fish
    """
    from egc.compiler.cli import _shells, egc

    kind = _shells.Bash if shell == "bash" else get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three that may be chosen are those of click
    click.echo(kind(egc, {}, "egc", "_EGC_COMPLETE").source())
