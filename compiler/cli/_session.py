"""What every command that calls the Admin API shares: its flags (C155), its connection, its exit code."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps

import click

from egc.compiler.cli import ExitCode
from egc.compiler.cli._admin_api import AdminApi, Rejected, Unreachable, key_of
from egc.compiler.cli._screen import Screen

LONGEST_IDENTIFIER = 1000
"""Characters."""


@dataclass(slots=True)
class Session:
    """One call of a command.

    Arguments:
        screen: where its words go.
        api: the Admin API it calls.
        quiet: `-q`: ids only.
        json: `--json`: one JSON document on stdout.
        failures: how many things could not be done.
    """

    screen: Screen
    api: AdminApi
    quiet: bool
    json: bool
    failures: int = 0
    _results: list[object] = field(default_factory=list)

    def failed(self, text: str) -> None:
        """Say that something could not be done; the command will exit with 1."""
        self.failures += 1
        self.screen.failed(text)

    def none_found(self, text: str) -> None:
        """Say that a list is empty, unless the command is to be quiet."""
        if not self.screen.quiet:
            self.screen.note(text)

    def each(
        self,
        targets: Sequence[str],
        work: Callable[[str], str],
        *,
        tell: Callable[[str, str], str] = "{} {}".format,
        explain: "Explain | None" = None,
    ) -> None:
        """Do the same to several targets; one that fails does not keep the others from being done.

        Arguments:
            targets: ids, as they were written.
            work: does it to one of them and returns the word for what happened (`Removed`).
            tell: makes the status line of such a word and the target.
            explain: what to say where the server refuses, by default its own text.
        """
        for target in targets:
            try:
                word = work(target)
            except Rejected as error:
                text = explain(target, error) if explain else error.message
                self.failed(text)
                self._results.append({"id": target, "error": text})
                continue
            self.screen.done(tell(word, target))
            self._results.append({"id": target, "status": word})
            if self.quiet and not self.json:
                self.screen.line(target)
        if self.json:
            self.screen.record(self._results)


Explain = Callable[[str, Rejected], str]


def connected(function: Callable[..., None]) -> Callable[..., int]:
    """Make a command's function one that takes the common flags and is handed a Session.

    The command exits with 0, with 1 if something could not be done, and with 4 if the Admin API cannot be used.
    """

    @click.option("-H", "--header", "headers", multiple=True, metavar="KEY:VALUE", callback=split_headers, help=HEADER)
    @click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
    @click.option("--no-color", is_flag=True, help="Write without colours.")
    @click.option("-q", "--quiet", is_flag=True, help="Write only ids.")
    @click.option("-v", "--verbose", is_flag=True, help="Show each request to the Admin API.")
    @wraps(function)
    def command(
        *,
        headers: dict[str, str],
        as_json: bool,
        no_color: bool,
        quiet: bool,
        verbose: bool,
        **words: object,
    ) -> int:
        from egc.compiler.cli._project import find_admin

        admin = find_admin()
        screen = Screen(quiet=quiet or as_json, colour=not no_color)
        api = AdminApi(
            admin.url,
            key=key_of(os.environ),
            headers=headers,
            trace=screen.note if verbose or admin.verbose else None,
        )
        session = Session(screen, api, quiet, as_json)
        try:
            function(session, **words)
        except Rejected as error:
            session.failed(error.message)
        except Unreachable as error:
            screen.failed(error.message)
            return ExitCode.ENVIRONMENT
        return ExitCode.FINDINGS if session.failures else ExitCode.CLEAN

    return command


HEADER = "A header for every request; may be repeated."


def split_headers(ctx: click.Context, parameter: click.Parameter, written: Sequence[str]) -> dict[str, str]:
    """`KEY:VALUE` texts as headers, split at the first colon (C155).

    Raises:
        click.BadParameter: a text has no colon, or nothing before or behind it, or a line break.
    """
    found = {}
    for text in written:
        key, _, value = text.partition(":")
        if not key.strip() or not value.strip() or not text.isprintable() or not text.isascii():
            raise click.BadParameter("invalid header: the form is KEY:VALUE, in printable ASCII", ctx, parameter)
        found[key.strip()] = value.strip()
    return found


class Identifier(click.ParamType[str]):
    """The id or name of something; what could not be a segment of a URL is refused before it is sent."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text itself."""
        text = str(value)
        if not text or text in (".", "..") or len(text) > LONGEST_IDENTIFIER:
            self.fail(f"{text[:40]!r} is no id or name.", param, ctx)
        return text


IDENTIFIER = Identifier()
