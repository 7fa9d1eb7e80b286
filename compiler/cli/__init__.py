"""The command line `egc`.

A command is a file of this directory: `validate.py` is `egc validate`, `admin_key.py` is `egc admin-key`. It holds

- a docstring whose first line is what `egc --help` says of it (read without importing the file),
- `command`, a click command or group whose function returns its exit code, None for 0.

Files that begin with `_` are no commands. Only a command whose words differ from its file name has a row in `WORDS`.
"""

import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import partial
from pathlib import Path

import click

HERE = Path(__file__).parent

WORDS = {
    "apps": ("apps", "app"),
    "credential_scopes": ("credential:scopes", "credential:scope"),
    "credentials": ("credentials", "credential"),
    "scopes": ("scopes", "scope"),
    "tokens": ("tokens", "token"),
    "users": ("users", "user"),
}
"""What a file answers to where that is not its name: the word that help shows, then aliases (C152)."""


class ExitCode(IntEnum):
    """What the shell is told."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    DOES_NOT_COMPILE = 3
    ENVIRONMENT = 4
    INTERRUPTED = 130
    READER_GONE = 141
    BUG = 70


class EnvironmentFailure(click.ClickException):
    """Something outside of the configuration is in the way: a file, the store, the Admin API. The message names it."""

    exit_code = ExitCode.ENVIRONMENT


class ReaderGone(Exception):
    """Nobody reads what a command prints any more: `egc validate | head -1`."""


def words() -> dict[str, str]:
    """Every word that names a command, with the module that holds it; the word that help shows comes first."""
    modules = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    return {word: module for module in modules for word in WORDS.get(module, (module.replace("_", "-"),))}


def summary(module: str) -> str:
    """The first line of the docstring of a command's file."""
    with (HERE / f"{module}.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"').strip()


class Commands(click.Group):
    """The group of all commands; a command's file is imported when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The words that help shows: one a command."""
        shown: dict[str, str] = {}
        for word, module in words().items():
            shown.setdefault(module, word)
        return sorted(shown.values())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that word, or None where there is none."""
        module = words().get(cmd_name)
        if module is None:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"{__name__}.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the near misses among the words of all commands."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=words(), ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named; raise ReaderGone where click would exit with 1, which means findings."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
        return code

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        modules = words()
        with formatter.section("Commands"):
            formatter.write_dl([(word, summary(modules[word])) for word in self.list_commands(ctx)])


def show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version and end."""
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(version("egc"))
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show it.")
def egc() -> None:
    """Compile an Express Gateway configuration into a frozen gateway, run it and look after its users."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Arguments:
        arguments: the words behind `egc`; by default those of the process.

    Returns:
        The exit code. A fault of egc itself is 70: its traceback goes to a file, not to the terminal.
    """
    # What a command makes it keeps to its end; looking for cycles in it every 700 objects, and once more when Python
    # ends, is a fifth of its time.
    gc.set_threshold(100_000, 20, 50)
    atexit.register(gc.freeze)
    return exit_code(partial(egc.main, arguments, prog_name="egc", standalone_mode=False))


def exit_code(run: Callable[[], object]) -> int:
    """Run a command or a part of one; say what stopped it, and return the exit code for that."""
    from egc.compiler.diagnostics import DoesNotCompile

    try:
        code = run()
        return code if isinstance(code, int) else ExitCode.CLEAN
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except DoesNotCompile as error:
        from egc.compiler.cli._report import show

        show(error.report, "text", sys.stderr)
        return ExitCode.DOES_NOT_COMPILE
    except ReaderGone:
        # What is still buffered would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.READER_GONE
    except OSError as error:
        click.echo(f"egc: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        return ExitCode.ENVIRONMENT
    except Exception as error:
        click.echo(f"egc: this is a bug in egc, not in your configuration ({type(error).__name__})", err=True)
        click.echo(f"egc: {write_bug_report(error)}", err=True)
        return ExitCode.BUG


def write_bug_report(error: Exception) -> str:
    """Write the traceback of `error` to a file that only its owner may read; return a sentence that says where.

    The words of the command line stay out of it: they may hold a password.
    """
    import platform
    import tempfile
    import traceback
    from importlib.metadata import version

    lines = [f"egc {version('egc')}, Python {platform.python_version()}, {platform.platform()}\n\n"]
    lines += traceback.format_exception(error)
    try:
        handle, name = tempfile.mkstemp(prefix="egc-bug-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(lines)
    except OSError as failure:
        return f"no report could be written: {failure.strerror}"
    return f"please send the report {name} (look through it first: it may quote the configuration)"
