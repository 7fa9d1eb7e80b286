"""Show and revoke access tokens and refresh tokens."""

import click

from egc.compiler.cli._admin_api import Rejected, Unreachable
from egc.compiler.cli._consumers import MOST_PAGES, PAGE, Record, cell, record, records
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._screen import on_terminal
from egc.compiler.cli._session import IDENTIFIER, Session, connected

COLUMNS = ("type", "grant", "scopes", "clientId", "userId", "expiresAt", "id")


@click.group(cls=Entity)
def command() -> None:
    """Show and revoke access tokens and refresh tokens.

    \b
    Examples:
      egc tokens list -c val
      egc tokens revoke 599f481560a74545a0f9d54a2e3f7dde
      egc tokens revoke -c val
    """


@command.command("list")
@click.option(
    "-c", "--consumer", type=IDENTIFIER, required=True, help="The user or app that holds them, by name or id."
)
@click.option("-a", "--all", "everything", is_flag=True, help="All of them, not only the first page.")
@connected
def list_(session: Session, consumer: str, everything: bool) -> None:
    """Show the live tokens of a user or app; their secret halves nobody knows.

    \b
    Examples:
      egc tokens list -c val
      egc tokens list -c testapp --all --json
    """
    found: list[Record] = []
    start = "0"
    for _ in range(MOST_PAGES):
        query: dict[str, str | int] = {"consumer": consumer, "count": PAGE, "start": start}
        try:
            answer = record(session.api.call("GET", "tokens", query=query))
        except Rejected as error:
            session.failed(f"Consumer not found: {consumer}" if error.status == 404 else error.message)
            return
        found += records(answer.get("tokens"))
        following = str(answer.get("nextKey") or 0)
        if following == "0" or not everything:
            break
        if following == start:
            raise Unreachable(f"The Admin API at {session.api.url} cannot be used: its pages do not end")
        start = following
    show(session, found, consumer)
    if following != "0" and not everything:
        session.screen.note("There are more tokens: --all shows them.")


def show(session: Session, found: list[Record], consumer: str) -> None:
    """Print tokens: one JSON array, ids, a table for people, or one JSON object after another."""
    if session.json:
        session.screen.record(found)
    elif not found:
        session.none_found(f"Consumer {consumer} has no tokens")
    elif session.quiet:
        for one in found:
            session.screen.line(str(one.get("id")))
    elif on_terminal():
        session.screen.table(COLUMNS, [[cell(one.get(name)) for name in COLUMNS] for one in found])
    else:
        for one in found:
            session.screen.record(one)


@command.command()
@click.argument("tokens", type=IDENTIFIER, nargs=-1, metavar="[TOKEN]...")
@click.option("-c", "--consumer", type=IDENTIFIER, help="All tokens of this user or app, by name or id.")
@connected
def revoke(session: Session, tokens: tuple[str, ...], consumer: str | None) -> None:
    """Revoke tokens. A token's id, the part before the |, is enough; with a refresh token goes all that came of it.

    \b
    Examples:
      egc tokens revoke 599f481560a74545a0f9d54a2e3f7dde
      egc tokens revoke -c testapp
    """
    if bool(tokens) == (consumer is not None):
        raise click.UsageError("name either tokens, or with -c whose they are")
    if consumer is not None:
        revoke_all(session, consumer)
        return

    def work(token: str) -> str:
        # The secret behind the | is of no use to the server (C136) and would only end up in logs.
        session.api.call("DELETE", "tokens", token.partition("|")[0] or token)
        return "Revoked"

    def tell(word: str, token: str) -> str:
        return f"Access token has been revoked: {token}"

    def explain(token: str, error: Rejected) -> str:
        return f"Token not found: {token.partition('|')[0]}" if error.status == 404 else error.message

    session.each(tokens, work, tell=tell, explain=explain)


def revoke_all(session: Session, consumer: str) -> None:
    """Revoke all tokens of a user or app."""
    try:
        answer = record(session.api.call("DELETE", "tokens", query={"consumer": consumer}))
    except Rejected as error:
        session.failed(f"Consumer not found: {consumer}" if error.status == 404 else error.message)
        return
    session.screen.done(f"Revoked {answer.get('revoked')} tokens of {consumer}")
    if session.json:
        session.screen.record({"consumer": consumer, "revoked": answer.get("revoked")})
    elif session.quiet:
        session.screen.line(str(answer.get("revoked")))
