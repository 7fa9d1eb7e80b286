"""Create, show, change and remove users."""

from pathlib import Path

import click

from egc.compiler.cli import _ask, _consumers
from egc.compiler.cli._admin_api import Rejected
from egc.compiler.cli._consumers import Kind
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._properties import Properties, property_option, stdin_option
from egc.compiler.cli._session import IDENTIFIER, Session, connected

USERS = Kind(
    path="users",
    noun="User",
    model="users",
    label="username",
    first="username",
    columns=("username", "email", "isActive", "id"),
)

one = click.argument("user", type=IDENTIFIER, metavar="USER")
several = click.argument("users", type=IDENTIFIER, nargs=-1, required=True, metavar="USER...")


@click.group(cls=Entity)
def command() -> None:
    """Create, show, change and remove users. USER is a user name or id.

    \b
    Examples:
      egc users create
      egc users create -p username=val -p firstname=Valeri -p lastname=Karpov
      egc users create --stdin < users.ndjson
      egc users list --all --json
      egc users deactivate val
    """


@command.command()
@property_option
@stdin_option
@connected
def create(session: Session, properties: Properties, stdin: bool) -> None:
    """Create a user, or one for each line of stdin. Asks for what is missing.

    \b
    Examples:
      egc users create
      egc users create -q -p username=val -p firstname=Valeri -p lastname=Karpov
      echo '{"username": "val", "firstname": "V", "lastname": "K"}' | egc users create --stdin
    """
    if stdin:
        _consumers.create_from_stdin(session, USERS, properties, {}, "username")
    else:
        _consumers.create(session, USERS, properties, {})


@command.command()
@one
@connected
def info(session: Session, user: str) -> None:
    """Show a user.

    \b
    Examples:
      egc users info val
    """
    _consumers.show(session, USERS, user, quiet=session.quiet)


@command.command("list")
@click.option("-a", "--all", "everything", is_flag=True, help="All of them, not only the first page.")
@connected
def list_(session: Session, everything: bool) -> None:
    """Show users.

    \b
    Examples:
      egc users list --all
    """
    _consumers.list_all(session, USERS, everything)


@command.command()
@one
@property_option
@connected
def update(session: Session, user: str, properties: Properties) -> None:
    """Change properties of a user.

    \b
    Examples:
      egc users update val -p email=val@example.com
    """
    _consumers.update(session, USERS, user, properties, print_id=True)


@command.command()
@one
@_ask.secret_options
@click.option("--revoke-tokens", is_flag=True, help="End the user's tokens, too.")
@connected
def password(session: Session, user: str, ask_secret: bool, secret_file: Path | None, revoke_tokens: bool) -> None:
    """Change the password of a user, who is logged out everywhere. Asks for it without showing it.

    \b
    Examples:
      egc users password val
      egc users password val --secret-file password.txt --revoke-tokens
    """
    ask = ask_secret or secret_file is None
    try:
        found = str(_consumers.record(session.api.call("GET", "users", user)).get("id"))
        chosen = _ask.chosen_secret("password", ask_secret=ask, secret_file=secret_file)
        body: Properties = {"password": chosen, "revokeTokens": revoke_tokens}
        changed = session.api.call("PUT", "credentials", "basic-auth", found, "secret", body=body)
    except Rejected as error:
        missing = "User not found: " if "redential" not in error.message else "User without a basic-auth credential: "
        session.failed(f"{missing}{user}" if error.status == 404 else error.message)
        return
    session.screen.done(f"Changed the password of {user}")
    if session.json:
        session.screen.record(changed)
    elif session.quiet:
        session.screen.line(found)


@command.command()
@several
@connected
def remove(session: Session, users: tuple[str, ...]) -> None:
    """Remove users with all that is theirs.

    \b
    Examples:
      egc users remove val ada
    """
    _consumers.remove(session, USERS, users)


@command.command()
@several
@connected
def activate(session: Session, users: tuple[str, ...]) -> None:
    """Let users in again.

    \b
    Examples:
      egc users activate val
    """
    _consumers.set_active(session, USERS, users, True)


@command.command()
@several
@connected
def deactivate(session: Session, users: tuple[str, ...]) -> None:
    """Keep users and their apps out.

    \b
    Examples:
      egc users deactivate val
    """
    _consumers.set_active(session, USERS, users, False)
