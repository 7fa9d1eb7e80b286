"""The command line `egc`.

A command is a file of this directory: `validate.py` is `egc validate`, `admin_key.py` is `egc admin-key`. It holds

- a docstring whose first line is what `egc --help` says of it (read without importing the file),
- `command`, a click command or group whose function returns its exit code, None for 0. Its docstring ends with a block
  `Examples:`, each line of which a test runs.

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
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


SECTIONS = {
    "Begin": ("new", "gateway", "plugins", "migrate"),
    "Write a configuration": ("validate", "lint", "rules", "explain", "schema"),
    "See what it does": ("access", "route", "trace", "test", "diff"),
    "Serve": ("run", "build", "admin-key", "doctor", "store"),
    "Look after a running gateway": ("users", "apps", "credentials", "credential:scopes", "scopes", "tokens"),
}
"""How help groups the commands, and in which order; one that is not named here stands at the end."""

EXAMPLES = """\
egc new orders
egc run orders/config
egc users create
egc lint config --fail-on warning
egc access config --unauthenticated
egc build config -o dist
egc users create --help
"""

VARIABLES = {
    "EG_CONFIG_DIR": "The directory of the configuration, where no PATH is given.",
    "EG_ADMIN_URL": "Where the Admin API is; else the configuration says it.",
    "EGC_ADMIN_KEY": "The key that the Admin API asks for.",
    "EGC_ADMIN_KEY_FILE": "A file that holds that key.",
    "EGC_DATA": "The directory of users, apps, credentials and tokens.",
    "SSL_CERT_FILE": "Certificates that are trusted where the Admin API has TLS.",
    "TMPDIR": "Where diff, route, trace, test and store keep copies while they work.",
    "NO_COLOR": "Not empty: write without colours.",
}
"""The variables that more than one command reads."""

WIDEST = 90
"""Columns of help (C154)."""


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
        return with_json(command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The words of commands, without importing those, and the options."""
        from click.shell_completion import CompletionItem

        modules = words()
        found = [
            CompletionItem(word, help=summary(modules[word]))
            for word in self.list_commands(ctx)
            if word.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

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
        """Write the commands by section, without importing them, the examples and the variables."""
        modules = words()
        for title, listed in sections(self.list_commands(ctx)).items():
            with formatter.section(title):
                formatter.write_dl([(word, summary(modules[word])) for word in listed])
        with formatter.section("Examples"):
            for line in EXAMPLES.splitlines():
                formatter.write(f"  {line}\n")
        with formatter.section("Environment"):
            formatter.write_dl(list(VARIABLES.items()))


def sections(shown: Sequence[str]) -> dict[str, list[str]]:
    """The words of commands by section; those that no section names come last."""
    found = {title: [word for word in listed if word in shown] for title, listed in SECTIONS.items()}
    named = {word for listed in SECTIONS.values() for word in listed}
    found["Besides"] = [word for word in shown if word not in named]
    return {title: listed for title, listed in found.items() if listed}


def with_json(command: click.Command) -> click.Command:
    """The command with `--json` where it has `--format json`, and its sub-commands: all that have results take it."""
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        with_json(one)
    for place, parameter in enumerate(command.params):
        if parameter.name == "form" and isinstance(parameter.type, click.Choice) and "json" in parameter.type.choices:
            if not any("--json" in one.opts for one in command.params):
                command.params.insert(place + 1, json_option())
            break
    return command


def json_option() -> click.Option:
    """`--json`, which is `--format json`."""

    def choose(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
        if wanted:
            ctx.params["form"] = "json"

    return click.Option(
        ["--json"], is_flag=True, expose_value=False, callback=choose, help="The same as --format json."
    )


def show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the version and end."""
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(version("egc"))
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST})
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version."
)
def egc() -> None:
    """Compile an Express Gateway configuration into a frozen gateway, run it and look after its users.

    `egc COMMAND --help` says more of a command. Exit codes: 0 clean, 1 findings or not done, 2 usage, 3 the
    configuration does not compile, 4 environment or store, 70 a bug of egc.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Arguments:
        arguments: the words behind `egc`; by default those of the process.

    Returns:
        The exit code. A fault of egc itself is 70: its traceback goes to a file, not to the terminal.
    """
    open_streams()
    # What a command makes it keeps to its end; looking for cycles in it every 700 objects, and once more when Python
    # ends, is a fifth of its time.
    gc.set_threshold(100_000, 20, 50)
    atexit.register(gc.freeze)
    if "_EGC_COMPLETE" in os.environ:
        from egc.compiler.cli import _shells  # noqa: F401 - click finds bash's completion there
    return exit_code(partial(egc.main, arguments, prog_name="egc", standalone_mode=False))


def open_streams() -> None:
    """Put something where stdin, stdout or stderr is closed (`>&-`): else the next file would get its place.

    What is read from the first two or written to them then fails, as it should: a result that is lost is no success.
    """
    for number, name, mode, flags in (
        (0, "stdin", "r", os.O_WRONLY),
        (1, "stdout", "w", os.O_RDONLY),
        (2, "stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False))


def exit_code(run: Callable[[], object]) -> int:
    """Run a command or a part of one; say what stopped it, and return the exit code for that."""
    from egc.compiler.diagnostics import DoesNotCompile

    try:
        code = run()
        return code if isinstance(code, int) else ExitCode.CLEAN
    except click.ClickException as error:
        complain(error.show)
        return error.exit_code
    except click.Abort:
        complain(partial(click.echo, "interrupted", err=True))
        return ExitCode.INTERRUPTED
    except DoesNotCompile as error:
        from egc.compiler.cli._report import show

        complain(partial(show, error.report, "text", sys.stderr))
        return ExitCode.DOES_NOT_COMPILE
    except ReaderGone:
        drop_unwritten(sys.stdout)
        return ExitCode.READER_GONE
    except OSError as error:
        sentence = f"egc: {error.filename or 'the system'}: {error.strerror or error}"
        complain(partial(click.echo, sentence, err=True))
        drop_unwritten(sys.stdout)
        return ExitCode.ENVIRONMENT
    except Exception as error:
        sentence = f"egc: this is a bug in egc, not in your configuration ({type(error).__name__})"
        complain(partial(click.echo, f"{sentence}\negc: {write_bug_report(error)}", err=True))
        return ExitCode.BUG


def complain(say: Callable[[], object]) -> None:
    """Say what stopped a command; that stderr cannot be written changes nothing about its exit code."""
    try:
        say()
    except OSError:
        drop_unwritten(sys.stderr)


def drop_unwritten(stream: TextIO) -> None:
    """Forget what cannot be written: it would fail once more when Python exits, with an exit code of its own."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


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
