"""Print the completion script of a shell."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the script that completes egc's commands in bash, zsh or fish.

    \b
    Examples:
      egc completion bash >> ~/.bashrc
      egc completion zsh >> ~/.zshrc
      egc completion fish > ~/.config/fish/completions/egc.fish
    """
    from egc.compiler.cli import egc

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three that may be chosen are those of click
    click.echo(kind(egc, {}, "egc", "_EGC_COMPLETE").source())
