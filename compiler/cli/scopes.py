"""Create, show and remove scopes."""

import click

from egc.compiler.cli._admin_api import Rejected, Unreachable
from egc.compiler.cli._consumers import record
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._session import IDENTIFIER, Session, connected


@click.group(cls=Entity)
def command() -> None:
    """Create, show and remove scopes.

    \b
    Examples:
      egc scopes create read write
      egc scopes list
    """


several = click.argument("scopes", type=IDENTIFIER, nargs=-1, required=True, metavar="SCOPE...")


@command.command()
@several
@connected
def create(session: Session, scopes: tuple[str, ...]) -> None:
    """Create scopes, all of them or, where one exists, none.

    \b
    Examples:
      egc scopes create read write
    """
    session.api.call("POST", "scopes", body={"scopes": list(scopes)})
    session.screen.done(f"Created {','.join(scopes)}")
    if session.json:
        session.screen.record(list(scopes))
    elif session.quiet:
        for scope in scopes:
            session.screen.line(scope)


@command.command()
@click.argument("scope", type=IDENTIFIER)
@connected
def info(session: Session, scope: str) -> None:
    """Show a scope, if it exists.

    \b
    Examples:
      egc scopes info read
    """
    try:
        found = record(session.api.call("GET", "scopes", scope))
    except Rejected as error:
        session.failed(f"Scope not found: {scope}" if error.status == 404 else error.message)
        return
    if session.json:
        session.screen.record(found)
    else:
        session.screen.line(str(found.get("scope", scope)))


@command.command("list")
@connected
def list_(session: Session) -> None:
    """Show all scopes, one a line.

    \b
    Examples:
      egc scopes list
    """
    found = record(session.api.call("GET", "scopes")).get("scopes") or []
    if not isinstance(found, list):
        raise Unreachable("What answers is not the Admin API: its scopes are no list")
    if session.json:
        session.screen.record(found)
    elif not found:
        session.none_found("You have no scopes")
    else:
        for scope in found:
            session.screen.line(str(scope))


@command.command()
@several
@connected
def remove(session: Session, scopes: tuple[str, ...]) -> None:
    """Remove scopes, from every credential that has them too.

    \b
    Examples:
      egc scopes remove write
    """

    def work(scope: str) -> str:
        session.api.call("DELETE", "scopes", scope)
        return "Removed"

    def explain(scope: str, error: Rejected) -> str:
        return f"Scope not found: {scope}" if error.status == 404 else error.message

    session.each(scopes, work, explain=explain)
